"""What the pages about links and requests share: the services, the forms, the cookies, limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from adapters.web.cookies import Cookie, Cookies
from adapters.web.csrf import FIELD, Csrf
from adapters.web.middleware import page_policy
from adapters.web.networks import network_of
from adapters.web.pages import Pages
from bot.chat.typed.verbs import typed
from bot.domain.consent.sign_in import ATTEMPT_LIFETIME, SESSION_LIFETIME
from bot.errors import (
    CloudError,
    LinkExpired,
    LinkRevoked,
    LinkUnknown,
    SignInDeclined,
    SignInError,
    SignInRefused,
    SignInUnknown,
    TokenInvalid,
)
from bot.ports.store.limits import Limits
from bot.services.consent.acknowledge import Acknowledge
from bot.services.consent.actors import Actors
from bot.services.consent.introduce import Introduce
from bot.services.consent.onboard import Onboard
from bot.services.consent.prove import Begun, PressInChat, Prove, Proven
from bot.services.consent.request_steps import RequestSteps
from bot.services.consent.signing_in import GoToMicrosoft
from bot.services.operators.read import Read
from bot.services.operators.sign_in import OperatorSignIn

# What 256 bits look like, URL-safe; whatever looks otherwise never reaches the store.
TOKEN = re.compile(r"[A-Za-z0-9_-]{43,64}", re.ASCII)
UNFINISHED = (SignInError, CloudError, LinkUnknown, LinkExpired, LinkRevoked)
"""Why Microsoft's answer may come to nothing."""
AGAIN = "/auth/again"
OPERATORS = "/operators"
MISSES_PER_ADDRESS = (60, timedelta(minutes=10))

# Scanners and previews fetch links as people do, so this says nothing about the person.
_FETCHED = Counter("o365bot_links_fetched", "Personal links fetched, by whatever", ["method"])
for _method in ("GET", "HEAD", "POST"):
    _FETCHED.labels(_method)


@dataclass(frozen=True, slots=True)
class ForOperators:
    """What the operators' own pages stand on."""

    sign_in: OperatorSignIn
    read: Read


@dataclass(frozen=True, slots=True)
class Services:
    """What the pages do their work with. `onboard` None: Microsoft is not configured;
    `operators` None: they have no pages.

    `sign_in_origin` is where people sign in (scheme, host, port), "" where no sign-in is
    configured; `callback` is the path that Microsoft sends them back to.
    """

    acknowledge: Acknowledge
    prove: Prove
    request_steps: RequestSteps
    introduce: Introduce
    actors: Actors
    onboard: Onboard | None
    limits: Limits
    signs_in: bool
    sign_in_origin: str
    operators: ForOperators | None = None
    callback: str = "/auth/callback"


@dataclass(frozen=True, slots=True)
class PageContext:
    """Everything that a page needs besides what it is about."""

    services: Services
    pages: Pages
    csrf: Csrf
    cookies: Cookies

    def form_page(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page with forms that stay on this site."""
        value = self.csrf.value(request)
        page = self.pages.show(
            request, template, status, headers=None, csrf_field=FIELD, csrf=value, **values
        )
        self.csrf.remember(page, value)
        return page

    def leading_page(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page whose form is answered by a redirect to Microsoft's sign-in.

        Browsers hold every redirect that follows, too, against `form-action` (CSP level 3,
        "form-action"). Microsoft sends many people on at once, without a page of its own between:
        to the provider that their domain is federated with, such as Okta ("Home realm discovery",
        auto-acceleration), or a guest to the account's home. Which hosts these are only the tenant
        knows, so here the form may lead to any https address.
        """
        page = self.form_page(request, template, status=status, **values)
        origin = self.services.sign_in_origin
        leads_to = f"{origin} https:" if origin else ""
        page.headers["Content-Security-Policy"] = page_policy(leads_to=leads_to)
        return page

    def continue_with(self, request: Request, begun: Begun, *, origin: str = "") -> Response:
        """Where a press leads. `origin` is the link it began with, for the way back to it."""
        match begun:
            case GoToMicrosoft(address, browser):
                response: Response = RedirectResponse(address, status_code=303)
                self.cookies.keep(response, Cookie.BROWSER, browser, ATTEMPT_LIFETIME)
                if origin:
                    self.cookies.keep(response, Cookie.ORIGIN, origin, ATTEMPT_LIFETIME)
                else:
                    self.cookies.drop(response, Cookie.ORIGIN)
            case Proven(asked, session):
                response = RedirectResponse(f"/r/{asked.id}", status_code=303)
                self.cookies.keep(response, Cookie.SESSION, session, SESSION_LIFETIME)
            case PressInChat(asked):
                words = typed(f"me {asked.code}", asked.chat.platform)
                response = self.pages.show(request, "in_chat.html", asked=asked, typed=words)
        return response

    def stale(self, request: Request) -> Response:
        """The form was not pressed on our page in this browser."""
        return self.pages.problem(request, 403, "stale", again="")

    def count_fetch(self, request: Request) -> None:
        """Note that a link was fetched: never that a person saw it."""
        _FETCHED.labels(request.method).inc()

    async def no_link(self, request: Request, error: Exception | None = None) -> Response:
        """A link that cannot be used; what it was about is not told."""
        match error:
            case LinkExpired():
                return self.pages.problem(request, 410, "expired")
            case LinkRevoked():
                return self.pages.problem(request, 410, "revoked")
            case None | LinkUnknown():
                return await self.missed(request) or self.pages.problem(request, 404, "unknown")
        raise error

    async def unfinished(self, request: Request, error: Exception, way_back: str) -> Response:
        """A sign-in or consent that came to nothing: why, and the way back. For UNFINISHED."""
        match error:
            case SignInUnknown():
                return await self.unknown_sign_in(request)
            case SignInDeclined():
                return self.pages.problem(request, 403, "cancelled", again=way_back)
            case SignInRefused(reason=reason):
                return self.pages.problem(request, 403, "refused", again=way_back, reference=reason)
            case TokenInvalid():
                return self.pages.problem(request, 403, "doubtful", again=way_back)
            case CloudError():
                return self.pages.problem(request, 502, "elsewhere", again=way_back)
        return await self.no_link(request, error)

    async def unknown_sign_in(self, request: Request) -> Response:
        """An answer of Microsoft's to no sign-in that began in this browser."""
        missed = await self.missed(request)
        return missed or self.pages.problem(request, 400, "strayed", again=AGAIN)

    async def missed(self, request: Request) -> Response | None:
        """Count a miss of the caller's network; what to answer when there were too many.

        Only misses count: callers behind one proxy share its address, and a stranger there must
        not lock out whoever has a link, which has a limit of its own.
        """
        wait = await self.services.limits.hit(
            f"miss:address:{network_of(request)}", *MISSES_PER_ADDRESS
        )
        return busy(self.pages, request, wait) if wait else None


def busy(pages: Pages, request: Request, wait: float) -> Response:
    """Too many tries; `wait` is in seconds."""
    headers = {"Retry-After": str(int(wait) + 1)}
    return pages.problem(request, 429, "busy", headers=headers)
