"""What the operators' pages show. Everything here only reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.domain import summaries
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.incidents import Incident
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.likeness import likeness
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import AppSummary, Page, Part
from bot.ports.ledger import Ledger
from bot.ports.system import Clock
from bot.services.campaign.rehearse import Plan, Rehearse
from bot.services.inventory.export import Inventory

ROWS = 50
AHEAD = 28
"""Days of the plan that are shown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which apps: of a part, an org ("": all), in a state, and with this in their names."""

    part: Part = Part.OPEN
    org: str = ""
    state: State | None = None
    text: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether it is less than a whole part of the list."""
        return bool(self.org or self.state or self.text)

    def holds(self, summary: AppSummary) -> bool:
        """Whether an app is among them."""
        named = likeness(f"{summary.app.label} {summary.app.domain} {summary.ref}")
        return (
            self.part.holds(summary)
            and self.org in ("", summary.ref.org)
            and self.state in (None, summary.state)
            and likeness(self.text) in named
        )


@dataclass(frozen=True, slots=True)
class AppFile:
    """All that is known of one app; `requests` oldest first, `prospect` who would be asked."""

    record: AppRecord
    requests: tuple[ConsentRequest, ...]
    prospect: Prospect | None


class Read:
    """Reads for the pages. Every method may raise StoreError."""

    def __init__(self, *, ledger: Ledger, rehearse: Rehearse, clock: Clock) -> None:
        self._ledger = ledger
        self._rehearse = rehearse
        self._clock = clock

    @property
    def zone(self) -> tzinfo:
        """The organisation's."""
        return self._rehearse.policy.calendars.of("").zone

    def now(self) -> datetime:
        """The moment that the pages are about (UTC)."""
        return self._clock.now()

    async def apps(self, wanted: Wanted, number: int) -> Page:
        """A page of the list. A whole part costs what is shown; a narrow one, every summary."""
        if not wanted.is_narrow:
            return await self._ledger.page(number, ROWS, summaries.Wanted(wanted.part))
        found = await self._matching(wanted)
        pages = max(1, -(-len(found) // ROWS))
        number = min(max(number, 1), pages)
        shown = found[(number - 1) * ROWS : number * ROWS]
        whole = await self._ledger.page(1, 1, summaries.Wanted(wanted.part))  # for the counts
        requests, prospects = await self._beside(shown)
        return Page(number, pages, whole.counts, shown, requests, prospects, waived=whole.waived)

    async def every(self, wanted: Wanted) -> Inventory:
        """All of them, to be taken away."""
        found = await self._matching(wanted)
        return Inventory(found, *await self._beside(found), await self._ledger.scans())

    async def app(self, ref: AppRef) -> AppFile | None:
        """One app, or None when there is no such one."""
        record = await self._ledger.app(ref)
        if record is None:
            return None
        prospects = await self._ledger.prospects(ref.org)
        requests = await self._ledger.requests_for(ref)
        return AppFile(record, requests, prospects.get(ref))

    async def scans(self) -> Mapping[str, OrgScan]:
        """How the last scan of each org went."""
        return await self._ledger.scans()

    async def requests(self) -> tuple[ConsentRequest, ...]:
        """The open ones, the oldest first."""
        return tuple(sorted(await self._ledger.open_requests(), key=lambda r: r.requested_at))

    async def incidents(self) -> tuple[Incident, ...]:
        """What is wrong now, the oldest first."""
        return tuple(sorted((await self._ledger.incidents()).values(), key=lambda t: t.since))

    async def plan(self) -> Plan:
        """Who would get what within AHEAD days."""
        return await self._rehearse.plan(AHEAD)

    async def _matching(self, wanted: Wanted) -> tuple[AppSummary, ...]:
        return tuple(filter(wanted.holds, await self._ledger.summaries(wanted.org)))

    async def _beside(
        self, shown: Iterable[AppSummary]
    ) -> tuple[Mapping[str, ConsentRequest], Mapping[AppRef, Prospect]]:
        """The open requests of these by id, and who would be asked for them."""
        asked = {one.request_id for one in shown if one.request_id}
        requests = {r.id: r for r in await self._ledger.open_requests() if r.id in asked}
        orgs = {one.ref.org for one in shown}
        prospects: dict[AppRef, Prospect] = {}
        for org in sorted(orgs):
            prospects |= await self._ledger.prospects(org)
        return requests, prospects
