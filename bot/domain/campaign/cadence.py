"""On which day, and at which moment of it, somebody may be told.

Days are local dates of the person's calendar, moments are UTC.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Audience
from bot.domain.delivery.notices import Notice
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import DAY, Calendar

WEEK = timedelta(days=7)
_LONGEST = 130  # working days: no cadence is slower than half a year


def calendar_of(recipient: Recipient, now: datetime, policy: Policy) -> Calendar:
    """Their working time; the days of absences that begin later are not worked."""
    calendar = policy.calendars.of_person(recipient.chat)
    ahead = _ahead(recipient, calendar.today(now))
    return _without(calendar, ahead) if ahead else calendar


@lru_cache(maxsize=64)
def _without(calendar: Calendar, absences: Sequence[tuple[date, date]]) -> Calendar:
    for first, last in absences:
        calendar = calendar.without(first, last)
    return calendar


def leaves_at(recipient: Recipient, now: datetime, policy: Policy) -> datetime | None:
    """When the next absence that they spoke of begins; None: none is to come."""
    calendar = policy.calendars.of_person(recipient.chat)
    ahead = _ahead(recipient, calendar.today(now))
    return start_of(ahead[0][0], calendar) if ahead else None


def _ahead(recipient: Recipient, today: date) -> tuple[tuple[date, date], ...]:
    left = recipient.away_from(today)
    return tuple((one.first, one.last) for one in left if one.first is not None)


def is_missed(recipient: Recipient, now: datetime, calendar: Calendar) -> bool:
    """Whether they are away on the day on which a message of now is for their hours."""
    return recipient.is_away(calendar.day_of(calendar.next_open(now) or now))


def due_day(
    told_on: date, deadline: date, calendar: Calendar, today: date, policy: Policy, *, early: bool
) -> tuple[date, date | None]:
    """The day of the next reminder, today or later, and the day of the last call before the date.

    `early`: it is one of the first ones. `date.max` when no window lets the person be told.
    """
    last_day = calendar.last_working_day(deadline)
    last_window = policy.campaign.window(calendar.days_left(last_day, deadline))
    told_then = Audience.PERSON in last_window.audience
    final = last_day if told_on < last_day and last_day >= today and told_then else None
    day = calendar.next_working_day(max(today, told_on + DAY))
    gone = calendar.days_left(told_on, day)
    for _ in range(_LONGEST):
        window = policy.campaign.window(calendar.days_left(day, deadline))
        every = min(window.every, policy.early_every) if early else window.every
        if day == final or (Audience.PERSON in window.audience and gone >= every):
            return day, final
        day = calendar.next_working_day(day + DAY)
        gone += 1
    return date.max, final


def week_free_from(recipient: Recipient, now: datetime, policy: Policy) -> datetime:
    """From when on the week has room for another message, whatever the ones before were.

    What an operator is told of all apps counts as well, and the rest of its day is quiet.
    """
    week = now - WEEK
    heard = [at for at in (*recipient.rounds, *recipient.digests) if at > week]
    free = now
    if recipient.digests:
        calendar = policy.calendars.of_person(recipient.chat)
        free = max(free, start_of(calendar.day_of(recipient.digests[-1]) + DAY, calendar))
    if len(heard) >= policy.per_week:
        free = max(free, sorted(heard)[-policy.per_week] + WEEK)
    return free


def available_from(recipient: Recipient, now: datetime, policy: Policy) -> datetime:
    """From when on somebody may be told what can wait: they are there, and their week has room."""
    free, calendar = (
        week_free_from(recipient, now, policy),
        policy.calendars.of_person(recipient.chat),
    )
    return max(free, start_of(recipient.back_on(calendar.today(now)), calendar))


def moment_of(
    chat: ChatIdentity,
    day: date,
    earliest: datetime,
    calendar: Calendar,
    policy: Policy,
    occasion: str = "",
) -> tuple[date, datetime] | None:
    """The first moment from `earliest` on that is this person's, and its day.

    It is never at the stroke of the hour. Each person has minutes of their own, and others for each
    `occasion`, so that a company's morning is no burst.
    """
    day = max(day, calendar.today(earliest))
    for _ in range(_LONGEST):
        day = calendar.next_working_day(day)
        opening = calendar.opening(day)
        if opening is not None:
            first, last = opening
            spread = min(policy.jitter, (last - first) / 2).total_seconds()
            own = first + timedelta(
                seconds=_own_part(f"{occasion}{chat.user_id}", day) * spread // 1
            )
            moment = own if own > earliest else earliest
            if moment < last and calendar.is_open(moment):
                return day, moment
        day += DAY
    return None


def is_timely(notice: Notice, now: datetime, policy: Policy) -> bool:
    """Whether it may still be told: what is for a day, on that day in the person's hours.

    What was held up is told by the next one, from the truth of that day.
    """
    if not notice.day or not isinstance(notice.to, ChatIdentity):
        return True
    calendar = policy.calendars.of_person(notice.to)
    return notice.day.startswith(calendar.today(now).isoformat()) and calendar.is_open(now)


def at_work(
    people: Sequence[Recipient], earliest: datetime, now: datetime, policy: Policy
) -> datetime:
    """The first moment from `earliest` on at which all of them are at work, as of `now`.

    Where they are not at the same time within a week, at which the last one is.
    """
    calendars = [calendar_of(one, now, policy) for one in people]
    at = earliest
    while at < earliest + WEEK:
        openings = [calendar.next_open(at) for calendar in calendars]
        latest = max((one for one in openings if one is not None), default=at)
        if latest == at:
            return at
        at = latest
    return calendars[-1].next_open(earliest) or earliest


def _own_part(name: str, day: date) -> float:
    """Between 0 and 1, the same for the same name and day in every process."""
    return zlib.crc32(f"{name}:{day.toordinal()}".encode()) / 2**32


def start_of(day: date, calendar: Calendar) -> datetime:
    """The first moment of a local day, in UTC."""
    return datetime.combine(day, time(), calendar.zone).astimezone(UTC)
