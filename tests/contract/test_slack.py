"""Slack, out: the Messenger port over real Web API calls on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from adapters.slack.outgoing.answers import UnexpectedAnswer
from adapters.slack.outgoing.calls import open_web
from adapters.slack.outgoing.messenger import PAGE, SlackMessenger
from adapters.slack.outgoing.posting import MessageIdMissing
from bot.domain.delivery.notices import Channel
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatMisconfigured,
    ChatRefused,
    ChatThrottled,
    ChatUnreachable,
    MessageGone,
    MessageRefused,
    PersonUnreachable,
    ScopeMissing,
)
from bot.message import Cell, Message, Table, Text
from bot.ports.chat import Messenger
from sandbox.slack.workspace import CHANNEL, OTHER_CHANNEL
from tests.contract.slack_stage import OLA, TOKEN, SlackBorder, says, scripted, settings
from tests.serving import served
from tests.there import there


def ada(user_id: str = OLA) -> ChatIdentity:
    return ChatIdentity(Platform.SLACK, user_id)


async def test_a_person_is_found_by_any_of_their_addresses(border: SlackBorder) -> None:
    """Once, however many addresses lead there, with the time zone of the profile."""
    messenger: Messenger = SlackMessenger(border.web)
    found = await messenger.find_person(
        ("nobody@contoso.example", "FAY@fabrikam.example", "fay@fabrikam.example", "no address"),
        "",
        "",
    )
    assert [(p.user_id, p.time_zone, p.email) for p in found] == [
        ("U0FAY", "Asia/Tokyo", "fay@fabrikam.example")
    ]


async def test_slack_tells_where_an_account_is_and_what_it_speaks(border: SlackBorder) -> None:
    """Settings name operators by id alone; one that Slack does not know is an error."""
    messenger: Messenger = SlackMessenger(border.web)
    found = await messenger.profile(ChatIdentity(Platform.SLACK, "U0FAY"))
    assert (found.user_id, found.time_zone) == ("U0FAY", "Asia/Tokyo")
    with pytest.raises(PersonUnreachable):
        await messenger.profile(ChatIdentity(Platform.SLACK, "U0GONE"))


async def test_two_accounts_for_two_addresses_are_both_told(border: SlackBorder) -> None:
    """Which one is meant is not the adapter's to decide."""
    found = await SlackMessenger(border.web).find_person(
        ("ola@contoso.example", "fay@fabrikam.example"), "", ""
    )
    assert {person.user_id for person in found} == {OLA, "U0FAY"}


async def test_an_address_that_only_looks_the_same_is_somebody_elses() -> None:
    """Whomever Slack takes it for: the link would go to them."""
    user = {"id": OLA, "profile": {"email": "\u212aay@contoso.com"}}
    async with (
        scripted({"": [says({"ok": True, "user": user})]}) as slack,
        messenger_at(slack.url) as messenger,
    ):
        assert await messenger.find_person(("kay@contoso.com",), "", "") == ()
        (found,) = await messenger.find_person(("\u212aAY@contoso.com",), "", "")
        assert found.user_id == OLA


async def test_somebody_who_was_found_is_asked_for_by_id_and_looked_at_anew() -> None:
    """The address may be somebody else's now, and a colleague may have left."""
    people = {"U0ADA": USER, "U0EVE": USER | {"id": "U0EVE", "profile": {}}}
    asked: list[str] = []

    async def api(request: Request) -> Response:
        asked.append(request.path_params["method"])
        form = dict(request.query_params) | dict(await request.form())
        for user_id, user in people.items():
            email = user["profile"].get("email", "")
            if form.get("user") == user_id or form.get("email") == email:
                return JSONResponse({"ok": True, "user": user})
        return JSONResponse({"ok": False, "error": "users_not_found"})

    app = Starlette(routes=[Route("/api/{method}", api, methods=["GET", "POST"])])
    async with served(lambda url: app) as url, messenger_at(url) as messenger:

        async def find() -> list[str]:
            asked.clear()
            found = await messenger.find_person(("ada@contoso.example",), "", "")
            return [one.user_id for one in found]

        assert await find() == ["U0ADA"]
        assert asked == ["users.lookupByEmail", "users.info"]
        assert await find() == ["U0ADA"]
        assert asked == ["users.info"]
        people["U0ADA"], people["U0EVE"] = (
            USER | {"profile": {"email": "ada.smith@contoso.example"}},
            USER | {"id": "U0EVE"},
        )
        assert await find() == ["U0EVE"]
        people["U0EVE"] = people["U0EVE"] | {"deleted": True}
        assert await find() == []
        del people["U0EVE"]
        assert await find() == []


