"""Staying within an org's rate limits, and leaving a share of them to everybody else.

Every answer of Okta carries `X-Rate-Limit-Limit`, `-Remaining` and `-Reset` (UTC epoch seconds, by
Okta's clock); a window lasts about a minute (developer.okta.com, "Rate limits", "Monitor your rate
limits"). Replicas share one budget in the store; while that is away, each counts for itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import structlog
from attrs import Factory, define, field

from adapters.http.answers import Answer, http_date
from bot.errors import StoreError
from bot.ports.store.limits import RateBudget, RateWindow
from bot.ports.system import Clock

KEEP_FREE = 0.2  # of each limit, for the org's other users
AT_ONCE = 4  # calls; Okta refuses more than 75 at once for the whole org
WINDOW = 60.0  # seconds, when an answer does not say how long to wait
CONCURRENCY_WAIT = timedelta(seconds=5)
LONGEST_WAIT = 120.0  # seconds: a reset further away than that is a clock gone wrong
ALONE_FOR = timedelta(seconds=30)  # before a store that was away is asked again

log = structlog.get_logger(__name__)

_SHAPES = (
    (re.compile(r"/api/v1/(apps|users|groups)/[^/]+/?$"), r"/api/v1/\1/{id}"),
    (re.compile(r"/api/v1/(apps|users|groups|iam|logs)\b.*"), r"/api/v1/\1"),
    (re.compile(r"/api/v1/.*"), r"/api/v1"),
)
# Every bucket that `bucket_of` can tell, apart from paths that are none of the API's.
_KINDS = ("apps", "users", "groups", "iam", "logs")
BUCKETS = (
    "/api/v1",
    *(f"/api/v1/{kind}" for kind in _KINDS),
    *(f"/api/v1/{kind}/{{id}}" for kind in _KINDS[:3]),
    "/oauth2/v1/token",
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

    def learn(self, window: RateWindow) -> None:
        """Answers overtake one another: one of a former window says nothing any more, and within a
        window what is left only shrinks.
        """
        if self.ends is None or window.number > self.window:
            self.window, self.ends, self.left = window.number, window.ends, window.left
        elif window.number == self.window:
            self.left = min(self.left, window.left)
        self.limit = window.limit


@define(eq=False)
class OktaPace:
    """The `Pace` of one client of one org. `sleep` and `clock` can be replaced for tests.

    `keep_free` is the share of each limit that is left to the org's other users. `shared` is the
    budget that other replicas count in as well.
    """

    _clock: Clock
    _sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _keep_free: float = KEEP_FREE
    _at_once: int = AT_ONCE
    _slots: asyncio.Semaphore = field(
        init=False, default=Factory(lambda pace: asyncio.Semaphore(pace._at_once), takes_self=True)
    )
    _shared: RateBudget | None = None
    _buckets: dict[str, _Bucket] = field(init=False, factory=dict)
    _alone_until: datetime | None = field(init=False, default=None)
    _news: list[tuple[str, RateWindow | datetime]] = field(init=False, factory=list)

    @asynccontextmanager
    async def turn(self, request: httpx.Request) -> AsyncIterator[None]:
        """Waits for a free slot while the bucket has calls left, else for its next window."""
        bucket = bucket_of(request.url.path)
        while True:
            async with self._slots:
                wait = await self._take(bucket)
                if wait <= 0:
                    yield
                    await self._pass_on()
                    return
            # Outside of the slot, so that one bucket's wait holds up no other.
            await self._sleep(wait)

    def learn(self, request: httpx.Request, answer: Answer) -> None:
        """Take over the limits of an answer; after a 429 nothing goes out before the reset."""
        name = bucket_of(request.url.path)
        bucket = self._buckets.setdefault(name, _Bucket())
        now = self._clock.now()
        limit = _numbers(answer.headers, "x-rate-limit-limit")
        left = _numbers(answer.headers, "x-rate-limit-remaining")
        number = max(_numbers(answer.headers, "x-rate-limit-reset"), default=0)
        wait = timedelta(seconds=reset_in(answer.headers))
        if answer.status == 429:
            if limit and max(limit) == 0:  # too many at once: the reset is a suggestion only
                wait = min(wait, CONCURRENCY_WAIT)
            bucket.blocked_until = now + wait
            self._news.append((name, now + wait))
        elif limit and left and number:
            window = RateWindow(number, min(limit), min(left), now + wait)
            bucket.learn(window)
            self._news.append((name, window))

    async def _take(self, name: str) -> float:
        """Seconds until a call may go out. When it is 0 the call is counted, here as well: this
        process may be alone at any time.
        """
        now = self._clock.now()
        bucket = self._buckets.setdefault(name, _Bucket())
        wait = None
        if (shared := self._reachable(now)) is not None:
            try:
                wait = await shared.take(name, self._keep_free, now)
            except StoreError as error:
                self._stay_alone(now, error)
        if wait is None:
            wait = bucket.wait(now, self._keep_free)
        if wait <= 0:
            bucket.left -= 1
        return wait

    async def _pass_on(self) -> None:
        """Tell the other replicas what the answers said."""
        news, self._news = self._news, []
        now = self._clock.now()
        if (shared := self._reachable(now)) is None:
            return
        try:
            for name, learnt in news:
                if isinstance(learnt, RateWindow):
                    await shared.learn(name, learnt, now)
                else:
                    await shared.block(name, learnt, now)
        except StoreError as error:
            self._stay_alone(now, error)

    def _reachable(self, now: datetime) -> RateBudget | None:
        away = self._alone_until is not None and now < self._alone_until
        return None if away else self._shared

    def _stay_alone(self, now: datetime, error: StoreError) -> None:
        self._alone_until = now + ALONE_FOR
        log.warning("rate limits are counted in this process only", reason=error.code)
