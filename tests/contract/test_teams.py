"""Teams over real HTTP: signed activities in, Bot Connector calls out."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import JSONResponse, Response

from adapters.teams.activities import Event, Turns
from adapters.teams.connector import Connector, TeamsMessenger
from adapters.teams.envelope import ActivityInvalid, open_envelope
from adapters.teams.roster import KEPT_FOR
from adapters.teams.tokens import is_known_service
from bot.domain.notices import Channel
from bot.domain.people import ChatIdentity, Platform
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    MessageGone,
    MessageRefused,
    PersonUnreachable,
)
from bot.message import Message
from bot.ports.chat import ConversationRef
from tests.contract.teams_world import (
    ADA,
    APP,
    CHANNEL,
    NEW_KEY,
    OLD_KEY,
    PERSONAL,
    TENANT,
    Json,
    World,
    teams_world,
)
from tests.waiting import wait_until

ADA_IN_TEAMS = ChatIdentity(Platform.TEAMS, ADA, "Ada Byron")
IN_CHANNEL = Channel(Platform.TEAMS, CHANNEL)
HELLO = Message("Hello.")


@pytest_asyncio.fixture
async def teams() -> AsyncIterator[World]:
    async with teams_world() as world:
        yield world


# ------------------------------------------------------------------ messages in


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


# ------------------------------------------------------------------ buttons in


async def test_a_pressed_button_is_answered_with_the_new_card(teams: World) -> None:
    """Pressing is as if its presser had typed the words; the card comes with the response."""
    response = await teams.post(teams.pressed("who  Contoso Mail"))
    assert response.status_code == 200
    body = response.json()
    assert body["statusCode"] == 200
    assert body["type"] == "application/vnd.microsoft.card.adaptive"
    assert body["value"]["body"][0]["text"] == "You said: who Contoso Mail"
    assert teams.answers.asked[0][1].user_id == ADA
    assert teams.microsoft.calls == []


async def test_a_slow_button_says_so_and_its_card_changes_later() -> None:
    """No client waits long; in a personal chat the pressed card becomes the answer."""
    async with teams_world(answer_within=0.05) as teams:
        teams.answers.let_go.clear()
        body = (await teams.post(teams.pressed("apps"))).json()
        assert body == {
            "statusCode": 200,
            "type": "application/vnd.microsoft.activity.message",
            "value": "Working on it…",
        }
        teams.answers.let_go.set()
        (call,) = await teams.calls(1)
        assert call.method == "PUT"
        assert call.path == f"/emea/v3/conversations/{PERSONAL}/activities/1699999999999"
        assert call.card["body"][0]["text"] == "You said: apps"


async def test_a_slow_button_in_a_channel_leaves_everybodys_card_alone() -> None:
    """There the late answer is a reply."""
    async with teams_world(answer_within=0.05) as teams:
        teams.answers.let_go.clear()
        teams.answers.progress = ("1 of 2",)
        body = (await teams.post(teams.in_channel(teams.pressed("apps")))).json()
        assert body["value"]["body"][0]["text"] == "1 of 2"
        teams.answers.let_go.set()
        (call,) = await teams.calls(1)
        assert call.method == "POST"
        assert call.path.endswith(f"{CHANNEL};messageid=17/activities/1699999999999")


async def test_a_button_that_comes_twice_is_acted_on_once(teams: World) -> None:
    """The repetition ends the spinner and nothing else."""
    await teams.post(teams.pressed("send Mail"))
    again = await teams.post(teams.pressed("send Mail"))
    assert again.status_code == 200
    assert again.json()["value"] == "Working on it…"
    assert len(teams.answers.asked) == 1


async def test_a_button_on_an_old_client_comes_as_a_message(teams: World) -> None:
    """Action.Submit sends the same data as the value of a message without text."""
    await teams.post(teams.activity("message", value={"words": "who Mail", "id": "b1"}))
    await teams.calls(1)
    assert teams.answers.asked[0][0] == "who Mail"


async def test_a_bug_behind_a_button_is_an_error_of_the_card(teams: World) -> None:
    """Teams shows that something went wrong; the HTTP answer is still a proper one."""
    teams.answers.fails = True
    response = await teams.post(teams.pressed("apps"))
    assert response.status_code == 200
    assert response.json()["statusCode"] == 500
    assert response.json()["type"] == "application/vnd.microsoft.error"


NOT_OUR_BUTTONS: list[Any] = [
    None,
    "text",
    {},
    {"action": None},
    {"action": {"verb": "say"}},
    {"action": {"verb": "delete", "data": {"words": "apps"}}},
    {"action": {"verb": "say", "data": {"words": 5}}},
    {"action": {"type": "Action.Submit", "data": "x"}},
]


async def test_a_button_that_is_not_ours_is_refused(teams: World) -> None:
    """Only our verb with words in it means anything."""
    for value in NOT_OUR_BUTTONS:
        response = await teams.post(teams.pressed("apps") | {"value": value})
        assert response.status_code == 400, value
    assert teams.answers.asked == []


async def test_other_invokes_are_not_implemented(teams: World) -> None:
    """Search, tasks and sign-in cards are not served."""
    activity = teams.activity("invoke", name="composeExtension/query", value={})
    assert (await teams.post(activity)).status_code == 501


async def test_other_activities_are_taken_and_mean_nothing(teams: World) -> None:
    """Reactions, typing and what is yet to come."""
    for kind in ("typing", "messageReaction", "event", "somethingNew"):
        assert (await teams.post(teams.activity(kind))).status_code == 202
    assert teams.answers.asked == []
    assert teams.conversations.refs == {}


# ------------------------------------------------------------------ installing


async def test_who_installed_the_app_can_be_reached(teams: World) -> None:
    """Installing gives the conversation; the personal message goes there."""
    with pytest.raises(PersonUnreachable):
        await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert (await teams.post(teams.installed())).status_code == 202
    assert teams.conversations.refs[PERSONAL] == ConversationRef(
        conversation_id=PERSONAL,
        kind="personal",
        service_url=teams.microsoft.service_url,
        tenant_id=TENANT,
        bot_id=f"28:{APP}",
        user_id="29:1ada",
        object_id=ADA,
        name="Ada Byron",
        time_zone="Europe/London",
        language="en-GB",
    )
    sent = await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert sent.message_id == f"{PERSONAL}|1001"
    (call,) = teams.microsoft.calls
    assert call.path == f"/emea/v3/conversations/{PERSONAL}/activities"
    assert call.card["speak"] == "Hello."


async def test_teams_tells_where_an_account_is_by_what_it_wrote_last(teams: World) -> None:
    """Nothing of whoever never wrote to the bot."""
    stranger = ChatIdentity(Platform.TEAMS, ADA)
    assert await teams.messenger.profile(stranger) == stranger
    await teams.post(teams.installed())
    found = await teams.messenger.profile(stranger)
    assert (found.time_zone, found.language) == ("Europe/London", "en-GB")


async def test_members_added_and_removed_count_only_when_it_is_the_bot(teams: World) -> None:
    """A conversationUpdate also tells of people who come and go."""
    bot, other = {"id": f"28:{APP}"}, {"id": "29:1eve"}
    await teams.post(teams.activity("conversationUpdate", membersAdded=[other]))
    assert teams.conversations.refs == {}
    await teams.post(teams.activity("conversationUpdate", membersAdded=[other, bot]))
    assert set(teams.conversations.refs) == {PERSONAL}
    await teams.post(teams.activity("conversationUpdate", membersRemoved=[other]))
    assert set(teams.conversations.refs) == {PERSONAL}
    await teams.post(teams.activity("conversationUpdate", membersRemoved=[bot]))
    assert teams.conversations.refs == {}


async def test_who_removed_the_app_is_forgotten(teams: World) -> None:
    """An upgrade removes nothing; a removal does."""
    for action, known in (("add", 1), ("remove-upgrade", 1), ("remove", 0), ("add-upgrade", 1)):
        await teams.post(teams.installed(action))
        assert len(teams.conversations.refs) == known, action


# ------------------------------------------------------------------ who may speak


def tampered(token: str) -> str:
    head, claims, signature = token.split(".")
    return ".".join((head, claims, signature[:-8] + "AAAAAAAA"))


def now(seconds: int) -> int:
    return int(time.time()) + seconds


REFUSED: dict[str, Callable[[World], str]] = {
    "garbage": lambda w: "abc.def.ghi",
    "no dots": lambda w: "garbage",
    "not ASCII": lambda w: "ä.ö.ü",
    "header nested deep": lambda w: "W1tb" * 3000 + ".e30.AA",
    "wrong signature": lambda w: tampered(w.token()),
    "signed by a stranger with a known kid": lambda w: jwt.encode(
        jwt.decode(w.token(), options={"verify_signature": False}),
        NEW_KEY,
        algorithm="RS256",
        headers={"kid": "old"},
    ),
    "unknown kid": lambda w: w.token(kid="new"),
    "no kid": lambda w: jwt.encode({"iss": "x"}, OLD_KEY, algorithm="RS256"),
    "wrong issuer": lambda w: w.token(iss="https://evil.example"),
    "issuer of the emulator": lambda w: w.token(
        iss="https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/",
        aud="https://api.botframework.com",
        appid=APP,
        ver="1.0",
    ),
    "no issuer": lambda w: w.token(iss=None),
    "wrong audience": lambda w: w.token(aud="another-app"),
    "no audience": lambda w: w.token(aud=None),
    "audience in a list": lambda w: w.token(aud=[APP]),
    "expired": lambda w: w.token(exp=now(-301)),
    "no expiry": lambda w: w.token(exp=None),
    "expiry is no number": lambda w: w.token(exp="soon"),
    "not yet valid": lambda w: w.token(nbf=now(600)),
    "another serviceUrl": lambda w: w.token(serviceurl="https://evil.example/"),
    "no serviceUrl": lambda w: w.token(serviceurl=None),
    "HS256 with the public key's name": lambda w: jwt.encode(
        jwt.decode(w.token(), options={"verify_signature": False}),
        "x" * 64,
        algorithm="HS256",
        headers={"kid": "old"},
    ),
    "alg none": lambda w: jwt.encode(
        jwt.decode(w.token(), options={"verify_signature": False}),
        "",
        algorithm="none",
        headers={"kid": "old"},
    ),
}


async def test_a_token_that_proves_nothing_is_refused(teams: World) -> None:
    """401, whatever is wrong with it, and nobody is answered."""
    statuses = {}
    for case, make in REFUSED.items():
        header = b"Bearer " + make(teams).encode()
        response = await teams.client.post(
            teams.bot_url, json=teams.said("apps"), headers={b"Authorization": header}
        )
        statuses[case] = response.status_code
    assert statuses == dict.fromkeys(REFUSED, 401)
    assert teams.answers.asked == []


async def test_without_a_bearer_token_nothing_is_taken(teams: World) -> None:
    """An empty or another Authorization header is no token."""
    for header in ("", "Bearer", "Basic eDp5", "Negotiate", "bearer"):
        response = await teams.post(teams.said("apps"), headers={"Authorization": header})
        assert response.status_code == 401, header
    assert teams.microsoft.key_requests == 0


async def test_an_anonymous_request_is_refused(teams: World) -> None:
    """No header at all."""
    assert (await teams.post(teams.said("apps"), headers={})).status_code == 401


async def test_a_clock_that_is_two_minutes_off_is_forgiven(teams: World) -> None:
    """Five minutes of leeway, as the Bot Framework asks for."""
    token = teams.token(exp=now(-120))
    assert (await teams.post(teams.said("apps"), token)).status_code == 202


STRANGERS: list[Any] = [
    {"channelData": {"tenant": {"id": "99999999-9999-4999-8999-999999999999"}}},
    {"channelData": {}},
    {"channelData": None},
    {"channelId": "webchat"},
    {"channelId": "directline"},
]


async def test_other_tenants_and_channels_are_refused(teams: World) -> None:
    """On the web chat channel anybody may claim to be anybody; another tenant is not ours."""
    for change in STRANGERS:
        assert (await teams.post(teams.said("apps") | change)).status_code == 401, change
    assert teams.answers.asked == []


async def test_a_service_url_that_is_not_configured_is_refused(teams: World) -> None:
    """Even a signed one: our token would go there."""
    evil = "https://smba.trafficmanager.net.evil.example/"
    activity = teams.said("apps", serviceUrl=evil)
    assert (await teams.post(activity, teams.token(serviceurl=evil))).status_code == 401


def test_only_scheme_host_and_port_make_a_known_service() -> None:
    """Teams adds a region to the path; look-alikes are strangers."""
    known = ("https://smba.trafficmanager.net",)
    assert is_known_service("https://smba.trafficmanager.net/emea/", known)
    assert is_known_service("https://SMBA.trafficmanager.net:443/teams", known)
    for url in (
        "http://smba.trafficmanager.net/",
        "https://smba.trafficmanager.net:444/",
        "https://smba.trafficmanager.net@evil.example/",
        "https://evil.example/smba.trafficmanager.net",
        "https://[::1",
        "//smba.trafficmanager.net/",
        "javascript:alert(1)",
        "",
    ):
        assert not is_known_service(url, known), url


async def test_a_key_speaks_only_for_the_channels_that_endorse_it(teams: World) -> None:
    """A key of another channel may not speak for Teams."""
    teams.microsoft.endorsements["old"] = ["skype", "webchat"]
    assert (await teams.post(teams.said("apps"))).status_code == 401


async def test_an_endorsed_key_is_taken(teams: World) -> None:
    """This is what the Bot Framework publishes."""
    teams.microsoft.endorsements["old"] = ["skype", "msteams"]
    assert (await teams.post(teams.said("apps"))).status_code == 202


async def test_new_keys_are_found_when_microsoft_rolls_them(teams: World) -> None:
    """A key id that was never seen makes the bot read the keys again."""
    teams.microsoft.keys = {"old": OLD_KEY}
    assert (await teams.post(teams.said("apps", id="1"), teams.token())).status_code == 202
    teams.microsoft.keys = {"new": NEW_KEY}
    teams.clock.now += 61.0
    rolled = await teams.post(teams.said("apps", id="2"), teams.token(kid="new"))
    assert rolled.status_code == 202
    assert teams.microsoft.key_requests == 2


async def test_unknown_key_ids_do_not_make_the_bot_ask_each_time(teams: World) -> None:
    """A flood of made-up tokens is no flood of requests to Microsoft."""
    for _ in range(20):
        assert (await teams.post(teams.said("apps"), teams.token(kid="new"))).status_code == 401
    assert teams.microsoft.key_requests == 1


async def test_while_the_keys_cannot_be_read_teams_is_asked_to_come_again(teams: World) -> None:
    """503 and not 401: the request may be genuine."""
    teams.microsoft.keys_down = True
    response = await teams.post(teams.said("apps"))
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"


async def test_while_the_store_is_away_teams_is_asked_to_come_again(teams: World) -> None:
    """Without the store nobody can say whether it was seen before."""
    teams.once.down = True
    assert (await teams.post(teams.said("apps"))).status_code == 503
    teams.once.down = False
    assert (await teams.post(teams.said("apps"))).status_code == 202


# ------------------------------------------------------------------ what is no activity


NO_ACTIVITIES: list[Any] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b'{"type":"message"}',
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"a":NaN}',
    b'{"a":' + b"9" * 10_000 + b"}",
]


async def test_what_is_no_json_object_of_an_activity_is_refused(teams: World) -> None:
    """400, also for what makes JSON readers stumble."""
    for raw in NO_ACTIVITIES:
        assert (await teams.post(raw)).status_code == 400, raw[:20]


ODD_MEMBERS: list[Any] = [
    {"type": 5},
    {"type": ""},
    {"type": None},
    {"id": None},
    {"id": {}},
    {"serviceUrl": ""},
    {"serviceUrl": None},
    {"serviceUrl": ["x"]},
    {"conversation": None},
    {"conversation": "x"},
    {"conversation": {"id": None}},
    {"conversation": {"id": "x" * 2000}},
    {"channelId": None},
    {"channelData": "x"},
    {"channelData": {"tenant": "x"}},
    {"from": "x"},
    {"from": {}},
    {"from": None},
    {"recipient": []},
    {"timestamp": "yesterday"},
    {"entities": 5},
    {"entities": ["x"]},
    {"membersAdded": ["x"]},
    {"text": "\ud800"},
    {"value": json.loads('{"a":' * 60 + "1" + "}" * 60)},
]


async def test_an_activity_of_another_form_is_refused(teams: World) -> None:
    """400 for each member that is not what Teams sends; never 500."""
    for change in ODD_MEMBERS:
        raw = json.dumps(teams.said("apps") | change).encode()
        assert (await teams.post(raw)).status_code == 400, change
    assert teams.answers.asked == []


async def test_a_body_that_is_too_long_is_not_read(teams: World) -> None:
    """413 beyond 256 KiB."""
    assert (await teams.post(teams.said("x" * 300_000))).status_code == 413


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
MEMBERS = [
    *("from", "recipient", "conversation", "channelData", "entities", "value", "text", "name"),
    *("action", "membersAdded", "membersRemoved", "replyToId", "locale", "localTimezone"),
    *("timestamp", "attachments", "type", "relatesTo", "callerId", "properties"),
]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(["message", "invoke", "installationUpdate", "conversationUpdate"]),
    delivery=st.sampled_from(["normal", "expectReplies"]),
    changes=st.dictionaries(st.sampled_from(MEMBERS), JSON_VALUES, max_size=4),
)
def test_any_json_is_an_activity_or_is_refused(
    kind: str, delivery: str, changes: dict[str, Any]
) -> None:
    """Reading raises ActivityInvalid and nothing else, and what was read can be run."""
    activity = {
        "type": kind,
        "id": "1",
        "channelId": "msteams",
        "serviceUrl": "https://smba.trafficmanager.net/emea/",
        "from": {"id": "29:1", "aadObjectId": ADA},
        "recipient": {"id": "28:1"},
        "conversation": {"id": PERSONAL},
        "deliveryMode": delivery,
        "name": "adaptiveCard/action",
        "value": {"action": {"verb": "say", "data": {"words": "apps"}}},
    } | changes
    turns = Turns(APP)
    try:
        turn = turns.read(open_envelope(json.dumps(activity).encode()))
    except ActivityInvalid:
        return

    async def handle(event: Event) -> Json:
        return {"seen": type(event).__name__}

    answer = asyncio.run(turns.run(turn, {}, handle))
    assert answer is None or answer[0] in (200, 501)


# ------------------------------------------------------------------ messages out


@pytest_asyncio.fixture
async def ada(teams: World) -> ChatIdentity:
    """Ada, who installed the app, as Teams tells of her."""
    await teams.post(teams.installed())
    return replace(ADA_IN_TEAMS, time_zone="Europe/London", language="en-GB")


async def test_a_channel_message_starts_a_thread(teams: World) -> None:
    """Also in a channel that was never heard from: the configured address is used."""
    sent = await teams.messenger.post(IN_CHANNEL, HELLO, "k")
    assert sent.message_id == f"{CHANNEL};messageid=1001|1001"
    (call,) = teams.microsoft.calls
    assert call.path == "/emea/v3/conversations"
    assert call.body["isGroup"] is True
    assert call.body["bot"] == {"id": f"28:{APP}"}
    assert call.body["channelData"] == {"channel": {"id": CHANNEL}, "tenant": {"id": TENANT}}
    assert call.body["activity"]["attachments"][0]["content"]["speak"] == "Hello."


async def test_people_are_introduced_by_a_message_to_each(teams: World, ada: ChatIdentity) -> None:
    """A bot cannot open a group chat; whoever can be reached is, before the failure is told."""
    sent = await teams.messenger.introduce((ada, ada), HELLO, "k")
    assert len(teams.microsoft.calls) == 2
    assert sent.message_id.startswith(f"{PERSONAL}|")
    stranger = replace(ada, user_id="nobody")
    with pytest.raises(PersonUnreachable):
        await teams.messenger.introduce((stranger, ada), HELLO, "k")
    assert len(teams.microsoft.calls) == 3


async def test_a_sent_message_is_changed_in_place(teams: World, ada: ChatIdentity) -> None:
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
    teams: World, ada: ChatIdentity
) -> None:
    """The same object id in another tenant is another person."""
    assert await teams.messenger.find_person((), ADA.upper(), TENANT) == (ada,)
    assert await teams.messenger.find_person((), ADA, "another-tenant") == ()
    assert await teams.messenger.find_person((), "unknown", TENANT) == ()


async def test_a_person_is_found_by_address_among_the_channels_team(
    teams: World, ada: ChatIdentity
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
    teams: World, ada: ChatIdentity
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
    teams: World, ada: ChatIdentity
) -> None:
    """A failure is not kept."""
    teams.microsoft.members = [{"id": "29:1ada", "aadObjectId": ADA, "email": "ada@contoso.com"}]
    teams.microsoft.refusals = [JSONResponse({}, 502)]
    with pytest.raises(ChatUnreachable):
        await teams.messenger.find_person(("ada@contoso.com",), "", "")
    assert await teams.messenger.find_person(("ada@contoso.com",), "", "") == (ada,)


async def test_a_team_without_the_app_tells_nobody(teams: World) -> None:
    """Then addresses cannot be looked up, which is no error."""
    teams.microsoft.refusals = [
        JSONResponse({"error": {"code": "BotNotInConversationRoster"}}, 403)
    ]
    assert await teams.messenger.find_person(("ada@contoso.com",), "x", TENANT) == ()


async def test_teams_cannot_tell_what_was_sent(teams: World, ada: ChatIdentity) -> None:
    """A bot cannot read a conversation back."""
    await teams.messenger.send_personal(ada, HELLO, "k")
    assert await teams.messenger.find_sent(ada, "k") is None


async def test_teams_cannot_tell_what_came_after_a_message(teams: World) -> None:
    """Nor a channel."""
    sent = await teams.messenger.post(IN_CHANNEL, HELLO, "k")
    assert await teams.messenger.messages_after(sent.message_id, 30) is None


BLOCKED = {"errorCode": 209, "message": '{\r\n  "subCode": "MessageWritesBlocked",\r\n  "d": 1}'}
BLOCKED_BARE = {"errorCode": 209, "message": "{subCode: MessageWritesBlocked, details: x}"}
REFUSALS: list[tuple[int, Any, type[ChatError], type[ChatError]]] = [
    (400, {"error": {"code": "BadArgument"}}, MessageRefused, MessageRefused),
    (403, {"error": {"code": "BotNotInConversationRoster"}}, PersonUnreachable, ChannelUnreachable),
    (403, {"error": {"code": "ConversationBlockedByUser"}}, PersonUnreachable, ChannelUnreachable),
    (403, {"error": {"code": "BotDisabledByAdmin"}}, ChatMisconfigured, ChatMisconfigured),
    (403, BLOCKED, PersonUnreachable, ChannelUnreachable),
    (403, BLOCKED_BARE, PersonUnreachable, ChannelUnreachable),
    (404, {"error": {"code": "ConversationNotFound"}}, PersonUnreachable, ChannelUnreachable),
    (412, {"error": {"code": "PreconditionFailed"}}, ChatThrottled, ChatThrottled),
    (413, {"error": {"code": "MessageSizeTooBig"}}, MessageRefused, MessageRefused),
    (429, {"error": {"code": "Throttled"}}, ChatThrottled, ChatThrottled),
    (500, "oops", ChatUnreachable, ChatUnreachable),
    (502, "<html>bad gateway</html>", ChatUnreachable, ChatUnreachable),
    (504, "", ChatUnreachable, ChatUnreachable),
    (302, "", ChatUnreachable, ChatUnreachable),
]


async def test_each_refusal_has_its_meaning(teams: World, ada: ChatIdentity) -> None:
    """The table of Teams' error codes, in a chat and in a channel; each call is made once."""
    for status, body, in_chat, in_channel in REFUSALS:
        content = body if isinstance(body, str) else json.dumps(body)
        for meaning, send in (
            (in_chat, teams.messenger.send_personal(ada, HELLO, "k")),
            (in_channel, teams.messenger.post(IN_CHANNEL, HELLO, "k")),
        ):
            teams.microsoft.refusals = [Response(content, status, {"Retry-After": "7"})]
            with pytest.raises(ChatError) as raised:
                await send
            assert type(raised.value) is meaning, (status, body)
            assert str(status) in str(raised.value)
            if isinstance(raised.value, ChatThrottled):
                assert raised.value.retry_after == (7.0 if status == 429 else 1.0)
            if body in (BLOCKED, BLOCKED_BARE):
                assert "MessageWritesBlocked" in str(raised.value)
    assert teams.microsoft.calls == []


