"""A waiver: an operator accepts an app as it is, with a reason, up to a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

WARNED_BEFORE = timedelta(days=7)
"""So long before it ends the operators are told that it will."""
LONGEST_REASON = 300
"""Characters."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """What was said. It holds up to and with the day `until`, which is over at `ends_at` (UTC).

    `by` is who said it, in the form of an audit's actor, `by_name` what they are called; `since` is
    when (UTC). `warned`: the operators know that it ends, or it is too short for that.
    """

    until: date
    ends_at: datetime
    why: str
    by: str
    by_name: str
    since: datetime
    warned: bool = False

    @property
    def warns_at(self) -> datetime:
        """When the operators are told that it ends (UTC)."""
        return self.ends_at - WARNED_BEFORE

    @property
    def next_at(self) -> datetime:
        """When something about it is due (UTC): the warning, then its end."""
        return self.ends_at if self.warned else self.warns_at

    def holds(self, now: datetime) -> bool:
        """Whether it holds at `now` (UTC)."""
        return now < self.ends_at
