"""A small Microsoft on loopback for the Teams tests: keys, tokens, the Bot Connector.

It records what the bot sends and answers what a test asks it to; the bot is reached over HTTP.
It is not the sandbox's Teams, since here a test makes up what that would never say: keys that
nobody endorsed, tokens with any claim, every refusal, members of any shape. That Teams takes what
we send is held by the sandbox's, in the scenarios.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.http.client import open_http
from adapters.http.many import ManyConnections
from adapters.teams.incoming.inbound import Progress, TeamsInbound
from adapters.teams.outgoing.connector import CONNECTIONS, Connector
from adapters.teams.outgoing.messenger import TeamsMessenger
from adapters.teams.outgoing.viewers import Viewers
from bot.domain.people.admins import ChatIdentity
from bot.message import Message, Role
from bot.settings.sections.chat import TeamsSettings
from tests.fakes import ConversationsInMemory, OnceInMemory
from tests.serving import served
from tests.waiting import wait_until

Json = dict[str, Any]

ISSUER = "https://api.botframework.com"
APP = "11111111-aaaa-4aaa-8aaa-111111111111"
PASSWORD = "a-client-secret"
TENANT = "22222222-bbbb-4bbb-8bbb-222222222222"
ADA = "33333333-cccc-4ccc-8ccc-333333333333"
CHANNEL = "19:migration@thread.tacv2"
PERSONAL = "a:1ada"

OLD_KEY = generate_private_key(65537, 2048)
NEW_KEY = generate_private_key(65537, 2048)


@dataclass
class Call:
    """One call that the bot made to the connector."""

    method: str
    path: str
    body: Json
    query: str = ""

    @property
    def card(self) -> Json:
        card: Json = self.body["attachments"][0]["content"]
        return card


@dataclass
class Microsoft:
    """The servers that the bot talks to, and what they shall say."""

    url: str = ""
    keys: dict[str, RSAPrivateKey] = field(default_factory=lambda: {"old": OLD_KEY})
    endorsements: dict[str, list[str] | None] = field(default_factory=dict)
    keys_down: bool = False
    key_requests: int = 0
    token_requests: int = 0
    token_refusal: Response | None = None
    valid_tokens: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    refusals: list[Response] = field(default_factory=list)
    members: list[Json] = field(default_factory=list)
    member_requests: int = 0
    installed: set[str] = field(default_factory=set)  # object ids
    opened: list[Json] = field(default_factory=list)
    takes: float = 0.0  # seconds for a message

    @property
    def service_url(self) -> str:
        return f"{self.url}/emea/"

    def routes(self, url: str) -> list[Route]:
        self.url = url
        conversations = "/emea/v3/conversations"
        return [
            Route("/v1/.well-known/openidconfiguration", self._metadata),
            Route("/v1/.well-known/keys", self._keys),
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route(f"{conversations}/{{id}}/pagedmembers", self._members),
            Route(f"{conversations}/{{id}}/members/{{member}}", self._member),
            Route("/{rest:path}", self._connector, methods=["POST", "PUT", "GET"]),
        ]

    async def _metadata(self, request: Request) -> Response:
        if self.keys_down:
            return Response("down", status_code=503)
        return JSONResponse({"issuer": ISSUER, "jwks_uri": f"{self.url}/v1/.well-known/keys"})

    async def _keys(self, request: Request) -> Response:
        self.key_requests += 1
        keys = []
        for kid, key in self.keys.items():
            jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            endorsed = self.endorsements.get(kid, ["msteams"])
            extra = {} if endorsed is None else {"endorsements": endorsed}
            keys.append({**jwk, "kid": kid, "use": "sig", **extra})
        return JSONResponse({"keys": keys})

    async def _token(self, request: Request) -> Response:
        self.token_requests += 1
        if self.token_refusal is not None:
            return self.token_refusal
        form = await request.form()
        assert request.path_params["tenant"] == TENANT
        assert form["client_id"] == APP
        assert form["client_secret"] == PASSWORD
        assert form["scope"] == f"{ISSUER}/.default"
        token = f"token-{self.token_requests}"
        self.valid_tokens.add(token)
        return JSONResponse({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _refuses(self, request: Request) -> Response | None:
        token = request.headers["authorization"].removeprefix("Bearer ")
        if token not in self.valid_tokens:
            return JSONResponse({"message": "Authorization has been denied."}, 401)
        return self.refusals.pop(0) if self.refusals else None

    async def _members(self, request: Request) -> Response:
        self.member_requests += 1
        refusal = self._refuses(request)
        if refusal is not None:
            return refusal
        start = int(request.query_params.get("continuationToken", "0"))
        answer: Json = {"members": self.members[start : start + 2]}
        if start + 2 < len(self.members):
            answer["continuationToken"] = str(start + 2)
        return JSONResponse(answer)

    async def _member(self, request: Request) -> Response:
        self.member_requests += 1
        refusal = self._refuses(request)
        if refusal is not None:
            return refusal
        wanted = request.path_params["member"]
        for member in self.members:
            if wanted in (member.get("id"), member.get("aadObjectId")):
                return JSONResponse(member)
        return JSONResponse({"error": {"code": "MemberNotFoundInConversation"}}, 404)

    async def _connector(self, request: Request) -> Response:
        refusal = self._refuses(request)
        if refusal is not None:
            return refusal
        if request.url.path.endswith("/v3/conversations"):
            body = await request.json()
            if not body["isGroup"]:
                return self._open(body)
        await asyncio.sleep(self.takes)
        body = await request.json()
        self.calls.append(Call(request.method, request.url.path, body, request.url.query))
        number = str(1000 + len(self.calls))
        if request.url.path.endswith("/v3/conversations"):
            answer = {"id": f"{CHANNEL};messageid={number}", "activityId": number}
            return JSONResponse(answer, 201)
        return JSONResponse({"id": number}, 201)

    def _open(self, body: Json) -> Response:
        """A 1:1 conversation, with whom has the app."""
        self.opened.append(body)
        (member,) = body["members"]
        if member["id"] not in self.installed:
            return JSONResponse({"error": {"code": "ForbiddenOperationException"}}, 403)
        return JSONResponse({"id": f"a:1{member['id'][:3]}"}, 201)


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
        self.gone_people: list[ChatIdentity] = []

    async def person(self, who: ChatIdentity) -> Message:
        self.people.append(who)
        return Message(f"Hello {who.display_name}.")

    def team(self) -> Message:
        return Message("Hello team.")

    async def gone(self, who: ChatIdentity) -> None:
        self.gone_people.append(who)


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
            "from": {"id": "29:1ada", "name": "Ada Byron", "aadObjectId": ADA.upper()},
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
            replyToId="1699999999999",
            **other,
        )

    def views(self, view: object, **other: Any) -> Json:
        """A client shows a card in the channel, and asks for what its owner sees of it."""
        action = {"type": "Action.Execute", "verb": "view", "data": {"view": view}}
        value = {"action": action, "trigger": "automatic"}
        asked = self.activity("invoke", name="adaptiveCard/action", value=value)
        return self.in_channel(asked | {"replyToId": "1699999999999"} | other)

    def installed(self, action: str = "add-upgrade") -> Json:
        """Ada has the app: from before, so that nobody welcomes her, or from now on (`add`)."""
        return self.activity("installationUpdate", action=action)

    async def calls(self, count: int) -> list[Call]:
        """The connector calls, once there are `count`."""
        await wait_until(lambda: len(self.microsoft.calls) >= count, what=f"{count} calls")
        return self.microsoft.calls


@asynccontextmanager
async def teams_world(
    *,
    answer_within: float = 5.0,
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
        open_http(ManyConnections(connections)) as to_teams,
        open_http(ManyConnections(100)) as client,
    ):
        microsoft, answers, clock = Microsoft(), Echo(), Clock()
        conversations, once, welcomes = ConversationsInMemory(), OnceInMemory(), Welcomed()
        borders: list[TeamsBorder] = []

        def build(url: str) -> Starlette:
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
            return Starlette(routes=[bot, *microsoft.routes(url)])

        async with served(build):
            (border,) = borders
            yield border
            await border.inbound.drain(1.0)
