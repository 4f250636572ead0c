"""The running bot where Slack comes by Socket Mode alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.bot_process import BotProcess, free_address
from sandbox.world import World
from tests.scenario.conftest import Stage, listed

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_bot_comes_to_slack_and_answers(keys: Path, tmp_path: Path) -> None:
    """Without a signing secret and without a request over HTTP, also after Slack moved it."""
    async with World(key_directory=keys, page_port=None, socket_mode=True) as world:
        url = free_address()
        settings = world.settings_toml(url, tmp_path)
        assert "signing_secret" not in settings.read_text()
        async with BotProcess(settings, tmp_path / "bot.log", url) as bot:
            await world.start_chat()
            stage = Stage(world, bot, tmp_path)
            await stage.command("/o365 apps", listed)
            slack = world.slack.workspace.socket
            assert slack is not None
            await slack.refresh()
            await slack.connected.wait()
            await stage.command("/o365 apps", listed)
    log = (tmp_path / "bot.log").read_text()
    assert "Traceback" not in log
    assert "ticket=" not in log
