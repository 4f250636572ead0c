"""The pretend Slack speaks the protocol as its documentation has it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.responses import JSONResponse, Response

from sandbox.slack import workspace as slack_workspace
from sandbox.world import SLACK_SECRET, SLACK_TOKEN, World
from tests.contract.chat_stage import Bot, Json, last_in, message_in, messages_in


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
    notice = last_in(world, slack_workspace.CHANNEL)
    assert notice.text == '/o365 failed with the error "operation_timeout"'
    assert notice.only_for == "U0OLA"


async def test_a_command_may_be_answered_in_the_body_and_by_the_response_url(
    world: World, bot: Bot
) -> None:
    """The body is ephemeral by default; the response URL takes five answers, then no more."""
    bot.answer = lambda body: JSONResponse({"text": "looking"})
    await world.slack.command("ola", "/o365 apps")
    assert last_in(world, slack_workspace.CHANNEL).only_for == "U0OLA"
    url = parse_qs(bot.got[0][1].decode())["response_url"][0]
    statuses = [
        (
            await world.slack.client.post(url, json={"text": f"{n}", "response_type": "in_channel"})
        ).status_code
        for n in range(6)
    ]
    assert statuses == [200, 200, 200, 200, 200, 404]
    assert last_in(world, slack_workspace.CHANNEL).only_for is None


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
    assert not list(messages_in(world, slack_workspace.CHANNEL))


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
    limit = world.slack.workspace.limit
    limit.burst, limit.per_second = 2, 0.01  # on a slow machine, too
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
    limit.on = False
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
    message = message_in(world, slack_workspace.CHANNEL, posted["ts"])
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


# -- helpers ---------------------------------------------------------------------------------


async def _get(slack: Slack, method: str, args: Json) -> Json:
    response = await slack.http.get(
        f"{slack.base}/api/{method}",
        params=args,
        headers={"Authorization": f"Bearer {SLACK_TOKEN}"},
    )
    body: Json = response.json()
    return body
