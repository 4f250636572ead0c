"""The pretend Slack and Teams speak the protocols as their documentation has them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import slack_workspace, teams_service
from sandbox.chatlog import ChatLog, Message
from sandbox.serving import serve
from sandbox.world import SLACK_SECRET, SLACK_TOKEN, TEAMS_SECRET, World

Json = dict[str, Any]
CARD_TYPE = "application/vnd.microsoft.card.adaptive"


@dataclass
class Bot:
    """A bot that only writes down what it is sent; `answer` decides what it says."""

    log: ChatLog
    """Only woken, so that `wait_for` notices a request."""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[Json], Response] = lambda body: Response(status_code=200)
    delay: float = 0.0

    async def handle(self, request: Request) -> Response:
        """Any POST from a platform."""
        raw = await request.body()
        self.got.append((dict(request.headers), raw))
        self.log.touch()
        await asyncio.sleep(self.delay)
        body = json.loads(raw) if raw[:1] == b"{" else parse_qs(raw.decode())
        if body.get("type") == "url_verification":
            return JSONResponse({"challenge": body["challenge"]})
        return self.answer(body)

    def bodies(self) -> list[Json]:
        """The JSON bodies received so far."""
        return [json.loads(raw) for _, raw in self.got if raw[:1] == b"{"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RSA keys are slow to make; one set is enough for this module."""
    return tmp_path_factory.mktemp("keys")


@pytest_asyncio.fixture
async def world(keys: Path) -> AsyncIterator[World]:
    """A running world without a page."""
    async with World(key_directory=keys, page_port=None) as running:
        yield running


@pytest_asyncio.fixture
async def bot(world: World, tmp_path: Path) -> AsyncIterator[Bot]:
    """A recording bot that the world sends to."""
    bot = Bot(world.log)
    app = Starlette(
        routes=[
            Route("/slack/events", bot.handle, methods=["POST"]),
            Route("/teams/messages", bot.handle, methods=["POST"]),
            Route("/c/{token}", lambda request: Response("page")),
        ]
    )
    async with serve({"bot": app}) as addresses:
        world.settings_toml(addresses["bot"], tmp_path)
        yield bot


