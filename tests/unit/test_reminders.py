"""When a channel is reminded, and the dates that it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.campaign import OKTA_CONSENT, Deadline
from bot.domain.notices import Channel, ChannelReminder
from bot.domain.people import Platform
from bot.domain.reminders import Policy, Snapshot, decide

CHANNELS = (Channel(Platform.SLACK, "C1"), Channel(Platform.TEAMS, "19:x@thread.tacv2"))
OPEN = Snapshot(3, CHANNELS)
BERLIN = Policy(time(9), ZoneInfo("Europe/Berlin"))
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"]


def monday(hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 3, 3, hour, minute, tzinfo=UTC)


def test_every_channel_is_reminded_once_the_time_has_come() -> None:
    """At nine in Berlin, which is eight in UTC, each channel gets its own delivery."""
    assert decide(OPEN, monday(7, 59), BERLIN) == ()
    assert [d.notice.to for d in decide(OPEN, monday(8), BERLIN)] == list(CHANNELS)


def test_a_reminder_that_was_missed_in_the_morning_comes_later_that_day() -> None:
    """After a long night the bot catches up, under the same key as in the morning."""
    assert [d.key for d in decide(OPEN, monday(22), BERLIN)] == [
        d.key for d in decide(OPEN, monday(8), BERLIN)
    ]


def test_nothing_is_told_when_nothing_is_open() -> None:
    """A finished migration is silent."""
    assert decide(Snapshot(0, CHANNELS), monday(12), BERLIN) == ()


def test_weekends_are_quiet_by_the_local_calendar() -> None:
    """Monday has begun on Kiritimati while it is Sunday in UTC; Friday there ends sooner."""
    island = Policy(time(9), ZoneInfo("Pacific/Kiritimati"))
    sunday = datetime(2025, 3, 2, 20, 0, tzinfo=UTC)
    assert decide(OPEN, sunday, island)
    assert not decide(OPEN, sunday, BERLIN)
    assert not decide(OPEN, datetime(2025, 3, 7, 20, 0, tzinfo=UTC), island)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(ZONES),
    st.times(),
)
def test_a_channel_is_never_told_out_of_hours_nor_twice_in_a_day(
    start: datetime, zone: str, at: time
) -> None:
    """Looking every hour for three days: one key for each local working day, not before `at`."""
    policy = Policy(at, ZoneInfo(zone))
    seen: dict[str, set[date]] = {}
    for hour in range(72):
        now = start + timedelta(hours=hour)
        local = now.astimezone(policy.zone)
        for delivery in decide(OPEN, now, policy):
            assert local.weekday() in policy.working_days
            assert local.replace(tzinfo=None).time() >= at
            assert isinstance(delivery.notice, ChannelReminder)
            seen.setdefault(delivery.key, set()).add(local.date())
    assert all(len(days) == 1 for days in seen.values())


@pytest.mark.parametrize(
    ("today", "left"),
    [(date(2024, 12, 30), 1), (date(2024, 12, 31), 0), (date(2025, 1, 1), -1)],
)
def test_a_past_deadline_has_a_negative_number_of_days_left(today: date, left: int) -> None:
    """Overdue is a number like any other."""
    deadline: Deadline = OKTA_CONSENT
    assert deadline.days_left(today) == left
