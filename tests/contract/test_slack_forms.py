"""What an answer asks back for, as a modal in Slack: opened, filled in, sent off, said."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.form import Field, FieldKind, Form
from bot.message import Buttons, Command, Message, Text
from sandbox.slack.workspace import CHANNEL
from tests.contract.slack_stage import OLA, Stage, staged
from tests.waiting import wait_until

LATER = Form(
    "Remind me later",
    "Remind me then",
    "Cancel",
    ("later ABC-DEF", "{day}", "{reason}"),
    (
        Field("day", "Until", FieldKind.DAY),
        Field("reason", "Why?", FieldKind.TEXT, optional=True),
    ),
    "Please fill this in.",
)
ASKS = Message("Until when?", (Text("Until when?"),), form=LATER)


async def opened(stage: Stage) -> None:
    """Until a form is open."""
    await wait_until(lambda: OLA in stage.workspace.modals, what="a form is open")


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as one:
        one.talk.say["later ABC-DEF"] = ASKS
        yield one


async def test_a_command_that_lacks_something_opens_a_form_and_says_nothing(stage: Stage) -> None:
    """What is filled in is said as one line, by the same person, where the form was opened."""
    await stage.people.command("ola", "/o365 later ABC-DEF")
    await opened(stage)
    assert stage.from_bot(stage.channel()) == []
    await stage.people.fill("ola", {"day": "2027-01-31", "reason": "waiting for\nthe auditor"})
    words = "later ABC-DEF 2027-01-31 waiting for the auditor"
    answer = await stage.answer(stage.channel(), f"You said: {words}")
    assert answer.only_for == OLA


async def test_what_is_optional_may_be_left_empty(stage: Stage) -> None:
    """Its part of the words is left out."""
    await stage.people.command("ola", "/o365 later ABC-DEF")
    await opened(stage)
    await stage.people.fill("ola", {"day": "2027-01-31"})
    await stage.answer(stage.channel(), "You said: later ABC-DEF 2027-01-31")


async def test_a_button_opens_a_form_too_and_its_answer_stays_in_the_direct_message(
    stage: Stage,
) -> None:
    """Where the button was."""
    dm = stage.people.dm_of("ola")
    later = Command("later", "Later", "later ABC-DEF")
    stage.talk.say["letter"] = Message("A letter", (Text("A letter"), Buttons((later,))))
    await stage.people.say("ola", "letter", dm.id)
    letter = await stage.answer(dm, "A letter")
    await stage.people.press("ola", letter, "later")
    await opened(stage)
    await stage.people.fill("ola", {"day": "2027-02-01"})
    answer = await stage.answer(dm, "You said: later ABC-DEF 2027-02-01")
    assert answer.only_for is None


async def test_where_no_form_can_be_opened_the_answer_asks_in_words(stage: Stage) -> None:
    """A typed message has no trigger; a trigger that is over is refused."""
    dm = stage.people.dm_of("ola")
    await stage.people.say("ola", "later ABC-DEF", dm.id)
    await stage.answer(dm, "Until when?")
    assert stage.workspace.modals == {}
    stage.workspace.triggers.clear()
    stage.workspace.new_trigger = lambda user, now: "0.0.stale"  # type: ignore[method-assign]  # Slack's clock is ahead
    await stage.people.command("ola", "/o365 later ABC-DEF")
    await stage.answer(stage.channel(), "Until when?")


async def test_a_form_of_nobody_is_not_taken(stage: Stage) -> None:
    """Signed, and yet not as we made it: nothing is said, and nothing breaks."""
    odd = (
        "",
        "x",
        "[]",
        "{}",
        '{"said": 1, "where": {}}',
        '{"said": ["apps"], "where": []}',
        '{"said": [["apps"]], "where": {}}',
    )
    for kept in odd:
        await stage.people.command("ola", "/o365 later ABC-DEF")
        await opened(stage)
        stage.workspace.modals[OLA]["private_metadata"] = kept
        await stage.people.fill("ola", {"day": "2027-01-31"})
        assert stage.people.delivery.deliveries[-1].status == 200
    assert set(stage.talk.words) == {"later ABC-DEF"}


async def test_what_is_filled_in_is_text_and_never_a_part_of_the_form(stage: Stage) -> None:
    """Braces, other fields' names, markup: as they were typed."""
    await stage.people.command("ola", "/o365 later ABC-DEF", CHANNEL)
    await opened(stage)
    reason = "{day} {reason} *b* <@U1> & so"
    await stage.people.fill("ola", {"day": "2027-01-31", "reason": reason})
    said = f"later ABC-DEF 2027-01-31 {reason}"
    await wait_until(lambda: said in stage.talk.words, what="it is said")
