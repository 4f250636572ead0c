"""What Slack answers is read with care: nobody loses an answer, and no link goes elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.outgoing.calls import is_slacks, open_web
from adapters.slack.outgoing.messenger import SlackMessenger
from bot.domain.delivery.notices import Channel
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatError, ChatRefused
from bot.message import Message
from tests.contract.slack_stage import (
    FORM,
    JSON,
    OLA,
    Answer,
    Scripted,
    Talk,
    command,
    event,
    mention,
    says,
    scripted,
    settings,
    signed_headers,
)
from tests.fakes import OnceInMemory
from tests.serving import served
from tests.waiting import wait_until


class Odd:
    """A Slack that answers as it is told, and a bot beside it."""

    def __init__(self, slack: Scripted, inbound: SlackInbound, talk: Talk, url: str) -> None:
        self.slack, self.inbound, self.talk, self.url = slack, inbound, talk, url

    async def send(self, body: bytes, kind: str = JSON) -> int:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            headers = signed_headers(body, kind)
            status = (await client.post(self.url, content=body, headers=headers)).status_code
        await wait_until(lambda: not self.inbound.under_way)
        return status


@asynccontextmanager
async def odd(**answers: list[Answer]) -> AsyncIterator[Odd]:
    by_method = {method.replace("_", "."): each for method, each in answers.items()}
    async with scripted(by_method) as slack:
        config, talk = settings(f"{slack.url}/api"), Talk()
        async with open_web(config) as web:
            inbound = SlackInbound(config, talk, OnceInMemory(), web)
            app = Starlette(routes=[Route("/", inbound.endpoint, methods=["POST"])])
            async with served(lambda _: app) as url:
                yield Odd(slack, inbound, talk, url)


POSTED = says({"ok": True, "channel": "C1", "ts": "1.1"})
METHODS = (
    *("users.lookupByEmail", "users.info", "chat.postMessage", "chat.update", "pins.add"),
    *("conversations.open", "conversations.history", "conversations.replies"),
)
STRANGE: list[Any] = [
    {"ok": True},
    {"ok": True, "user": None},
    {"ok": True, "user": 5},
    {"ok": True, "user": {}},
    {"ok": True, "user": {"id": 5, "profile": "x", "tz": 1}},
    {"ok": True, "user": {"id": "U0SOMEBODYELSE", "profile": {"email": "eve@contoso.com"}}},
    {"ok": True, "user": []},
    {"ok": True, "user": {"id": OLA, "profile": None, "tz": None, "locale": {}}},
    {"ok": True, "user": {"id": OLA, "tz": "Mars/Phobos", "locale": "xx-\ud83d"}},
    {"ok": True, "user": [{"id": OLA}]},
    {"ok": "true"},
    {"ok": 1, "user": {"id": OLA}},
    {"ok": False},
    {"ok": False, "error": ["not_authed"]},
    {"ok": False, "error": "", "needed": 5},
    [],
    [{"ok": True}],
    None,
    "ok",
    5,
    {},
]


@pytest.mark.parametrize("answer", STRANGE, ids=repr)
async def test_who_asks_is_told_by_the_signed_request_whatever_slack_answers(answer: Any) -> None:
    """Slack is asked for name and language alone."""
    async with odd(users_info=[says(answer)], chat_postMessage=[POSTED]) as bot:
        with structlog.testing.capture_logs() as logs:
            assert await bot.send(event(mention())) == 200
        assert [(w, who.user_id) for w, who in bot.talk.asked] == [("apps", OLA)]
        assert bot.talk.asked[0][1].email != "eve@contoso.com"
        assert bot.slack.methods == ["users.info", "chat.postMessage"]
        assert not [line for line in logs if line["log_level"] == "error"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda: PlainTextResponse("<html>busy</html>", media_type="text/html"),
        lambda: Response(""),
        lambda: Response("{", media_type="application/json"),
        says(None),
        says([]),
        says({"error": 5}),
        says({"ok": None}),
    ],
    ids=map(str, range(7)),
)
async def test_an_answer_that_may_be_lost_goes_to_direct_messages(answer: Answer) -> None:
    """What is no answer of Slack's took nothing for sure."""
    async with odd(chat_postMessage=[answer, POSTED]) as bot:
        assert await bot.send(event(mention())) == 200
        posts = [body for method, body in bot.slack.calls if method == "chat.postMessage"]
        assert len(posts) == 2
        assert OLA in posts[1]


@pytest.mark.parametrize("answer", [{"ok": True}, {"ok": True, "ts": 5}, {"ok": True, "ts": None}])
async def test_what_was_taken_is_not_sent_twice(answer: Any) -> None:
    """Slack says that it has it, and only not where."""
    async with odd(chat_postMessage=[says(answer)]) as bot:
        assert await bot.send(event(mention())) == 200
        assert bot.slack.methods.count("chat.postMessage") == 1


