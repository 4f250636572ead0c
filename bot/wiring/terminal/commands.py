"""What single commands of the terminal need besides the store. Raises StoreError throughout."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime

from bot.domain.campaign.channels.board import week_of
from bot.domain.delivery.deliveries import Delivery
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.campaign import restored
from bot.services.campaign.planning import Planner
from bot.services.inventory.waive import Waive
from bot.settings.policies import operator_accounts
from bot.settings.settings import Settings
from bot.wiring.base import open_as_it_is, open_records, reminding_policy
from bot.wiring.services import make_planner, waiver


@asynccontextmanager
async def open_planner(settings: Settings) -> AsyncIterator[Planner]:
    """The store and what looks ahead in it, without anything that sends."""
    async with open_records(settings) as records:
        clock = records.rehearsal or records.clock
        yield make_planner(settings, records.ledger, clock, reminding_policy(settings))


@asynccontextmanager
async def open_waivers(settings: Settings) -> AsyncIterator[tuple[Ledger, Waive, Clock]]:
    """The store and what accepts apps as they are."""
    async with open_records(settings) as records:
        clock: Clock = records.rehearsal or records.clock
        waive = waiver(settings, records.ledger, clock, reminding_policy(settings), engine=None)
        yield records.ledger, waive, clock


async def sent_since(settings: Settings, at: datetime) -> restored.WrittenSince:
    """What a store that is to be replaced knows of what went out after `at` (UTC)."""
    async with open_as_it_is(settings) as ledger:
        return await restored.sent_since(ledger, at, operator_accounts(settings))


async def settle_restored(
    settings: Settings, by: str, at: datetime, since: restored.WrittenSince | None
) -> tuple[Delivery, ...]:
    """Take along what went out since a backup, of `at` (UTC), was restored; None: nobody knows.

    What was due counts as told. Returns what is held.
    """
    async with open_records(settings, restoring=True) as records:
        now = (records.rehearsal or records.clock).now()
        operators = operator_accounts(settings)
        if since is not None:
            await restored.carry_over(records.ledger, since, by, now)
        week = week_of(now, reminding_policy(settings).calendars.of(""))
        held = await restored.hold(records.ledger, operators, week, by, now)
        if since is None:
            await restored.open_gap(records.ledger, at, operators, by, now)
        return held


async def held_since_restored(settings: Settings) -> tuple[str, ...]:
    """What was held then, and since then, and is not released."""
    async with open_records(settings) as records:
        return await restored.held(records.ledger)


async def release_held(settings: Settings, keys: Iterable[str], by: str, *, last: bool) -> int:
    """Have what was held sent after all. `last`: from now on nothing more is held."""
    async with open_records(settings) as records:
        now = (records.rehearsal or records.clock).now()
        if last:
            await restored.close_gap(records.ledger, by, now)
        return await restored.release(records.ledger, keys, by, now)
