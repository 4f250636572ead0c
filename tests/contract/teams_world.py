"""The bot's Teams side over HTTP, with the pretend Teams behind it, as Ada uses it.

Her activities are written down here, and not the sandbox's: each of their members is bent by some
test, and what they look like is not judged by who wrote the sandbox alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from adapters.http.client import open_http
from adapters.http.pool import ConnectionPool
from adapters.teams.incoming.inbound import Progress, TeamsInbound
from adapters.teams.outgoing.connector import CONNECTIONS, Connector
from adapters.teams.outgoing.messenger import TeamsMessenger
from adapters.teams.outgoing.viewers import Viewers
from bot.domain.people.admins import ChatIdentity
from bot.message import Message, Role
from bot.ports.chat import ConversationRef
from bot.settings.sections.chat import TeamsSettings
from sandbox.teams.api import ISSUER
from tests.contract.pretend_teams import (
    ADA,
    ADA_IS,
    APP,
    CHANNEL,
    NEW_KEY,
    OLD_KEY,
    PASSWORD,
    PERSONAL,
    SHOWN,
    TENANT,
    Call,
    Microsoft,
)
from tests.fakes import ConversationsInMemory, OnceInMemory
from tests.serving import served
from tests.waiting import wait_until

Json = dict[str, Any]

PATIENCE = 60.0
"""Seconds: a busy machine changes no answer, and shows no sign of one."""


class Echo:
    """A conversation that repeats what it is told; `progress` first, and only when let go."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ChatIdentity]] = []
        self.progress: tuple[str, ...] = ()
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.fails = False
        self.role = Role.ANSWER
        self.says: Message | None = None
        self.viewed: list[tuple[str, ChatIdentity]] = []
        self.views: dict[str, Message] = {}

    async def answer(
        self,
        words: str,
        asker: ChatIdentity,
        progress: Progress | None = None,
        *,
        private: bool = False,
    ) -> Message:
        self.asked.append((words, asker))
        assert progress is not None
        for text in self.progress:
            await progress(Message(text))
        await self.let_go.wait()
        if self.fails:
            raise ZeroDivisionError("a bug")
        return self.says or Message(f"You said: {words}", role=self.role)

    async def view(self, name: str, asker: ChatIdentity) -> Message | None:
        self.viewed.append((name, asker))
        return self.views.get(asker.user_id)


class Welcomed:
    """Welcomes that say whom they greet."""

    def __init__(self) -> None:
        self.people: list[ChatIdentity] = []
        self.moved_people: list[ChatIdentity] = []
        self.teams = 0

    async def person(self, who: ChatIdentity) -> Message:
        self.people.append(who)
        return Message(f"Hello {who.display_name}.")

    def team(self) -> Message:
        return Message("Hello team.")

    async def in_team(self) -> None:
        self.teams += 1

    async def moved(self, who: ChatIdentity) -> None:
        self.moved_people.append(who)


@dataclass
class Clock:
    """Monotonic seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class TeamsBorder:
    """Everything a test needs: the bot's address, and what surrounds it."""

    microsoft: Microsoft
    settings: TeamsSettings
    answers: Echo
    welcomes: Welcomed
    once: OnceInMemory
    conversations: ConversationsInMemory
    messenger: TeamsMessenger
    inbound: TeamsInbound
    bot_url: str
    clock: Clock
    client: httpx.AsyncClient

    def token(self, kid: str = "old", **other: Any) -> str:
        """A token as the Bot Framework signs it; `other` replaces claims (None leaves them out)."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": APP,
            "serviceurl": self.microsoft.service_url,
            "nbf": now - 5,
            "exp": now + 3600,
        } | other
        key = {"old": OLD_KEY, "new": NEW_KEY}[kid]
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, key, algorithm="RS256", headers={"kid": kid})

    async def post(
        self, activity: Any, token: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """POST an activity (or raw bytes) to the bot, signed unless said otherwise."""
        given = {"Authorization": f"Bearer {token or self.token()}"} if headers is None else headers
        if isinstance(activity, bytes):
            return await self.client.post(self.bot_url, content=activity, headers=given)
        return await self.client.post(self.bot_url, json=activity, headers=given)

    def activity(self, kind: str, **other: Any) -> Json:
        """An activity of Ada's personal chat."""
        return {
            "type": kind,
            "id": "1700000000001",
            "timestamp": "2026-01-05T09:00:00.000Z",
            "channelId": "msteams",
            "serviceUrl": self.microsoft.service_url,
            "from": {"id": ADA_IS, "name": "Ada Byron", "aadObjectId": ADA.upper()},
            "recipient": {"id": f"28:{APP}", "name": "O365 bot"},
            "conversation": {"conversationType": "personal", "tenantId": TENANT, "id": PERSONAL},
            "channelData": {"tenant": {"id": TENANT}},
            "locale": "en-GB",
            "localTimezone": "Europe/London",
        } | other

    def said(self, text: str, **other: Any) -> Json:
        return self.activity("message", text=text, **other)

    def in_channel(self, activity: Json) -> Json:
        """The same in a thread of the channel."""
        place = {
            "conversationType": "channel",
            "isGroup": True,
            "id": f"{CHANNEL};messageid=17",
            "name": "O365 migration",
        }
        data = {"tenant": {"id": TENANT}, "channel": {"id": CHANNEL}, "team": {"id": "19:team"}}
        return activity | {"conversation": place, "channelData": data}

    def pressed(
        self, words: str, *, own: bool = False, data: Json | None = None, **other: Any
    ) -> Json:
        """`own`: the button is on an answer of the bot's, as the bot itself has marked it; `data`
        is what comes with it besides.
        """
        action = {
            "type": "Action.Execute",
            "verb": "say",
            "id": "b1",
            "data": {"words": words, "id": "b1", **({"own": True} if own else {}), **(data or {})},
        }
        return self.activity(
            "invoke",
            name="adaptiveCard/action",
            value={"action": action, "trigger": "manual"},
            replyToId=SHOWN,
            **other,
        )

    def views(self, view: object, **other: Any) -> Json:
        """A client shows a card in the channel, and asks for what its owner sees of it."""
        action = {"type": "Action.Execute", "verb": "view", "data": {"view": view}}
        value = {"action": action, "trigger": "automatic"}
        asked = self.activity("invoke", name="adaptiveCard/action", value=value)
        return self.in_channel(asked | {"replyToId": SHOWN} | other)

    def installed(self, action: str = "add-upgrade") -> Json:
        """Ada has the app: from before, so that nobody welcomes her, or from now on (`add`)."""
        return self.activity("installationUpdate", action=action)

    async def calls(self, count: int) -> list[Call]:
        """The connector calls, once there are `count`."""
        await wait_until(lambda: len(self.microsoft.calls) >= count, what=f"{count} calls")
        return self.microsoft.calls


