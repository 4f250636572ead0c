"""Buttons and installations in a Teams that shows things as the real one does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.chatlog import Message
from sandbox.page import reading
from sandbox.teams import cards
from tests.scenario.conftest import NewApp, Stage, listed, own_stage, said
from tests.there import there

pytestmark = pytest.mark.asyncio(loop_scope="session")


stage = own_stage  # what is done to people here must not change whom others ask.


def _label(message: Message, starts: str) -> str:
    return next(label for label in reading.buttons(message) if label.startswith(starts))


async def test_a_pressed_send_is_gone_for_everybody_and_sends_once(
    stage: Stage, new_app: NewApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that offered it becomes what came of it; impatience sends nobody two letters."""
    app = await new_app("Pressed")
    monkeypatch.setattr(stage.world.company.person("gita"), "slack_id", None)
    dm = stage.world.teams.dm_of("gita")
    since = len(dm.messages)
    offer = await stage.ask_in_teams(f"who {app.label}", said(app.label, "Gita Global"))
    send = "send"  # the button that the question shows
    for _ in range(3):
        await stage.world.teams.press("ola", offer, send)
        if "Ask Gita" not in str(stage.world.teams.seen("ola", offer)):
            break
    await stage.world.log.wait_for(lambda: offer.edited_at)
    stage.world.teams.look_again("ola", offer)
    assert "Ask Gita" not in reading.buttons(offer)
    assert said(app.label, "Gita Global", "personal link")(offer)
    await stage.ask_in_teams(f"send {app.label} now", said(app.label))  # whatever the day
    letter = await stage.next(dm, since, said(app.label))
    assert [m for m in dm.messages[since:] if m.from_bot and said(app.label)(m)] == [letter]


async def test_who_may_not_press_a_button_of_the_board_goes_on_seeing_the_board(
    stage: Stage, new_app: NewApp
) -> None:
    """The refusal is a line beside it, for the presser alone."""
    app = await new_app("Board")
    offer = await stage.ask_in_teams(f"why {app.label}", said(app.label))
    before = offer.card
    since = len(stage.teams_channel.messages)
    await stage.world.teams.press("greta", offer, _label(offer, "Who"))
    assert stage.world.teams.seen("greta", offer) == offer.card == before
    notices = [m.text for m in stage.teams_channel.messages[since:] if m.only_for]
    assert any("operators" in text for text in notices), notices


