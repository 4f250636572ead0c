"""Plans: "later" in the person's own time, and when to look again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import looks
from bot.domain.later import LATEST, SOONEST, Snooze, choices, plan, zone_named
from bot.domain.looks import LOOKS_AFTER, Watch
from tests import strategies as some

ZONES = st.sampled_from(sorted(available_timezones()))
LOCALS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1))


@given(LOCALS, ZONES, some.any_moments, some.words)
def test_a_plan_always_makes_sense(local: datetime, zone: str, now: datetime, reason: str) -> None:
    """Not in the past, not out of sight; seconds are dropped when it is moved."""
    made = plan(local, zone, reason, now)
    assert now + SOONEST - timedelta(hours=1, minutes=1) <= made.until <= now + LATEST
    assert made.zone == zone


def test_a_plan_that_makes_sense_stays_as_it_was_said() -> None:
    """Nine o'clock in Berlin, before and after the clocks change."""
    now = datetime(2026, 3, 27, 8, tzinfo=UTC)
    saturday = plan(datetime(2026, 3, 28, 9), "Europe/Berlin", "", now)
    monday = plan(datetime(2026, 3, 30, 9), "Europe/Berlin", "", now)
    assert saturday.until == datetime(2026, 3, 28, 8, tzinfo=UTC)
    assert monday.until == datetime(2026, 3, 30, 7, tzinfo=UTC)


def test_a_zone_that_nobody_knows_is_utc() -> None:
    """Chat platforms tell what they like."""
    for name in ("", "Nowhere/City", "../etc/passwd", "W. Europe Standard Time"):
        assert zone_named(name).key == "UTC"
    assert Snooze(datetime(2026, 1, 1, 9), "Nowhere").until == datetime(2026, 1, 1, 9, tzinfo=UTC)


def test_a_reason_is_kept_in_one_short_line() -> None:
    """It stands in the audit and in messages."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = plan(datetime(2026, 1, 2), "UTC", "  the\n auditor " + "x" * 1000, now)
    assert made.reason.startswith("the auditor x")
    assert len(made.reason) == 300


@given(ZONES, some.any_moments)
def test_what_is_offered_lies_ahead(zone: str, now: datetime) -> None:
    """Two or three different times, none in the past."""
    offered = choices(zone, now)
    assert 2 <= len(offered) <= 3
    here = now.astimezone(zone_named(zone)).replace(tzinfo=None)
    assert all(at > here for at in offered)


@given(st.lists(st.integers(0, 10_000), min_size=len(LOOKS_AFTER), max_size=20))
def test_looks_grow_apart_and_end(late: list[int]) -> None:
    """However late each look is, the next is planned for later, and then none is."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    watch = looks.begin(now)
    assert watch == Watch(now, now)
    for number, seconds in enumerate(late, 1):
        if watch.next_at is None:
            break
        now = watch.next_at + timedelta(seconds=seconds)
        watch = looks.after_look(watch, now)
        assert watch.looks == number
        assert watch.next_at is None or watch.next_at >= now
    assert watch.looks == len(LOOKS_AFTER)
