"""Starting with a store that does not answer: it says what it waits for, and can be stopped."""

from __future__ import annotations

import asyncio
import signal
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
