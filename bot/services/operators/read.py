"""What the operators' pages show. Everything here only reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.incidents import Incident
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import Page, Wanted
from bot.ports.store.ledger import Ledger
from bot.ports.store.lists import Asked
from bot.ports.system import Clock
from bot.services.campaign.planning import Plan, Planner
from bot.services.inventory.export import Inventory

ROWS = 50
TAKEN = 200
"""So many apps of a whole list are read at a time."""
AHEAD = 28
"""Days of the plan that are shown."""
PLAN_HOLDS = timedelta(minutes=1)
"""It is about everybody who is asked, so it is made once for all who read it meanwhile."""


@dataclass(frozen=True, slots=True)
class AppFile:
    """All that is known of one app; `requests` oldest first, `prospect` who would be asked."""

    record: AppRecord
    requests: tuple[ConsentRequest, ...]
    prospect: Prospect | None


class Read:
    """Reads for the pages. Every method may raise StoreError."""

    def __init__(self, *, ledger: Ledger, planner: Planner, clock: Clock) -> None:
        self._ledger = ledger
        self._planner = planner
        self._clock = clock
        self._plan: Plan | None = None
        self._planning = asyncio.Lock()

    @property
    def zone(self) -> tzinfo:
        """The organisation's."""
        return self._planner.policy.calendars.of("").zone

    def now(self) -> datetime:
        """The moment that the pages are about (UTC)."""
        return self._clock.now()

    async def apps(self, wanted: Wanted, number: int) -> Page:
        """A page of the list; it costs what is shown."""
        return await self._ledger.page(number, ROWS, wanted)

    async def every(self, wanted: Wanted) -> AsyncIterator[Inventory]:
        """All of them, to be taken away; some at a time."""
        async for some in self._ledger.pages(TAKEN, wanted):
            yield Inventory(some.shown, some.requests, some.prospects, {})

    async def app(self, ref: AppRef) -> AppFile | None:
        """One app, or None when there is no such one."""
        record = await self._ledger.app(ref)
        if record is None:
            return None
        prospects = await self._ledger.prospects_of([ref])
        requests = await self._ledger.requests_for(ref)
        return AppFile(record, requests, prospects.get(ref))

    async def scans(self) -> Mapping[str, OrgScan]:
        """How the last scan of each org went."""
        return await self._ledger.scans()

    async def requests(self, number: int) -> Asked:
        """A page of the open ones, the oldest first."""
        return await self._ledger.requests(number, ROWS)

    async def incidents(self) -> tuple[Incident, ...]:
        """What is wrong now, the oldest first."""
        return tuple(sorted((await self._ledger.incidents()).values(), key=lambda t: t.since))

    async def plan(self) -> Plan:
        """Who would get what within AHEAD days, as of a minute ago at most."""
        async with self._planning:
            if self._plan is None or not self._is_new(self._plan):
                self._plan = await self._planner.plan(AHEAD)
            return self._plan

    def _is_new(self, plan: Plan) -> bool:
        return plan.start <= self._clock.now() < plan.start + PLAN_HOLDS
