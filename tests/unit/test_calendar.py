"""Working time: zones, hours, weekends, holidays, and clocks that jump."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.time.calendar import Calendar, Calendars, Hours
from tests.strategies import any_moments, calendars
from tests.there import there

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


def test_the_day_begins_with_the_place_and_not_with_utc() -> None:
    """Nine o'clock in Berlin is eight in winter and seven in summer, by UTC."""
    winter, summer = (there(BERLIN.opening(date(2026, 3, day))) for day in (27, 30))
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
    """Night workers in Berlin begin at half past two, which 29 March 2026 has not."""
    night = Calendar(ZoneInfo("Europe/Berlin"), Hours(time(2, 30), time(5), frozenset(range(7))))
    assert there(night.opening(date(2026, 3, 29)))[0].astimezone(night.zone).time() == time(3)


@pytest.mark.parametrize(
    ("first", "last", "opens", "closes"),
    [
        (time(2, 30), time(3), time(3), time(3, 30)),  # swallowed as a whole: right after it
        (time(2), time(3), time(3), time(4)),
        (time(2, 30), time(3, 30), time(3), time(3, 30)),
        (time(1), time(2, 30), time(1), time(3)),
    ],
)
def test_a_working_day_that_the_clock_cuts_into_has_an_opening(
    first: time, last: time, opens: time, closes: time
) -> None:
    """In spring, in Berlin; and it is open from its first moment to its last."""
    cut = Calendar(ZoneInfo("Europe/Berlin"), Hours(first, last, frozenset(range(7))))
    found = there(cut.opening(date(2026, 3, 29)))
    assert [at.astimezone(cut.zone).time() for at in found] == [opens, closes]
    assert cut.is_open(found[0])
    assert not cut.is_open(found[1])


@pytest.mark.parametrize(
    ("zone", "day", "opens", "closes"),
    [
        # Set forward: what is skipped of the hours is not made up for.
        ("Europe/Berlin", date(2026, 3, 29), time(1), time(1, 30)),
        ("America/New_York", date(2026, 3, 8), time(7), time(7, 30)),
        ("Australia/Sydney", date(2026, 10, 4), time(16), time(16, 30)),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(15, 30), time(16, 30)),  # by half an hour
        # Set back: half past two comes twice, and the hours begin with the second time.
        ("Europe/Berlin", date(2026, 10, 25), time(1, 30), time(2, 30)),
        ("Australia/Sydney", date(2026, 4, 5), time(16, 30), time(17, 30)),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(16), time(17)),
        # There the clock is changed at midnight, or at one.
        ("America/New_York", date(2026, 11, 1), time(7, 30), time(8, 30)),
        ("America/Santiago", date(2026, 9, 6), time(5, 30), time(6, 30)),
        ("America/Havana", date(2026, 3, 8), time(6, 30), time(7, 30)),
    ],
)
def test_half_past_two_to_half_past_three_on_the_day_of_a_change(
    zone: str, day: date, opens: time, closes: time
) -> None:
    """Both directions, both hemispheres, by an hour and by half of one (UTC)."""
    calendar = Calendar(ZoneInfo(zone), Hours(time(2, 30), time(3, 30), frozenset(range(7))))
    found = there(calendar.opening(day))
    assert [at.time() for at in found] == [opens, closes]


def test_hours_that_begin_in_what_comes_twice_last_all_day() -> None:
    """They are not over when the clock is set back before them."""
    berlin = Calendar(ZoneInfo("Europe/Berlin"), Hours(time(2, 30), time(17), frozenset(range(7))))
    found = there(berlin.opening(date(2026, 10, 25)))
    assert found[1] - found[0] == timedelta(hours=14, minutes=30)


def test_hours_that_end_in_what_comes_twice_end_when_it_comes_first() -> None:
    """Nobody works an hour more for the clock."""
    berlin = Calendar(ZoneInfo("Europe/Berlin"), Hours(time(0), time(2, 30), frozenset(range(7))))
    found = there(berlin.opening(date(2026, 10, 25)))
    assert found[1] - found[0] == timedelta(hours=2, minutes=30)


def offsets(zone: ZoneInfo) -> tuple[timedelta, ...]:
    """From UTC, at each midnight of 2026 and of the day after it."""
    begins = datetime(2026, 1, 1, tzinfo=zone)
    return tuple(there((begins + timedelta(days=n)).utcoffset()) for n in range(366))


OPENINGS = (
    (time(2, 30), time(3, 30)),
    (time(2), time(3)),
    (time(2), time(2, 30)),  # on Lord Howe swallowed as a whole
    (time(1, 59), time(2, 1)),
    (time(0), time(0, 45)),
    (time(0, 15), time(0, 45)),
    (time(23), time(23, 59)),  # in Nuuk the last hour of a Saturday is skipped
    (time(22, 30), time(23, 59)),
)


def test_every_working_day_of_every_zone_has_an_opening() -> None:
    """Hours that a change of the clock cuts into, or shows twice, on the day of each change.

    Zones whose clocks go alike are tried once.
    """
    alike = {offsets(zone): zone for zone in map(ZoneInfo, sorted(available_timezones()))}
    for passed, zone in alike.items():
        changes = [
            date(2026, 1, 1) + timedelta(days=n)
            for n, (one, next_one) in enumerate(itertools.pairwise(passed))
            if one != next_one
        ]
        for begins, ends in OPENINGS:
            calendar = Calendar(zone, Hours(begins, ends, frozenset(range(7))))
            for day in (date(2026, 6, 1), *changes):
                opening = there(calendar.opening(day))
                assert opening[0] < opening[1], (zone, day)
                assert calendar.day_of(opening[0]) == day
                assert calendar.is_open(opening[0])
                assert not calendar.is_open(opening[1])
                assert calendar.day_of(opening[1] - timedelta(seconds=1)) == day


def test_a_part_time_week_is_kept_like_hours() -> None:
    """Said in chat, or in the settings; a week without any day stays as it was."""
    friday = date(2026, 3, 6)
    ada = ChatIdentity(Platform.SLACK, "U1", email="Ada@contoso.com")
    said = replace(ada, days_off=frozenset({4}))
    settings = Calendars(ZoneInfo("UTC"), part_time={"ada@contoso.com": frozenset({4})})
    assert not Calendars(ZoneInfo("UTC")).of_person(said).works_on(friday)
    assert not settings.of_person(ada).works_on(friday)
    assert settings.of_person(replace(ada, days_off=frozenset())).works_on(friday)
    assert Calendars(ZoneInfo("UTC")).of("", frozenset(range(7))).works_on(friday)


@given(calendars(), any_moments)
def test_the_next_working_moment_is_one_and_the_first(calendar: Calendar, at: datetime) -> None:
    """In any zone, around any change of the clock: it is open then, and was not before."""
    found = there(calendar.next_open(at))
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
