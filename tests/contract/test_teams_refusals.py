"""What Teams refuses, code by code, in the shapes in which it answers.

The codes: Microsoft Learn, "Build conversational capability", "Status codes from bot conversational
APIs"; those that are not on that page come from public reports.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from adapters.teams.outgoing.messenger import ABSENT_FOR
from adapters.teams.outgoing.refusals import CODES, MESSAGES
from bot.domain.refusals import Scope
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatRefused,
    ChatThrottled,
    ChatUnreachable,
    MessageGone,
    PersonUnreachable,
)
from tests.contract.pretend_teams import ADA, CHANNEL, TENANT
from tests.contract.teams_world import ADAS_CHAT, PUBLIC, TeamsBorder, messenger_over
from tests.contract.test_teams_messages_out import ADA_IN_TEAMS, HELLO, IN_CHANNEL

Json = dict[str, Any]


def _told(code: str, message: str = "") -> Json:
    return {"error": {"code": code, "message": message}}


MESSAGE, GONE, PERSON, CHANNEL_, WHOLE, UNTOLD, PASSING = (
    Scope.MESSAGE,
    Scope.GONE,
    Scope.PERSON,
    Scope.CHANNEL,
    Scope.INSTALLATION,
    Scope.UNTOLD,
    Scope.PASSING,
)
BLOCKED = {"errorCode": 209, "message": '{\r\n  "subCode": "MessageWritesBlocked",\r\n  "d": 1}'}
BLOCKED_BARE = {"errorCode": 209, "message": "{subCode: MessageWritesBlocked, details: x}"}
DENIED = {"message": "Authorization has been denied for this request."}
INNER = {"statusCode": 403, "body": _told("BotDisabledByAdmin", "x")}
INNER_TEXT = {"statusCode": 403, "body": json.dumps(_told("ConversationBlockedByUser"))}
STANDARDIZED = {
    "errorCode": 0,
    "standardizedError": {
        "errorCode": 209,
        "errorSubCode": 1,
        "errorDescription": "The tenant admin disabled this bot",
    },
}
NOT_OURS = _told("BadArgument", "Failed to decrypt conversation id")
NO_ID = _told("BadSyntax", "Bad format of conversation ID")
LOST = (_told("ConversationNotFound"), NOT_OURS, NO_ID)
DISABLED = _told("BotDisabledByAdmin", "The tenant admin disabled this bot")

# status, body, and what it is about: a message to a person, to a channel, a change in a channel
CASES: list[tuple[int, Any, Scope, Scope, Scope]] = [
    (400, _told("Bad Argument", "scenario specific"), MESSAGE, MESSAGE, MESSAGE),
    (400, _told("BadSyntax", "Activity is malformed"), MESSAGE, MESSAGE, MESSAGE),
    (400, "<html>bad request</html>", MESSAGE, MESSAGE, MESSAGE),
    (401, _told("BotNotRegistered", "No registration found"), WHOLE, WHOLE, WHOLE),
    (401, DENIED, WHOLE, WHOLE, WHOLE),
    (401, "", WHOLE, WHOLE, WHOLE),
    (403, DISABLED, PERSON, CHANNEL_, CHANNEL_),
    (403, _told("BotNotInConversationRoster"), PERSON, CHANNEL_, CHANNEL_),
    (403, _told("ConversationBlockedByUser"), PERSON, CHANNEL_, CHANNEL_),
    (403, _told("ForbiddenOperationException"), PERSON, CHANNEL_, CHANNEL_),
    (403, BLOCKED, PERSON, CHANNEL_, CHANNEL_),
    (403, BLOCKED_BARE, PERSON, CHANNEL_, CHANNEL_),
    (403, _told("NotEnoughPermissions", "scenario specific"), UNTOLD, UNTOLD, UNTOLD),
    (403, _told("TenantNoPermission", "Tenant is disabled"), WHOLE, WHOLE, WHOLE),
    (403, _told("Forbidden", "Tenant is disabled."), WHOLE, WHOLE, WHOLE),
    (403, {"error": {"code": "Forbidden", "innerHttpError": INNER}}, PERSON, CHANNEL_, CHANNEL_),
    (
        403,
        {"error": {"code": "Forbidden", "innerHttpError": INNER_TEXT}},
        PERSON,
        CHANNEL_,
        CHANNEL_,
    ),
    (403, {"code": "BotNotInConversationRoster", "message": "x"}, PERSON, CHANNEL_, CHANNEL_),
    (403, {"error": "BotNotInConversationRoster"}, PERSON, CHANNEL_, CHANNEL_),
    (403, {"errorCode": "BotDisabledByAdmin"}, PERSON, CHANNEL_, CHANNEL_),
    (403, {"subCode": "MessageWritesBlocked"}, PERSON, CHANNEL_, CHANNEL_),
    (403, {"errors": [{"code": "TenantNoPermission"}]}, WHOLE, WHOLE, WHOLE),
    (403, STANDARDIZED, PERSON, CHANNEL_, CHANNEL_),
    (403, {"message": "User blocked the conversation with the bot."}, PERSON, CHANNEL_, CHANNEL_),
    (400, NOT_OURS, PERSON, CHANNEL_, GONE),
    (400, NO_ID, PERSON, CHANNEL_, GONE),
    (
        403,
        {"message": "The bot is not part of the conversation roster."},
        PERSON,
        CHANNEL_,
        CHANNEL_,
    ),
    (403, {"message": "Bot isn't installed in user's personal scope"}, PERSON, CHANNEL_, CHANNEL_),
    (401, {"message": "No registration found for this bot."}, WHOLE, WHOLE, WHOLE),
    (403, {"message": "Tenant is disabled."}, WHOLE, WHOLE, WHOLE),
    (403, _told("SomethingNew", "of next year"), UNTOLD, UNTOLD, UNTOLD),
    (403, _told("ServiceError", "Unknown"), UNTOLD, UNTOLD, GONE),
    (403, {"errorCode": 1000, "message": "Unknown"}, UNTOLD, UNTOLD, GONE),
    (403, "<html>forbidden</html>", UNTOLD, UNTOLD, GONE),
    (403, "", UNTOLD, UNTOLD, GONE),
    (403, None, UNTOLD, UNTOLD, GONE),
    (404, _told("ConversationNotFound"), PERSON, CHANNEL_, GONE),
    (404, _told("MemberNotFoundInConversation"), PERSON, CHANNEL_, GONE),
    (404, _told("ActivityNotFoundInConversation"), GONE, GONE, GONE),
    (404, "<html>not found</html>", UNTOLD, UNTOLD, GONE),
    (405, "", UNTOLD, UNTOLD, UNTOLD),
    (408, "", PASSING, PASSING, PASSING),
    (410, "", UNTOLD, UNTOLD, GONE),
    (412, _told("PreconditionFailed"), PASSING, PASSING, PASSING),
    (413, _told("MessageSizeTooBig"), MESSAGE, MESSAGE, MESSAGE),
    (413, "<html>too large</html>", MESSAGE, MESSAGE, MESSAGE),
    (429, _told("Throttled"), PASSING, PASSING, PASSING),
    (500, _told("ServiceError"), PASSING, PASSING, PASSING),
    (500, "oops", PASSING, PASSING, PASSING),
    (502, "<html>bad gateway</html>", PASSING, PASSING, PASSING),
    (503, "", PASSING, PASSING, PASSING),
    (504, "", PASSING, PASSING, PASSING),
    (302, "", UNTOLD, UNTOLD, UNTOLD),
    (307, "", UNTOLD, UNTOLD, UNTOLD),
    (403, [], UNTOLD, UNTOLD, GONE),
    (403, {"error": "text"}, UNTOLD, UNTOLD, GONE),
    (403, {"error": {"code": 5, "message": {"a": 1}}}, UNTOLD, UNTOLD, GONE),
    (403, {"error": None}, UNTOLD, UNTOLD, GONE),
    (403, {"error": {"code": "Error", "message": "code: 5"}}, UNTOLD, UNTOLD, UNTOLD),
]


async def test_each_refusal_is_about_what_teams_says_it_is(teams: TeamsBorder) -> None:
    """To a person, to a channel, and of a change.

    Each call is made once, with three exceptions: a refused token is replaced, a lost conversation
    is opened anew, and a card that is called wrong is said in plain text.
    """
    for status, body, *scopes in CASES:
        content = body if isinstance(body, str) else json.dumps(body)
        for expected, send in zip(scopes, _sends(teams), strict=True):
            await teams.post(teams.installed())
            teams.clock.now += ABSENT_FOR
            left = [Response(content, status, {"Retry-After": "7"}) for _ in range(2)]
            teams.microsoft.refusals = list(left)
            with pytest.raises(ChatError) as raised:
                await send()
            assert raised.value.scope is expected, (status, body)
            made = 2 - len(teams.microsoft.refusals)
            lost = expected is PERSON and body in LOST
            again = status == 401 or lost or expected is MESSAGE
            assert made == (2 if again else 1), (status, body)
            assert lost or str(status) in str(raised.value)
            if isinstance(raised.value, ChatThrottled):
                assert raised.value.retry_after == (7.0 if status == 429 else 1.0)
    assert teams.microsoft.calls == []


def _sends(teams: TeamsBorder, message_id: str = f"{CHANNEL};messageid=1|1") -> tuple[Any, ...]:
    return (
        lambda: teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k"),
        lambda: teams.messenger.post(IN_CHANNEL, HELLO, "k"),
        lambda: teams.messenger.update(message_id, HELLO),
    )


async def test_a_card_that_is_called_wrong_is_said_once_in_plain_text(teams: TeamsBorder) -> None:
    """To a person, in a channel and as a change: the words arrive, and none is read as markup."""
    await teams.post(teams.installed())
    posted = await teams.messenger.post(IN_CHANNEL, HELLO, "k")
    for send in _sends(teams, posted.message_id):
        before = len(teams.microsoft.calls)
        teams.microsoft.refusals = [Response(json.dumps(_told("BadSyntax")), 400)]
        await send()
        (call,) = teams.microsoft.calls[before:]
        said = call.body.get("activity", call.body)
        assert said["text"].strip()
        assert said["textFormat"] == "plain"
        assert "attachments" not in said


def test_every_code_that_is_known_is_tried() -> None:
    """A new row of the table is tried in its real shape."""
    tried = {body["error"]["code"] for _, body, *_ in CASES if _has_code(body)}
    assert set(CODES) - tried == {"MessageWritesBlocked", "InvalidBotApiHost"}  # tried apart


def test_every_message_that_is_known_is_tried() -> None:
    """And means a code of the table."""
    tried = json.dumps([body for _, body, *_ in CASES]).lower()
    assert [words for words in MESSAGES if words not in tried] == []
    assert set(MESSAGES.values()) <= set(CODES)


def _has_code(body: Any) -> bool:
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and isinstance(error.get("code"), str)


async def test_the_hint_follows_the_code(teams: TeamsBorder) -> None:
    """Each says what an operator can do, and none of Teams' words, in which names may stand."""
    for code, hint in (
        ("BotDisabledByAdmin", "Allow the app for them"),
        ("BotNotInConversationRoster", "install it"),
        ("ConversationBlockedByUser", "only they can let it in"),
        ("TenantNoPermission", "switched off for this tenant"),
        ("NotEnoughPermissions", "lacks a permission"),
    ):
        await teams.post(teams.installed())
        content = json.dumps(_told(code, "about Ada Byron"))
        teams.microsoft.refusals = [Response(content, 403)]
        with pytest.raises(ChatError) as raised:
            await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
        assert hint in raised.value.hint, code
        assert "Byron" not in str(raised.value)


