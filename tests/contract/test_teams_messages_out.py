"""Messages to Teams: threads, changes, people, and what each refusal of the Bot Connector means."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.http.client import open_http
from adapters.teams.outgoing.backoff import Backoff
from adapters.teams.outgoing.connector import Connector
from adapters.teams.outgoing.messenger import TeamsMessenger
from adapters.teams.roster import KEPT_FOR
from bot.domain.delivery.notices import Channel
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import (
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    MessageGone,
    PersonUnreachable,
)
from bot.message import Message
from bot.ports.chat import ConversationRef
from tests.contract.pretend_teams import ADA, APP, CHANNEL, PERSONAL, TENANT
from tests.contract.teams_world import TeamsBorder
from tests.serving import served

ADA_IN_TEAMS = ChatIdentity(Platform.TEAMS, ADA, "Ada Byron")
IN_CHANNEL = Channel(Platform.TEAMS, CHANNEL)
HELLO = Message("Hello.")


@pytest_asyncio.fixture
async def ada(teams: TeamsBorder) -> ChatIdentity:
    """Ada, who installed the app, as Teams tells of her."""
    await teams.post(teams.installed())
    return replace(ADA_IN_TEAMS, time_zone="Europe/London", language="en-GB")


async def test_a_channel_message_starts_a_thread(teams: TeamsBorder) -> None:
    """Also in a channel that was never heard from: the configured address is used."""
    sent = await teams.messenger.post(IN_CHANNEL, HELLO, "k")
    assert sent.message_id == f"{CHANNEL};messageid=1001|1001"
    (call,) = teams.microsoft.calls
    assert call.path == "/emea/v3/conversations"
    assert call.body["isGroup"] is True
    assert call.body["bot"] == {"id": f"28:{APP}"}
    assert call.body["channelData"] == {"channel": {"id": CHANNEL}, "tenant": {"id": TENANT}}
    assert call.body["activity"]["attachments"][0]["content"]["speak"] == "Hello."


async def test_people_are_introduced_by_a_message_to_each(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """A bot cannot open a group chat; whoever can be reached is, before the failure is told."""
    sent = await teams.messenger.introduce((ada, ada), HELLO, "k")
    assert len(teams.microsoft.calls) == 2
    assert sent.message_id.startswith(f"{PERSONAL}|")
    stranger = replace(ada, user_id="nobody")
    with pytest.raises(PersonUnreachable):
        await teams.messenger.introduce((stranger, ada), HELLO, "k")
    assert len(teams.microsoft.calls) == 3


async def test_a_sent_message_is_changed_in_place(teams: TeamsBorder, ada: ChatIdentity) -> None:
    """By the id that sending gave, in a chat and in a channel."""
    for sent in (
        await teams.messenger.send_personal(ada, HELLO, "k"),
        await teams.messenger.post(IN_CHANNEL, HELLO, "k"),
    ):
        await teams.messenger.update(sent.message_id, Message("Done."))
        call = teams.microsoft.calls[-1]
        conversation, activity = sent.message_id.split("|")
        assert call.method == "PUT"
        assert call.path == f"/emea/v3/conversations/{conversation}/activities/{activity}"
        assert call.card["speak"] == "Done."


async def test_a_person_is_found_by_object_id_in_the_bots_tenant(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """The same object id in another tenant is another person."""
    assert await teams.messenger.find_person((), ADA.upper(), TENANT) == (ada,)
    assert await teams.messenger.find_person((), ADA, "another-tenant") == ()
    assert await teams.messenger.find_person((), "unknown", TENANT) == ()


async def test_a_person_is_found_by_address_among_the_channels_team(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """An admin account elsewhere belongs to somebody here; only who has the app counts."""
    teams.microsoft.members = [
        {"id": "29:1bob", "aadObjectId": "bob", "email": "bob@contoso.com"},
        {"id": "29:1", "email": None},
        {"id": "29:1ada", "aadObjectId": ADA, "userPrincipalName": "Ada@Contoso.com"},
    ]
    find = teams.messenger.find_person
    assert await find(("ada@contoso.com",), "x", "another-tenant") == (ada,)
    assert await find(("bob@contoso.com",), "x", "another-tenant") == ()
    assert await find(("da@contoso.com", ""), "x", TENANT) == ()


async def test_a_team_is_read_once_for_many_who_are_looked_for(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """Also when they are looked for at once, and are not there; some minutes later, again."""
    teams.microsoft.members = [
        {"id": "29:1ada", "aadObjectId": ADA, "email": "ada@contoso.com"},
        *({"id": f"29:1{n}", "aadObjectId": f"m{n}", "email": f"m{n}@x.com"} for n in range(4)),
    ]
    find = teams.messenger.find_person
    wanted = [f"m{n}@x.com" for n in range(40)] + ["Ada@contoso.com"]
    found = await asyncio.gather(*(find((address,), "", "") for address in wanted))
    assert found == [()] * 40 + [(ada,)]
    assert teams.microsoft.member_requests == 3, "three pages, once"
    teams.microsoft.members = []
    teams.clock.now += KEPT_FOR
    assert await find(("ada@contoso.com",), "", "") == ()


async def test_a_team_that_could_not_be_read_is_read_at_the_next_look(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """A failure is not kept."""
    teams.microsoft.members = [{"id": "29:1ada", "aadObjectId": ADA, "email": "ada@contoso.com"}]
    teams.microsoft.refusals = [JSONResponse({}, 502)]
    with pytest.raises(ChatUnreachable):
        await teams.messenger.find_person(("ada@contoso.com",), "", "")
    assert await teams.messenger.find_person(("ada@contoso.com",), "", "") == (ada,)


async def test_a_team_without_the_app_tells_nobody(teams: TeamsBorder) -> None:
    """Then addresses cannot be looked up, which is no error."""
    teams.microsoft.installed.clear()
    teams.microsoft.refusals = [
        JSONResponse({"error": {"code": "BotNotInConversationRoster"}}, 403)
    ]
    assert await teams.messenger.find_person(("ada@contoso.com",), "x", TENANT) == ()


async def test_teams_cannot_tell_what_was_sent(teams: TeamsBorder, ada: ChatIdentity) -> None:
    """A bot cannot read a conversation back."""
    await teams.messenger.send_personal(ada, HELLO, "k")
    assert await teams.messenger.find_sent(ada, "k") is None


async def test_teams_cannot_tell_what_came_after_a_message(teams: TeamsBorder) -> None:
    """Nor a channel."""
    sent = await teams.messenger.post(IN_CHANNEL, HELLO, "k")
    assert await teams.messenger.messages_after(sent.message_id, 30) is None


@pytest.mark.parametrize(
    ("told", "pause"),
    [("0", 1.0), ("Mon, 03 Mar 2025 09:00:00 GMT", 1.0), ("999999999", 3600.0), ("90", 90.0)],
)
async def test_a_pause_that_makes_no_sense_is_the_nearest_that_does(
    teams: TeamsBorder, ada: ChatIdentity, told: str, pause: float
) -> None:
    """Nought would be asked again and again, and nobody waits for thirty years."""
    teams.microsoft.refusals = [Response("", 429, {"Retry-After": told})]
    with pytest.raises(ChatThrottled) as raised:
        await teams.messenger.send_personal(ada, HELLO, "k")
    assert raised.value.retry_after == pause


async def test_pauses_that_teams_does_not_measure_grow_until_something_gets_through(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """Those who are refused at the same time share a pause; one that nobody can read is none."""
    clock = Backoff()
    former, now = 0.0, 100.0
    for expected in (1, 2, 4, 8, 16, 32, 64, 64):
        pause = clock.pause(now)
        assert expected <= pause <= 1.5 * expected
        assert clock.pause(now + pause / 2) == pytest.approx(pause / 2)
        former, now = pause, now + pause
    assert former >= 64
    clock.over()
    assert clock.pause(now) <= 1.5
    for headers in ({}, {"Retry-After": "soon"}):
        teams.microsoft.refusals = [Response("", 429, headers)]
        with pytest.raises(ChatThrottled) as raised:
            await teams.messenger.send_personal(ada, HELLO, "k")
        assert 1.0 <= raised.value.retry_after <= 1.5
        await teams.messenger.send_personal(ada, HELLO, "k")


async def test_a_message_that_is_gone_cannot_be_changed(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """404 on a change is about the message."""
    teams.microsoft.refusals = [Response("", 404)]
    with pytest.raises(MessageGone):
        await teams.messenger.update(f"{PERSONAL}|1", HELLO)
    for unknown in ("", "x", "|", f"{PERSONAL}|"):
        with pytest.raises(MessageGone):
            await teams.messenger.update(unknown, HELLO)


async def test_a_stored_address_that_is_not_configured_gets_no_token(teams: TeamsBorder) -> None:
    """It is out of reach; that is no incident of the whole platform."""
    evil = ConversationRef(PERSONAL, "personal", "http://127.0.0.1:9/", TENANT, "", "", ADA)
    await teams.conversations.remember(evil)
    with pytest.raises(PersonUnreachable):
        await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert teams.microsoft.token_requests == 0


async def test_many_messages_cost_one_token(teams: TeamsBorder, ada: ChatIdentity) -> None:
    """The bot's token is kept, and asked for once even when many want it."""
    send = teams.messenger.send_personal
    await asyncio.gather(*(send(ada, HELLO, str(i)) for i in range(20)))
    assert len(teams.microsoft.calls) == 20
    assert teams.microsoft.token_requests == 1


