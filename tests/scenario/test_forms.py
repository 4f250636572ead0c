"""Forms of the running bot: opened by a button, filled in, and what came of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.page import reading
from tests.scenario.conftest import WITHIN, NewApp, Stage, listed, said
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
    await wait_until(lambda: gita in slack.workspace.modals, within=WITHIN, what="a form is open")
    dm = slack.dm_of("gita")
    since = len(dm.messages)
    day = (stage.world.company.now().date() + timedelta(days=10)).isoformat()
    await slack.fill("gita", {"day": day, "reason": "waiting for the auditor"})
    await stage.next(dm, since, lambda message: message.from_bot)
    async with stage.stored() as stored:
        request = await stored.request(app.label)
    assert request["snooze"]["reason"] == "waiting for the auditor"


async def test_a_message_is_asked_about_by_its_shortcut(stage: Stage, new_app: NewApp) -> None:
    """By an operator, who alone sees the answer; anybody else is told who can."""
    app = await new_app("Shortcut")
    slack, channel = stage.world.slack, stage.slack_channel
    await stage.command("/o365 scan", listed)
    words = f"is {app.label} stuck? send all now"
    message = await slack.say("gita", words, channel.id, mention=False)
    for user, wanted in (("ola", said(app.label, "How I know")), ("greta", said("Only operators"))):
        since = len(channel.messages)
        await slack.ask_about(user, message)
        answer = await stage.next(channel, since, wanted)
        assert answer.only_for == slack.slack_id(user)
    async with stage.stored() as stored:
        with pytest.raises(LookupError):  # nothing of the message was done
            await stored.request(app.label)


async def test_the_home_tab_is_pressed_and_answered_in_person(
    stage: Stage, new_app: NewApp
) -> None:
    """It has the list with its buttons; "By person" in its menu comes as a direct message."""
    await new_app("Home")
    slack = stage.world.slack
    await stage.command("/o365 scan", listed)
    await slack.open_home("ola")
    ola = slack.slack_id("ola")
    await stage.world.log.wait_for(lambda: slack.workspace.homes.get(ola))
    dm = slack.dm_of("ola")
    since = len(dm.messages)
    await slack.press_home("ola", "By person")
    answer = await stage.next(dm, since, listed)
    assert "Gita Global" in {item.heading.rpartition(" (")[0] for item in reading.items(answer)}
