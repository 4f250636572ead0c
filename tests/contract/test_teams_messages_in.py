"""Messages from Teams: signed activities in, answers out over the Bot Connector."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from starlette.responses import JSONResponse, Response

from bot.domain.people import ChatIdentity, Platform
from tests.contract.teams_world import ADA, APP, CHANNEL, PERSONAL, TENANT, World, teams_world
from tests.waiting import wait_until


@pytest_asyncio.fixture
async def teams() -> AsyncIterator[World]:
    async with teams_world() as world:
        yield world


async def test_a_message_is_taken_at_once_and_answered_with_a_card(teams: World) -> None:
    """The request ends before the answer is there; the answer replies to the message."""
    teams.answers.let_go.clear()
    response = await teams.post(teams.said("which O365 apps need migration"))
    assert (response.status_code, response.content) == (202, b"")
    assert teams.microsoft.calls == []

    teams.answers.let_go.set()
    (call,) = await teams.calls(1)
    assert call.path == f"/emea/v3/conversations/{PERSONAL}/activities/1700000000001"
    assert call.card["body"][0]["text"] == "You said: which O365 apps need migration"
    assert call.body["replyToId"] == "1700000000001"
    assert call.body["summary"] == "You said: which O365 apps need migration"
    assert call.body["from"] == {"id": f"28:{APP}"}
    assert call.body["channelData"] == {"tenant": {"id": TENANT}}


async def test_who_asks_is_told_by_the_signed_request(teams: World) -> None:
    """The asker is the Entra object id, with name, language and time zone."""
    await teams.post(teams.said("help"))
    await wait_until(lambda: bool(teams.answers.asked))
    assert teams.answers.asked == [
        (
            "help",
            ChatIdentity(
                Platform.TEAMS,
                ADA,
                display_name="Ada Byron",
                time_zone="Europe/London",
                language="en-GB",
            ),
        )
    ]


WRAPPED: list[tuple[str | None, str]] = [
    ("<at>O365 bot</at> who Contoso Mail\n", "who Contoso Mail"),
    ("<at>O365 bot</at>", ""),
    ("\r\n<at>O365 bot</at>&nbsp;\xa0 send   Mail &amp; More ", "send Mail & More"),
    ("<p>apps</p>", "apps"),
    ("send <at>Ada</at>", "send Ada"),
    (None, ""),
]


async def test_mentions_markup_and_odd_spaces_are_no_part_of_the_words(teams: World) -> None:
    """What Teams wraps around a command is taken off."""
    mention = {
        "type": "mention",
        "text": "<at>O365 bot</at>",
        "mentioned": {"id": f"28:{APP}", "name": "O365 bot"},
    }
    hostile = {"type": "mention", "text": 5, "mentioned": "x"}
    for number, (text, words) in enumerate(WRAPPED, start=1):
        entities = [hostile, mention]
        await teams.post(teams.activity("message", id=str(number), text=text, entities=entities))
        await teams.calls(number)
        assert teams.answers.asked[-1][0] == words


async def test_progress_is_shown_once_and_then_changed_into_the_answer(teams: World) -> None:
    """A long answer is one message that changes, not many."""
    teams.answers.progress = ("1 of 2", "2 of 2")
    await teams.post(teams.said("scan"))
    first, second, last = await teams.calls(3)
    assert [first.method, second.method, last.method] == ["POST", "PUT", "PUT"]
    assert second.path == last.path == f"/emea/v3/conversations/{PERSONAL}/activities/1001"
    assert last.card["body"][0]["text"] == "You said: scan"


async def test_an_answer_in_a_channel_goes_into_its_thread(teams: World) -> None:
    """The thread is kept for the answer; the channel is what is remembered."""
    await teams.post(teams.in_channel(teams.said("apps")))
    (call,) = await teams.calls(1)
    thread = f"{CHANNEL};messageid=17"
    assert call.path == f"/emea/v3/conversations/{thread}/activities/1700000000001"
    ref = teams.conversations.refs[CHANNEL]
    assert (ref.kind, ref.object_id, ref.name) == ("channel", "", "O365 migration")


async def test_a_message_that_comes_twice_is_acted_on_once(teams: World) -> None:
    """Teams sends an activity again when it heard nothing for a while."""
    statuses = [(await teams.post(teams.said("apps"))).status_code for _ in range(3)]
    await teams.post(teams.said("help", id="1700000000002"))
    await teams.calls(2)
    await teams.inbound.drain(2.0)
    assert statuses == [202, 202, 202]
    assert [words for words, _ in teams.answers.asked] == ["apps", "help"]
    assert len(teams.microsoft.calls) == 2


async def test_an_answer_that_teams_throttles_is_sent_again(teams: World) -> None:
    """429 and 412 say that nothing was taken, so the answer is not lost."""
    teams.microsoft.refusals = [
        JSONResponse({"error": {"code": "Throttled"}}, 429, {"Retry-After": "0"}),
    ]
    await teams.post(teams.said("apps"))
    (call,) = await teams.calls(1)
    assert call.card["body"][0]["text"] == "You said: apps"


async def test_an_answer_whose_fate_is_unknown_is_not_sent_again(teams: World) -> None:
    """After a 502 the message may be there: better none than two."""
    teams.microsoft.refusals = [Response("<html>bad gateway</html>", 502)]
    await teams.post(teams.said("apps"))
    await wait_until(lambda: not teams.microsoft.refusals)
    await teams.inbound.drain(2.0)
    assert teams.microsoft.calls == []


async def test_a_bug_in_an_answer_stops_nothing_else(teams: World) -> None:
    """The next message is answered."""
    teams.answers.fails = True
    assert (await teams.post(teams.said("apps"))).status_code == 202
    await teams.inbound.drain(2.0)
    teams.answers.fails = False
    await teams.post(teams.said("help", id="2"))
    assert len(await teams.calls(1)) == 1


async def test_draining_cancels_what_does_not_end(teams: World) -> None:
    """Shutting down waits, but not for ever."""
    teams.answers.let_go.clear()
    await teams.post(teams.said("apps"))
    await wait_until(lambda: bool(teams.answers.asked))
    await asyncio.wait_for(teams.inbound.drain(0.05), 2.0)
    teams.answers.let_go.set()
    assert teams.microsoft.calls == []
