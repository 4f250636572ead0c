"""What the services did, counted in this process for Prometheus, as logs are written.

A label has one of a few known values: no name, no address, nothing that somebody typed.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import get_args

from prometheus_client import Counter, Histogram

from bot.domain.delivery.notices import Notice


class Outcome(StrEnum):
    """What an attempt to send came to. `LATER`: put off, or tried again."""

    SENT = "sent"
    LATER = "later"
    FAILED = "failed"
    DROPPED = "dropped"  # there was nothing to tell any more


KINDS = tuple(sorted(one.__dataclass_fields__["kind"].default for one in get_args(Notice)))

_DELIVERIES = Counter(
    "o365bot_deliveries", "Attempts to send a message, by kind and result.", ["kind", "result"]
)
for _kind in KINDS:
    for _result in Outcome:
        _DELIVERIES.labels(_kind, _result)

_HOUR, _DAY = 3600, 86400
_ACKNOWLEDGED = Histogram(
    "o365bot_acknowledgement_seconds",
    "From asking somebody until they took it on.",
    buckets=(300, _HOUR, 4 * _HOUR, 8 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY),
)
_SCAN = Histogram(
    "o365bot_scan_seconds",
    "How long looks at an Okta org took.",
    ["org", "result"],
    buckets=(1, 5, 15, 60, 300, 900, _HOUR, 4 * _HOUR),
)


def delivered(notice: Notice, result: Outcome) -> None:
    """An attempt ended."""
    _DELIVERIES.labels(notice.kind, result).inc()


def acknowledged(after: timedelta) -> None:
    """Somebody took on what they were asked for."""
    _ACKNOWLEDGED.observe(after.total_seconds())


def scanned(org: str, seconds: float, *, well: bool) -> None:
    """A look at an org ended; `org` is its name in the settings."""
    _SCAN.labels(org, "ok" if well else "failed").observe(seconds)


def expect(orgs: tuple[str, ...]) -> None:
    """Show these orgs before the first look, so that an alert can tell none from no news."""
    for org in orgs:
        for result in ("ok", "failed"):
            _SCAN.labels(org, result)
