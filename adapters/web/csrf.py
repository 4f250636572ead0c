"""That a press of the button came from our own page, in this browser.

Two independent checks: what the browser says about where the request came from (Fetch Metadata,
Origin), and a random value that must stand both in a cookie and in the form ("double submit", OWASP
Cross-Site Request Forgery Prevention Cheat Sheet).
"""

from __future__ import annotations

import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

FIELD = "csrf"
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Csrf:
    """The checks for one site. `origin` is its scheme, host and port."""

    def __init__(self, origin: str, *, secure: bool) -> None:
        self._origin = origin.lower()
        self._secure = secure
        # The prefix makes browsers refuse the cookie from any other host, subdomains included
        # (RFC 6265bis); it exists for https only.
        self._cookie = "__Host-o365bot-csrf" if secure else "o365bot-csrf"

    def value(self, request: Request) -> str:
        """The browser's present value, so that two open tabs both work, or a new one."""
        present = request.cookies.get(self._cookie, "")
        return present if _VALUE.fullmatch(present) else secrets.token_urlsafe(32)

    def remember(self, response: Response, value: str) -> None:
        """Leave the value in the browser, for this session."""
        response.set_cookie(
            self._cookie, value, path="/", secure=self._secure, httponly=True, samesite="strict"
        )

    def is_own(self, request: Request) -> bool:
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

    async def matches(self, request: Request) -> bool:
        """Whether cookie and form carry the same value."""
        form = await request.form(max_files=0, max_fields=4)
        sent, kept = form.get(FIELD), request.cookies.get(self._cookie, "")
        return (
            isinstance(sent, str)
            and _VALUE.fullmatch(kept) is not None
            and secrets.compare_digest(sent.encode(), kept.encode())
        )
