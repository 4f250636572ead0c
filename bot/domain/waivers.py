"""A waiver: an operator accepts an app as it is, with a reason, until a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

WARNED_BEFORE = timedelta(days=7)
"""So long before it ends the operators are told that it will."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """What was said. It holds up to and with the day `until`, which is over at `ends_at` (UTC).

    `by` is the operator's chat identity, `by_name` how they are called; `since` is when they said
    it (UTC).
    """

    until: date
    ends_at: datetime
    why: str
    by: str
    by_name: str
    since: datetime

    @property
    def warns_at(self) -> datetime:
        """When the operators are told that it ends (UTC)."""
        return self.ends_at - WARNED_BEFORE

    def holds(self, now: datetime) -> bool:
        """Whether it holds at `now` (UTC)."""
        return now < self.ends_at

    def next_after(self, now: datetime) -> datetime:
        """When something about it changes next, after `now` (UTC)."""
        return self.warns_at if now < self.warns_at else self.ends_at
