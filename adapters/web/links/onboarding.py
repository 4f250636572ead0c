"""Letting the bot itself read one more tenant: the page, and Microsoft's answer to its consent."""

from __future__ import annotations

from datetime import UTC

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.context import AGAIN, TOKEN, UNFINISHED, PageContext
from adapters.web.cookies import Cookie
from adapters.web.links.callback import LONGEST_QUERY
from adapters.web.networks import network_of
from bot.domain.consent.onboarding import Granting, Onboarding
from bot.domain.consent.sign_in import ATTEMPT_LIFETIME
from bot.errors import (
    LinkExpired,
    LinkRevoked,
    LinkSpent,
    LinkUnknown,
)
from bot.services.consent.onboard import Onboard

CONSENTED = "/auth/consented"
_REFUSED = (LinkUnknown, LinkExpired, LinkRevoked)


class OnboardingPage:
    """`/o/{token}` and `/auth/consented`. Where Microsoft is not configured there are none."""

    def __init__(self, context: PageContext) -> None:
        self._context = context

    async def show(self, request: Request) -> Response:
        """GET and HEAD. Changes nothing."""
        context, token = self._context, str(request.path_params["token"])
        onboard = context.services.onboard
        if onboard is None or not TOKEN.fullmatch(token):
            return await context.no_link(request)
        try:
            asked = await onboard.view(token)
        except _REFUSED as error:
            return await context.no_link(request, error)
        context.count_fetch(request)
        if asked.stage is Granting.CONFIRMED:
            at = context.pages.words(request).moment(asked.changed_at or asked.asked_at, UTC)
            return self._page(request, asked, given_at=at)
        return self._page(request, asked)

    async def press(self, request: Request) -> Response:
        """POST: on to Microsoft, or look again whether Microsoft Graph answers by now."""
        context, token = self._context, str(request.path_params["token"])
        onboard = context.services.onboard
        if onboard is None or not TOKEN.fullmatch(token):
            return await context.no_link(request)
        form = await context.csrf.form(request)
        if form is None:
            return context.stale(request)
        try:
            if form.get("do") == "check":
                return self._page(request, await onboard.check(token, caller=network_of(request)))
            return await self._begin(request, onboard, token)
        except _REFUSED as error:
            return await context.no_link(request, error)
        except LinkSpent:
            return RedirectResponse(f"/o/{token}", status_code=303)

    async def answer(self, request: Request) -> Response:
        """GET: Microsoft's answer, which is a hint: what counts is whether Graph answers."""
        context, query = self._context, request.query_params
        if request.method == "HEAD":
            return Response()
        onboard = context.services.onboard
        if onboard is None or len(request.scope["query_string"]) > LONGEST_QUERY:
            return context.pages.problem(request, 400)
        try:
            asked = await onboard.finish(
                state=query.get("state", ""),
                browser=context.cookies.read(request, Cookie.BROWSER),
                error=query.get("error", ""),
                reason=query.get("error_description", ""),
                admin_consent=query.get("admin_consent", ""),
            )
        except UNFINISHED as error:
            return await context.unfinished(request, error, AGAIN)
        if asked.stage is Granting.ANSWERED:
            return RedirectResponse(AGAIN, status_code=303)  # the link's page says how it stands
        return self._page(request, asked)

    async def _begin(self, request: Request, onboard: Onboard, token: str) -> Response:
        cookies = self._context.cookies
        address, browser = await onboard.begin(
            token, browser=cookies.read(request, Cookie.BROWSER), caller=network_of(request)
        )
        response = RedirectResponse(address, status_code=303)
        cookies.keep(response, Cookie.BROWSER, browser, ATTEMPT_LIFETIME)
        cookies.keep(response, Cookie.ORIGIN, f"o.{token}", ATTEMPT_LIFETIME)
        return response

    def _page(self, request: Request, asked: Onboarding, *, given_at: str = "") -> Response:
        """How it stands. Once Microsoft has said yes, whose tenant it is stands on no page."""
        open_yet = asked.stage not in (Granting.ANSWERED, Granting.CONFIRMED)
        return self._context.leading_page(
            request,
            "grant.html",
            tenant=asked.domain if open_yet else "",
            given_at=given_at,
            answered=asked.stage is Granting.ANSWERED,
            confirmed=asked.stage is Granting.CONFIRMED,
        )
