"""Working time: zones, hours, weekends, holidays, and clocks that jump."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import Calendar, Calendars, Hours
from tests.strategies import any_moments, calendars

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


def test_the_day_begins_with_the_place_and_not_with_utc() -> None:
    """Nine o'clock in Berlin is eight in winter and seven in summer, by UTC."""
    winter, summer = BERLIN.opening(date(2026, 3, 27)), BERLIN.opening(date(2026, 3, 30))
    assert winter is not None
    assert summer is not None
    assert (winter[0].hour, summer[0].hour) == (8, 7)


def test_a_date_on_a_sunday_leaves_no_working_day_after_its_friday() -> None:
    """So the last call is Friday's; from Saturday on there are still none, after it less than."""
    sunday = date(2026, 3, 29)
    assert BERLIN.days_left(date(2026, 3, 27), sunday) == 0
    assert BERLIN.days_left(date(2026, 3, 28), sunday) == 0
    assert BERLIN.days_left(date(2026, 3, 30), sunday) == -1
    assert BERLIN.last_working_day(sunday) == date(2026, 3, 27)


def test_the_calendar_of_a_person_follows_their_zone_and_its_country() -> None:
    """Somebody in Paris rests on Bastille Day; an unknown zone has the organisation's calendar."""
    holidays = {("FR", 2026): frozenset({date(2026, 7, 14)})}
    found = Calendars(
        ZoneInfo("America/New_York"),
        country="US",
        territories={"Europe/Paris": "FR"},
        days_off=lambda country, year: holidays.get((country, year), frozenset()),
    )
    assert not found.of("Europe/Paris").works_on(date(2026, 7, 14))
    assert found.of("").works_on(date(2026, 7, 14))
    assert found.of("Mars/Olympus").zone.key == "America/New_York"
    assert found.of("Mars/Olympus").country == "US"


def test_an_hour_that_the_clock_skips_begins_after_it() -> None:
    """Night workers in Berlin begin at half past two, which 29 March 2026 does not have."""
    night = Calendar(ZoneInfo("Europe/Berlin"), Hours(time(2, 30), time(5), frozenset(range(7))))
    opening = night.opening(date(2026, 3, 29))
    assert opening is not None
    assert opening[0].astimezone(night.zone).time() == time(3, 30)


def test_a_working_day_that_the_clock_swallows_is_none() -> None:
    """From half past two to three there is nothing on that day."""
    gone = Calendar(ZoneInfo("Europe/Berlin"), Hours(time(2, 30), time(3), frozenset(range(7))))
    assert gone.opening(date(2026, 3, 29)) is None
    assert gone.opening(date(2026, 3, 30)) is not None


@given(calendars(), any_moments)
def test_the_next_working_moment_is_one_and_the_first(calendar: Calendar, at: datetime) -> None:
    """In any zone, around any change of the clock: it is open then, and was not before."""
    found = calendar.next_open(at)
    assert found is not None
    assert found >= at
    assert calendar.is_open(found)
    if found > at:
        assert not calendar.is_open(at)
        halfway = at + (found - at) / 2
        assert halfway == found or not calendar.is_open(halfway) or found - at < timedelta(hours=2)


@given(calendars(), st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.integers(0, 40))
def test_days_left_count_down_by_one_each_working_day(
    calendar: Calendar, today: date, ahead: int
) -> None:
    """Going on by n working days leaves n fewer; over leap days and new years, too."""
    until = calendar.after(calendar.next_working_day(today), ahead)
    assert calendar.days_left(calendar.next_working_day(today), until) == ahead


@given(calendars(), any_moments)
def test_a_day_that_is_worked_opens_before_it_closes(calendar: Calendar, now: datetime) -> None:
    """And its beginning is inside the hours."""
    opening = calendar.opening(calendar.today(now))
    if opening is not None:
        assert opening[0] < opening[1]
        assert calendar.is_open(opening[0])
        assert opening[0].tzinfo is UTC