class Slack:
    """Calls the pretend Web API as a bot would."""

    def __init__(self, world: World) -> None:
        self.base = world.company.addresses["slack"]
        self.http = world.slack.client

    async def call(self, method: str, token: str = SLACK_TOKEN, **args: Any) -> Json:
        response = await self.http.post(
            f"{self.base}/api/{method}",
            json=args,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        assert response.status_code == 200
        body: Json = response.json()
        return body

    async def post(self, text: str = "hello", **args: Any) -> Json:
        return await self.call(
            "chat.postMessage", channel=slack_workspace.CHANNEL, text=text, **args
        )


@pytest.fixture
def slack(world: World) -> Slack:
    """The Web API of the running world."""
    return Slack(world)


# -- Slack -----------------------------------------------------------------------------------


async def test_every_request_is_signed_as_slack_documents(world: World, bot: Bot) -> None:
    """The signature is HMAC-SHA256 over `v0:timestamp:body` with the signing secret."""
    await world.slack.command("ola", "/o365 apps & more")
    headers, raw = bot.got[0]
    stamp = headers["x-slack-request-timestamp"]
    expected = hmac.new(
        SLACK_SECRET.encode(), f"v0:{stamp}:{raw.decode()}".encode(), hashlib.sha256
    ).hexdigest()
    assert headers["x-slack-signature"] == f"v0={expected}"
    assert abs(time.time() - int(stamp)) < 10
    form = parse_qs(raw.decode())
    assert form["command"] == ["/o365"]
    assert form["text"] == ["apps & more"]
    assert form["user_id"] == ["U0OLA"]


async def test_a_command_that_is_not_answered_in_time_fails_visibly(world: World, bot: Bot) -> None:
    """The person sees operation_timeout, and nobody else does."""
    bot.delay, world.slack.delivery.timeout = 5, 0.05
    await world.slack.command("ola", "/o365 apps")
    notice = _last(world, slack_workspace.CHANNEL)
    assert notice.text == '/o365 failed with the error "operation_timeout"'
    assert notice.only_for == "U0OLA"


async def test_a_command_may_be_answered_in_the_body_and_by_the_response_url(
    world: World, bot: Bot
) -> None:
    """The body is ephemeral by default; the response URL takes five answers, then no more."""
    bot.answer = lambda body: JSONResponse({"text": "looking"})
    await world.slack.command("ola", "/o365 apps")
    assert _last(world, slack_workspace.CHANNEL).only_for == "U0OLA"
    url = parse_qs(bot.got[0][1].decode())["response_url"][0]
    statuses = [
        (
            await world.slack.client.post(url, json={"text": f"{n}", "response_type": "in_channel"})
        ).status_code
        for n in range(6)
    ]
    assert statuses == [200, 200, 200, 200, 200, 404]
    assert _last(world, slack_workspace.CHANNEL).only_for is None


async def test_an_event_that_fails_is_sent_again_with_its_number_and_reason(
    world: World, bot: Bot
) -> None:
    """A retry carries the same event_id, X-Slack-Retry-Num and X-Slack-Retry-Reason."""
    world.slack.delivery.retry_delays = (0.0, 0.0)
    answers = iter([500, 404, 200])
    bot.answer = lambda body: Response(status_code=next(answers))
    await world.slack.say("ola", "hello")
    await world.log.wait_for(lambda: len(bot.got) == 3)
    assert len({body["event_id"] for body in bot.bodies()}) == 1
    assert [headers.get("x-slack-retry-num") for headers, _ in bot.got] == [None, "1", "2"]
    assert bot.got[1][0]["x-slack-retry-reason"] == "http_error"
    event = bot.bodies()[0]["event"]
    assert event["type"] == "app_mention"
    assert event["text"] == "<@U0O365BOT> hello"


async def test_an_event_is_not_sent_again_when_the_bot_says_so(world: World, bot: Bot) -> None:
    """`X-Slack-No-Retry: 1` on a failure ends the retries."""
    world.slack.delivery.retry_delays = (0.0,)
    bot.answer = lambda body: Response(status_code=500, headers={"X-Slack-No-Retry": "1"})
    await world.slack.say("ola", "first")
    await world.log.wait_for(lambda: len(world.slack.delivery.deliveries) == 1)
    bot.answer = lambda body: Response(status_code=200)
    await world.slack.say("ola", "second")
    await world.log.wait_for(lambda: len(bot.got) == 2)
    assert [body["event"]["text"][-6:] for body in bot.bodies()] == [" first", "second"]


async def test_the_url_is_verified_and_installations_are_told_at_the_start(
    world: World, bot: Bot
) -> None:
    """`start_chat` brings Slack's challenge and one installation per person with the app."""
    await world.start_chat()
    kinds = [body["type"] for body in bot.bodies()]
    installed = len(world.teams.service.installed) + 1  # and the team
    assert kinds.count("url_verification") == 1
    assert kinds.count("conversationUpdate") == installed
    assert kinds.count("installationUpdate") == installed


@pytest.mark.parametrize(("token", "error"), [("xoxb-wrong", "invalid_auth"), ("", "not_authed")])
async def test_a_wrong_token_is_refused_with_status_200(
    slack: Slack, token: str, error: str
) -> None:
    """Slack's errors come with HTTP 200 and `ok` false."""
    assert await slack.call("auth.test", token=token) == {"ok": False, "error": error}


@pytest.mark.parametrize(
    ("blocks", "pointer"),
    [
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}], "/0/text/text"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "/0/text/text"),
        (
            [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}],
            "/0/fields",
        ),
        ([{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}], "/1/"),
        ([{"type": "divider"}] * 51, "/blocks]"),
        ([{"type": "image", "image_url": "https://example.com/x.png"}], "/0/alt_text"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}], "/rows/0"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2, "only_one_table"),
        (
            [
                {
                    "type": "actions",
                    "elements": [
                        {
                            "type": "button",
                            "action_id": "same",
                            "text": {"type": "plain_text", "text": "Go"},
                        }
                    ]
                    * 2,
                }
            ],
            "/0/elements/1/action_id",
        ),
    ],
)
async def test_blocks_that_slack_refuses_are_refused(
    slack: Slack, world: World, blocks: list[Json], pointer: str
) -> None:
    """The answer is invalid_blocks, says where, and nothing is posted."""
    answer = await slack.post(blocks=blocks)
    assert answer["error"] == "invalid_blocks"
    assert pointer in " ".join(answer["response_metadata"]["messages"])
    assert not list(_messages(world, slack_workspace.CHANNEL))


