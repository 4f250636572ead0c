"""What all replicas count together: calls, messages, attempts, what was seen before.

Every method may raise StoreError.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.delivery.limits import Pacing


class Pace(Protocol):
    """The platforms' limits, kept by all replicas together (raises StoreError)."""

    async def slot(self, pacing: Pacing, now: datetime, held: datetime | None = None) -> datetime:
        """When the call may be made: `now` at the earliest; that time is then kept free for it.

        `held`: a time that was kept free for it before. It still counts, unless it is long over or
        a pause came up.
        """
        ...

    async def pause(self, scope: str, until: datetime) -> None:
        """No replica makes a call of this `platform` or `shared` quota before then."""
        ...


class Once(Protocol):
    """Acting once on what may arrive twice."""

    async def first_time(self, key: str, remember: timedelta) -> bool:
        """True for the first caller with `key` within `remember`, False for all others."""
        ...


@dataclass(frozen=True, slots=True)
class RateWindow:
    """What an API says of one of its limits.

    `number` grows from window to window; `limit` calls fit into one, `left` of them are left until
    `ends` (UTC).
    """

    number: int
    limit: int
    left: int
    ends: datetime


class RateBudget(Protocol):
    """Calls to a rate-limited API, counted over all who make them. Times are UTC."""

    async def take(self, bucket: str, keep_free: float, now: datetime) -> float:
        """Take one call: 0 when it may go out now, else the seconds to wait before asking again.

        `keep_free` is the share of the limit that is left to others.
        """
        ...

    async def learn(self, bucket: str, window: RateWindow, now: datetime) -> None:
        """Take over what an answer says of the limit."""
        ...

    async def block(self, bucket: str, until: datetime, now: datetime) -> None:
        """Let no call out before then."""
        ...


class Limits(Protocol):
    """How often something may happen, counted over all replicas (raise StoreError)."""

    async def hit(self, what: str, most: int, per: timedelta) -> float:
        """Count one; 0.0 while there were no more than `most` in this window of `per`.

        Else the seconds until the next window. `what` is stored as a digest.
        """
        ...
