"""Staying within an org's rate limits, and leaving a share of them to everybody else.

Every answer of Okta carries `X-Rate-Limit-Limit`, `-Remaining` and `-Reset` (UTC epoch seconds, by
Okta's clock); a window lasts about a minute (developer.okta.com, "Rate limits", "Monitor your rate
limits"). The budget is counted per process; one that is shared by replicas would be another `Pace`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from adapters.http.answers import Answer, http_date
from bot.ports import Clock

KEEP_FREE = 0.2  # of each limit, for the org's other users
AT_ONCE = 4  # calls; Okta refuses more than 75 at once for the whole org
WINDOW = 60.0  # seconds, when an answer does not say how long to wait
CONCURRENCY_WAIT = timedelta(seconds=5)
LONGEST_WAIT = 120.0  # seconds: a reset further away than that is a clock gone wrong

_SHAPES = (
    (re.compile(r"/api/v1/(apps|users|groups)/[^/]+/?$"), r"/api/v1/\1/{id}"),
    (re.compile(r"/api/v1/(apps|users|groups|iam|logs)\b.*"), r"/api/v1/\1"),
    (re.compile(r"/api/v1/.*"), r"/api/v1"),
)


def bucket_of(path: str) -> str:
    """The rate-limit bucket of a path: `/apps/{id}/…` counts with `/apps`, not with `/apps/{id}`.

    As in "APIs with rate limits" of developer.okta.com (its last public version, 2025). A wrong
    guess costs accuracy only: the limits themselves are taken from the answers.
    """
    for pattern, bucket in _SHAPES:
        if pattern.match(path):
            return pattern.sub(bucket, path)
    return path


def reset_in(headers: httpx.Headers) -> float:
    """Seconds until the window of this answer ends, by the server's own clock, and one to spare.

    Both times are whole seconds, hence the spare one. Without usable headers: a whole window.
    """
    reset = _numbers(headers, "x-rate-limit-reset")
    date = http_date(headers.get("date", ""))
    if not reset or date is None:
        return WINDOW
    return min(max(0.0, max(reset) - date.timestamp()) + 1.0, LONGEST_WAIT)


def _numbers(headers: httpx.Headers, name: str) -> list[int]:
    """Several values may be there: one per limit that applies."""
    values = (value.strip() for value in headers.get_list(name, split_commas=True))
    return [int(v) for v in values if v.isascii() and v.isdigit() and len(v) < 12]


@dataclass
class _Bucket:
    """One limit: until when the window lasts (None: not known) and how many calls are left."""

    window: int = 0
    ends: datetime | None = None
    limit: int = 0
    left: int = 0
    blocked_until: datetime | None = None

    def wait(self, now: datetime, keep_free: float) -> float:
        """Seconds until a call may go out; 0 for now."""
        if self.blocked_until is not None:
            if now < self.blocked_until:
                return (self.blocked_until - now).total_seconds()
            self.blocked_until = self.ends = None
        if self.ends is None or now >= self.ends:
            self.ends = None
            return 0.0
        if self.left <= int(self.limit * keep_free):
            return (self.ends - now).total_seconds()
        return 0.0


class OktaPace:
    """The `Pace` of one client of one org. `sleep` and `clock` can be replaced for tests."""

    def __init__(
        self,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        keep_free: float = KEEP_FREE,
        at_once: int = AT_ONCE,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._keep_free = keep_free
        self._slots = asyncio.Semaphore(at_once)
        self._buckets: dict[str, _Bucket] = {}

    def _bucket(self, request: httpx.Request) -> _Bucket:
        return self._buckets.setdefault(bucket_of(request.url.path), _Bucket())

    @asynccontextmanager
    async def turn(self, request: httpx.Request) -> AsyncIterator[None]:
        """Waits for a free slot while the bucket has calls left, else for its next window."""
        bucket = self._bucket(request)
        while True:
            async with self._slots:
                wait = bucket.wait(self._clock.now(), self._keep_free)
                if wait <= 0:
                    bucket.left -= 1
                    yield
                    return
            # Outside of the slot, so that one bucket's wait holds up no other.
            await self._sleep(wait)

    def learn(self, request: httpx.Request, answer: Answer) -> None:
        """Take over the limits of an answer; after a 429 nothing goes out before the reset."""
        bucket = self._bucket(request)
        now = self._clock.now()
        limit = _numbers(answer.headers, "x-rate-limit-limit")
        left = _numbers(answer.headers, "x-rate-limit-remaining")
        window = max(_numbers(answer.headers, "x-rate-limit-reset"), default=0)
        wait = timedelta(seconds=reset_in(answer.headers))
        if answer.status == 429:
            if limit and max(limit) == 0:  # too many at once: the reset is a suggestion only
                wait = min(wait, CONCURRENCY_WAIT)
            bucket.blocked_until = now + wait
        elif limit and left and window:
            # Answers overtake one another: one of a former window says nothing any more, and
            # within a window what is left only shrinks.
            if bucket.ends is None or window > bucket.window:
                bucket.window, bucket.ends, bucket.left = window, now + wait, min(left)
            elif window == bucket.window:
                bucket.left = min(bucket.left, *left)
            bucket.limit = min(limit)