async def test_a_message_can_be_posted_threaded_changed_found_and_deleted(slack: Slack) -> None:
    """The life of a message, with metadata that is only told when asked for."""
    channel = slack_workspace.CHANNEL
    metadata = {"event_type": "reminder", "event_payload": {"key": "contoso:0oa1:first"}}
    root = await slack.post("board", metadata=metadata)
    await slack.post("nudge", thread_ts=root["ts"])
    await slack.call("chat.update", channel=channel, ts=root["ts"], text="board, changed")
    args: Json = {"channel": channel, "include_all_metadata": "true"}
    history = await _get(slack, "conversations.history", args)
    assert [m["text"] for m in history["messages"]] == ["board, changed"]
    assert history["messages"][0]["metadata"] == metadata
    replies = await _get(slack, "conversations.replies", {"channel": channel, "ts": root["ts"]})
    assert [m["text"] for m in replies["messages"]] == ["board, changed", "nudge"]
    assert "metadata" not in replies["messages"][0]
    assert (await slack.call("chat.delete", channel=channel, ts=root["ts"]))["ok"]
    again = await slack.call("chat.update", channel=channel, ts=root["ts"], text="x")
    assert again["error"] == "message_not_found"


async def test_people_are_found_by_mail_unless_they_are_deactivated(slack: Slack) -> None:
    """Mail addresses are compared without case; a deactivated account answers users_not_found."""
    found = await _get(slack, "users.lookupByEmail", {"email": "Gita@Contoso.example"})
    assert found["user"]["id"] == "U0GITA"
    assert found["user"]["tz"] == "Europe/Berlin"
    gone = await _get(slack, "users.lookupByEmail", {"email": "dana@contoso.example"})
    assert gone["error"] == "users_not_found"
    by_json = await slack.call("users.lookupByEmail", email="gita@contoso.example")
    assert by_json["error"] == "invalid_arguments"  # methods that read take no JSON body


async def test_more_than_the_limit_in_one_channel_is_answered_with_429(
    slack: Slack, world: World
) -> None:
    """After the burst comes 429 with Retry-After; the switch turns it off."""
    world.slack.workspace.limit.burst = 2
    await slack.post("one")
    await slack.post("two")
    response = await slack.http.post(
        f"{slack.base}/api/chat.postMessage",
        json={"channel": slack_workspace.CHANNEL, "text": "three"},
        headers={"Authorization": f"Bearer {SLACK_TOKEN}"},
    )
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1
    assert response.json() == {"ok": False, "error": "ratelimited"}
    world.slack.workspace.limit.on = False
    assert (await slack.post("three"))["ok"]


