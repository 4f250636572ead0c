"""What an answer asks back for, as a modal in Slack: opened, filled in, sent off, said."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.form import Field, FieldKind, Form
from bot.message import Buttons, Command, Message, Text
from sandbox.slack.workspace import CHANNEL
from tests.contract.slack_stage import OLA, SlackBorder, staged
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


async def opened(border: SlackBorder) -> None:
    """Until a form is open."""
    await wait_until(lambda: OLA in border.workspace.modals, what="a form is open")


@pytest.fixture
async def border() -> AsyncIterator[SlackBorder]:
    async with staged() as one:
        one.talk.say["later ABC-DEF"] = ASKS
        yield one


async def test_a_command_that_lacks_something_opens_a_form_and_says_nothing(
    border: SlackBorder,
) -> None:
    """What is filled in is said as one line, by the same person, where the form was opened."""
    await border.people.command("ola", "/o365 later ABC-DEF")
    await opened(border)
    assert border.from_bot(border.channel()) == []
    await border.people.fill("ola", {"day": "2027-01-31", "reason": "waiting for\nthe auditor"})
    words = "later ABC-DEF 2027-01-31 waiting for the auditor"
    answer = await border.answer(border.channel(), f"You said: {words}")
    assert answer.only_for == OLA


async def test_what_is_optional_may_be_left_empty(border: SlackBorder) -> None:
    """Its part of the words is left out."""
    await border.people.command("ola", "/o365 later ABC-DEF")
    await opened(border)
    await border.people.fill("ola", {"day": "2027-01-31"})
    await border.answer(border.channel(), "You said: later ABC-DEF 2027-01-31")


async def test_a_button_opens_a_form_too_and_its_answer_stays_in_the_direct_message(
    border: SlackBorder,
) -> None:
    """Where the button was."""
    dm = border.people.dm_of("ola")
    later = Command("later", "Later", "later ABC-DEF")
    border.talk.say["letter"] = Message("A letter", (Text("A letter"), Buttons((later,))))
    await border.people.say("ola", "letter", dm.id)
    letter = await border.answer(dm, "A letter")
    await border.people.press("ola", letter, "later")
    await opened(border)
    await border.people.fill("ola", {"day": "2027-02-01"})
    answer = await border.answer(dm, "You said: later ABC-DEF 2027-02-01")
    assert answer.only_for is None


async def test_where_no_form_can_be_opened_the_answer_asks_in_words(border: SlackBorder) -> None:
    """A typed message has no trigger; a trigger that is over is refused."""
    dm = border.people.dm_of("ola")
    await border.people.say("ola", "later ABC-DEF", dm.id)
    await border.answer(dm, "Until when?")
    assert border.workspace.modals == {}
    border.workspace.triggers.clear()
    border.workspace.new_trigger = lambda user, now: "0.0.stale"  # type: ignore[method-assign]  # Slack's clock is ahead
    await border.people.command("ola", "/o365 later ABC-DEF")
    await border.answer(border.channel(), "Until when?")


@pytest.mark.parametrize("why", ["an hour later", "five answers later"])
async def test_what_was_opened_long_ago_is_still_answered(border: SlackBorder, why: str) -> None:
    """The form stays open as long as its reader likes, its response URL does not: 30 minutes, five
    answers (docs.slack.dev, "Handling user interaction"). What was filled in is said all the same.
    """
    await border.people.command("ola", "/o365 later ABC-DEF")
    await opened(border)
    for url in border.workspace.response_urls.values():
        if why == "an hour later":
            url.expires_at -= 3600
        else:
            url.uses = 5
    await border.people.fill("ola", {"day": "2027-01-31"})
    await border.answer(border.people.dm_of("ola"), "You said: later ABC-DEF 2027-01-31")
    assert border.from_bot(border.channel()) == []


async def test_a_form_of_nobody_is_not_taken(border: SlackBorder) -> None:
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
        await border.people.command("ola", "/o365 later ABC-DEF")
        await opened(border)
        border.workspace.modals[OLA]["private_metadata"] = kept
        await border.people.fill("ola", {"day": "2027-01-31"})
        assert border.people.delivery.deliveries[-1].status == 200
    assert set(border.talk.words) == {"later ABC-DEF"}


async def test_what_is_filled_in_is_text_and_never_a_part_of_the_form(border: SlackBorder) -> None:
    """Braces, other fields' names, markup: as they were typed."""
    await border.people.command("ola", "/o365 later ABC-DEF", CHANNEL)
    await opened(border)
    reason = "{day} {reason} *b* <@U1> & so"
    await border.people.fill("ola", {"day": "2027-01-31", "reason": reason})
    said = f"later ABC-DEF 2027-01-31 {reason}"
    await wait_until(lambda: said in border.talk.words, what="it is said")
