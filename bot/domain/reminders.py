"""When a channel is reminded: pure decisions over a snapshot.

`decide` is handed everything, the time included, and yields deliveries with stable keys; planning
the same delivery twice adds it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from bot.domain.deliveries import Delivery
from bot.domain.notices import Channel, ChannelReminder


@dataclass(frozen=True, slots=True)
class Policy:
    """When the channels are told: `at` local time in `zone`, on working days (Monday is 0)."""

    at: time
    zone: ZoneInfo
    working_days: frozenset[int] = frozenset({0, 1, 2, 3, 4})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decision rests on: how many apps are open, and which channels follow."""

    open_apps: int
    channels: tuple[Channel, ...]


def decide(snapshot: Snapshot, now: datetime, policy: Policy) -> tuple[Delivery, ...]:
    """What is due to be told. `now` is UTC. Nothing is told when nothing is open."""
    local = now.astimezone(policy.zone)
    if snapshot.open_apps == 0 or local.weekday() not in policy.working_days:
        return ()
    if local.timetz().replace(tzinfo=None) < policy.at:
        return ()
    return tuple(
        Delivery(ChannelReminder(channel, local.date().isoformat()), now, "daily_reminder")
        for channel in snapshot.channels
    )
