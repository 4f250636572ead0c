"""Working time: where somebody is, when they work there, and which days are free.

Everything is asked in moments (aware, UTC) and answered from local clocks, so that a change to
summer time moves nobody's morning. Which days are free comes in as data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.normalization import normalized
from bot.domain.people.admins import ChatIdentity

DaysOff = Callable[[str, int], frozenset[date]]
"""The public holidays of a country (ISO 3166 code), or of a region (`DE-BY`), in a year."""

DAY = timedelta(days=1)
# No calendar rests longer than this; one that never works is refused with the settings.
HORIZON = 400


def no_days_off(country: str, year: int) -> frozenset[date]:
    """For whoever keeps no holidays."""
    return frozenset()


@dataclass(frozen=True, slots=True)
class Hours:
    """The working week: from `start` until before `end`, local time; Monday is 0."""

    start: time = time(9)
    end: time = time(17)
    days: frozenset[int] = frozenset({0, 1, 2, 3, 4})


class Calendar:
    """The working time of one place. Answers are kept: the same days are asked for everybody."""

    def __init__(
        self,
        zone: ZoneInfo,
        hours: Hours = Hours(),
        *,
        country: str = "",
        days_off: DaysOff = no_days_off,
        quiet: frozenset[date] = frozenset(),
    ) -> None:
        self.zone = zone
        self.hours = hours
        self.country = country
        self._days_off = days_off
        self._quiet = quiet
        self._years: dict[int, frozenset[date]] = {}
        self._works: dict[date, bool] = {}
        self._openings: dict[date, tuple[datetime, datetime] | None] = {}
        self._left: dict[tuple[date, date], int] = {}
        self._today = (datetime.min, date.min)
        self._open = (datetime.min, False)

    def without(self, first: date, last: date) -> Calendar:
        """The same, where nothing is worked from `first` up to and with `last`."""
        days = (last - first).days + 1
        return Calendar(
            self.zone,
            self.hours,
            country=self.country,
            days_off=self._days_off,
            quiet=self._quiet | {first + n * DAY for n in range(days)},
        )

    def today(self, now: datetime) -> date:
        """The local date at `now`."""
        known_at, known = self._today
        if now is known_at:  # the same moment is asked for everybody
            return known
        today = self.day_of(now)
        self._today = (now, today)
        return today

    def day_of(self, at: datetime) -> date:
        """The local date at any other moment than the present."""
        return at.astimezone(self.zone).date()

    def works_on(self, day: date) -> bool:
        """Whether this is a working day: of the week, no holiday, no quiet date."""
        known = self._works.get(day)
        if known is None:
            known = self._works[day] = (
                day.weekday() in self.hours.days
                and day not in self._quiet
                and day not in self._holidays(day.year)
                and self.day_of(datetime.combine(day, time(12), self.zone)) == day
            )  # a zone that moves over the date line leaves a day out
        return known

    def _holidays(self, year: int) -> frozenset[date]:
        if year not in self._years:
            self._years[year] = self._days_off(self.country, year) if self.country else frozenset()
        return self._years[year]

    def is_open(self, now: datetime) -> bool:
        """Whether `now` is inside the working hours of a working day."""
        known_at, known = self._open
        if now is known_at:
            return known
        opening = self.opening(self.today(now))
        found = opening is not None and opening[0] <= now < opening[1]
        self._open = (now, found)
        return found

    def opening(self, day: date) -> tuple[datetime, datetime] | None:
        """From when until when `day` is worked, in UTC; None when it is not.

        There is one on every working day. An hour that the clock skips in spring begins after it,
        and one that it skips as a whole comes right after it, or right before where the day ends
        with it. Hours that begin in one that comes twice in autumn begin when it comes again.
        """
        if day not in self._openings:
            self._openings[day] = self._find_opening(day) if self.works_on(day) else None
        return self._openings[day]

    def _find_opening(self, day: date) -> tuple[datetime, datetime] | None:
        before, first = self._moment(day, self.hours.start)
        last, again = self._moment(day, self.hours.end)
        if before < first:
            last = again
        if first >= last:
            start, end = (datetime.combine(day, at) for at in (self.hours.start, self.hours.end))
            last = first + (end - start)
            if self.day_of(first) > day:  # the day ended with them
                first, last = first - (end - start), first
        return first, last

    def _moment(self, day: date, clock: time) -> tuple[datetime, datetime]:
        """When the clock shows that (UTC), for the first and for the last time."""
        local = datetime.combine(day, clock, self.zone)
        first, last = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        if first <= last:
            return first, last
        skipped = self._change(last, first)
        return skipped, skipped

    def _change(self, early: datetime, late: datetime) -> datetime:
        """The moment, to the second, from which on the clock is set as at `late`."""
        offset = late.astimezone(self.zone).utcoffset()
        while late - early > timedelta(seconds=1):
            middle = early + (late - early) // 2
            if middle.astimezone(self.zone).utcoffset() == offset:
                late = middle
            else:
                early = middle
        return late.replace(microsecond=0)

    def next_open(self, at: datetime) -> datetime | None:
        """The first working moment from `at` on; None when there is none for a year."""
        if self.is_open(at):
            return at
        day = self.today(at)
        for _ in range(HORIZON):
            opening = self.opening(day)
            if opening is not None and opening[0] >= at:
                return opening[0]
            day += DAY
        return None

    def next_working_day(self, day: date) -> date:
        """`day` itself when it is worked, else the first working day after it."""
        for _ in range(HORIZON):
            if self.works_on(day):
                return day
            day += DAY
        return day

    def last_working_day(self, day: date) -> date:
        """`day` itself when it is worked, else the last working day before it."""
        for _ in range(HORIZON):
            if self.works_on(day):
                return day
            day -= DAY
        return day

    def days_left(self, today: date, until: date) -> int:
        """Working days after `today` up to and with `until`; negative once `until` is past.

        So it is 0 on the last working day before a Sunday's date: there will be no other.
        """
        known = self._left.get((today, until))
        if known is not None:
            return known
        early, late = min(today, until), max(today, until)
        days = range(1, (late - early).days + 1)
        worked = sum(self.works_on(early + timedelta(days=n)) for n in days)
        left = worked if today <= until else min(-worked, -1)
        self._left[today, until] = left
        return left

    def after(self, day: date, working_days: int) -> date:
        """The day that many working days after `day`."""
        for _ in range(working_days):
            day = self.next_working_day(day + DAY)
        return day


@dataclass(frozen=True)
class Calendars:
    """The calendar of each person, by their time zone.

    `zone` is for people whose zone is not known; `territories` says in which country a zone lies,
    and `countries` overrules it. `country` is for the other zones, and where it is a region
    (`DE-BY`), for all zones of its country. `part_time` has the weekdays that an account (chat
    account or address, lower case) does not work, where its owner said nothing else.
    """

    zone: ZoneInfo
    hours: Hours = Hours()
    country: str = ""
    countries: Mapping[str, str] = field(default_factory=dict)
    territories: Mapping[str, str] = field(default_factory=dict)
    days_off: DaysOff = no_days_off
    quiet: frozenset[date] = frozenset()
    part_time: Mapping[str, frozenset[int]] = field(default_factory=dict)
    _made: dict[tuple[str, frozenset[int]], Calendar] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, zone_name: str, off: frozenset[int] = frozenset()) -> Calendar:
        """The calendar for a zone's name; an unknown or empty name has the organisation's own.

        `off` are weekdays that are not worked; a week that would be empty stays as it is.
        """
        known = self._made.get((zone_name, off))
        if known is not None:
            return known
        zone = _zone(zone_name) or self.zone
        made = Calendar(
            zone,
            replace(self.hours, days=self.hours.days - off or self.hours.days),
            country=self._country_of(zone),
            days_off=self.days_off,
            quiet=self.quiet,
        )
        self._made[zone_name, off] = made
        return made

    def of_person(self, chat: ChatIdentity) -> Calendar:
        """The working time of somebody: their zone, and the days they said they do not work."""
        off = chat.days_off
        if off is None and self.part_time:
            names = tuple(map(normalized, (str(chat), chat.user_id, chat.email)))
            off = next((self.part_time[name] for name in names if name in self.part_time), None)
        return self.of(chat.time_zone, off or frozenset())

    def _country_of(self, zone: ZoneInfo) -> str:
        said, usual = self.countries.get(zone.key, ""), self.territories.get(zone.key, "")
        if zone is self.zone:
            return self.country or said or usual
        if not said and self.country.startswith(f"{usual}-"):
            return self.country  # a region of the country that the zone lies in
        return said or usual or self.country


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None  # chat platforms name zones that this machine may not know