async def test_a_message_that_is_gone_cannot_be_changed(teams: World, ada: ChatIdentity) -> None:
    """404 on a change is about the message."""
    teams.microsoft.refusals = [Response("", 404)]
    with pytest.raises(MessageGone):
        await teams.messenger.update(f"{PERSONAL}|1", HELLO)
    for unknown in ("", "x", "|", f"{PERSONAL}|"):
        with pytest.raises(MessageGone):
            await teams.messenger.update(unknown, HELLO)


async def test_a_stored_address_that_is_not_configured_gets_no_token(teams: World) -> None:
    """A conversation remembered before the settings changed is not written to."""
    evil = ConversationRef(PERSONAL, "personal", "http://127.0.0.1:9/", TENANT, "", "", ADA)
    await teams.conversations.remember(evil)
    with pytest.raises(ChatMisconfigured):
        await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert teams.microsoft.token_requests == 0


async def test_many_messages_cost_one_token(teams: World, ada: ChatIdentity) -> None:
    """The bot's token is kept, and asked for once even when many want it."""
    send = teams.messenger.send_personal
    await asyncio.gather(*(send(ada, HELLO, str(i)) for i in range(20)))
    assert len(teams.microsoft.calls) == 20
    assert teams.microsoft.token_requests == 1


async def test_a_token_that_was_revoked_is_replaced(teams: World, ada: ChatIdentity) -> None:
    """One 401 costs one new token; the message arrives once."""
    await teams.messenger.send_personal(ada, HELLO, "1")
    teams.microsoft.valid_tokens.clear()
    await teams.messenger.send_personal(ada, HELLO, "2")
    assert len(teams.microsoft.calls) == 2
    assert teams.microsoft.token_requests == 2


