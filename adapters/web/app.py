"""The ASGI app: which address leads where, and what every answer has in common.

It is handed all it needs; what a chat platform's request means is known to that platform's adapter,
which comes in as an endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from adapters.web.connections import LARGEST_HEAD
from adapters.web.context import AGAIN, OPERATORS, ForOperators, PageContext, Services, busy
from adapters.web.cookies import Cookies
from adapters.web.csrf import Csrf
from adapters.web.links.callback import Callback
from adapters.web.links.chat_pass import ChatPassPage
from adapters.web.links.consent import ConsentPage
from adapters.web.links.live import Live
from adapters.web.links.onboarding import CONSENTED, OnboardingPage
from adapters.web.links.request_page import RequestPage
from adapters.web.middleware import BodyLimit, HeadLimit, OwnHost, RequestLog, SecurityHeaders
from adapters.web.middleware import security_headers as headers_of
from adapters.web.monitoring.probes import Probes
from adapters.web.operators.reading import Reading
from adapters.web.operators.sign_in import OperatorSignInPage
from adapters.web.pages import Pages
from bot.chat.words import Words
from bot.errors import O365BotError, StoreError, TooManyTries

Endpoint = Callable[[Request], Awaitable[Response]]

_PICTURE = re.compile(r"[0-9a-f]{40}")
_STATIC = Path(__file__).parent / "static"


def build_app(
    *,
    services: Services,
    words: Callable[[str], Words],
    public_url: str,
    slack: Endpoint | None,
    teams: Endpoint | None,
    probes: Probes,
    okta: Endpoint | None = None,
    pictures: Callable[[str], Awaitable[bytes | None]] | None = None,
    kept_days: tuple[int, int] = (400, 90),
) -> Starlette:
    """The bot's web app.

    `words` gives the words of a language. `public_url` is where browsers reach the app: its host is
    the only one that is answered (`probes` apart, which ask by address), and nothing is ever built
    from the Host header. `pictures` gives a message's picture by its name;
    `kept_days` is for how long ended requests and deliveries are kept. Setting
    `app.state.closing` ends the streams that would otherwise keep a server from stopping.
    """
    parts = urlsplit(public_url)
    https = parts.scheme == "https"
    headers = headers_of(https=https)
    pages = Pages(words)
    cookies = Cookies(secure=https)
    csrf = Csrf(f"{parts.scheme}://{parts.netloc}", cookies)
    context = PageContext(services, pages, csrf, cookies)
    closing = probes.closing
    consent = ConsentPage(context)
    callback = Callback(context)
    request_page = RequestPage(context, Live(services.request_steps, pages, closing))
    entering = ChatPassPage(context)
    granting = OnboardingPage(context)

    async def home(request: Request) -> Response:
        return pages.show(
            request, "home.html", in_slack=slack is not None, in_teams=teams is not None
        )

    async def privacy(request: Request) -> Response:
        """This and the next one the chat platforms ask every app to have."""
        requests, deliveries = kept_days
        return pages.show(request, "privacy.html", requests=requests, deliveries=deliveries)

    async def terms(request: Request) -> Response:
        return pages.show(request, "terms.html")

    async def link(request: Request) -> Response:
        return await (consent.press if request.method == "POST" else consent.show)(request)

    async def after(request: Request) -> Response:
        return await (request_page.press if request.method == "POST" else request_page.show)(
            request
        )

    async def way_on(request: Request) -> Response:
        return await (entering.press if request.method == "POST" else entering.show)(request)

    async def grant(request: Request) -> Response:
        return await (granting.press if request.method == "POST" else granting.show)(request)

    async def picture(request: Request) -> Response:
        """A picture that a chat platform shows; its name cannot be guessed."""
        name = request.path_params["name"]
        png = await pictures(name) if pictures is not None and _PICTURE.fullmatch(name) else None
        if png is None:
            return pages.problem(request, 404)
        # Teams and Slack show it within pages of their own.
        shown_anywhere = {"Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(png, media_type="image/png", headers=shown_anywhere)

    async def http_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return pages.problem(request, error.status_code, headers=error.headers)

    async def store_away(request: Request, error: Exception) -> Response:
        return pages.problem(request, 503, "store", again="", headers={"Retry-After": "10"})

    async def too_many(request: Request, error: Exception) -> Response:
        assert isinstance(error, TooManyTries)
        return busy(pages, request, error.retry_after)

    async def other_side_away(request: Request, error: Exception) -> Response:
        return pages.problem(request, 502, "elsewhere", again="")

    async def bug(request: Request, error: Exception) -> Response:
        # Starlette answers this one outside of all middleware.
        return pages.problem(request, 500, headers=headers)

    routes: list[Route | Mount] = [
        Route("/", home, methods=["GET"]),
        Route("/privacy", privacy, methods=["GET"]),
        Route("/terms", terms, methods=["GET"]),
        Route("/c/{token}", link, methods=["GET", "POST"]),
        Route("/r/{request_id}", after, methods=["GET", "POST"]),
        Route("/r/{request_id}/live", request_page.news, methods=["GET"]),
        Route("/s/{token}", way_on, methods=["GET", "POST"]),
        Route("/o/{token}", grant, methods=["GET", "POST"]),
        Route(services.callback, callback.answer, methods=["GET"]),
        Route(CONSENTED, granting.answer, methods=["GET"]),
        Route(AGAIN, callback.again, methods=["GET"]),
        Route("/p/{name}.png", picture, methods=["GET"]),
        *probes.routes(),
        Mount("/static", StaticFiles(directory=_STATIC), name="static"),
    ]
    if services.operators is not None:
        routes += _for_operators(context, services.operators)
    if slack is not None:
        routes.append(Route("/slack/events", slack, methods=["GET", "POST"]))
    if teams is not None:
        routes.append(Route("/teams/messages", teams, methods=["POST"]))
    if okta is not None:
        routes.append(Route("/okta/events/{org}", okta, methods=["GET", "POST"]))

    handlers: dict[Any, Any] = {
        HTTPException: http_problem,
        StoreError: store_away,
        TooManyTries: too_many,
        O365BotError: other_side_away,
        Exception: bug,
    }
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(RequestLog),
            Middleware(SecurityHeaders, headers=headers),
            Middleware(OwnHost, allowed_hosts=[parts.hostname or ""], www_redirect=False),
            Middleware(HeadLimit, problem=pages.problem, most=LARGEST_HEAD),
            Middleware(BodyLimit, problem=pages.problem),
        ],
        exception_handlers=handlers,
    )
    app.router.redirect_slashes = (
        False  # such a redirect would repeat the token and the Host header
    )
    app.state.closing = closing
    return app


def _for_operators(context: PageContext, operators: ForOperators) -> list[Route]:
    """The pages that only operators may read; each but the sign-in asks who reads it."""
    sign_in = OperatorSignInPage(context, operators.sign_in)
    reading = Reading(context, operators.read)
    pages = {
        OPERATORS: reading.apps,
        f"{OPERATORS}/apps/{{org}}/{{app_id}}": reading.app,
        f"{OPERATORS}/apps.csv": reading.csv,
        f"{OPERATORS}/requests": reading.requests,
        f"{OPERATORS}/plan": reading.plan,
        f"{OPERATORS}/incidents": reading.incidents,
    }
    return [
        Route(OPERATORS, sign_in.press, methods=["POST"]),
        *(Route(path, sign_in.guarded(page), methods=["GET"]) for path, page in pages.items()),
    ]
