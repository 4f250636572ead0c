""" "Later": a plan with a date, a time and a reason, instead of a promise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SOONEST = timedelta(minutes=30)
LATEST = timedelta(days=30)
LONGEST_REASON = 300  # characters


@dataclass(frozen=True, slots=True)
class Snooze:
    """When the person wants to hear of it again, as they said it.

    `local` is a date and time without a zone, `zone` the name of the person's own (IANA). So it
    stays nine in the morning for them, whatever the clocks do in between.
    """

    local: datetime
    zone: str
    reason: str = ""

    @property
    def until(self) -> datetime:
        """The same moment in UTC. A time that the clocks skip is read as if they had not."""
        return self.local.replace(tzinfo=zone_named(self.zone)).astimezone(UTC)


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name; UTC for one that is not known."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def plan(local: datetime, zone: str, reason: str, now: datetime) -> Snooze:
    """The plan, moved into what makes sense: not the past, and not out of sight. `now` is UTC."""
    known = zone_named(zone)
    wanted = local.replace(tzinfo=known).astimezone(UTC)
    sensible = min(max(wanted, now + SOONEST), now + LATEST)
    if sensible != wanted:
        local = sensible.astimezone(known).replace(tzinfo=None, second=0, microsecond=0)
    return Snooze(local, known.key, " ".join(reason.split())[:LONGEST_REASON])


def choices(zone: str, now: datetime) -> tuple[datetime, ...]:
    """What to offer, as local times: in three hours, tomorrow at nine, and Monday at nine."""
    here = now.astimezone(zone_named(zone)).replace(tzinfo=None, second=0, microsecond=0)
    nine = here.replace(hour=9, minute=0)
    tomorrow = nine + timedelta(days=1)
    monday = nine + timedelta(days=7 - here.weekday())
    return tuple(dict.fromkeys((here + timedelta(hours=3), tomorrow, monday)))
