"""The cookies: what one browser holds between two pages. Their values are secrets.

All are HttpOnly, for this host alone, and SameSite=Lax: people come from chat and from Microsoft by
a cross-site GET, and must be known again then; a cross-site POST never brings them.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

LONGEST = 100  # characters; ours have 43 to 45


class Cookie(StrEnum):
    """What there is."""

    CSRF = "csrf"  # also stands in the form: `adapters.web.csrf`
    BROWSER = "browser"  # binds a sign-in under way to the browser that began it
    ORIGIN = "origin"  # the link that a sign-in began with, for the way back to it
    SESSION = "session"  # what the proof opened: `bot.services.consent.actors`
    OPERATOR = "operator"  # what an operator's sign-in opened: `bot.services.operators.sign_in`


class Cookies:
    """Reads and keeps them. `secure` is true on https."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        # The prefix makes browsers refuse the cookie from any other host, subdomains included
        # (RFC 6265bis); it exists for https only.
        self._prefix = "__Host-o365bot-" if secure else "o365bot-"

    def read(self, request: Request, which: Cookie) -> str:
        """What the browser holds; "" for nothing, and for what cannot be ours."""
        value = request.cookies.get(self._prefix + which, "")
        return value if len(value) <= LONGEST and value.isascii() else ""

    def keep(
        self, response: Response, which: Cookie, value: str, lasts: timedelta | None = None
    ) -> None:
        """Leave it in the browser, for `lasts` or until the browser ends."""
        response.set_cookie(
            self._prefix + which,
            value,
            max_age=int(lasts.total_seconds()) if lasts else None,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def drop(self, response: Response, which: Cookie) -> None:
        """Take it away."""
        response.delete_cookie(
            self._prefix + which, path="/", secure=self._secure, httponly=True, samesite="lax"
        )
