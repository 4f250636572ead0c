"""One person who is reminded: what they were told, and what they asked for.

"Later" is a plan, not a mute: an absolute moment, kept with its reason, in the person's own working
hours, and never past the date.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.calendar import Calendar
from bot.domain.people import ChatIdentity

KEPT_ROUNDS = 32


@dataclass(frozen=True, slots=True)
class Snooze:
    """When the person wants to hear again (UTC), why, and when they said so."""

    until: datetime
    reason: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    """What one person was told and what they answered. Times are UTC; `revision` counts changes.

    `rounds` are the latest personal reminders, oldest first. `answered_at` is the last time the
    person reacted to one: silence is counted from there. `away_until` is the last day of an absence
    (local date). `handed_over` names requests that the operators have been told about; they are
    not repeated to this person.
    """

    chat: ChatIdentity
    rounds: tuple[datetime, ...] = ()
    answered_at: datetime | None = None
    snooze: Snooze | None = None
    away_until: date | None = None
    handed_over: frozenset[str] = frozenset()
    revision: int = 0

    def told(self, at: datetime) -> Recipient:
        """After a round at `at`: an earlier snooze has done its work."""
        kept = (*self.rounds, at)[-KEPT_ROUNDS:]
        return replace(self, rounds=kept, snooze=None, revision=self.revision + 1)

    def snoozed(self, snooze: Snooze) -> Recipient:
        """After "later"."""
        return replace(self, snooze=snooze, answered_at=snooze.said_at, revision=self.revision + 1)

    def away(self, until: date, now: datetime) -> Recipient:
        """After "I am away until then"; a day in the past ends an absence."""
        return replace(self, away_until=until, answered_at=now, revision=self.revision + 1)

    def over(self, request_ids: frozenset[str]) -> Recipient:
        """After the operators were told about these requests."""
        return replace(self, handed_over=self.handed_over | request_ids, revision=self.revision + 1)


LONGEST_SNOOZE = timedelta(days=60)
_AFTERNOON = time(14)


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
    today = calendar.today(now)
    soonest = calendar.next_open(now + timedelta(minutes=15)) or now
    if deadline >= today:
        last = calendar.opening(calendar.last_working_day(deadline))
        latest = last[0] if last is not None else soonest
    else:
        latest = now + timedelta(days=14)
    latest = min(latest, now + LONGEST_SNOOZE)
    # An opening is one already; any other bound may fall into a night, and the next morning does.
    return calendar.next_open(max(soonest, min(wanted, latest))) or soonest
