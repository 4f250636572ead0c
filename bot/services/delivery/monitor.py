"""Notice what breaks outside of chat, or soon ends, tell the operators once, and notice its end.

Places are `okta:ORG`, `entra:TENANT` (as Okta names it), `expires:KEY` of the settings, `engine`,
and `doctor:PLACE/CHECK` for what an examination finds broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from attrs import define, field

from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.delivery.incidents import LATE, SOON, Incident, alarms, owners
from bot.domain.inventory.records import OrgScan
from bot.domain.people.admins import ChatIdentity
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.unit_of_work import write_once

log = structlog.get_logger(__name__)

Wrong = tuple[str, str]
"""A code, and a reason in words free of secrets."""


@define(kw_only=True, eq=False)
class Monitor:
    """Told how things went, keeps what is wrong."""

    _ledger: Ledger
    _engine: Engine
    _clock: Clock
    _operators: tuple[ChatIdentity, ...]
    _late_since: datetime | None = field(init=False, default=None)

    async def scanned(self, scan: OrgScan, tenants: Mapping[str, str]) -> None:
        """A look at an org ended. `tenants`: those that were read, and why not, "" when all was."""
        found = {f"okta:{scan.org}": ("scan_failed", scan.failure) if scan.failure else None}
        for name, failure in tenants.items():
            found[f"entra:{name}"] = ("tenant_unread", failure) if failure else None
        await self._keep(found)

    async def ends(self, when: Mapping[str, datetime], *, whole: bool = False) -> None:
        """What ends when (UTC), by its key in the settings. `whole`: nothing else is known to."""
        now = self._clock.now()
        found = await self._over("expires:") if whole else {}
        for key, at in when.items():
            soon = ("expires", f"{key} ends on {at.date().isoformat()}.")
            found[f"expires:{key}"] = soon if at - now <= SOON else None
        await self._keep(found)

    async def report_delay(self, seconds: float) -> None:
        """By how much the oldest work that is due is late; told once it is and stays so for long.

        What has piled up while nobody worked is soon done, and is nobody's business.
        """
        now = self._clock.now()
        if seconds <= LATE.total_seconds():
            self._late_since = None
            await self._keep({"engine": None})
            return
        self._late_since = self._late_since or now
        if now - self._late_since >= LATE:
            await self._keep({"engine": ("engine_late", f"What is due waits for {seconds:.0f} s.")})

    async def examined(self, broken: Mapping[str, str]) -> None:
        """What an examination found broken: the whole of it, by place, with the reason."""
        told = {place: ("found_broken", reason) for place, reason in broken.items()}
        await self._keep({**await self._over("doctor:"), **told})

    async def _over(self, kind: str) -> dict[str, Wrong | None]:
        """All that is known to be wrong of this kind, as being so no more."""
        return {place: None for place in await self._ledger.incidents() if place.startswith(kind)}

    async def _keep(self, found: Mapping[str, Wrong | None]) -> None:
        known = await self._ledger.incidents()
        now = self._clock.now()
        new = [
            Incident(place, *wrong, now)
            for place, wrong in found.items()
            if wrong is not None and place not in known
        ]
        over = tuple(place for place, wrong in found.items() if wrong is None and place in known)
        if not new and not over:
            return
        planned = tuple(
            one
            for incident in new
            for one in alarms(
                incident.place,
                incident.code,
                now,
                owners(incident, self._operators),
                after=timedelta(),
            )
        )
        begun = tuple(
            AuditEntry(now, "o365bot", Action.INCIDENT, one.place, {"code": one.code})
            for one in new
        )
        ended = tuple(AuditEntry(now, "o365bot", Action.INCIDENT_OVER, place) for place in over)
        changes = Changes(
            incidents=tuple(new), solved=over, planned=planned, audit=(*begun, *ended)
        )
        if not await write_once(self._ledger, changes, self._engine):
            return  # another replica met the same at the same time
        for incident in new:
            log.error("something is wrong", place=incident.place, reason=incident.reason)
        for place in over:
            log.info("recovered", place=place)
