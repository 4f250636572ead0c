"""What can be made to go wrong, to see what the bot does: switched on and off from the page.

A faulty service answers as the real one does then; the bot cannot tell the difference.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send


def _too_many(request: Request) -> Response:
    """Okta's 429, with its three headers (developer.okta.com, "Rate limits")."""
    error = {"errorCode": "E0000047", "errorSummary": "API call exceeded rate limit"}
    reset = str(int(time.time()) + 10)
    headers = {"x-rate-limit-limit": "600", "x-rate-limit-remaining": "0"}
    return JSONResponse(error, 429, headers | {"x-rate-limit-reset": reset})


def _forbidden(request: Request) -> Response:
    """Graph's 403 for a permission that was taken away."""
    says = "Insufficient privileges to complete the operation."
    return JSONResponse({"error": {"code": "Authorization_RequestDenied", "message": says}}, 403)


def _away(request: Request) -> Response:
    return PlainTextResponse("Service Unavailable", 503)


@dataclass(frozen=True)
class Fault:
    """`services` are beginnings of names (as in `company.addresses`) that answer so then."""

    label: str
    services: tuple[str, ...] = ()
    answer: Callable[[Request], Response] = _away


FAULTS: Mapping[str, Fault] = {
    "okta_busy": Fault("Okta: too many requests (429)", ("okta-",), _too_many),
    "graph_refuses": Fault("Microsoft Graph refuses (403)", ("graph",), _forbidden),
    "sign_in_down": Fault("Microsoft's sign-in is down", ("login",)),
    "slack_down": Fault("Slack is down", ("slack",)),
    "teams_down": Fault("Teams is down", ("teams",)),
    "store_demoted": Fault("The store takes no writes (demoted)"),
}


@dataclass
class Faults:
    """What is on. `down` holds names of services that answer 503 for now, besides.

    `demote` makes the bot's store a replica, or a primary again; `revive` kills the bot with
    kill -9 and starts it anew. Both are None where there is no bot to do it to.
    """

    on: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    demote: Callable[[bool], Awaitable[None]] | None = None
    revive: Callable[[], Coroutine[object, object, None]] | None = None
    killing: asyncio.Task[None] | None = None

    async def switch(self, name: str, on: bool) -> None:
        """Raises LookupError for a fault that there is not."""
        if name not in FAULTS:
            raise LookupError(f"there is no fault {name}")
        if name == "store_demoted":
            if self.demote is None:
                raise LookupError("there is no store to demote")
            await self.demote(on)
        (self.on.add if on else self.on.discard)(name)

    async def kill(self) -> None:
        """Kill the bot, and start it anew. Raises LookupError where there is none."""
        if self.revive is None:
            raise LookupError("there is no bot to kill")
        if self.killing is None or self.killing.done():
            self.killing = asyncio.create_task(self.revive())
        await self.killing

    def answer(self, service: str) -> Callable[[Request], Response] | None:
        """How a service answers while something is wrong with it."""
        if service in self.down:
            return _away
        return next(
            (FAULTS[one].answer for one in self.on if service.startswith(FAULTS[one].services)),
            None,
        )


class Faulty:
    """A service that may have a fault."""

    def __init__(self, app: ASGIApp, name: str, faults: Faults) -> None:
        self._app = app
        self._name = name
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._faults.answer(self._name) if scope["type"] == "http" else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        await answer(Request(scope, receive))(scope, receive, send)
