"""The platforms' limits, kept by all replicas together: a real Valkey, a clock of our own."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from datetime import datetime, timedelta

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.shared.pace import RedisPace
from bot.domain.delivery import limits
from bot.domain.delivery.limits import Call, Pacing, Window
from bot.domain.delivery.notices import Channel, ChannelReminder, PersonalLink
from bot.domain.people.admins import ChatIdentity, Platform
from tests.examples import NOW

SECOND = timedelta(seconds=1)
TOLERANCE = timedelta(milliseconds=1)  # times are kept in whole milliseconds


@pytest.fixture
def pace(store: Redis) -> RedisPace:
    return RedisPace(store, Keys())


def to_channel(platform: Platform, name: str = "C1") -> Pacing:
    notice = ChannelReminder(Channel(platform, name), "2025-03-03")
    return limits.pacing(notice, Call.SEND, limits.DEFAULT)


def to_person(number: int, platform: Platform = Platform.SLACK) -> Pacing:
    notice = PersonalLink(ChatIdentity(platform, f"U{number}"), "r1")
    return limits.pacing(notice, Call.SEND, limits.DEFAULT)


def most_within(times: list[datetime], span: timedelta) -> int:
    """The most of these that lie within any half-open span of that length."""
    times = sorted(times)
    return max(bisect_left(times, first + span) - i for i, first in enumerate(times))


async def test_the_first_message_goes_at_once(pace: RedisPace) -> None:
    """An idle bot waits for nothing, on either platform."""
    for platform in Platform:
        assert await pace.slot(to_channel(platform), NOW) == NOW


async def test_a_slack_channel_gets_one_message_a_second(pace: RedisPace) -> None:
    """Each is told its own time, in the order they asked; nobody has to ask twice."""
    times = [await pace.slot(to_channel(Platform.SLACK), NOW) for _ in range(5)]
    assert times == [NOW + n * SECOND for n in range(5)]


async def test_a_channel_does_not_hold_up_another(pace: RedisPace) -> None:
    """A queue in front of one leaves the others free."""
    for _ in range(50):
        await pace.slot(to_channel(Platform.SLACK, "C1"), NOW)
    assert await pace.slot(to_channel(Platform.SLACK, "C2"), NOW) < NOW + SECOND


async def test_a_teams_conversation_keeps_every_window_and_reaches_the_longest(
    pace: RedisPace,
) -> None:
    """7 in 1 s, 8 in 2 s, 60 in 30 s, 1,800 in an hour: in any such span, wherever it begins; and
    1,800 messages take their hour and not 5 % more.
    """
    times = [await pace.slot(to_channel(Platform.TEAMS), NOW) for _ in range(2000)]
    for window in limits.TEAMS_CONVERSATION:
        assert most_within(times, window.span) <= window.messages
    assert timedelta(hours=1) <= times[1800] - NOW <= timedelta(hours=1) * 1.05


@pytest.mark.parametrize(
    ("platform", "quota"),
    [
        (Platform.SLACK, limits.DEFAULT.slack[Call.SEND]),
        (Platform.TEAMS, limits.DEFAULT.teams),
    ],
)
async def test_all_conversations_together_keep_the_platforms_quota(
    pace: RedisPace, platform: Platform, quota: Window
) -> None:
    """To 1,000 people at once: never more than the quota in its span, and within 5 % of it."""
    times = [await pace.slot(to_person(n, platform), NOW) for n in range(1000)]
    assert most_within(times, quota.span) <= quota.messages
    bound = quota.span * 1000 / quota.messages
    assert max(times) - NOW <= bound * 1.05


async def test_many_replicas_at_once_get_times_of_their_own(pace: RedisPace) -> None:
    """The script is one step: however they ask, no two get the same second of one channel."""
    asked = (pace.slot(to_channel(Platform.SLACK), NOW) for _ in range(100))
    times = sorted(await asyncio.gather(*asked))
    assert times == [NOW + n * SECOND for n in range(100)]


async def test_a_time_that_was_kept_free_is_not_asked_for_again(pace: RedisPace) -> None:
    """Whoever was put off comes back at their time and goes, whatever the queue is by then."""
    for _ in range(3):
        last = await pace.slot(to_channel(Platform.SLACK), NOW)
    for _ in range(20):
        await pace.slot(to_channel(Platform.SLACK), NOW)
    assert await pace.slot(to_channel(Platform.SLACK), last, held=last) == last


async def test_after_an_outage_nobody_goes_by_a_time_that_is_long_over(pace: RedisPace) -> None:
    """A hundred waited when the last worker ended: an hour later they are spread again."""
    promised = [await pace.slot(to_person(n), NOW) for n in range(100)]
    back = NOW + timedelta(hours=1)
    times = [await pace.slot(to_person(n), back, held=at) for n, at in enumerate(promised)]
    quota = limits.DEFAULT.slack[Call.SEND]
    assert most_within(times, SECOND) <= quota.messages / 60 + 1
    late = back + timedelta(minutes=1)
    assert await pace.slot(to_person(1), late, held=late - SECOND) == late, "a moment is nothing"


async def test_a_pause_holds_everybody_also_who_had_a_time(pace: RedisPace) -> None:
    """After it they go one after another, as the limits say."""
    pacing = to_channel(Platform.SLACK)
    until = NOW + timedelta(seconds=30)
    await pace.pause(pacing.shared, until)
    assert await pace.slot(pacing, NOW, held=NOW) == until
    assert await pace.slot(pacing, NOW) == until + SECOND
    assert await pace.slot(to_channel(Platform.TEAMS), NOW) == NOW
    assert await pace.slot(pacing, until + timedelta(minutes=1)) == until + timedelta(minutes=1)


async def test_the_longer_of_two_pauses_counts(pace: RedisPace) -> None:
    """A short Retry-After of one call does not end the long one of another."""
    pacing = to_channel(Platform.SLACK)
    await pace.pause(Platform.SLACK, NOW + timedelta(seconds=60))
    await pace.pause(Platform.SLACK, NOW + timedelta(seconds=5))
    assert await pace.slot(pacing, NOW) == NOW + timedelta(seconds=60)


async def test_a_slot_costs_the_same_however_many_are_taken(store: Redis, pace: RedisPace) -> None:
    """A full book is not read from the start: the commands inside the script do not grow."""

    async def commands() -> int:
        stats = await store.info("commandstats")
        return sum(int(s["calls"]) for name, s in stats.items() if "info" not in name)

    costs = []
    for start in (0, 1000, 2000):
        before = await commands()
        for number in range(start, start + 100):
            await pace.slot(to_person(number), NOW)
        costs.append(await commands() - before)
        for number in range(start + 100, start + 1000):
            await pace.slot(to_person(number), NOW)
    assert max(costs) <= min(costs) * 1.1


async def test_nothing_of_it_stays(store: Redis, pace: RedisPace) -> None:
    """Every key has an end, soon after the last time that was given out."""
    for number in range(20):
        await pace.slot(to_person(number), NOW)
    await pace.slot(to_channel(Platform.TEAMS), NOW)
    await pace.pause("slack", NOW)
    left = [await store.pttl(key) for key in await store.keys("*")]
    assert left
    assert min(left) > 0
    assert max(left) <= timedelta(hours=1) / TOLERANCE + 5000
