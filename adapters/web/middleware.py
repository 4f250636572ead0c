"""What every request passes through: a log line, headers, the right host, a bounded body.

All are plain ASGI, so nothing buffers an answer and context variables reach the endpoints.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping

import structlog
from attrs import define
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.domain.normalization import exact
from bot.ports.spans import UNTOLD, SpanKind, span

PROBES = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
FORMS = ("/c/", "/r/", "/s/", "/o/", "/operators")  # the pages that have forms
FORM_BYTES = 4 * 1024
WEBHOOK_BYTES = 1024 * 1024
_KEPT = (b"cache-control", b"public, max-age=86400")
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
CLIENT_GONE = 499  # what nginx logs for it; there is no answer to take a status from


class RequestLog:
    """One line per request: method, route, status, milliseconds; never the address itself.

    A personal link's address is a secret, so only the route's template is written. Everything that
    is logged meanwhile carries the same `request_id`, and so does the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger("o365bot.web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope["request_id"] = request_id
        status = CLIENT_GONE
        begun = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        quiet = scope["path"] in PROBES
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            UNTOLD if quiet else span(method, SpanKind.SERVER) as told,
        ):
            try:
                await self._app(scope, receive, sending)
            except Exception:
                status = 500  # answered further out
                raise
            finally:
                route = getattr(scope.get("route"), "path", "-")
                told.note(f"{method} {route}", http_route=route, http_response_status_code=status)
                quiet = quiet or route == "/static"
                (self._log.debug if quiet else self._log.info)(
                    "request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    ms=round((time.perf_counter() - begun) * 1000, 1),
                )


def page_policy(*, leads_to: str = "", follows: bool = False) -> str:
    """The Content-Security-Policy of a page.

    `leads_to` are the other sources that its form may lead to. `follows`: it runs the one script
    of ours, which listens to this site; any other page has no script at all.
    """
    parts = ["default-src 'none'", "style-src 'self'", "img-src 'self'"]
    if follows:
        parts += ["script-src 'self'", "connect-src 'self'"]
    parts.append(f"form-action 'self' {leads_to}".rstrip())
    return "; ".join((*parts, "base-uri 'none'", "frame-ancestors 'none'"))


def security_headers(*, https: bool) -> dict[str, str]:
    """What every answer carries unless it says otherwise itself.

    Pages hold personal things, so nothing may keep, frame, index or leak them. HSTS means something
    on https only.
    """
    headers = {
        "Content-Security-Policy": page_policy(),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


class SecurityHeaders:
    """Puts the security headers on every answer. Static files alone may be kept for a while."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(exact(n).encode(), v.encode()) for n, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                if scope["path"].startswith("/static/") and message["status"] < 400:
                    own = [pair for pair in own if pair[0] != _KEPT[0]] + [_KEPT]
                said = {name for name, _ in own}
                message["headers"] = own + [pair for pair in self._headers if pair[0] not in said]
            await send(message)

        await self._app(scope, receive, sending)


class OwnHost(TrustedHostMiddleware):
    """Answers for our own host name only. Probes ask by address, and are told no secrets."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in PROBES:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


@define(eq=False)
class HeadLimit:
    """Refuses heads that no browser or platform sends: too large, or with two lengths for the body.

    h11 bounds what has not arrived whole; here it is what has. Where both lengths stand, whoever
    stands before us may have read the other one (RFC 9112, 6.3), so it is not guessed at.
    """

    _app: ASGIApp
    _problem: Callable[[Request, int], Response]
    _most: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        names = {name for name, _ in scope["headers"]}
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        size += len(scope["raw_path"]) + len(scope["query_string"])
        if size > self._most:
            await self._problem(Request(scope), 431)(scope, receive, send)
        elif {b"content-length", b"transfer-encoding"} <= names:
            await self._problem(Request(scope), 400)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


@define(eq=False)
class BodyLimit:
    """Reads a POST's body whole before anybody works on it: bounded in size and in time.

    Our forms have a few short fields; the chat platforms' requests stay far below 1 MiB (Teams'
    own limit for a message is about 100 KB).
    """

    _app: ASGIApp
    _problem: Callable[[Request, int], Response]
    _seconds: float = 15

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        limit = FORM_BYTES if scope["path"].startswith(FORMS) else WEBHOOK_BYTES
        announced = request.headers.get("content-length", "0")
        body = bytearray()
        more = True
        if announced.isdecimal() and int(announced) > limit:
            await self._problem(request, 413)(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > limit:
                        await self._problem(request, 413)(scope, receive, send)
                        return
        except TimeoutError:
            await self._problem(request, 408)(scope, receive, send)
            return

        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self._app(scope, replay, send)