async def test_a_button_with_a_link_tells_the_bot_too(world: World, bot: Bot, slack: Slack) -> None:
    """Pressing it sends block_actions and gives the person the link."""
    button: Json = {
        "type": "button",
        "action_id": "open",
        "text": {"type": "plain_text", "text": "Open my link"},
        "url": f"{world.bot_url}/c/token",
    }
    posted = await slack.post(blocks=[{"type": "actions", "elements": [button]}])
    message = _message(world, slack_workspace.CHANNEL, posted["ts"])
    url = await world.slack.press("gita", message, "Open my link")
    assert url == button["url"]
    payload = json.loads(parse_qs(bot.got[-1][1].decode())["payload"][0])
    assert payload["type"] == "block_actions"
    assert payload["user"]["id"] == "U0GITA"
    assert payload["actions"][0]["action_id"] == "open"
    assert payload["container"]["message_ts"] == posted["ts"]


async def test_the_crawler_fetches_links_when_unfurling_is_on(
    world: World, bot: Bot, slack: Slack
) -> None:
    """Links in buttons are fetched as well; with unfurling off nothing is."""
    link = f"{world.bot_url}/c/token"
    button: Json = {"type": "button", "url": link, "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "elements": [button]}]
    await slack.post("quiet", blocks=blocks, unfurl_links=False)
    assert world.slack.crawled == []
    await slack.post("loud", blocks=blocks, unfurl_links=True)
    await world.log.wait_for(lambda: world.slack.crawled == [link] or None)


# -- Teams -----------------------------------------------------------------------------------


async def test_activities_carry_a_token_that_verifies_against_the_published_keys(
    world: World, bot: Bot
) -> None:
    """RS256 by the key that the metadata leads to; issuer, audience and serviceurl are right."""
    await world.teams.say("ola", "which O365 apps need migration")
    await world.log.wait_for(lambda: bot.got or None)
    headers, raw = bot.got[0]
    activity = json.loads(raw)
    base = world.company.addresses["botframework"]
    metadata = await world.slack.client.get(f"{base}/v1/.well-known/openidconfiguration")
    keys = (await world.slack.client.get(metadata.json()["jwks_uri"])).json()["keys"]
    token = headers["authorization"].removeprefix("Bearer ")
    kid = jwt.get_unverified_header(token)["kid"]
    jwk = next(key for key in keys if key["kid"] == kid)
    claims = jwt.decode(
        token,
        jwt.PyJWK(jwk, algorithm="RS256"),
        algorithms=["RS256"],
        audience=world.teams.service.app_id,
        issuer="https://api.botframework.com",
    )
    assert jwk["endorsements"] == ["msteams"]
    assert claims["serviceurl"] == activity["serviceUrl"]
    assert activity["text"] == "<at>O365 bot</at> which O365 apps need migration"
    assert activity["conversation"]["id"].endswith(f";messageid={activity['id']}")
    assert activity["conversation"]["tenantId"] == world.teams.service.tenant_id
    assert activity["channelData"]["tenant"]["id"] == world.teams.service.tenant_id


async def test_an_activity_that_fails_is_sent_again_with_the_same_id(
    world: World, bot: Bot
) -> None:
    """After a timeout Teams repeats the very same activity."""
    world.teams.retry_delays = (0.0,)
    answers = iter([503, 202])
    bot.answer = lambda body: Response(status_code=next(answers))
    await world.teams.say("ola", "help", world.teams.dm_of("ola").id)
    await world.log.wait_for(lambda: len(bot.got) == 2)
    assert bot.bodies()[0] == bot.bodies()[1]


class Teams:
    """Calls the pretend connector as a bot would."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.base = world.teams.service.service_url
        self.http = world.slack.client
        self.headers: dict[str, str] = {}

    async def sign_in(self, secret: str = TEAMS_SECRET) -> httpx.Response:
        service = self.world.teams.service
        login = self.world.company.addresses["teams-login"]
        response = await self.http.post(
            f"{login}/{service.tenant_id}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": service.app_id,
                "client_secret": secret,
                "scope": "https://api.botframework.com/.default",
            },
        )
        if response.is_success:
            self.headers = {"Authorization": f"Bearer {response.json()['access_token']}"}
        return response

    async def call(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        return await self.http.request(
            method, f"{self.base}v3/conversations{path}", json=body, headers=self.headers
        )

    async def open(self, key: str) -> httpx.Response:
        tenant = self.world.teams.service.tenant_id
        oid = self.world.company.person(key).entra_object_ids[tenant]
        return await self.call("POST", "", {"members": [{"id": oid}], "tenantId": tenant})


@pytest_asyncio.fixture
async def teams(world: World) -> Teams:
    """The connector, signed in to."""
    teams = Teams(world)
    await teams.sign_in()
    return teams


async def test_the_connector_refuses_who_has_no_token_of_the_login_host(world: World) -> None:
    """No token, a foreign one, or a wrong secret: 401, in the shape Teams uses."""
    teams = Teams(world)
    refused = await teams.sign_in("wrong")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert (await teams.open("gita")).status_code == 401
    teams.headers = {"Authorization": f"Bearer {world.teams.token()}"}
    answer = await teams.open("gita")
    assert answer.status_code == 401
    assert answer.json() == {"message": "Authorization has been denied for this request."}


async def test_only_people_who_have_the_app_can_be_written_to(teams: Teams) -> None:
    """A 1:1 conversation is made once; without the app it is BotNotInConversationRoster."""
    first, second = await teams.open("gita"), await teams.open("gita")
    assert first.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    refused = await teams.open("agnes")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "BotNotInConversationRoster"


async def test_a_card_is_posted_replied_to_updated_and_deleted(teams: Teams, world: World) -> None:
    """A new thread in the channel, a reply, a change in place, and the end of it."""
    channel = teams_service.CHANNEL
    created = await teams.call(
        "POST",
        "",
        {"isGroup": True, "channelData": {"channel": {"id": channel}}, "activity": _card("board")},
    )
    assert created.status_code == 201
    thread, root = created.json()["id"], created.json()["activityId"]
    assert thread == f"{channel};messageid={root}"
    reply = await teams.call(
        "POST", f"/{thread}/activities/{root}", {"type": "message", "text": "nudge"}
    )
    assert _message(world, channel, reply.json()["id"]).thread == root
    await teams.call("PUT", f"/{channel}/activities/{root}", _card("board, changed"))
    card = _message(world, channel, root).card
    assert card is not None
    assert card["body"][0]["text"] == "board, changed"
    assert (await teams.call("DELETE", f"/{channel}/activities/{root}")).status_code == 200
    gone = await teams.call("PUT", f"/{channel}/activities/{root}", _card("x"))
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("activity", "status", "code"),
    [
        ({"type": "message", "text": "x" * 60_000}, 413, "MessageSizeTooBig"),
        ({"type": "message"}, 400, "BadSyntax"),
    ],
)
async def test_what_teams_refuses_is_refused(
    teams: Teams, activity: Json, status: int, code: str
) -> None:
    """100 KB are counted as UTF-16; an empty message is malformed."""
    answer = await teams.call("POST", f"/{teams_service.CHANNEL}/activities", activity)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1.6"},
        {"body": [{"type": "TextBlok", "text": "x"}]},
        {"body": [{"type": "TextBlock"}]},
        {"actions": [{"type": "Action.OpenUrl", "title": "Go"}]},
    ],
)
async def test_a_card_that_a_client_could_not_draw_is_refused(teams: Teams, change: Json) -> None:
    """Version, element names and required fields are checked."""
    activity = _card("x")
    activity["attachments"][0]["content"] |= change
    answer = await teams.call("POST", f"/{teams_service.CHANNEL}/activities", activity)
    assert answer.status_code == 400


async def test_the_answer_to_an_execute_replaces_the_card(
    teams: Teams, world: World, bot: Bot
) -> None:
    """An invoke carries verb and data; its answer is the new card, a failure only a notice."""
    conversation = (await teams.open("gita")).json()["id"]
    activity = _card("question")
    activity["attachments"][0]["content"]["actions"] = [
        {"type": "Action.Execute", "title": "Done", "verb": "done", "data": {"request": "r1"}}
    ]
    sent = await teams.call("POST", f"/{conversation}/activities", activity)
    message = _message(world, conversation, sent.json()["id"])
    bot.answer = lambda body: Response(status_code=501)
    await world.teams.press("gita", message, "Done")
    assert _last(world, conversation).text.startswith("Something went wrong")
    answer = _card("thanks")["attachments"][0]["content"]
    bot.answer = lambda body: JSONResponse({"statusCode": 200, "type": CARD_TYPE, "value": answer})
    await world.teams.press("gita", message, "Done")
    invoke = bot.bodies()[-1]
    assert invoke["name"] == "adaptiveCard/action"
    assert invoke["value"]["action"]["verb"] == "done"
    assert invoke["value"]["action"]["data"] == {"request": "r1"}
    assert message.card == answer


async def test_the_teams_limit_is_answered_with_429(teams: Teams, world: World) -> None:
    """After the burst comes 429 with Retry-After and the code Throttled."""
    world.teams.service.limit.burst = 1
    path = f"/{teams_service.CHANNEL}/activities"
    await teams.call("POST", path, {"type": "message", "text": "one"})
    answer = await teams.call("POST", path, {"type": "message", "text": "two"})
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "Throttled"
    assert int(answer.headers["retry-after"]) >= 1


# -- the page --------------------------------------------------------------------------------


async def test_the_page_shows_what_was_said_and_tells_of_changes(keys: Path) -> None:
    """`/state` has the messages and the apps; a taken port is replaced; only JSON may act."""
    async with (
        World(key_directory=keys, page_port=0) as world,
        world.slack.client.stream("GET", f"{world.page_url}/stream") as stream,
    ):
        events = stream.aiter_lines()
        assert await anext(events) == "event: change"
        do = f"{world.page_url}/do"
        deed = {
            "what": "say",
            "platform": "slack",
            "as": "ola",
            "conversation": slack_workspace.CHANNEL,
            "text": "good morning",
        }
        assert (await world.slack.client.post(do, data=deed)).status_code == 415
        assert (await world.slack.client.post(do, json=deed)).status_code == 200
        while await anext(events) != "event: change":
            pass
        state = (await world.slack.client.get(f"{world.page_url}/state")).json()
        said = [m["text"] for c in state["conversations"] for m in c["messages"]]
        assert said == ["good morning"]
        assert len(state["apps"]) == 12
        assert {app["org"] for app in state["apps"]} == {"Contoso", "Fabrikam"}


async def test_waiting_in_vain_says_what_was_there_instead() -> None:
    """The error of `wait_for` names its deadline."""
    with pytest.raises(TimeoutError, match=r"waited 0\.01 s in vain"):
        await ChatLog().wait_for(lambda: None, within=0.01)


# -- helpers ---------------------------------------------------------------------------------


async def _get(slack: Slack, method: str, args: Json) -> Json:
    response = await slack.http.get(
        f"{slack.base}/api/{method}",
        params=args,
        headers={"Authorization": f"Bearer {SLACK_TOKEN}"},
    )
    body: Json = response.json()
    return body


def _card(text: str) -> Json:
    content: Json = {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [{"type": "TextBlock", "text": text, "wrap": True}],
    }
    return {"type": "message", "attachments": [{"contentType": CARD_TYPE, "content": content}]}


def _messages(world: World, conversation_id: str) -> list[Message]:
    conversation = world.log.get(conversation_id)
    assert conversation is not None
    return conversation.messages


def _last(world: World, conversation_id: str) -> Message:
    return _messages(world, conversation_id)[-1]


def _message(world: World, conversation_id: str, message_id: str) -> Message:
    return next(m for m in _messages(world, conversation_id) if m.id == message_id)