async def test_somebody_who_refused_is_not_called_reachable_any_more(teams: TeamsBorder) -> None:
    """Until they are heard of again: lists say so at the next look."""
    await teams.post(teams.installed())
    assert await teams.messenger.find_person((), ADA, TENANT)
    teams.microsoft.refusals = [Response(json.dumps(DISABLED), 403)]
    with pytest.raises(PersonUnreachable):
        await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert await teams.messenger.find_person((), ADA, TENANT) == ()
    await teams.post(teams.said("apps"))
    assert await teams.messenger.find_person((), ADA, TENANT)


# ------------------------------------------------------------------ another address

GCC = "https://smba.infra.gcc.teams.microsoft.com"
ELSEWHERE = _told("InvalidBotApiHost", f"Invalid bot api host. For GCC tenants, call `{GCC}`.")


class _Government:
    """Teams, where every conversation lives at the address of the GCC."""

    def __init__(self, named: Json = ELSEWHERE) -> None:
        self.asked: list[str] = []
        self.named = named

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3599})
        self.asked.append(f"https://{request.url.host}{request.url.path}")
        if request.url.host != httpx.URL(GCC).host:
            return httpx.Response(403, json=self.named)
        return httpx.Response(
            201, json={"id": "a:1ada" if b'"members"' in request.content else "7"}
        )


