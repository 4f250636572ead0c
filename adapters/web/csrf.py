"""That a form was pressed on our own page, in this browser.

Two independent checks: what the browser says about where the request came from (Fetch Metadata,
Origin), and a random value that must stand both in a cookie and in the form ("double submit", OWASP
Cross-Site Request Forgery Prevention Cheat Sheet).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from adapters.web.cookies import Cookie, Cookies

FIELD = "csrf"
MOST_FIELDS = 8
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Csrf:
    """The checks for one site. `origin` is its scheme, host and port."""

    def __init__(self, origin: str, cookies: Cookies) -> None:
        self._origin = origin
        self._cookies = cookies

    def value(self, request: Request) -> str:
        """The browser's present value, so that two open tabs both work, or a new one."""
        present = self._cookies.read(request, Cookie.CSRF)
        return present if _VALUE.fullmatch(present) else secrets.token_urlsafe(32)

    def remember(self, response: Response, value: str) -> None:
        """Leave the value in the browser, for this session."""
        self._cookies.keep(response, Cookie.CSRF, value)

    async def form(self, request: Request) -> Mapping[str, str] | None:
        """The fields of a form that was pressed on our own page; None for any other.

        A field that is there twice, or holds a file, is left out.
        """
        if not self._is_own(request):
            return None
        form = await request.form(max_files=0, max_fields=MOST_FIELDS)
        fields = {
            name: values[0]
            for name in form
            if len(values := form.getlist(name)) == 1 and isinstance(values[0], str)
        }
        kept = self._cookies.read(request, Cookie.CSRF)
        sent = fields.get(FIELD, "")
        if not _VALUE.fullmatch(kept) or not secrets.compare_digest(sent.encode(), kept.encode()):
            return None
        return fields

    def _is_own(self, request: Request) -> bool:
        """Whether the browser says that the request came from our own page.

        Under `Referrer-Policy: no-referrer` browsers send `Origin: null` even to their own site
        (Fetch standard, "append a request `Origin` header"), so Fetch Metadata decides where it is
        sent, and a plain Origin where it is not. With neither it was no browser.
        """
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None:
            return site == "same-origin" and origin in (None, "null", self._origin)
        return origin == self._origin
