"""How often to poll after somebody said that it is done.

Consents and service accounts show up at Microsoft after seconds or minutes (Microsoft Graph,
"oAuth2PermissionGrant", replication delay), so the intervals grow. After the last look of the plan
the regular scans go on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

POLLS_AFTER = (
    timedelta(),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
)


@dataclass(frozen=True, slots=True)
class Polling:
    """Looks since a person said so. Times are UTC; `next_at` is None once the plan has ended."""

    since: datetime
    next_at: datetime | None
    looks: int = 0


def begin(now: datetime) -> Polling:
    """The plan from now on; its first look is at once."""
    return Polling(now, now + POLLS_AFTER[0])


def after_poll(watch: Polling, now: datetime) -> Polling:
    """The plan after another look that did not find it done."""
    looks = watch.looks + 1
    if looks >= len(POLLS_AFTER):
        return replace(watch, looks=looks, next_at=None)
    return replace(watch, looks=looks, next_at=max(watch.since + POLLS_AFTER[looks], now))