async def test_a_conversation_is_followed_to_the_address_that_teams_names() -> None:
    """And that is kept: the next message goes there at once."""
    world = _Government()
    async with messenger_over(world) as (messenger, conversations):
        for _ in range(2):
            sent = await messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
            assert sent.message_id == "a:1ada|7"
            await messenger.post(IN_CHANNEL, HELLO, "k")
    hosts = [httpx.URL(url).host for url in world.asked]
    public, gcc = httpx.URL(PUBLIC).host, httpx.URL(GCC).host
    assert hosts == [public, gcc, gcc, public, gcc, gcc, gcc]
    assert {ref.service_url for ref in conversations.refs.values()} == {f"{GCC}/teams"}


async def test_only_known_addresses_of_teams_are_followed() -> None:
    """The bot's token goes to no host that an answer made up; the hint names it."""
    for named in ("https://evil.example", f"https://{httpx.URL(GCC).host}.evil.example"):
        world = _Government(_told("InvalidBotApiHost", f"Invalid bot api host, call `{named}`."))
        async with messenger_over(world, ADAS_CHAT) as (messenger, _):
            with pytest.raises(PersonUnreachable, match="evil") as raised:
                await messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
            assert "teams.service_urls" in raised.value.hint
            with pytest.raises(ChannelUnreachable):
                await messenger.post(IN_CHANNEL, HELLO, "k")
        assert {httpx.URL(url).host for url in world.asked} == {httpx.URL(PUBLIC).host}


