"""What comes due with time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.changes import Changes
from bot.domain.consent import Stage
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.inventory import AppRecord
from bot.domain.notices import Channel
from bot.domain.people import Platform
from bot.domain.reminders import Policy
from bot.services.acknowledge import Acknowledge
from bot.services.remind import Remind
from bot.services.requeue import BATCH, HOLD
from tests.examples import APP, DELIVERED, LETTER, LINK_FOR, NOW, RECORD, REQUEST, TENANT, TOKEN
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEngine

CHANNELS = (Channel(Platform.SLACK, "C1"), Channel(Platform.TEAMS, "19:x"))


class World:
    """One open app, two channels; it is Monday, nine o'clock, when reminders are due."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.engine = FakeEngine()
        self.clock = FakeClock(NOW)
        self.remind = Remind(
            ledger=self.ledger,
            engine=self.engine,
            clock=self.clock,
            channels=CHANNELS,
            policy=Policy(time(9), ZoneInfo("UTC")),
        )

    async def keys(self) -> list[str]:
        return [entry.detail["delivery"] for entry in await self.ledger.audit()]


@pytest.fixture
async def world() -> World:
    world = World()
    await world.ledger.commit(Changes(apps=(RECORD,)))
    return world


async def test_each_channel_is_reminded_once_a_day(world: World) -> None:
    """However often it ticks: one delivery and one audit line for each channel and day."""
    for _ in range(5):
        await world.remind.tick()
        world.clock.forward(timedelta(hours=1))
    assert sorted(await world.keys()) == [
        "reminder:2025-03-03:slack:C1",
        "reminder:2025-03-03:teams:19:x",
    ]
    world.clock.forward(timedelta(days=1))
    await world.remind.tick()
    assert len(await world.keys()) == 4


async def test_nobody_is_reminded_of_a_finished_migration(world: World) -> None:
    """With nothing open there is nothing to say."""
    off = AppRecord(APP, (Evidence(EvidenceKind.CONNECTION_OFF, NOW),), TENANT, NOW, revision=2)
    await world.ledger.commit(Changes(apps=(off,)))
    await world.remind.tick()
    assert world.engine.deliveries == []


async def test_what_is_due_and_unsent_is_added_again_at_every_tick(world: World) -> None:
    """A delivery whose task was lost is found in the ledger, which is the truth."""
    await world.ledger.commit(Changes(requests=(REQUEST,), planned=(LETTER,)))
    await world.remind.tick()
    assert LETTER.key in {key for batch in world.engine.batches for key in batch}


async def test_all_that_is_due_is_handed_out_in_batches_and_not_again_at_once(
    world: World,
) -> None:
    """Thousands cost little to queue; while a batch waits for a worker it is in no second one."""
    many = tuple(
        replace(LETTER, notice=replace(LETTER.notice, request_id=f"r{n}"))  # type: ignore[arg-type]
        for n in range(3 * BATCH + 1)
    )
    await world.ledger.commit(Changes(planned=many))
    await world.remind.tick()
    await world.remind.tick()
    handed_out = [key for batch in world.engine.batches for key in batch]
    links = sorted(key for key in handed_out if key.startswith("link:"))
    assert links == sorted(each.key for each in many)
    assert max(len(batch) for batch in world.engine.batches) == BATCH
    world.clock.forward(HOLD)
    await world.remind.tick()
    assert sum(map(len, world.engine.batches)) == 2 * len(handed_out)


async def test_asking_for_a_reminder_reaches_every_channel_and_names_who_asked(
    world: World,
) -> None:
    """Twice within a minute is once; a minute later it is said again."""
    await world.remind.now("slack:U9")
    await world.remind.now("slack:U9")
    keys = {key for key, _ in world.engine.deliveries}
    assert len(keys) == len(CHANNELS)
    assert {entry.actor for entry in await world.ledger.audit()} == {"slack:U9"}
    world.clock.forward(timedelta(minutes=1))
    await world.remind.now("slack:U9")
    assert len({key for key, _ in world.engine.deliveries}) == 2 * len(CHANNELS)


async def test_a_link_that_nobody_used_in_time_ends_its_request(world: World) -> None:
    """Not a second before its time; and with an audit line."""
    await world.ledger.commit(Changes(requests=(DELIVERED,)))
    world.clock.forward(LINK_FOR - timedelta(seconds=1))
    await world.remind.tick()
    assert len(await world.ledger.open_requests()) == 1
    world.clock.forward(timedelta(seconds=1))
    await world.remind.tick()
    ended = await world.ledger.request(REQUEST.id)
    assert ended is not None
    assert ended.stage is Stage.EXPIRED
    assert "expire" in {entry.action for entry in await world.ledger.audit()}


async def test_an_acknowledged_request_does_not_lapse(world: World) -> None:
    """The link's time says nothing about work that has begun."""
    await world.ledger.commit(Changes(requests=(replace(DELIVERED, stage=Stage.ACKNOWLEDGED),)))
    world.clock.forward(LINK_FOR * 2)
    await world.remind.tick()
    assert [r.stage for r in await world.ledger.open_requests()] == [Stage.ACKNOWLEDGED]


async def test_of_a_click_and_a_lapse_at_the_same_time_one_wins(world: World) -> None:
    """The request ends either way in one stage with one audit line, never in both."""
    await world.ledger.commit(Changes(requests=(DELIVERED,)))
    links = Acknowledge(
        ledger=world.ledger, orgs={}, engine=world.engine, clock=FakeClock(world.clock.now())
    )
    world.clock.forward(LINK_FOR)
    await asyncio.gather(links.acknowledge(TOKEN), world.remind.tick(), return_exceptions=True)
    request = await world.ledger.request(REQUEST.id)
    assert request is not None
    assert request.revision == DELIVERED.revision + 1
    actions = [entry.action for entry in await world.ledger.audit()]
    assert len([a for a in actions if a in ("acknowledge", "expire")]) == 1


async def test_two_replicas_that_tick_at_once_plan_each_reminder_once(world: World) -> None:
    """The key is added once; the engine drops the second task of the same key."""
    await asyncio.gather(world.remind.tick(), world.remind.tick())
    due = await world.ledger.due(world.clock.now() + HOLD, 100)
    assert len(due) == len(CHANNELS)
