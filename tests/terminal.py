"""The command line as a process of its own."""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, setrlimit

from tests.forked import LOADED, become_o365bot

SETTINGS = """
public_url = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
[redis]
url = "{store}"
[[okta]]
name = "contoso"
url = "http://127.0.0.1:9"
api_token = "none"
[slack]
bot_token = "xoxb-none"
signing_secret = "none"
channel = "C1"
operators = ["U9"]
api_url = "http://127.0.0.1:9/api"
"""


def settings_file(folder: Path, store: str, *, port: int = 8080, more: str = "") -> Path:
    """Settings of a bot whose clouds and platforms answer nothing."""
    path = folder / "o365bot.toml"
    path.write_text(SETTINGS.format(port=port, store=store) + more)
    return path


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Terminal:
    """A shell with the settings of one installation."""

    config: Path

    async def run(self, *words: str, typed: str = "", longest: int = RLIM_INFINITY) -> Ran:
        """`typed` is what is answered to its questions; no file may grow above `longest` bytes."""
        with tempfile.TemporaryDirectory() as folder:
            said = [Path(folder) / name for name in ("in", "out", "err")]
            said[0].write_text(typed)
            env = {**os.environ, "O365BOT_CONFIG": str(self.config), "COLUMNS": "200"}
            process = LOADED.Process(target=_command, args=(words, env, said, longest))
            process.start()
            try:
                await asyncio.to_thread(process.join, 90)
                assert process.exitcode is not None, f"{words} has not ended"
            finally:
                process.kill()
                process.join()
            return Ran(process.exitcode, said[1].read_text(), said[2].read_text())


def _command(words: tuple[str, ...], env: dict[str, str], said: list[Path], longest: int) -> None:
    """In the new process: `o365bot WORDS`, with these files as its input and output."""
    files = [os.open(path, os.O_RDWR | os.O_CREAT) for path in said]
    setrlimit(RLIMIT_FSIZE, (longest, RLIM_INFINITY))
    become_o365bot(words, env, files)