PUBLIC = "https://smba.trafficmanager.net/teams"
ADAS_CHAT = ConversationRef(PERSONAL, "personal", PUBLIC, TENANT, f"28:{APP}", ADA_IS, ADA)


@asynccontextmanager
async def messenger_over(
    answer: Callable[[httpx.Request], Any], *known: ConversationRef
) -> AsyncIterator[tuple[TeamsMessenger, ConversationsInMemory]]:
    """The bot's way out, where `answer` is all there is of Microsoft."""
    settings = TeamsSettings(app_id=APP, app_password="secret", tenant_id=TENANT, channel=CHANNEL)
    conversations = ConversationsInMemory()
    for ref in known:
        await conversations.remember(ref)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        yield TeamsMessenger(settings, conversations, Connector(settings, http)), conversations


@asynccontextmanager
async def teams_world(
    *,
    answer_within: float = PATIENCE,
    typing_after: float = PATIENCE,
    connections: int = CONNECTIONS,
    targeted: bool = False,
    operators: tuple[str, ...] = (),
    **bounds: Any,
) -> AsyncIterator[TeamsBorder]:
    """The bot's Teams side over real HTTP, between a test and the small Microsoft.

    One server stands for all of them, which makes starting and stopping quick.
    """
    async with (
        open_http() as http,
        open_http(ConnectionPool(connections)) as to_teams,
        open_http(ConnectionPool(100)) as client,
    ):
        answers, clock = Echo(), Clock()
        conversations, once, welcomes = ConversationsInMemory(), OnceInMemory(), Welcomed()
        borders: list[TeamsBorder] = []

        def build(url: str) -> Starlette:
            microsoft = Microsoft(url)
            settings = TeamsSettings(
                app_id=APP,
                app_password=SecretStr(PASSWORD),
                tenant_id=TENANT,
                channel=CHANNEL,
                openid_metadata_url=f"{url}/v1/.well-known/openidconfiguration",
                login_url=url,
                service_urls=(f"{url}/emea",),
                targeted_answers=targeted,
                **({"operators": operators} if operators else {}),
            )
            viewers = Viewers(settings, conversations, None, clock)
            connector = Connector(settings, to_teams, http, viewers, **bounds)
            inbound = TeamsInbound(
                settings,
                answers,
                welcomes,
                once,
                conversations,
                connector,
                http,
                answer_within=answer_within,
                typing_after=typing_after,
                clock=clock,
            )
            messenger = TeamsMessenger(settings, conversations, connector, clock)
            borders.append(
                TeamsBorder(
                    microsoft,
                    settings,
                    answers,
                    welcomes,
                    once,
                    conversations,
                    messenger,
                    inbound,
                    f"{url}/teams/messages",
                    clock,
                    client,
                )
            )
            bot = Route("/teams/messages", inbound.endpoint, methods=["POST"])
            return Starlette(routes=[bot, *microsoft.routes()])

        async with served(build):
            (border,) = borders
            yield border
            await border.inbound.drain(1.0)
