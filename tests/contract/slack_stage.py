"""What the tests of the Slack adapter play on: a pretend Slack and the real endpoint."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.outgoing.calls import open_web
from bot.domain.people.admins import ChatIdentity
from bot.message import Message
from bot.settings.sections.chat import SlackSettings
from sandbox.chatlog import ChatLog, Conversation
from sandbox.chatlog import Message as Shown
from sandbox.company.company import Company, contoso
from sandbox.slack.api import web_api
from sandbox.slack.people import SlackPeople
from sandbox.slack.workspace import BOT_USER, CHANNEL, Workspace
from tests.fakes import OnceInMemory
from tests.serving import served
from tests.there import there

TOKEN = "xoxb-test-000-contoso"
SECRET = "0123456789abcdef-signing"
OLA = "U0OLA"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def settings(api_url: str) -> SlackSettings:
    return SlackSettings.model_validate(
        {"bot_token": TOKEN, "signing_secret": SECRET, "channel": CHANNEL, "api_url": api_url}
    )


@dataclass
class Talk:
    """The conversation's stand-in: repeats what it is asked, or says what it is told to."""

    say: dict[str, Message] = field(default_factory=dict)
    steps: dict[str, list[Message]] = field(default_factory=dict)
    asked: list[tuple[str, ChatIdentity]] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False

    def __post_init__(self) -> None:
        self.go_on.set()

    async def answer(
        self,
        words: str,
        asker: ChatIdentity,
        progress: Callable[[Message], Awaitable[None]] | None = None,
        *,
        private: bool = False,
    ) -> Message:
        self.asked.append((words, asker))
        if self.broken:
            raise ZeroDivisionError("a bug of ours")
        for step in self.steps.get(words, ()):
            assert progress is not None
            await progress(step)
        await self.go_on.wait()
        return self.say.get(words, Message(f"You said: {words}"))

    @property
    def words(self) -> list[str]:
        return [words for words, _ in self.asked]


@dataclass
class SlackBorder:
    """A pretend Slack, the bot's endpoint, and what lies between them."""

    workspace: Workspace
    people: SlackPeople
    talk: Talk
    once: OnceInMemory
    inbound: SlackInbound
    web: AsyncWebClient
    url: str
    client: httpx.AsyncClient

    @property
    def log(self) -> ChatLog:
        return self.workspace.log

    def channel(self, channel_id: str = CHANNEL) -> Conversation:
        return there(self.workspace.conversation(channel_id))

    def from_bot(self, conversation: Conversation) -> list[Shown]:
        return [m for m in conversation.messages if m.author_id == BOT_USER]

    async def answer(self, conversation: Conversation, text: str) -> Shown:
        """The bot's message with this text, as soon as it is there."""
        return await self.log.wait_for(
            lambda: next((m for m in self.from_bot(conversation) if m.text == text), None)
        )

    async def send(self, body: bytes, *, kind: str = "application/json", **headers: str) -> Any:
        """POST a signed body; a header given as an argument replaces ours."""
        signed = signed_headers(body, kind) | {k.replace("_", "-"): v for k, v in headers.items()}
        return await self.client.post(self.url, content=body, headers=signed)


Answer = Callable[[], Response]


def says(body: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: JSONResponse(body, status, named)


@dataclass
class Scripted:
    """What the sandbox's Slack would never say: answers by method, "" for all others, {"ok": true}
    for the rest; one after the other, and the last one stays.
    """

    answers: dict[str, list[Answer]]
    calls: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]

    async def handle(self, request: Request) -> Response:
        method = request.path_params["method"]
        self.calls.append((method, (await request.body()).decode()))
        left = self.answers.get(method) or self.answers.get("") or [says({"ok": True})]
        return (left.pop(0) if len(left) > 1 else left[0])()


@asynccontextmanager
async def scripted(answers: dict[str, list[Answer]]) -> AsyncIterator[Scripted]:
    slack = Scripted(answers)
    app = Starlette(routes=[Route("/api/{method}", slack.handle, methods=["GET", "POST"])])
    async with served(lambda _: app) as slack.url:
        yield slack


def signature(body: bytes, stamp: str, secret: str = SECRET) -> str:
    """As documented by Slack, written out again so that the bot's own code is not its judge."""
    return (
        "v0="
        + hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    )


def signed_headers(body: bytes, kind: str, at: float | None = None) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    return {
        "content-type": kind,
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": signature(body, stamp),
    }


FORM = "application/x-www-form-urlencoded"


def command(text: str, **fields: str) -> bytes:
    return urlencode(
        {"command": "/o365", "text": text, "user_id": OLA, "channel_name": "general"} | fields
    ).encode()


def event(event: dict[str, Any], event_id: str = "Ev1") -> bytes:
    return json.dumps(
        {
            "type": "event_callback",
            "team_id": "T1",
            "event_id": event_id,
            "event": event,
            "authorizations": [{"team_id": "T1", "user_id": BOT_USER, "is_bot": True}],
        }
    ).encode()


def mention(text: str = "apps") -> dict[str, Any]:
    return {
        "type": "app_mention",
        "user": OLA,
        "text": f"<@{BOT_USER}> {text}",
        "channel": CHANNEL,
        "ts": "1.000001",
    }


@functools.cache
def company() -> Company:
    """The people; made once, since their keys take a while and nobody here changes them."""
    return contoso()


@asynccontextmanager
async def staged(**bounds: Any) -> AsyncIterator[SlackBorder]:
    """A fresh workspace and an endpoint with these bounds, both served on loopback."""
    workspace = Workspace(await asyncio.to_thread(company), ChatLog(), TOKEN, SECRET)
    talk, once = Talk(), OnceInMemory()
    async with AsyncExitStack() as stack:
        slack_url = await stack.enter_async_context(served(lambda url: web_api(workspace)))
        workspace.base_url = slack_url
        config = settings(f"{slack_url}/api/")
        web = await stack.enter_async_context(open_web(config))
        inbound = SlackInbound(config, talk, once, web, **bounds)
        methods = ["GET", "POST", "PUT"]
        app = Starlette(routes=[Route("/slack/events", inbound.endpoint, methods=methods)])
        url = await stack.enter_async_context(served(lambda url: app)) + "/slack/events"
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=60))
        people = SlackPeople(workspace, client)
        people.delivery.events_url = url
        # Slack's own three seconds have a test of the sandbox; here the machine may be busy.
        people.delivery.timeout = workspace.trigger_seconds = 60.0
        stack.push_async_callback(people.aclose)
        stack.push_async_callback(inbound.drain, 5.0)
        yield SlackBorder(workspace, people, talk, once, inbound, web, url, client)
