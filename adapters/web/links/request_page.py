"""The page after the proof: the steps, what was seen, and how it stands until it is done.

It belongs to the browser that proved who uses it. To any other it does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.context import PageContext
from adapters.web.cookies import Cookie
from adapters.web.links.live import Live
from adapters.web.links.phrases import GRANTS, later_fields, later_wanted, status_of
from adapters.web.middleware import page_policy
from bot.domain.consent.requests import TAKEN_ON, Button, ConsentRequest, Stage
from bot.domain.consent.snooze import zone_named
from bot.domain.evidence.observations import told_by
from bot.errors import (
    ChatError,
    CloudError,
    NobodyReachable,
    RoleLost,
    SessionUnknown,
    StepNotAllowed,
)
from bot.services.consent.actors import BySession
from bot.services.consent.request_steps import Progress

_PAGES: Mapping[Stage, str] = {
    Stage.ACKNOWLEDGED: "follow.html",
    Stage.SAVED: "follow.html",
    Stage.DONE: "done.html",
    Stage.DECLINED: "not_me.html",
}


class RequestPage:
    """`/r/{request_id}`, and its stream of news."""

    def __init__(self, context: PageContext, live: Live) -> None:
        self._context = context
        self._live = live

    async def show(self, request: Request) -> Response:
        """GET and HEAD. Changes nothing."""
        actor = self._actor(request)
        try:
            progress = await self._context.services.request_steps.progress(actor)
        except SessionUnknown:
            return self._stranger(request)
        asked = progress.request
        template = _PAGES.get(asked.stage)
        if template is None:
            return self._context.pages.problem(request, 410, "revoked")
        if asked.stage not in TAKEN_ON:
            return self._context.form_page(
                request, template, asked=asked, taken_at=self._taken_at(request, asked)
            )
        page = self._context.form_page(request, template, **await self._guide(request, progress))
        page.headers["Content-Security-Policy"] = page_policy(follows=True)
        return page

    async def press(self, request: Request) -> Response:
        """POST: one of the person's steps, then back to the page."""
        form = await self._context.csrf.form(request)
        if form is None:
            return self._context.stale(request)
        actor = self._actor(request)
        way = f"/r/{actor.request_id}"
        if form.get("do") == "sign_out":
            return await self._sign_out(request, actor)
        try:
            said = await self._take(actor, form)
        except RoleLost:
            return self._context.pages.problem(request, 403, "rolelost")
        except SessionUnknown:
            return self._stranger(request)
        except StepNotAllowed:
            said = "over"
        except NobodyReachable:
            return self._context.pages.problem(request, 404, "nobody", again=way)
        except (CloudError, ChatError):
            return self._context.pages.problem(request, 502, "elsewhere", again=way)
        if said is None:
            return self._context.pages.problem(request, 400, "when", again=way)
        return RedirectResponse(f"{way}?said={said}" if said else way, status_code=303)

    async def _sign_out(self, request: Request, actor: BySession) -> Response:
        await self._context.services.actors.close(actor.secret)
        page = self._context.pages.show(request, "signed_out.html")
        for cookie in Cookie:
            self._context.cookies.drop(page, cookie)
        page.headers["Clear-Site-Data"] = '"cache"'
        return page

    async def news(self, request: Request) -> Response:
        """GET: server-sent events for as long as there is something to follow."""
        actor = self._actor(request)
        if request.method == "HEAD":
            return Response()
        try:
            await self._context.services.request_steps.progress(actor)
        except SessionUnknown:
            return self._stranger(request)
        return self._live.stream(self._context.pages.words(request), actor)

    async def _take(self, actor: BySession, form: Mapping[str, str]) -> str | None:
        """What was done, as the page's note about it; None for a form that says nothing."""
        request_steps = self._context.services.request_steps
        seen = next((one for one in Button if one.value == form.get("saw")), None)
        match form.get("do", ""):
            case "saved":
                await request_steps.saved(actor)
                return ""
            case "attest" if seen is not None:
                await request_steps.attest(actor, seen, told_by(form))
                return "noted"
            case "already":
                await request_steps.already(actor)
                return ""
            case "not_me":
                await request_steps.not_me(actor, form.get("suggestion", ""))
                return ""
            case "later" if (local := later_wanted(form)) is not None:
                await request_steps.later(actor, local, form.get("reason", ""))
                return ""
            case "introduce":
                await self._context.services.introduce(actor)
                return "introduced"
        return None

    async def _guide(self, request: Request, progress: Progress) -> dict[str, Any]:
        context, asked = self._context, progress.request
        words = context.pages.words(request)
        actor = self._actor(request)
        snooze = asked.snooze
        others = []
        for other in progress.others:
            one = await context.services.request_steps.progress(BySession(actor.secret, other.id))
            others.append((other, one.integration_tab, words(f"stage.{other.stage.value}")))
        return {
            "asked": asked,
            "taken_at": self._taken_at(request, asked),
            "known_by": words(f"proof.{asked.proof.kind.value}") if asked.proof else "",
            "again": "again" in request.query_params,
            "said": request.query_params.get("said", ""),
            "integration_tab": progress.integration_tab,
            "request_status": status_of(words, progress),
            "grants": [(name, words(key)) for name, key in GRANTS],
            "okta_admins": await context.services.introduce.offer(actor),
            "others": others,
            "snoozed": words.moment(snooze.until, zone_named(snooze.zone)) if snooze else "",
            "later": later_fields(context.services.request_steps.days_for_later(asked)),
            "live_at": f"/r/{asked.id}/live",
            "here": f"/r/{asked.id}",
        }

    def _taken_at(self, request: Request, asked: ConsentRequest) -> str:
        at = asked.proof.at if asked.proof else asked.changed_at or asked.requested_at
        return self._context.pages.words(request).moment(at, zone_named(asked.chat.time_zone))

    def _actor(self, request: Request) -> BySession:
        secret = self._context.cookies.read(request, Cookie.SESSION)
        return BySession(secret, str(request.path_params["request_id"]))

    def _stranger(self, request: Request) -> Response:
        """Told alike whether there is such a request or not."""
        return self._context.pages.problem(request, 404, "session")
