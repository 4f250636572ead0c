"""SIGHUP: changed settings are taken over by a bot that goes on running."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.bot_process import BotProcess
from tests.scenario.conftest import Stage, listed, open_stage, said
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def own(tmp_path: Path, keys: Path) -> AsyncIterator[Stage]:
    """A world and a bot of this test's own: its settings change."""
    async with open_stage(tmp_path, keys) as stage:
        yield stage


async def reload(bot: BotProcess, says: str = "changed settings are in force") -> None:
    """Send the signal, and wait until the log says so."""
    before = len(bot.log.read_text())
    os.kill(bot.pid, signal.SIGHUP)
    await wait_until(lambda: says in bot.log.read_text()[before:], within=60, what=says)


async def test_a_new_operator_is_answered_without_a_restart(own: Stage) -> None:
    """The former one no more; a file that cannot be used changes nothing, and the log says why."""
    config = own.directory / "o365bot.toml"
    text, pid = config.read_text(), own.bot.pid
    gita = own.world.slack.slack_id("gita")
    await own.command("/o365 apps", said("operator"), user="gita")

    half = text[: text.index("[teams]") + 20]
    config.write_text(half)
    await reload(own.bot, "nothing has changed")
    await own.command("/o365 apps", listed)

    new = re.sub(r'operators = \["U0OLA"\]', f'operators = ["{gita}"]', text)
    config.write_text(new.replace("scan_every_minutes = 15", "scan_every_minutes = 30"))
    await reload(own.bot, "wait for a restart")
    lines = map(json.loads, (own.directory / "bot.log").read_text().splitlines())
    told = {line["event"]: line["keys"] for line in lines if "keys" in line}
    assert told == {
        "changed settings are in force": ["slack.operators"],
        "changed settings wait for a restart": ["scan_every_minutes"],
    }
    await own.command("/o365 apps", listed, user="gita")
    await own.command("/o365 apps", said("operator"), user="ola")
    assert own.bot.pid == pid