async def test_guests_and_deactivated_people_are_not_found(border: SlackBorder) -> None:
    """A personal link is for a colleague."""
    border.workspace.guests.add(OLA)
    border.workspace.deactivated.add("U0FAY")
    messenger = SlackMessenger(border.web)
    assert await messenger.find_person(("ola@contoso.example",), "", "") == ()
    assert await messenger.find_person(("fay@fabrikam.example",), "", "") == ()


async def test_a_personal_message_is_found_again_by_its_key(border: SlackBorder) -> None:
    """After an unknown outcome the platform is asked before anything is sent again."""
    messenger = SlackMessenger(border.web)
    assert await messenger.find_sent(ada(), "link:1") is None
    sent = await messenger.send_personal(ada(), Message("Please.", (Text("Please."),)), "link:1")
    await messenger.send_personal(ada(), Message("Later."), "link:2")
    assert await messenger.find_sent(ada(), "link:1") == sent
    assert await messenger.find_sent(ada(), "link:3") is None
    direct = border.people.dm_of("ola")
    shown = direct.messages[0]
    assert sent.message_id == f"{direct.id}:{shown.id}"
    assert (shown.unfurl_links, shown.unfurl_media) == (False, False)
    assert shown.only_for is None


async def test_a_channel_message_is_found_again_and_changed_in_place(border: SlackBorder) -> None:
    """An update keeps the key."""
    messenger = SlackMessenger(border.web)
    channel = Channel(Platform.SLACK, CHANNEL)
    sent = await messenger.post(channel, Message("First."), "reminder:1")
    await messenger.update(sent.message_id, Message("Second.", (Text("Second."),)))
    assert [m.text for m in border.from_bot(border.channel())] == ["Second."]
    assert await messenger.find_sent(channel, "reminder:1") == sent


async def test_a_reply_in_a_thread_is_found_again(border: SlackBorder) -> None:
    """A channel's history does not have it: the thread is asked."""
    messenger = SlackMessenger(border.web)
    channel = Channel(Platform.SLACK, CHANNEL)
    board = await messenger.post(channel, Message("The board."), "board")
    for _ in range(PAGE):
        thread = board.message_id.partition(":")[2]
        border.workspace.post(border.channel(), OLA, "chatter", thread=thread)
    assert await messenger.find_sent(channel, "nudge:x", board.message_id) is None
    sent = await messenger.post(channel, Message("News."), "nudge:x", board.message_id)
    assert await messenger.find_sent(channel, "nudge:x", board.message_id) == sent
    assert await messenger.find_sent(channel, "nudge:x") is None


async def test_people_are_introduced_in_one_group_conversation(border: SlackBorder) -> None:
    """With the app in it; the same introduction again finds its message there."""
    messenger = SlackMessenger(border.web)
    pair = (ada(), ada("U0FAY"))
    sent = await messenger.introduce(pair, Message("You two."), "introduction:1")
    assert await messenger.introduce(pair, Message("You two."), "introduction:1") == sent
    channel, _, _ = sent.message_id.partition(":")
    group = there(border.log.get(channel))
    assert set(group.who) == {OLA, "U0FAY"}
    assert [m.text for m in group.messages] == ["You two."]
    border.workspace.deactivated.add("U0FAY")
    with pytest.raises(PersonUnreachable):
        await messenger.introduce(pair, Message("You two."), "introduction:2")


async def test_of_two_messages_with_a_key_the_newest_is_found(border: SlackBorder) -> None:
    """And only so far back as the bound says."""
    messenger = SlackMessenger(border.web)
    channel = Channel(Platform.SLACK, CHANNEL)
    await messenger.post(channel, Message("First."), "k")
    newest = await messenger.post(channel, Message("Second."), "k")
    for _ in range(250):
        border.workspace.post(border.channel(), OLA, "chatter")
    assert await messenger.find_sent(channel, "k") == newest
    for _ in range(800):
        border.workspace.post(border.channel(), OLA, "chatter")
    assert await messenger.find_sent(channel, "k") is None