async def test_later_is_filled_in_on_the_card_in_teams(
    stage: Stage, new_app: NewApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field that is missing is asked for; a choice that is offered needs none."""
    monkeypatch.setattr(stage.world.company.person("gita"), "slack_id", None)
    app = await new_app("Teams forms")
    teams = stage.world.teams
    dm = teams.dm_of("gita")
    since = len(dm.messages)
    await stage.ask_in_teams(f"send {app.label} now", lambda message: bool(message.card))
    letter = await stage.next(dm, since, said(app.label))
    await teams.press("gita", letter, "Later")
    asked = teams.seen("gita", letter)
    day, reason = (field["id"] for field in cards.fields(asked))
    with pytest.raises(ValueError, match="Please fill this in"):
        await teams.press("gita", letter, "send", {reason: "the auditor"})
    after = (stage.world.company.now().date() + timedelta(days=10)).isoformat()
    await teams.press("gita", letter, "send", {day: after, reason: "the auditor"})
    async with stage.stored() as stored:
        request = await stored.request(app.label)
    assert request["snooze"]["reason"] == "the auditor"
    teams.look_again("gita", letter)
    await teams.press("gita", letter, "Later")
    await teams.press("gita", letter, "later0")  # one of those that are offered
    async with stage.stored() as stored:
        assert not (await stored.request(app.label))["snooze"]["reason"]


async def test_what_is_wrong_in_a_form_stands_beside_it_and_the_form_stays(
    stage: Stage, new_app: NewApp
) -> None:
    """With what was typed, so that one thing is corrected."""
    app = await new_app("Forms")
    teams, channel = stage.world.teams, stage.teams_channel
    answer = await stage.ask_in_teams(f"waive {app.label}", lambda message: bool(message.card))
    day, reason = (field["id"] for field in cards.fields(teams.seen("ola", answer)))
    shown, since = teams.seen("ola", answer), len(channel.messages)
    await teams.press("ola", answer, "send", {day: "2099-01-01", reason: "retired in spring"})
    assert teams.seen("ola", answer) == shown
    lines = [m.text for m in channel.messages[since:] if m.only_for]
    assert any("too long" in text for text in lines), lines
    after = (stage.world.company.now().date() + timedelta(days=20)).isoformat()
    await teams.press("ola", answer, "send", {day: after, reason: "retired in spring"})
    assert "retired in spring" in str(teams.seen("ola", answer))


async def test_operators_see_on_a_board_what_they_can_do_and_others_do_not(
    stage: Stage, new_app: NewApp
) -> None:
    """Their client asks whenever it shows the board; the message stays the same for everybody."""
    await new_app("Viewed")
    teams = stage.world.teams
    board = await stage.next(
        stage.teams_channel,
        0,
        lambda m: said("Office 365 migration")(m) and "refresh" in (m.card or {}),
    )
    assert await _sees(stage, "ola", board)
    assert not await _sees(stage, "gita", board)
    assert "Ask " not in str(reading.buttons(board)), "the same for everybody"
    # The board may be drawn anew at any time, which takes everybody's own view of it away.
    assert await _sees(stage, "ola", board)
    await teams.press("ola", board, _label(_as_seen("ola", board, stage), "Why"))
    assert "needs consent" in str(teams.seen("ola", board)["body"][0])
    assert "needs consent" not in str(there(board.card)["body"][0])


async def test_a_list_from_a_personal_chat_is_shared_in_the_channel(stage: Stage) -> None:
    """Without what only operators can do; those see it on their own card."""
    teams, since = stage.world.teams, len(stage.teams_channel.messages)
    dm = teams.dm_of("ola")
    asked = await teams.say("ola", "apps", dm.id)
    own = await stage.next(dm, 0, lambda m: m.answers == asked.id or m.thread == asked.id)
    await teams.press("ola", own, "share")
    shared = await stage.next(
        stage.teams_channel, since, lambda m: listed(m) and m.text == own.text
    )
    assert "Ask " not in str(reading.buttons(shared))
    assert await _sees(stage, "ola", shared)


async def _sees(stage: Stage, user: str, message: Message) -> bool:
    """Whether this one's client shows what an operator can do."""
    await stage.world.teams.look(user, message)
    return "Ask " in str(reading.buttons(_as_seen(user, message, stage)))


def _as_seen(user: str, message: Message, stage: Stage) -> Message:
    """The message as this one sees it."""
    return replace(message, card=stage.world.teams.seen(user, message))


async def test_who_installs_the_app_is_welcomed_and_can_be_asked_at_once(stage: Stage) -> None:
    """They need not wait for the next look, nor ask what this is."""
    teams = stage.world.teams
    person = next(p for p in teams.service.people() if p.key not in teams.service.installed)
    await teams.install(person.key)
    welcome = await stage.next(teams.dm_of(person.key), 0, said("I am o365bot"))
    assert "Office 365" in reading.text(welcome)
    await teams.uninstall(person.key)
    await teams.install(person.key)
    dm = teams.dm_of(person.key)
    asked = await teams.say(person.key, "help", dm.id)
    await stage.next(dm, 0, lambda m: asked.id in (m.thread, m.answers))
    again = [m for m in dm.messages if m.from_bot and said("I am o365bot")(m)]
    assert again == [welcome], "no second welcome within minutes"
    await teams.uninstall(person.key)  # as other scenarios know them
