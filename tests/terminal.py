"""The command line as a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

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

    async def run(self, *words: str, typed: str = "") -> Ran:
        """`typed` is what is answered to its questions."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *words,
            env={**os.environ, "O365BOT_CONFIG": str(self.config), "COLUMNS": "200"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(90):
            out, err = await process.communicate(typed.encode())
        return Ran(process.returncode or 0, out.decode(), err.decode())
