"""Forms of the running bot: opened by a button, filled in, and what came of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.scenario.conftest import NewApp, Stage
from tests.scenario.test_journeys import letter_for
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_later_is_filled_in_where_it_was_pressed(stage: Stage, new_app: NewApp) -> None:
    """From the letter, in Slack, by the person who was asked."""
    app = await new_app("Forms")
    letter = await letter_for(stage, app)
    slack = stage.world.slack
    gita = slack.slack_id("gita")
    await slack.press("gita", letter, "Later")
    await wait_until(lambda: gita in slack.workspace.modals, what="a form is open")
    dm = slack.dm_of("gita")
    since = len(dm.messages)
    day = (stage.world.company.now().date() + timedelta(days=10)).isoformat()
    await slack.fill("gita", {"day": day, "reason": "waiting for the auditor"})
    await stage.next(dm, since, lambda message: message.from_bot)
    async with stage.stored() as stored:
        request = await stored.request(app.label)
    assert request["snooze"]["reason"] == "waiting for the auditor"