async def test_slack_tells_the_keys_of_what_was_sent_to_somebody_since(border: SlackBorder) -> None:
    """By which a restored bot finds what its lost store had sent."""
    messenger: Messenger = SlackMessenger(border.web)
    first = await messenger.send_personal(ada(), Message("Before."), "round:1")
    at = datetime.fromtimestamp(float(first.message_id.partition(":")[2]), UTC)
    await messenger.send_personal(ada(), Message("After."), "round:2")
    moment = timedelta(milliseconds=1)
    assert await messenger.keys_since(ada(), at + moment) == frozenset({"round:2"})
    assert await messenger.keys_since(ada(), at - moment) == frozenset({"round:1", "round:2"})


async def test_slack_tells_how_many_messages_came_after_one(border: SlackBorder) -> None:
    """Those of anybody, in the channel itself; counting ends when there are enough."""
    messenger: Messenger = SlackMessenger(border.web)
    channel = Channel(Platform.SLACK, CHANNEL)
    await messenger.post(channel, Message("Before."), "k")
    board = await messenger.post(channel, Message("Board."), "board")
    assert await messenger.messages_after(board.message_id, 30) == 0
    await messenger.post(channel, Message("In its thread."), "k", board.message_id)
    await messenger.post(channel, Message("After."), "k")
    border.workspace.post(border.channel(), OLA, "chatter")
    assert await messenger.messages_after(board.message_id, 30) == 2
    for _ in range(40):
        border.workspace.post(border.channel(), OLA, "chatter")
    assert await messenger.messages_after(board.message_id, 30) == 30


async def test_a_page_that_is_shorter_than_it_may_be_is_not_the_last() -> None:
    """Slack may give fewer than asked for, and more with the next page."""
    pages = [("b", 10), ("c", 15), ("d", 9)]

    def answer() -> Response:
        cursor, messages = pages.pop(0)
        return JSONResponse(
            {
                "ok": True,
                "messages": [{"ts": "1.0"}] * messages,
                "response_metadata": {"next_cursor": cursor},
            }
        )

    async with scripted({"": [answer]}) as slack, messenger_at(slack.url) as messenger:
        assert await messenger.messages_after(f"{CHANNEL}:1.0", 30) == 30
    assert slack.methods == ["conversations.history"] * 3


async def test_without_the_scope_slack_does_not_tell_what_came_after() -> None:
    """The error says which one is missing."""
    answer = refused("missing_scope", needed="channels:history")
    async with scripted({"": [answer]}) as slack, messenger_at(slack.url) as messenger:
        with pytest.raises(ChatMisconfigured, match="channels:history"):
            await messenger.messages_after(f"{CHANNEL}:1.0", 30)


async def test_what_cannot_be_reached_says_so_by_its_type(border: SlackBorder) -> None:
    """Archived, not a member, deactivated, unknown, deleted: each a state, not a retry."""
    messenger = SlackMessenger(border.web)
    border.workspace.deactivated.add("U0FAY")
    sent = await messenger.post(Channel(Platform.SLACK, CHANNEL), Message("x"), "k")
    border.log.remove(border.channel(), border.channel().messages[-1])
    with pytest.raises(MessageGone):
        await messenger.update(sent.message_id, Message("y"))
    with pytest.raises(MessageGone):
        await messenger.update("nonsense", Message("y"))
    with pytest.raises(MessageGone):
        await messenger.post(Channel(Platform.SLACK, CHANNEL), Message("y"), "k", sent.message_id)
    with pytest.raises(PersonUnreachable):
        await messenger.send_personal(ada("U0FAY"), Message("x"), "k")
    with pytest.raises(PersonUnreachable):
        await messenger.send_personal(ada("U0NOBODY"), Message("x"), "k")
    with pytest.raises(ChannelUnreachable):
        await messenger.post(Channel(Platform.SLACK, OTHER_CHANNEL), Message("x"), "k")
    border.workspace.archived.add(CHANNEL)
    with pytest.raises(ChannelUnreachable):
        await messenger.post(Channel(Platform.SLACK, CHANNEL), Message("x"), "k")


async def test_too_many_messages_tell_how_long_to_wait(border: SlackBorder) -> None:
    """Slack's Retry-After comes through in seconds."""
    limit = border.workspace.limit
    limit.burst, limit.per_second = 1, 0.01  # on a slow machine, too
    messenger = SlackMessenger(border.web)
    channel = Channel(Platform.SLACK, CHANNEL)
    await messenger.post(channel, Message("x"), "1")
    with pytest.raises(ChatThrottled) as raised:
        await messenger.post(channel, Message("x"), "2")
    assert raised.value.retry_after >= 1


