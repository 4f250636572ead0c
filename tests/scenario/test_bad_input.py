"""What an operator may hand it: one clear message, status 2, and nothing is damaged."""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
from pathlib import Path

import pytest

from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect
from sandbox.bot_process import free_port
from tests.terminal import Terminal

SETTINGS = """
public_url = "https://bot.contoso.com"
listen = "127.0.0.1:{port}"
data_dir = "{data}"
[[okta]]
name = "contoso"
url = "https://contoso.okta.com"
api_token = "none"
[slack]
bot_token = "xoxb-none"
signing_secret = "none"
operators = ["U1"]
"""


async def told_by(*words: str) -> tuple[int, str]:
    """The status and what was said by `o365bot` with these words."""
    ran = await Terminal(Path("unused")).run(*words)
    return ran.status, ran.out + ran.err


def config_in(folder: Path, data: Path | str = "", port: int = 0, cut_at: str = "") -> str:
    """Settings in a file, which may break off after some words."""
    path = folder / "o365bot.toml"
    text = SETTINGS.format(port=port or free_port(), data=data or folder / "var")
    path.write_text(text[: text.index(cut_at) + len(cut_at)] if cut_at else text)
    return str(path)


def is_clear(told: tuple[int, str], *words: str) -> None:
    """Status 2, these words, and no line of Python."""
    status, said = told
    assert status == 2, said
    assert "Traceback" not in said
    for word in words:
        assert word in said


async def test_a_port_that_is_taken_is_named_before_anything_is_opened(tmp_path: Path) -> None:
    """The store that another bot uses is not touched, and none is started."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = await told_by("run", "--config", config_in(tmp_path, port=port))
    is_clear(told, f"listen: 127.0.0.1:{port} cannot be listened on", "does the bot run already?")
    assert not (tmp_path / "var").exists()


async def test_half_written_settings_are_said_line_by_line(tmp_path: Path) -> None:
    """A file that breaks off is no traceback, for any command."""
    config = config_in(tmp_path, cut_at='"none')
    for command in ("run", "check", "doctor", "apps"):
        is_clear(await told_by(command, "--config", config), "o365bot.toml: line", "quote")


@pytest.mark.parametrize("data", ["/proc/o365bot", "{folder}/a-file/var"])
async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, data: str) -> None:
    """Not even root writes there, so this is how read-only looks to everybody."""
    (tmp_path / "a-file").write_text("mine")
    told = await told_by("run", "--config", config_in(tmp_path, data.format(folder=tmp_path)))
    is_clear(told, "The store's directory", "cannot be used")
    assert (tmp_path / "a-file").read_text() == "mine"


async def test_a_full_disk_is_said_and_what_was_stored_stays(tmp_path: Path) -> None:
    """No byte can be written any more; with room again, all is as it was."""
    async with EmbeddedStore(tmp_path / "var" / "store") as url, connect(url) as client:
        await client.set("kept", "yes")

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run", "--config", config_in(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=no_room,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    is_clear((process.returncode or 0, out.decode()), "Is its disk full?")
    async with EmbeddedStore(tmp_path / "var" / "store") as url, connect(url) as client:
        assert await client.get("kept") == "yes"


async def test_a_store_whose_file_is_damaged_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """Valkey says where; nobody repairs it unasked."""
    folder = tmp_path / "var" / "store"
    async with EmbeddedStore(folder) as url, connect(url) as client:
        await client.set("kept", "yes")
    (file,) = folder.glob("appendonlydir/*.incr.aof")
    damaged = b"*3\r\n$3\r\nSET\r\n$what is this\r\n" + file.read_bytes()
    file.write_bytes(damaged)
    told = await told_by("run", "--config", config_in(tmp_path))
    is_clear(told, "The store in", "ended at its start")
    assert file.read_bytes() == damaged


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rnu",), "Did you mean 'run'?"),
        (("run", "--wbe"), "No such option"),
        (("run", "--config"), "requires an arg"),
        (("why",), "Missing argument"),
        (("plan", "soon"), "30d"),
    ],
)
async def test_a_wrong_command_line_says_what_is_wrong_with_it(
    words: tuple[str, ...], says: str
) -> None:
    """Before any settings are read."""
    is_clear(await told_by(*words), says)
