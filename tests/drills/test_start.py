"""Starts: what is waited for is said, and can be stopped; what is not installed is not needed."""

from __future__ import annotations

import asyncio
import fcntl
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers import running_server
from tests.waiting import wait_until

SETTINGS = """
public_url = "https://bot.contoso.com"
[redis]
url = "rediss://:hush@127.0.0.1:{port}"
[[okta]]
name = "contoso"
url = "https://contoso.okta.com"
api_token = "none"
[slack]
bot_token = "xoxb-none"
signing_secret = "none"
operators = ["U1"]
"""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_start_that_waits_for_the_store_ends_when_it_is_told_to(
    tmp_path: Path, signum: signal.Signals
) -> None:
    """TLS to a port without: nothing ever answers, and nobody has to kill the bot."""
    async with running_server(tmp_path / "store") as port:
        config, log = tmp_path / "o365bot.toml", tmp_path / "log"
        config.write_text(SETTINGS.format(port=port))
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", "--config", str(config), stdout=out, stderr=out
            )
        try:
            says = "waiting for the store"
            await wait_until(lambda: says in log.read_text(), within=60, what="it says so")
            began = time.monotonic()
            process.send_signal(signum)
            assert await asyncio.wait_for(process.wait(), 20) == 0, log.read_text()
            assert time.monotonic() - began < 12  # its tries alone would take twice that
            assert f"127.0.0.1:{port}" in log.read_text()
            assert "hush" not in log.read_text()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


PLAIN = SETTINGS.replace("rediss://:hush@", "redis://")


async def start(folder: Path, settings: str) -> tuple[asyncio.subprocess.Process, Path]:
    """`o365bot run` with these settings, and its log."""
    config, log = folder / "o365bot.toml", folder / "log"
    config.write_text(settings)
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", "--config", str(config), stdout=out, stderr=out
        )
    return process, log


async def test_a_start_waits_for_the_replicas_that_are_asked_for_and_says_so(
    tmp_path: Path,
) -> None:
    """Told to stop, it stops; left alone, it gives up with a message and status 2."""
    settings = PLAIN.replace("[redis]", "[redis]\nreplicas = 1")
    async with running_server(tmp_path / "store") as port:
        process, log = await start(tmp_path, settings.format(port=port))
        says = "waiting for the store's replicas"
        await wait_until(lambda: says in log.read_text(), within=60, what="it says so")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0, log.read_text()
        process, log = await start(tmp_path, settings.format(port=port))
        assert await asyncio.wait_for(process.wait(), 60) == 2, log.read_text()
        assert "Of 1 replicas that redis.replicas asks for, 0 are connected." in log.read_text()


async def test_a_start_waits_for_another_that_starts_the_same_store_and_says_so(
    tmp_path: Path,
) -> None:
    """Somebody holds the lock of its start; the signal is heard meanwhile."""
    folder = tmp_path / "var" / "store"
    folder.mkdir(parents=True)
    own = PLAIN.replace('url = "redis://127.0.0.1:{port}"', "")
    settings = f'data_dir = "{tmp_path / "var"}"\n{own.format(port=0)}'
    with (folder / "start.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process, log = await start(tmp_path, settings)
        says = "waiting for another process to start the store"
        await wait_until(lambda: says in log.read_text(), within=60, what="it says so")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0, log.read_text()


def test_nothing_of_opentelemetry_is_imported_where_it_is_off() -> None:
    """A bot needs nothing of it, and imports all of itself where there is none.

    (Where it is installed, redis-py looks for its metrics by itself.)
    """
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import bot.wiring.bot, bot.wiring.process\n"
        "print([name for name in sys.modules if 'otel' in name and not name.startswith('redis')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
