"""The page behind a personal link: what is asked, and the ways to answer.

Opening it (GET, HEAD) changes nothing, however often: chat and mail scanners fetch links. Only its
forms do, and the link is spent by none of them: that takes the proof
(`bot.services.consent.prove`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.context import TOKEN, PageContext
from adapters.web.cookies import Cookie
from adapters.web.links.phrases import GRANTS, later_fields, later_wanted
from adapters.web.networks import network_of
from bot.chat.typed.verbs import typed
from bot.domain.campaign.windows import OKTA_CONSENT
from bot.domain.consent.requests import ConsentRequest
from bot.domain.consent.snooze import zone_named
from bot.domain.people.admins import Platform
from bot.errors import (
    LinkExpired,
    LinkRevoked,
    LinkSpent,
    LinkUnknown,
    SessionUnknown,
    StepNotAllowed,
)
from bot.services.consent.acknowledge import LinkStatus
from bot.services.consent.actors import ByLink, BySession

_REFUSED = (LinkUnknown, LinkExpired, LinkRevoked)


class ConsentPage:
    """`/c/{token}`."""

    def __init__(self, context: PageContext) -> None:
        self._context = context

    async def show(self, request: Request) -> Response:
        """GET and HEAD: what the link is for, or how to go on with one that was used."""
        context, token = self._context, str(request.path_params["token"])
        if not TOKEN.fullmatch(token):
            return await context.no_link(request)
        try:
            view = await context.services.acknowledge.view(token)
        except LinkUnknown as error:
            return await context.no_link(request, error)
        context.count_fetch(request)
        if view.status is LinkStatus.EXPIRED:
            return await context.no_link(request, LinkExpired(""))
        if view.status is LinkStatus.REVOKED or view.request is None:
            return await context.no_link(request, LinkRevoked(""))
        if view.status is not LinkStatus.FRESH:
            goes_on = view.status is LinkStatus.BACK
            return await self._used(request, view.request, goes_on=goes_on)
        return self._ask(request, view.request, view.others)

    async def press(self, request: Request) -> Response:
        """POST: begin to prove, "not me", or "later"."""
        context, token = self._context, str(request.path_params["token"])
        if not TOKEN.fullmatch(token):
            return await context.no_link(request)
        form = await context.csrf.form(request)
        if form is None:
            return context.stale(request)
        try:
            match form.get("do", ""):
                case "begin":
                    return await self._begin(request, token)
                case "not_me":
                    return await self._not_me(request, token, form)
                case "later":
                    return await self._later(request, token, form)
        except _REFUSED as error:
            return await context.no_link(request, error)
        except (LinkSpent, StepNotAllowed):
            return RedirectResponse(f"/c/{token}", status_code=303)
        return context.pages.problem(request, 400)

    async def _begin(self, request: Request, token: str) -> Response:
        context = self._context
        begun = await context.services.prove.begin(
            token, browser=context.cookies.read(request, Cookie.BROWSER), caller=network_of(request)
        )
        return context.continue_with(request, begun, origin=f"c.{token}")

    async def _not_me(self, request: Request, token: str, form: Mapping[str, str]) -> Response:
        asked = await self._context.services.request_steps.not_me(
            ByLink(token, network_of(request)), form.get("suggestion", "")
        )
        return self._context.pages.show(request, "not_me.html", asked=asked)

    async def _later(self, request: Request, token: str, form: Mapping[str, str]) -> Response:
        local = later_wanted(form)
        if local is None:
            return self._context.pages.problem(request, 400, "when", again="")
        reason = form.get("reason", "")
        holder = ByLink(token, network_of(request))
        await self._context.services.request_steps.later(holder, local, reason)
        return RedirectResponse(f"/c/{token}", status_code=303)

    def _ask(
        self,
        request: Request,
        asked: ConsentRequest,
        others: tuple[ConsentRequest, ...],
    ) -> Response:
        context = self._context
        words = context.pages.words(request)
        zone = zone_named(asked.chat.time_zone)
        snooze = asked.snooze
        own = context.services.request_steps.deadline(asked)
        return context.leading_page(
            request,
            "ask.html",
            asked=asked,
            asked_at=words.moment(asked.requested_at, zone),
            verify=typed(f"verify {asked.code}", asked.chat.platform)
            if asked.chat.platform is not Platform.MAIL
            else "",
            deadline=words.date(OKTA_CONSENT.on),
            own_date=words.date(own.on) if own != OKTA_CONSENT else "",
            grants=[(name, words(key)) for name, key in GRANTS],
            signs_in=context.services.signs_in,
            others=[other.app_label for other in others],
            snoozed=words.moment(snooze.until, zone_named(snooze.zone)) if snooze else "",
            later=later_fields(context.services.request_steps.days_for_later(asked)),
        )

    async def _used(self, request: Request, asked: ConsentRequest, *, goes_on: bool) -> Response:
        """On to the steps for the browser with the session; any other learns the time alone.

        It is told in UTC: the zone would say where somebody lives.
        """
        context = self._context
        session = BySession(context.cookies.read(request, Cookie.SESSION), asked.id)
        try:
            await context.services.request_steps.progress(session)
        except SessionUnknown:
            pass  # which is what this page is for
        else:
            return RedirectResponse(f"/r/{asked.id}?again=1", status_code=303)
        at = asked.proof.at if asked.proof else asked.changed_at or asked.requested_at
        return context.leading_page(
            request,
            "used.html",
            taken_at=context.pages.words(request).moment(at, UTC),
            goes_on=goes_on and context.services.signs_in,
        )
