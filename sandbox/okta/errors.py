"""Okta's error object and its rate limits.

Shapes and codes are those of developer.okta.com, "Error codes and descriptions" and
"Rate limits overview": every answer carries `X-Rate-Limit-*`, a window lasts a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.responses import JSONResponse

from sandbox.company.records import OktaOrg, okta_id

_SUMMARIES = {
    "E0000006": "You do not have permission to perform the requested action",
    "E0000011": "Invalid token provided",
    "E0000022": "The endpoint does not support the provided HTTP method",
    "E0000031": "Invalid search criteria.",
    "E0000047": "API call exceeded rate limit due to too many requests.",
}
WINDOW_SECONDS = 60


class OktaError(Exception):
    """An answer of the Okta API that is not a success."""

    def __init__(
        self,
        status: int,
        code: str,
        summary: str | None = None,
        *causes: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.summary = summary or _SUMMARIES[code]
        self.causes = causes
        self.headers = headers or {}

    def response(self) -> JSONResponse:
        """The error object as Okta sends it."""
        return JSONResponse(
            {
                "errorCode": self.code,
                "errorSummary": self.summary,
                "errorLink": self.code,
                "errorId": okta_id("oae", str(time.time_ns())),
                "errorCauses": [{"errorSummary": cause} for cause in self.causes],
            },
            self.status,
            headers=self.headers,
        )


def not_found(what: str, kind: str) -> OktaError:
    """404 for an id that names nothing, such as `not_found("0oa1", "AppInstance")`."""
    return OktaError(404, "E0000007", f"Not found: Resource not found: {what} ({kind})")


def bucket_of(path: str) -> str:
    """The rate-limit bucket of a request path."""
    parts = path.strip("/").split("/")
    if parts[0] != "api":
        return "/oauth2/v1"
    kind = parts[2] if len(parts) > 2 else ""
    if kind in ("apps", "users") and len(parts) == 4:
        return f"/api/v1/{kind}/{{id}}"
    if kind in ("apps", "users", "groups", "logs", "iam"):
        return f"/api/v1/{kind}"
    return "/api/v1"


@dataclass
class RateLimiter:
    """Counts the calls of each client in each bucket; windows start with a client's first call.

    Okta lets one token or service app use half of an org's bucket by default
    (developer.okta.com, "Rate limits: per-API token and OAuth apps"); `OktaOrg.client_share`.
    """

    org: OktaOrg
    clock: Callable[[], float] = time.time
    _windows: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)

    def at_once(self) -> dict[str, str]:
        """The headers of a refusal for too many calls at once ("Concurrency limits")."""
        return {
            "X-Rate-Limit-Limit": "0",
            "X-Rate-Limit-Remaining": "0",
            "X-Rate-Limit-Reset": str(int(self.clock()) + WINDOW_SECONDS),
        }

    def count(self, path: str, client: str) -> dict[str, str]:
        """The headers for this call. Raises `OktaError` 429 when the window is used up."""
        bucket = bucket_of(path)
        limit = max(1, int(self.org.limits[bucket] * self.org.client_share))
        now = self.clock()
        reset, used = self._windows.get((bucket, client), (0.0, 0))
        if reset <= now:
            reset, used = now + WINDOW_SECONDS, 0
        used += 1
        self._windows[bucket, client] = (reset, used)
        headers = {
            "X-Rate-Limit-Limit": str(limit),
            "X-Rate-Limit-Remaining": str(max(0, limit - used)),
            "X-Rate-Limit-Reset": str(int(reset)),
        }
        if used > limit:
            raise OktaError(429, "E0000047", headers=headers)
        return headers
