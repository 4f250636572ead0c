"""The sandbox's clock jumps to where something may be seen."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sandbox.company.clock import AheadClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clock(tmp_path: Path) -> AheadClock:
    clock = AheadClock(lambda: NOON)
    clock.write_to(tmp_path / "clock")
    clock.zones = {"Europe/Berlin", "Asia/Tokyo"}
    return clock


def test_morning_comes_to_one_zone_after_the_other(clock: AheadClock, tmp_path: Path) -> None:
    """Half past nine in Tokyo, then in Berlin: nobody's working day is jumped over."""
    seen = []
    for _ in range(3):
        clock.jump("morning")
        seen.append((clock.zone, f"{clock.now():%d %H:%M}"))
    assert seen == [
        ("Asia/Tokyo", "03 00:30"),
        ("Europe/Berlin", "03 08:30"),
        ("Asia/Tokyo", "04 00:30"),
    ]
    assert float((tmp_path / "clock").read_text()) == 36.5 * 3600


def test_days_and_weeks_and_the_date_are_gone_to_by_utc(clock: AheadClock) -> None:
    """The same hour of another day; and never back."""
    clock.deadline = date(2026, 3, 20)
    for where, then in (("day", "03 09:30"), ("week", "10 09:30"), ("deadline", "20 09:30")):
        clock.jump(where)
        assert (clock.zone, f"{clock.now():%d %H:%M}") == ("UTC", then)
    with pytest.raises(ValueError, match="forward only"):
        clock.jump("deadline")
