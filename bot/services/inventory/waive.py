"""Waivers: accept an app as it is until a day, take that back, and list what is accepted.

A waived app is out of the open list, the counts and the reminders; what was seen of it goes on to
be looked at, so one that turns out migrated is shown as migrated. `Verdicts` ends a waiver.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from attrs import define

from bot.domain.campaign.cadence import start_of
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Step, step
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.waivers import Waiver
from bot.domain.time.calendar import DAY, Calendar
from bot.errors import AppUnknown, NothingToWaive, NotWaived, WaiverPast, WaiverTooLong
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.delivery.notify import changed
from bot.services.unit_of_work import write


@dataclass(frozen=True, slots=True)
class Waived:
    """An app that is, or would be, accepted as it is; `asked` is the request that ends by it."""

    record: AppRecord
    waiver: Waiver
    asked: ConsentRequest | None = None


@define(kw_only=True, eq=False)
class Waive:
    """Each verb writes the app, its request and the audit in one commit."""

    _ledger: Ledger
    _clock: Clock
    _engine: Engine | None
    _calendar: Calendar
    _longest: timedelta

    @property
    def latest(self) -> date:
        """The last day that a waiver may hold."""
        return self._calendar.today(self._clock.now()) + self._longest

    @property
    def calendar(self) -> Calendar:
        """The organisation's own, by which the days are told."""
        return self._calendar

    async def preview(self, ref: AppRef, until: date, why: str, by: str, by_name: str) -> Waived:
        """What `waive` would do. Raises AppUnknown, NothingToWaive, WaiverPast, WaiverTooLong."""
        now = self._clock.now()
        if until < self._calendar.today(now):
            raise WaiverPast("A waiver cannot end in the past.")
        if until > self.latest:
            raise WaiverTooLong("That is longer than a waiver may be.", latest=self.latest)
        record = await self._ledger.app(ref)
        if record is None:
            raise AppUnknown(str(ref))
        if not record.state(now).is_open:
            raise NothingToWaive(record.app.label)
        ends_at = start_of(until + DAY, self._calendar)
        waiver = Waiver(until, ends_at, why, by, by_name, now)
        waiver = replace(waiver, warned=waiver.warns_at <= now)
        request = await self._ledger.request(record.request_id) if record.request_id else None
        asked = request if request is not None and request.stage.is_open else None
        return Waived(record, waiver, asked)

    async def waive(self, ref: AppRef, until: date, why: str, by: str, by_name: str) -> Waived:
        """Accept the app as it is, instead of what was accepted before. Raises as `preview`.

        Whoever was asked for it is told that nothing is left to do.
        """

        async def decide() -> tuple[Changes, Waived]:
            found = await self.preview(ref, until, why, by, by_name)
            now = found.waiver.since
            ended = step(found.asked, Step.REVOKE, now) if found.asked is not None else None
            detail = {
                "until": until.isoformat(),
                "why": why,
                "request": ended.id if ended is not None else "",
            }
            planned = (changed(ended, now),) if ended is not None else ()
            record = replace(
                found.record,
                waiver=found.waiver,
                request_id="",
                assessed_at=now,
                revision=found.record.revision + 1,
            )
            changes = Changes(
                apps=(record,),
                requests=(ended,) if ended is not None else (),
                planned=planned,
                audit=(AuditEntry(now, by, Action.WAIVE, str(ref), detail),),
            )
            return changes, replace(found, record=record)

        return await write(self._ledger, decide, self._engine)

    async def take_back(self, ref: AppRef, by: str) -> AppRecord:
        """The app is open again. Raises AppUnknown, NotWaived."""

        async def decide() -> tuple[Changes, AppRecord]:
            now = self._clock.now()
            old = await self._ledger.app(ref)
            if old is None:
                raise AppUnknown(str(ref))
            if old.waiver is None or not old.waiver.holds(now):
                raise NotWaived(old.app.label)
            record = replace(old, waiver=None, assessed_at=now, revision=old.revision + 1)
            detail = {"until": old.waiver.until.isoformat(), "why": old.waiver.why}
            entry = AuditEntry(now, by, Action.UNWAIVE, str(ref), detail)
            return Changes(apps=(record,), audit=(entry,)), record

        return await write(self._ledger, decide)
