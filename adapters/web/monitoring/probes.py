"""What machines ask: whether this process lives, whether it can serve, how all is, and figures.

/health/live     is this process worth keeping? The store does not matter to it: a new process
                 would not find it either. 503: restart it.
/health/ready    can it do its work now? 503 while the store is away, and while it ends: send it
                 nothing.
/health          how all is; for whoever has the token every part, with since when and what to do
/metrics         for Prometheus, which has the token

Who has no token learns a word of each: no name of an org or channel, no reason, no figure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from secrets import compare_digest

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.web.middleware import RequestLog, SecurityHeaders, security_headers
from adapters.web.monitoring.health import Health
from bot.domain.normalization import exact

CLOSING = "It is ending."


async def _figureless() -> bytes:
    return b""


@dataclass(frozen=True, slots=True)
class Probes:
    """Where the answers come from. `alive` and `ready` say why not, "" when all is well; `metrics`
    gives the Prometheus text format. `closing` is set when the process begins to end. `token` is
    what opens details and figures; "" opens them to nobody.
    """

    health: Callable[[], Awaitable[Health]]
    ready: Callable[[], Awaitable[str]]
    alive: Callable[[], str] = lambda: ""
    metrics: Callable[[], Awaitable[bytes]] = _figureless
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    token: str = field(default="", repr=False)

    def routes(self) -> list[Route]:
        """The four addresses."""
        return [
            Route("/health", self._show_health, methods=["GET"]),
            Route("/health/live", self._show_alive, methods=["GET"]),
            Route("/health/ready", self._show_ready, methods=["GET"]),
            Route("/metrics", self._show_metrics, methods=["GET"]),
        ]

    async def _show_health(self, request: Request) -> Response:
        report = await self.health()
        return self._answer(request, report.as_json(), well=report.serving)

    async def _show_alive(self, request: Request) -> Response:
        return self._yes_or_no(request, self.alive())

    async def _show_ready(self, request: Request) -> Response:
        why_not = CLOSING if self.closing.is_set() else await self.ready()
        return self._yes_or_no(request, why_not)

    async def _show_metrics(self, request: Request) -> Response:
        if not self._opens(request):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return Response(await self.metrics(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    def _opens(self, request: Request) -> bool:
        """True for whoever sends the token, once."""
        sent = request.headers.getlist("authorization")
        if not self.token or len(sent) != 1:
            return False
        kind, _, token = sent[0].partition(" ")
        return exact(kind) == "bearer" and compare_digest(
            token.strip().encode(), self.token.encode()
        )

    def _yes_or_no(self, request: Request, why_not: str) -> Response:
        told = {"status": "failed", "reason": why_not} if why_not else {"status": "ok"}
        return self._answer(request, told, well=not why_not)

    def _answer(self, request: Request, told: Mapping[str, object], *, well: bool) -> Response:
        if not self._opens(request):
            told = {"status": told["status"]}
        return JSONResponse(told, status_code=200 if well else 503)


def build_probe_app(probes: Probes) -> Starlette:
    """All of the web that a worker has: nothing here is for people."""
    app = Starlette(
        routes=probes.routes(),
        middleware=[
            Middleware(RequestLog),
            Middleware(SecurityHeaders, headers=security_headers(https=False)),
        ],
    )
    app.state.closing = probes.closing
    return app