async def test_what_cannot_be_drawn_goes_out_as_text(border: SlackBorder) -> None:
    """A bug of ours is told in the log, and the person still reads what there is to say."""
    blocks = tuple(Text(f"line {n}") for n in range(51))
    with structlog.testing.capture_logs() as logs:
        ola = ChatIdentity(Platform.SLACK, OLA)
        await SlackMessenger(border.web).send_personal(ola, Message("x", blocks), "k")
    assert [line["log_level"] for line in logs] == ["error"]
    (shown,) = border.from_bot(border.people.dm_of("ola"))
    assert "line 50" in json.dumps(shown.blocks)


async def test_what_slack_will_not_have_is_said_once_more_in_plain_text() -> None:
    """Slack took nothing when it calls the blocks wrong; a second refusal is final."""
    answers = [
        JSONResponse({"ok": False, "error": "invalid_blocks"}),
        JSONResponse({"ok": True, "channel": "D1", "ts": "1.1"}),
    ]
    async with (
        scripted({"": [lambda: answers.pop(0)]}) as slack,
        messenger_at(slack.url) as messenger,
    ):
        rows = (Table(("a",), ((Cell("b"),),)),)
        assert (
            await messenger.send_personal(ada(), Message("x", rows), "k")
        ).message_id == "D1:1.1"
    assert slack.methods == ["chat.postMessage"] * 2


# ------------------------------------------------------------------ a Slack that misbehaves


@asynccontextmanager
async def messenger_at(url: str, seconds: float = 60.0) -> AsyncIterator[SlackMessenger]:
    async with open_web(settings(f"{url}/api"), seconds) as web:
        yield SlackMessenger(web)


def refused(code: str, status: int = 200, **more: Any) -> Callable[[], Response]:
    return lambda: JSONResponse({"ok": False, "error": code, **more}, status)


ERRORS: dict[str, tuple[Callable[[], Response], type[ChatError]]] = {
    "token revoked": (refused("token_revoked"), ChatMisconfigured),
    "app removed": (refused("account_inactive"), ChatMisconfigured),
    "network not allowed": (refused("accesslimited"), ChatMisconfigured),
    "not for an enterprise": (refused("enterprise_is_restricted"), ScopeMissing),
    "a scope missing": (refused("missing_scope", needed="mpim:write"), ScopeMissing),
    "the scope to write missing": (
        refused("missing_scope", needed="chat:write"),
        ChatMisconfigured,
    ),
    "not in channel": (refused("not_in_channel"), ChannelUnreachable),
    "posting restricted": (refused("restricted_action"), ChannelUnreachable),
    "deactivated": (refused("user_disabled"), PersonUnreachable),
    "messages switched off": (refused("messages_tab_disabled"), ScopeMissing),
    "deleted": (refused("message_not_found"), MessageGone),
    "its thread deleted": (refused("thread_not_found"), MessageGone),
    "blocks wrong": (refused("invalid_blocks", errors=["/blocks/0"]), MessageRefused),
    "blocks too long": (refused("msg_blocks_too_long"), MessageRefused),
    "unheard of": (refused("some_new_error"), ChatRefused),
    "no code": (refused(""), ChatUnreachable),
    "a code that is none": (refused("<b>x</b>"), ChatUnreachable),
    "a method that is gone": (refused("unknown_method"), ScopeMissing),
    "another id": (lambda: JSONResponse({"ok": True}), MessageIdMissing),
    "ids of other types": (
        lambda: JSONResponse({"ok": True, "channel": 5, "ts": None}),
        MessageIdMissing,
    ),
    "ok in words": (lambda: JSONResponse({"ok": "true"}), UnexpectedAnswer),
    "null": (lambda: JSONResponse(None), ChatUnreachable),
    "errors of another form": (refused("invalid_blocks", errors=5), MessageRefused),
    "metadata of another form": (refused("no_text", response_metadata="x"), MessageRefused),
    "headers only": (lambda: Response("", 500), ChatUnreachable),
    "moved": (lambda: Response("", 307, {"Location": "/api/elsewhere"}), ChatRefused),
    "moved for good": (lambda: Response("", 301, {"Location": "http://127.0.0.1:9"}), ChatRefused),
    "broken inside": (refused("internal_error"), ChatUnreachable),
    "broken inside, 500": (refused("fatal_error", 500), ChatUnreachable),
    "rate limit in the body": (refused("ratelimited"), ChatThrottled),
    "workspace quota": (refused("message_limit_exceeded"), ChatThrottled),
    "HTML, 502": (lambda: Response("<html>", 502, media_type="text/html"), ChatUnreachable),
    "HTML, 200": (lambda: Response("<html>", 200, media_type="text/html"), ChatUnreachable),
    "text": (lambda: PlainTextResponse("ok"), UnexpectedAnswer),
    "JSON, a list": (lambda: JSONResponse(["ok"]), UnexpectedAnswer),
    "JSON, truncated": (lambda: Response("{", media_type="application/json"), ChatUnreachable),
    "nothing": (lambda: Response("", 204), ChatUnreachable),
    "rate limit": (lambda: Response("", 429, {"Retry-After": "7"}), ChatThrottled),
    "rate limit, no number": (lambda: Response("", 429, {"Retry-After": "soon"}), ChatThrottled),
}