@pytest.mark.parametrize(
    "answer", [*STRANGE, {"ok": True, "channel": None}, {"ok": True, "messages": 5}], ids=repr
)
async def test_the_messenger_raises_nothing_but_errors_of_its_port(answer: Any) -> None:
    """Each of its methods, whatever comes back."""
    ada = ChatIdentity(Platform.SLACK, "U1", email="ada@contoso.com")
    channel = Channel(Platform.SLACK, "C1")
    async with odd() as bot:
        bot.slack.answers = {method: [says(answer)] for method in METHODS}
        async with open_web(settings(f"{bot.slack.url}/api")) as web:
            messenger = SlackMessenger(web)
            for call in (
                lambda: messenger.find_person(["ada@contoso.com"], "", ""),
                lambda: messenger.profile(ada),
                lambda: messenger.send_personal(ada, Message("x"), "k"),
                lambda: messenger.post(channel, Message("x"), "k"),
                lambda: messenger.pin("C1:1.1"),
                lambda: messenger.update("C1:1.1", Message("x")),
                lambda: messenger.introduce([ada, ada], Message("x"), "k"),
                lambda: messenger.find_sent(ada, "k"),
                lambda: messenger.find_sent(channel, "k", "C1:1.1"),
                lambda: messenger.messages_after("C1:1.1", 5),
            ):
                with contextlib.suppress(ChatError):
                    await call()


# ------------------------------------------------------------------ where answers go


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    """A 307 would post a personal link to wherever it leads."""
    elsewhere: list[str] = []

    async def caught(request: Request) -> Response:
        elsewhere.append((await request.body()).decode())
        return JSONResponse({"ok": True, "channel": "C1", "ts": "1"})

    trap = Starlette(routes=[Route("/{path:path}", caught, methods=["GET", "POST"])])
    async with served(lambda url: trap) as other:

        def there() -> Response:
            return Response("", status, {"Location": f"{other}/api/chat.postMessage"})

        async with odd(chat_postMessage=[there], answer=[there]) as bot:
            async with open_web(settings(f"{bot.slack.url}/api")) as web:
                with pytest.raises(ChatRefused):
                    await SlackMessenger(web).post(
                        Channel(Platform.SLACK, "C1"), Message("https://link"), "k"
                    )
            body = command("apps", response_url=f"{bot.slack.url}/api/answer", trigger_id="1.1")
            await bot.send(body, FORM)
        assert elsewhere == []


@pytest.mark.parametrize(
    ("url", "slacks"),
    [
        ("https://hooks.slack.com/commands/T1/2/x", True),
        ("https://hooks.slack.com:443/actions/T1/2/x", True),
        ("https://hooks.slack-gov.com/commands/T1/2/x", True),
        ("http://hooks.slack.com/commands/T1/2/x", False),
        ("https://hooks.slack.com.example.com/x", False),
        ("https://slack.com@example.com/x", False),
        ("https://x:y@hooks.slack.com/x", False),
        ("https://evilslack.com/x", False),
        ("https://hooks.slack.com:8443/x", False),
        ("https://169.254.169.254/latest", False),
        ("https://[::1/x", False),
        ("file:///etc/passwd", False),
        ("", False),
        ("hooks.slack.com/x", False),
    ],
)
def test_a_response_url_is_slacks(url: str, slacks: bool) -> None:
    """Nothing is posted anywhere else, however well the request is signed."""
    assert is_slacks(url, "https://slack.com/api/") is slacks


async def test_an_answer_for_another_host_goes_to_direct_messages() -> None:
    """The person still gets it."""
    async with odd(chat_postMessage=[POSTED]) as bot:
        body = command("apps", response_url="https://hooks.example.com/x", trigger_id="1.1")
        assert await bot.send(body, FORM) == 200
        (post,) = [body for method, body in bot.slack.calls if method == "chat.postMessage"]
        assert OLA in post


@pytest.mark.parametrize(
    ("answer", "to_direct"),
    [
        (lambda: PlainTextResponse("ok"), False),
        (says({"ok": True}), False),
        (lambda: PlainTextResponse("<html>", media_type="text/html"), True),
        (lambda: Response(""), True),
        (says({"ok": False, "error": "used_url"}), True),
        (says({"ok": False, "error": "expired_url"}, 404), True),
        (says(None), True),
    ],
    ids=map(str, range(7)),
)
async def test_only_slacks_ok_is_an_ok(answer: Answer, to_direct: bool) -> None:
    """Else the answer is taken to the person's direct messages."""
    async with odd(answer=[answer], chat_postMessage=[POSTED]) as bot:
        body = command("apps", response_url=f"{bot.slack.url}/api/answer", trigger_id="1.1")
        await bot.send(body, FORM)
        assert ("chat.postMessage" in bot.slack.methods) is to_direct


# ------------------------------------------------------------------ the Home tab, and scopes


HOME = {"type": "app_home_opened", "user": OLA, "tab": "home", "channel": "D1"}


async def test_the_home_tab_is_published_again_after_a_rate_limit() -> None:
    """Else it would stay empty until it is opened once more."""
    limit = says({"ok": False, "error": "ratelimited"}, 429, Retry_After="1")
    async with odd(views_publish=[limit, says({"ok": True})]) as bot:
        await bot.send(event(HOME))
        assert bot.slack.methods.count("views.publish") == 2


async def test_a_missing_scope_is_said_as_that() -> None:
    """In the log, with what to grant, whichever call it was."""
    lacks = says({"ok": False, "error": "missing_scope", "needed": "users:read"})
    async with odd(users_info=[lacks], views_publish=[lacks]) as bot:
        with structlog.testing.capture_logs() as logs:
            await bot.send(event(HOME))
        told = [str(line.get("reason")) for line in logs if "users:read" in str(line)]
        assert len(told) == 2
