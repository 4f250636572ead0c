"""The sandbox's Teams on loopback: what was asked of it, and any answer in place of its own.

Tokens, conversations, what a card may be and who has the app are the sandbox's own. A test puts in
front of it what that would never say: keys that nobody endorsed, every refusal, members of any
shape.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Message as ASGIMessage
from starlette.types import Receive, Scope, Send

from sandbox.chatlog import ChatLog, Message
from sandbox.company.company import Company
from sandbox.company.records import BotRegistration, Person
from sandbox.keys import SigningKey
from sandbox.teams import service as sandbox_teams
from sandbox.teams.api import connector_app, login_routes, metadata_app
from sandbox.teams.service import TeamsService

Json = dict[str, Any]

APP = "11111111-aaaa-4aaa-8aaa-111111111111"
PASSWORD = "a-client-secret"
TENANT = "22222222-bbbb-4bbb-8bbb-222222222222"
ADA = "33333333-cccc-4ccc-8ccc-333333333333"
CHANNEL = sandbox_teams.CHANNEL
PERSONAL = "a:1" + ADA.replace("-", "")
ADA_IS = "29:1" + ADA.replace("-", "")

SHOWN = "1699999999999"
"""A message of the bot's in the channel, and one in Ada's chat."""
IDS = {"ADA": ADA, "TENANT": TENANT, "PERSONAL": PERSONAL, "CHANNEL": CHANNEL, "APP": APP}
"""For `tests.recorded`."""

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


def _company() -> Company:
    """Ada in a tenant, at a time from which the ids of messages count from 1001 on."""
    key = SigningKey("login", OLD_KEY)
    ada = Person("ada", "Ada Byron", "ada@contoso.com", None, {TENANT: ADA}, teams=True)
    return Company(
        now=lambda: datetime.fromtimestamp(1.0015, UTC),
        people={"ada": ada},
        orgs={},
        tenants={},
        bot=BotRegistration("", "", "", datetime.now(UTC)),
        okta_keys={},
        bot_okta_keys={},
        bot_entra_key=key,
        login_key=key,
    )


class Microsoft:
    """Ada has the app, until she is taken out of `installed`. A test may publish other `keys`,
    refuse a token, put `refusals` before the next calls, and make up the `members`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.company = _company()
        self.company.addresses["graph"] = f"{url}/graph"
        self.service = TeamsService(
            self.company, ChatLog(), TENANT, APP, PASSWORD, SigningKey("old", OLD_KEY), base_url=url
        )
        self.service.limit.on = False
        channel, _ = self.service.conversation(CHANNEL)
        for place in (channel, self.service.open_dm(self.company.person("ada"))):
            assert place is not None
            place.messages.append(
                Message(SHOWN, "bot", self.service.bot_id, self.company.now(), from_bot=True)
            )
        self.keys = {"old": OLD_KEY}
        self.endorsements: dict[str, list[str] | None] = {}
        self.keys_down = False
        self.key_requests = self.token_requests = self.member_requests = 0
        self.token_refusal: Response | None = None
        self.calls: list[Call] = []
        self.opened: list[Json] = []
        self.refusals: list[Response] = []
        self.members: list[Json] | None = None
        self.takes = 0.0  # seconds for a message
        self._connector = connector_app(self.service)

    @property
    def service_url(self) -> str:
        return self.service.service_url

    @property
    def installed(self) -> set[str]:
        return self.service.installed

    def revoke_tokens(self) -> None:
        """No token that is out is taken any more."""
        self.company.login_key = SigningKey("login", NEW_KEY)

    def routes(self) -> list[BaseRoute]:
        (token,) = login_routes(self.service)
        return [
            Route("/v1/.well-known/keys", self._keys),
            Route(token.path, partial(self._token, token.endpoint), methods=["POST"]),
            *metadata_app(self.service, lambda: self.url).routes,
            Mount("/", self._called),
        ]

    async def _keys(self, request: Request) -> Response:
        self.key_requests += 1
        if self.keys_down:
            return Response("down", status_code=503)
        keys = []
        for kid, key in self.keys.items():
            endorsed = self.endorsements.get(kid, ["msteams"])
            extra = {} if endorsed is None else {"endorsements": endorsed}
            keys.append(SigningKey(kid, key).public_jwk(**extra))
        return JSONResponse({"keys": keys})

    async def _token(
        self, real: Callable[[Request], Awaitable[Response]], request: Request
    ) -> Response:
        self.token_requests += 1
        return self.token_refusal or await real(request)

    async def _called(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A call of the connector's, which is kept if it is taken."""
        request = Request(scope, receive)
        path, raw = request.url.path, await request.body()
        about_members = "members" in path.rpartition("/v3/conversations/")[2]
        self.member_requests += about_members
        if self.refusals:
            return await self.refusals.pop(0)(scope, receive, send)
        if about_members and self.members is not None:
            return await self._listed(request, self.members)(scope, receive, send)
        body = json.loads(raw) if raw else {}
        opens = path.endswith("/v3/conversations") and not body["isGroup"]
        if opens:
            self.opened.append(body)
        elif not about_members:
            await asyncio.sleep(self.takes)

        async def again() -> ASGIMessage:
            return {"type": "http.request", "body": raw}

        async def noted(message: ASGIMessage) -> None:
            taken = message.get("status", 400) < 300
            if taken and not (opens or about_members):
                self.calls.append(Call(request.method, path, body, request.url.query))
            await send(message)

        await self._connector(scope, again, noted)

    def _listed(self, request: Request, members: list[Json]) -> Response:
        """What a test has made up, two members a page."""
        if request.url.path.endswith("/pagedmembers"):
            start = int(request.query_params.get("continuationToken", "0"))
            answer: Json = {"members": members[start : start + 2]}
            if start + 2 < len(members):
                answer["continuationToken"] = str(start + 2)
            return JSONResponse(answer)
        wanted = request.url.path.rpartition("/")[2]
        for member in members:
            if wanted in (member.get("id"), member.get("aadObjectId")):
                return JSONResponse(member)
        return JSONResponse({"error": {"code": "MemberNotFoundInConversation"}}, 404)