async def test_each_error_of_slack_has_its_own_name_here() -> None:
    """Nothing of the driver's own comes through, nothing is tried twice, no token is told."""
    got: dict[str, type[ChatError]] = {}
    async with (
        scripted({"": [lambda: ERRORS[what][0]()]}) as slack,
        messenger_at(slack.url) as messenger,
    ):
        for what in ERRORS:
            with pytest.raises(ChatError) as error:
                await messenger.post(Channel(Platform.SLACK, CHANNEL), Message("x"), "k")
            got[what] = type(error.value)
            assert TOKEN not in str(error.value)
    assert got == {what: kind for what, (_, kind) in ERRORS.items()}
    # What Slack calls wrong is said once more, in plain text.
    wrong = [kind for _, kind in ERRORS.values()].count(MessageRefused)
    assert slack.methods == ["chat.postMessage"] * (len(ERRORS) + wrong)


async def test_a_missing_scope_is_named() -> None:
    """So that whoever reads it knows what to grant."""
    answer = refused("missing_scope", needed="im:write")
    async with scripted({"": [answer]}) as slack, messenger_at(slack.url) as messenger:
        with pytest.raises(ChatMisconfigured, match="im:write"):
            await messenger.send_personal(ada(), Message("x"), "k")


async def test_an_accepted_message_whose_answer_was_lost_is_not_sent_again() -> None:
    """The outcome is unknown, which is for the caller to find out."""
    posts = 0

    async def accept_and_drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal posts
        await reader.readuntil(b"\r\n\r\n")
        posts += 1
        writer.close()

    server = await asyncio.start_server(accept_and_drop, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, messenger_at(f"http://127.0.0.1:{port}") as messenger:
        with pytest.raises(ChatUnreachable):
            await messenger.post(Channel(Platform.SLACK, CHANNEL), Message("x"), "k")
    assert posts == 1


async def test_a_slack_that_hangs_is_given_up() -> None:
    """After the client's time-out, as an unknown outcome."""
    release = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, messenger_at(f"http://127.0.0.1:{port}", seconds=0.2) as messenger:
        with pytest.raises(ChatUnreachable):
            await messenger.post(Channel(Platform.SLACK, CHANNEL), Message("x"), "k")
        release.set()


USER: dict[str, Any] = {
    "id": "U0ADA",
    "tz": "Europe/Vienna",
    "locale": "de-AT",
    "profile": {"email": "ada@contoso.example", "real_name": "Ada"},
}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, True),
        ({"deleted": True}, False),
        ({"is_bot": True}, False),
        ({"is_restricted": True}, False),
        ({"is_ultra_restricted": True}, False),
        ({"is_stranger": True}, False),
        ({"profile": {"email": "eve@contoso.example"}}, False),
        ({"profile": {}}, False),
    ],
)
async def test_only_a_colleague_with_that_very_address_is_found(
    change: dict[str, Any], found: bool
) -> None:
    """Whatever Slack takes the address for; with time zone and language from the profile."""

    def answer() -> Response:
        return JSONResponse({"ok": True, "user": USER | change})

    async with scripted({"": [answer]}) as slack, messenger_at(slack.url) as messenger:
        people = await messenger.find_person(("Ada@contoso.example",), "", "")
    assert people == (
        (
            ChatIdentity(
                Platform.SLACK, "U0ADA", "Ada", "ada@contoso.example", "Europe/Vienna", "de-AT"
            ),
        )
        if found
        else ()
    )