async def test_an_address_that_is_not_named_is_not_guessed() -> None:
    """Nor are two that name each other followed for ever."""
    world = _Government(_told("InvalidBotApiHost", "Invalid bot api host."))
    async with messenger_over(world) as (messenger, _):
        with pytest.raises(ChatRefused):
            await messenger.post(IN_CHANNEL, HELLO, "k")
    assert len(world.asked) == 1
    world = _Government(_told("InvalidBotApiHost", f"call `{PUBLIC}`."))
    async with messenger_over(world) as (messenger, _):
        with pytest.raises(ChatRefused):
            await messenger.post(IN_CHANNEL, HELLO, "k")
    assert len(world.asked) == 2


# ------------------------------------------------------------------ answers of an odd shape


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"id": null}', '{"id": {}}', "true"])
async def test_a_message_that_was_taken_without_an_id_was_taken(
    teams: TeamsBorder, body: str
) -> None:
    """It is not sent again; to change it is to post anew."""
    await teams.post(teams.installed())
    teams.microsoft.refusals = [Response(body, 201), Response(body, 201)]
    for sent in (
        await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k"),
        await teams.messenger.post(IN_CHANNEL, HELLO, "k"),
    ):
        assert sent.message_id.endswith("|")
        with pytest.raises(MessageGone):
            await teams.messenger.update(sent.message_id, HELLO)


@pytest.mark.parametrize("body", ["<html>hello</html>", '{"id": "1', "\ufeff"])
async def test_a_success_that_is_no_json_is_an_outcome_that_nobody_knows(
    teams: TeamsBorder, body: str
) -> None:
    """Something between us and Teams has answered."""
    await teams.post(teams.installed())
    teams.microsoft.refusals = [Response(body, 200)]
    with pytest.raises(ChatUnreachable) as raised:
        await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert not raised.value.nothing_sent


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(teams: TeamsBorder, status: int) -> None:
    """The message and the bot's token go to nobody else."""
    await teams.post(teams.installed())
    headers = {"Location": f"{teams.microsoft.url}/elsewhere"}
    teams.microsoft.refusals = [Response("", status, headers)]
    with pytest.raises(ChatRefused):
        await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert teams.microsoft.calls == []