async def test_a_connector_that_refuses_every_token_is_a_matter_of_settings(
    teams: World, ada: ChatIdentity
) -> None:
    """Wrong tenant or authority: inbound works and every reply is 401."""
    denied = JSONResponse({"message": "Authorization has been denied for this request."}, 401)
    teams.microsoft.refusals = [denied, denied]
    with pytest.raises(ChatMisconfigured, match=r"teams\.tenant_id"):
        await teams.messenger.send_personal(ada, HELLO, "k")


async def test_refused_credentials_are_named_without_being_shown(
    teams: World, ada: ChatIdentity
) -> None:
    """The error says which code Microsoft gave; the secret is nowhere in it."""
    body = {"error": "invalid_client", "error_codes": [7000215], "error_description": "secret x"}
    teams.microsoft.token_refusal = JSONResponse(body, 401)
    with pytest.raises(ChatMisconfigured, match="invalid_client, AADSTS7000215") as error:
        await teams.messenger.send_personal(ada, HELLO, "k")
    assert "secret x" not in str(error.value)


async def test_a_sign_in_that_gives_no_token_may_be_tried_again(
    teams: World, ada: ChatIdentity
) -> None:
    """Nothing was sent, whatever came instead of a token."""
    for answer in (
        JSONResponse({"token_type": "Bearer"}),
        JSONResponse(["x"]),
        Response("<html>", 200),
        Response("", 503),
    ):
        teams.microsoft.token_refusal = answer
        with pytest.raises(ChatUnreachable):
            await teams.messenger.send_personal(ada, HELLO, "k")
    assert teams.microsoft.calls == []


async def test_a_connector_that_breaks_off_is_unreachable(teams: World, ada: ChatIdentity) -> None:
    """A broken connection is an outcome that nobody knows, so the call is not repeated."""
    tried = []

    async def breaks_off(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3599})
        tried.append(request.url.path)
        raise httpx.ReadError("connection reset", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(breaks_off)) as http:
        connector = Connector(teams.settings, http)
        messenger = TeamsMessenger(teams.settings, teams.conversations, connector)
        with pytest.raises(ChatUnreachable):
            await messenger.send_personal(ada, HELLO, "k")
    assert len(tried) == 1
