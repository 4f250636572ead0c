"""The bot in Teams proves itself by a managed identity, asked of a real server on loopback."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.teams.outgoing.tokens import BotToken
from bot.errors import ChatMisconfigured, ChatThrottled, ChatUnreachable
from bot.settings.sections.chat import TeamsSettings
from tests.contract.pretend_teams import APP, CHANNEL, TENANT
from tests.serving import served

pytestmark = pytest.mark.usefixtures("no_waiting")

HEADER = "the-secret-header-of-this-container"
SETTINGS = TeamsSettings.model_validate(
    {"app_id": APP, "managed_identity": True, "tenant_id": TENANT, "channel": CHANNEL}
)


@dataclass
class Azure:
    """What answers for managed identities, on a machine and in App Service."""

    refusal: Response | None = None
    asked: list[Request] = field(default_factory=list)

    def app(self, url: str) -> Starlette:
        return Starlette(
            routes=[
                Route("/metadata/identity/oauth2/token", self._machine),
                Route("/msi/token/", self._service),
            ]
        )

    async def _machine(self, request: Request) -> Response:
        self.asked.append(request)
        if self.refusal is not None:
            return self.refusal
        if request.headers.get("metadata") != "true":
            return JSONResponse({"error": "bad_request_102"}, 400)
        return JSONResponse(
            {"access_token": "of-the-machine", "expires_in": "86399", "token_type": "Bearer"}
        )

    async def _service(self, request: Request) -> Response:
        self.asked.append(request)
        if self.refusal is not None:
            return self.refusal
        if request.headers.get("x-identity-header") != HEADER:
            return Response(status_code=403)
        end = str(int(time.time()) + 3000)
        return JSONResponse({"access_token": "of-the-service", "expires_on": end})


@asynccontextmanager
async def azure(monkeypatch: pytest.MonkeyPatch, *, service: bool) -> AsyncIterator[Azure]:
    """Azure, and the environment of what runs there; a proxy stands in the way of nothing else."""
    world = Azure()
    async with served(world.app) as url:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.delenv("IDENTITY_ENDPOINT", raising=False)
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", url)
        if service:
            monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/msi/token/")
            monkeypatch.setenv("IDENTITY_HEADER", HEADER)
        yield world


async def token() -> str:
    async with httpx.AsyncClient() as unused:
        return await BotToken(SETTINGS, unused).value()


@pytest.mark.parametrize(
    ("service", "got", "version"),
    [(False, "of-the-machine", "2018-02-01"), (True, "of-the-service", "2019-08-01")],
)
async def test_the_token_is_asked_of_where_the_bot_runs(
    monkeypatch: pytest.MonkeyPatch, service: bool, got: str, version: str
) -> None:
    """For the Bot Framework, and for the very identity that the bot is registered with."""
    async with azure(monkeypatch, service=service) as world:
        assert await token() == got
    (request,) = world.asked
    assert dict(request.query_params) == {
        "resource": "https://api.botframework.com",
        "client_id": APP,
        "api-version": version,
    }


async def test_a_token_is_kept_until_shortly_before_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """App Service names the moment of the end, and no length."""
    clock = iter([0.0, 0.0, 0.0, 2600.0, 2800.0, 2800.0, 2800.0])
    async with azure(monkeypatch, service=True) as world, httpx.AsyncClient() as unused:
        mine = BotToken(SETTINGS, unused, clock=lambda: next(clock))
        for _ in range(3):
            await mine.value()
    assert len(world.asked) == 2


@pytest.mark.parametrize(
    ("service", "status", "body", "raised"),
    [
        (False, 400, {"error": "invalid_request", "error_description": "Identity not found"}, True),
        (True, 400, {"statusCode": 400, "message": "No User Assigned Managed Identity"}, True),
        (True, 403, {}, True),
        (False, 410, {}, False),
        (False, 500, {}, False),
    ],
)
async def test_a_refusal_says_what_is_to_be_done(
    monkeypatch: pytest.MonkeyPatch, service: bool, status: int, body: object, raised: bool
) -> None:
    """An identity that the machine does not have is a matter of settings; the rest passes."""
    async with azure(monkeypatch, service=service) as world:
        world.refusal = JSONResponse(body, status)
        with pytest.raises(ChatMisconfigured if raised else ChatUnreachable) as caught:
            await token()
    assert not raised or "identity of teams.app_id" in caught.value.hint
    assert HEADER not in f"{caught.value!r} {caught.value}"


async def test_too_many_questions_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine answers five questions at once, and then 429."""
    async with azure(monkeypatch, service=False) as world:
        world.refusal = JSONResponse({}, 429, headers={"Retry-After": "120"})
        with pytest.raises(ChatThrottled) as caught:
            await token()
    assert caught.value.retry_after == 120


async def test_away_from_azure_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing was sent to Teams."""
    monkeypatch.delenv("IDENTITY_ENDPOINT", raising=False)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")
    with pytest.raises(ChatUnreachable) as caught:
        await token()
    assert caught.value.nothing_sent
