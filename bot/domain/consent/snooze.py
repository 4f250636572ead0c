""" "Later": a plan with a date, a time and a reason, instead of a promise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.time.calendar import DAY, Calendar

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


def plan(local: datetime, reason: str, now: datetime, deadline: date, calendar: Calendar) -> Snooze:
    """The plan, moved to the nearest moment that makes sense (`plan_snooze`).

    `calendar` is the person's working time, and has their zone; `now` is UTC.
    """
    # Anything may be typed, and the last hours of the year 9999 are not in UTC's calendar.
    here = now.astimezone(calendar.zone).replace(tzinfo=None)
    local = min(max(local, here - DAY), here + LONGEST_SNOOZE + DAY)
    wanted = local.replace(tzinfo=calendar.zone).astimezone(UTC)
    sensible = plan_snooze(wanted, now, deadline, calendar)
    if sensible != wanted:
        local = sensible.astimezone(calendar.zone).replace(tzinfo=None)
    return Snooze(local, calendar.zone.key, " ".join(reason.split())[:LONGEST_REASON])


LONGEST_SNOOZE = timedelta(days=60)
_AFTERNOON = time(14)


class SnoozeMoved(StrEnum):
    """Why something was put off to another moment than wanted; words under `later.moved_…`."""

    PAST = "past"
    CLOSED = "closed"  # outside of the person's working time
    LATE = "late"  # after the last working day before the date
    FAR = "far"  # further ahead than anything is put off


def snooze_choices(now: datetime, deadline: date, calendar: Calendar) -> tuple[datetime, ...]:
    """Moments to offer for "later", earliest first; the nearer the date, the fewer (maybe none).

    This afternoon, tomorrow morning, in three working days, in ten: each only while it leaves a
    working day before the date. Past the date only the next two are offered.
    """
    today = calendar.today(now)
    left = calendar.days_left(today, deadline)
    found: list[datetime] = []
    afternoon = datetime.combine(today, _AFTERNOON, calendar.zone).astimezone(UTC)
    if left != 0 and now + timedelta(hours=2) <= afternoon and calendar.is_open(afternoon):
        found.append(afternoon)
    for days in (1, 3, 10):
        if (left < 0 and days > 3) or (left >= 0 and days >= left):
            continue
        opening = calendar.opening(calendar.after(today, days))
        if opening is not None:
            found.append(opening[0])
    return tuple(found)


def plan_snooze(wanted: datetime, now: datetime, deadline: date, calendar: Calendar) -> datetime:
    """The nearest sensible moment to `wanted`: in the person's hours, not past, not too late.

    The latest is the opening of the last working day before the date (or, once the date is past,
    two weeks from now); when even that is past, it is the next working moment.
    """
    soonest, latest = snooze_bounds(now, deadline, calendar)
    # An opening is one already; any other bound may fall into a night, and the next morning does.
    return calendar.next_open(max(soonest, min(wanted, latest))) or soonest


def snooze_bounds(now: datetime, deadline: date, calendar: Calendar) -> tuple[datetime, datetime]:
    """The first and the last moment that something may be put off to (UTC)."""
    today = calendar.today(now)
    soonest = calendar.next_open(now + timedelta(minutes=15)) or now
    if deadline >= today:
        last = calendar.opening(calendar.last_working_day(deadline))
        latest = last[0] if last is not None else soonest
    else:
        latest = now + timedelta(days=14)
    return soonest, max(soonest, min(latest, now + LONGEST_SNOOZE))


def why_moved(
    wanted: datetime, kept: datetime, now: datetime, deadline: date, calendar: Calendar
) -> SnoozeMoved | None:
    """Why `kept` is not what was `wanted` (UTC); None when it is."""
    if kept == wanted:
        return None
    if kept > wanted:
        return SnoozeMoved.PAST if wanted <= now else SnoozeMoved.CLOSED
    is_ahead = deadline >= calendar.today(now)
    last = calendar.last_working_day(deadline)
    return SnoozeMoved.LATE if is_ahead and calendar.day_of(wanted) >= last else SnoozeMoved.FAR