async def test_a_token_that_was_revoked_is_replaced(teams: TeamsBorder, ada: ChatIdentity) -> None:
    """One 401 costs one new token; the message arrives once."""
    await teams.messenger.send_personal(ada, HELLO, "1")
    teams.microsoft.revoke_tokens()
    await teams.messenger.send_personal(ada, HELLO, "2")
    assert len(teams.microsoft.calls) == 2
    assert teams.microsoft.token_requests == 2


async def test_a_connector_that_refuses_every_token_is_a_matter_of_settings(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """Wrong tenant or authority: inbound works and every reply is 401."""
    denied = JSONResponse({"message": "Authorization has been denied for this request."}, 401)
    teams.microsoft.refusals = [denied, denied]
    with pytest.raises(ChatMisconfigured, match=r"teams\.tenant_id"):
        await teams.messenger.send_personal(ada, HELLO, "k")


async def test_refused_credentials_are_named_without_being_shown(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """The error says which code Microsoft gave; the secret is nowhere in it."""
    body = {"error": "invalid_client", "error_codes": [7000215], "error_description": "secret x"}
    teams.microsoft.token_refusal = JSONResponse(body, 401)
    with pytest.raises(ChatMisconfigured, match="invalid_client, AADSTS7000215") as error:
        await teams.messenger.send_personal(ada, HELLO, "k")
    assert "secret x" not in str(error.value)


@pytest.mark.parametrize(
    ("path", "nothing_sent"), [("/token", True), ("/activities", False)], ids=["token", "message"]
)
async def test_only_a_message_that_is_not_answered_is_in_doubt(
    teams: TeamsBorder,
    ada: ChatIdentity,
    path: str,
    nothing_sent: bool,
) -> None:
    """While Microsoft's sign-in hangs no message can have got through: none is given up."""

    async def hangs(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(path):
            await asyncio.Event().wait()
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3599})

    async with httpx.AsyncClient(transport=httpx.MockTransport(hangs)) as http:
        calls = Connector(teams.settings, http, time_limit=1.0, turn=0.1, connect=0.1)
        messenger = TeamsMessenger(teams.settings, teams.conversations, calls)
        with pytest.raises(ChatUnreachable) as error:
            await messenger.send_personal(ada, HELLO, "k")
    assert error.value.nothing_sent is nothing_sent


async def test_a_message_that_got_no_connection_is_not_in_doubt(
    teams: TeamsBorder, ada: ChatIdentity
) -> None:
    """All of them hang with the messages of others: this one was never sent."""
    await teams.messenger.send_personal(ada, HELLO, "k")
    hanging, let_go = asyncio.Event(), asyncio.Event()

    async def hang(request: Request) -> Response:
        hanging.set()
        await let_go.wait()
        return Response(status_code=204)

    app = Starlette(routes=[Route("/{rest:path}", hang)])
    async with served(lambda url: app) as url:
        one = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(limits=one) as http, open_http() as sign_in:
            calls = Connector(teams.settings, http, sign_in, turn=0.1)
            messenger = TeamsMessenger(teams.settings, teams.conversations, calls)
            other = asyncio.create_task(http.get(url))
            await hanging.wait()
            with pytest.raises(ChatUnreachable) as error:
                await messenger.send_personal(ada, HELLO, "k")
            let_go.set()
            await other
    assert error.value.nothing_sent
