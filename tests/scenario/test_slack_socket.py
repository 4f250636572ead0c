"""The running bot where Slack comes by Socket Mode alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenario.conftest import listed, open_stage
from tests.there import there

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_bot_comes_to_slack_and_answers(keys: Path, tmp_path: Path) -> None:
    """Without a signing secret and without a request over HTTP, also after Slack moved it."""
    async with open_stage(tmp_path, keys, socket_mode=True) as stage:
        assert "signing_secret" not in (tmp_path / "o365bot.toml").read_text()
        await stage.command("/o365 apps", listed)
        slack = there(stage.world.slack.workspace.socket)
        await slack.refresh()
        await slack.connected.wait()
        await stage.command("/o365 apps", listed)
    log = (tmp_path / "bot.log").read_text()
    assert "Traceback" not in log
    assert "ticket=" not in log
