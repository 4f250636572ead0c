"""The page behind a personal link: what is asked, one button, and the way on.

Opening it (GET, HEAD) changes nothing, however often: chat and mail scanners fetch links. Only the
button's POST does.
"""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.csrf import FIELD, Csrf
from adapters.web.pages import Pages
from bot.domain.campaign import OKTA_CONSENT
from bot.domain.consent import ConsentRequest, Stage
from bot.errors import LinkExpired, LinkRevoked, LinkSpent, LinkUnknown
from bot.services.acknowledge import LinkStatus, LinkView

# What 256 bits look like, URL-safe; whatever looks otherwise never reaches the store.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,64}", re.ASCII)


class Links(Protocol):
    """A personal link's two verbs (`bot.services.acknowledge.Acknowledge`)."""

    async def view(self, token: str) -> LinkView: ...

    async def acknowledge(self, token: str) -> LinkView: ...


class ConsentPage:
    """`/c/{token}`."""

    def __init__(self, links: Links, pages: Pages, csrf: Csrf) -> None:
        self._links = links
        self._pages = pages
        self._csrf = csrf

    async def show(self, request: Request) -> Response:
        """GET and HEAD: what the link is for, or how to go on with one that was used."""
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token):
            return self._unknown(request)
        try:
            view = await self._links.view(token)
        except LinkUnknown:
            return self._unknown(request)
        if view.status is LinkStatus.EXPIRED:
            return self._expired(request)
        if view.status is LinkStatus.REVOKED or view.request is None:
            return self._revoked(request)
        if view.status is LinkStatus.USED:
            return self._guide(request, view, view.request)
        return self._ask(request, view.request)

    async def press(self, request: Request) -> Response:
        """POST: take it on, once, and lead back to the page, which then shows the steps."""
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token):
            return self._unknown(request)
        if not self._csrf.is_own(request) or not await self._csrf.matches(request):
            return self._pages.problem(request, 403, "stale", again=True)
        try:
            await self._links.acknowledge(token)
        except LinkUnknown:
            return self._unknown(request)
        except LinkExpired:
            return self._expired(request)
        except LinkRevoked:
            return self._revoked(request)
        except LinkSpent:
            return RedirectResponse(f"/c/{token}?again=1", status_code=303)
        return RedirectResponse(f"/c/{token}", status_code=303)

    def _ask(self, request: Request, asked: ConsentRequest) -> Response:
        words = self._pages.words(request)
        value = self._csrf.value(request)
        response = self._pages.show(
            request,
            "ask.html",
            asked=asked,
            asked_at=words.moment(asked.requested_at, _zone(asked)),
            deadline=words.date(OKTA_CONSENT.on),
            csrf_field=FIELD,
            csrf=value,
        )
        self._csrf.remember(response, value)
        return response

    def _guide(self, request: Request, view: LinkView, asked: ConsentRequest) -> Response:
        words = self._pages.words(request)
        taken_at = asked.proof.at if asked.proof else asked.changed_at or asked.requested_at
        return self._pages.show(
            request,
            "done.html" if asked.stage is Stage.DONE else "guide.html",
            asked=asked,
            taken_at=words.moment(taken_at, _zone(asked)),
            again="again" in request.query_params,
            integration_tab=view.integration_tab,
        )

    def _unknown(self, request: Request) -> Response:
        return self._pages.problem(request, 404, "unknown")

    def _expired(self, request: Request) -> Response:
        return self._pages.problem(request, 410, "expired")

    def _revoked(self, request: Request) -> Response:
        return self._pages.problem(request, 410, "revoked")


def _zone(asked: ConsentRequest) -> tzinfo:
    """The person's own zone as their chat platform tells it; UTC when it tells none we know."""
    try:
        return ZoneInfo(asked.chat.time_zone) if asked.chat.time_zone else UTC
    except (KeyError, ValueError, OSError):
        return UTC
