"""Plans: "later" in the person's own time, and when to look again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.consent import polls
from bot.domain.consent.polls import POLLS_AFTER, Polling
from bot.domain.consent.snooze import (
    Snooze,
    SnoozeMoved,
    plan,
    plan_snooze,
    snooze_bounds,
    why_moved,
    zone_named,
)
from bot.domain.time.calendar import Calendar
from tests import strategies as some
from tests.there import there

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
LOCALS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1))


@given(LOCALS, some.calendars(), some.any_moments, some.words, st.integers(-60, 200))
def test_a_plan_always_makes_sense(
    local: datetime, calendar: Calendar, now: datetime, reason: str, ahead: int
) -> None:
    """What was said where that makes sense, else the nearest moment that does."""
    deadline = calendar.today(now) + ahead * timedelta(days=1)
    made = plan(local, reason, now, deadline, calendar)
    wanted = local.replace(tzinfo=calendar.zone).astimezone(UTC)
    nearest = plan_snooze(wanted, now, deadline, calendar)
    # An hour that the clocks show twice is taken as its first.
    assert nearest - timedelta(hours=1) <= made.until <= nearest
    assert made.zone == calendar.zone.key


EDGE = timedelta(days=2)


@given(
    st.datetimes(max_value=datetime.min + EDGE) | st.datetimes(min_value=datetime.max - EDGE),
    some.calendars(),
    some.any_moments,
    st.integers(-60, 200),
)
@example(datetime.max, Calendar(ZoneInfo("America/New_York")), NOW, 99)
@example(datetime.min, Calendar(ZoneInfo("Asia/Tokyo")), NOW, 99)
def test_the_ends_of_the_calendar_are_the_nearest_moments_that_make_sense(
    local: datetime, calendar: Calendar, now: datetime, ahead: int
) -> None:
    """`9999-12-31 23:59` is no time in UTC west of it: whoever types it gets the latest moment."""
    deadline = calendar.today(now) + ahead * timedelta(days=1)
    years = timedelta(days=3 * 365) if local.year > 1 else timedelta(days=-3 * 365)
    distant = (now + years).replace(tzinfo=None)
    assert plan(local, "", now, deadline, calendar) == plan(distant, "", now, deadline, calendar)


def test_a_plan_that_makes_sense_stays_as_it_was_said() -> None:
    """Nine o'clock in Berlin, before and after the clocks change."""
    now = datetime(2026, 3, 26, 8, tzinfo=UTC)
    berlin = Calendar(ZoneInfo("Europe/Berlin"))
    friday = plan(datetime(2026, 3, 27, 9), "", now, date(2026, 6, 1), berlin)
    monday = plan(datetime(2026, 3, 30, 9), "", now, date(2026, 6, 1), berlin)
    assert friday.until == datetime(2026, 3, 27, 8, tzinfo=UTC)
    assert monday.until == datetime(2026, 3, 30, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "why"),
    [
        (datetime(2026, 3, 27, 9), None),
        (datetime(2026, 3, 20, 9), SnoozeMoved.PAST),
        (datetime(2026, 3, 28, 9), SnoozeMoved.CLOSED),
        (datetime(2026, 4, 13, 9), SnoozeMoved.LATE),
    ],
)
def test_a_plan_that_was_moved_says_why(local: datetime, why: SnoozeMoved | None) -> None:
    """In the past, on a Saturday, after the date."""
    now, deadline = datetime(2026, 3, 26, 8, tzinfo=UTC), date(2026, 4, 10)
    berlin = Calendar(ZoneInfo("Europe/Berlin"))
    wanted = local.replace(tzinfo=berlin.zone).astimezone(UTC)
    kept = plan(local, "", now, deadline, berlin).until
    assert why_moved(wanted, kept, now, deadline, berlin) is why


def test_nothing_is_put_off_for_ever() -> None:
    """With the date far ahead, or long past."""
    now, berlin = datetime(2026, 3, 26, 8, tzinfo=UTC), Calendar(ZoneInfo("Europe/Berlin"))
    for deadline in (date(2027, 3, 1), date(2024, 12, 31)):
        kept = plan(datetime(2026, 9, 1, 9), "", now, deadline, berlin).until
        wanted = datetime(2026, 9, 1, 7, tzinfo=UTC)
        assert why_moved(wanted, kept, now, deadline, berlin) is SnoozeMoved.FAR


@given(some.calendars(), some.any_moments, LOCALS, st.integers(-60, 200))
def test_whatever_is_planned_lies_within_the_bounds(
    calendar: Calendar, now: datetime, local: datetime, ahead: int
) -> None:
    """Which the page's date field shows; in hours, and before the date while there is time."""
    deadline = calendar.today(now) + ahead * timedelta(days=1)
    first, last = snooze_bounds(now, deadline, calendar)
    assert first <= last
    nearest = plan_snooze(local.replace(tzinfo=UTC), now, deadline, calendar)
    assert first <= nearest <= (calendar.next_open(last) or last)
    assert nearest > now
    assert calendar.is_open(nearest)
    last_morning, _ = there(calendar.opening(calendar.last_working_day(deadline)))
    soonest = there(calendar.next_open(now + timedelta(minutes=15)))
    if ahead >= 0 and soonest <= last_morning:
        assert nearest <= last_morning


def test_a_zone_that_nobody_knows_is_utc() -> None:
    """Chat platforms tell what they like."""
    for name in ("", "Nowhere/City", "../etc/passwd", "W. Europe Standard Time"):
        assert zone_named(name).key == "UTC"
    assert Snooze(datetime(2026, 1, 1, 9), "Nowhere").until == datetime(2026, 1, 1, 9, tzinfo=UTC)


def test_a_reason_is_kept_in_one_short_line() -> None:
    """It stands in the audit and in messages."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = plan(
        datetime(2026, 1, 2),
        "  the\n auditor " + "x" * 1000,
        now,
        date(2026, 2, 1),
        Calendar(ZoneInfo("UTC")),
    )
    assert made.reason.startswith("the auditor x")
    assert len(made.reason) == 300


@given(st.lists(st.integers(0, 10_000), min_size=len(POLLS_AFTER), max_size=20))
def test_looks_grow_apart_and_end(late: list[int]) -> None:
    """However late each look is, the next is planned for later, and then none is."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    watch = polls.begin(now)
    assert watch == Polling(now, now)
    for number, seconds in enumerate(late, 1):
        if watch.next_at is None:
            break
        now = watch.next_at + timedelta(seconds=seconds)
        watch = polls.after_poll(watch, now)
        assert watch.looks == number
        assert watch.next_at is None or watch.next_at >= now
    assert watch.looks == len(POLLS_AFTER)
