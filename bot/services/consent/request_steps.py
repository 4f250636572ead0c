"""After the proof: what the person saw and did, and looking until the evidence says done.

Every verb is a step in the ledger with actor, proof, time and request id, and changes the person's
message and the board in place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import structlog
from attrs import define

from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Deadline
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent import polls
from bot.domain.consent.requests import Button, ConsentRequest, Stage, Step, step
from bot.domain.consent.snooze import Snooze, plan, snooze_bounds
from bot.domain.evidence.history import heard
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.errors import StoreError
from bot.ports.clouds import OktaOrg
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.consent.actors import Acting, Actor, Actors, BySession
from bot.services.consent.reassign import Reassign
from bot.services.delivery.notify import changed
from bot.services.inventory.consoles import integration_tab
from bot.services.inventory.scan import Scan
from bot.services.people.worklists import answered
from bot.services.unit_of_work import NO_CHANGE, write

log = structlog.get_logger(__name__)

LONGEST_SUGGESTION = 200  # characters


@dataclass(frozen=True, slots=True)
class Progress:
    """Where it stands, for a page that follows it live. Times are UTC.

    `record.assessed(now)` says what is known and how; `scanned_at` is the last complete look and
    `next_poll_at` the next one of the plan (None: the regular look within `scan_minutes`).
    `others` are the same session's other requests that are still open.
    """

    request: ConsentRequest
    record: AppRecord | None
    done: bool
    scanned_at: datetime | None
    next_poll_at: datetime | None
    scan_minutes: int
    integration_tab: str = ""
    others: tuple[ConsentRequest, ...] = ()
    now: datetime = field(kw_only=True, compare=False)


@define(kw_only=True, eq=False)
class RequestSteps:
    """The person's verbs. Each raises what `Actors.acting` raises, and StepNotAllowed."""

    _actors: Actors
    _ledger: Ledger
    _orgs: Mapping[str, OktaOrg]
    _scan: Scan
    _reassign: Reassign
    _engine: Engine
    _clock: Clock
    _policy: Policy
    _scan_minutes: int

    async def progress(self, actor: Actor) -> Progress:
        """Where it stands. Changes nothing."""
        request = (await self._actors.of(actor)).request
        record = await self._ledger.app(request.app)
        others: list[ConsentRequest] = []
        if isinstance(actor, BySession):
            for request_id in (await self._actors.session(actor.secret)).request_ids:
                other = await self._ledger.request(request_id)
                if other is not None and other.id != request.id and other.stage.is_open:
                    others.append(other)
        return Progress(
            request,
            record,
            done=request.stage is Stage.DONE,
            scanned_at=record.scanned_at if record else None,
            next_poll_at=request.watch.next_at if request.watch else None,
            scan_minutes=self._scan_minutes,
            integration_tab=await integration_tab(self._orgs, request.app),
            others=tuple(others),
            now=self._clock.now(),
        )

    async def watch(self, actor: Actor, *, every: float = 1.0) -> AsyncIterator[Progress]:
        """`progress` now and whenever it has changed, until the request has ended.

        Looks into the ledger every `every` seconds.
        """
        shown: Progress | None = None
        while shown is None or shown.request.stage.is_open:
            if shown is not None:
                await asyncio.sleep(every)
            now = await self.progress(actor)
            if now != shown:
                shown = now
                yield now

    async def attest(
        self, actor: Actor, seen: Button, also: Iterable[EvidenceKind] = ()
    ) -> ConsentRequest:
        """The person says which button was there, and what `also`: it is evidence of the app."""
        return await self._take(actor, Step.ATTEST, saw=seen, told=(seen.evidence, *also))

    async def sees(self, actor: Actor, told: EvidenceKind) -> ConsentRequest:
        """The person says what else was there: evidence of the app, and no step of the request."""
        await self._actors.acting(actor)

        async def decide() -> tuple[Changes, ConsentRequest]:
            acting, now = await self._actors.of(actor), self._clock.now()
            step(acting.request, Step.ATTEST, now)  # raises where nobody has taken it on
            detail = {"request": acting.request.id, "proof": acting.kind.value, "saw": told.value}
            entry = AuditEntry(now, acting.by, Step.ATTEST, str(acting.request.app), detail)
            apps = await self._with_evidence(acting, (told,), now)
            return Changes(apps=apps, audit=(entry,)), acting.request

        return await write(self._ledger, decide)

    async def saved(self, actor: Actor) -> ConsentRequest:
        """The person says it is saved: looked at once, then at growing intervals."""
        return await self._take(actor, Step.SAVE, look=True, told=(EvidenceKind.SAID_SAVED,))

    async def already(self, actor: Actor) -> ConsentRequest:
        """The person says it was done before: looked at once; nobody's word is taken for it."""
        return await self._take(actor, Step.CLAIM, look=True)

    async def not_me(self, actor: Actor, suggestion: str = "") -> ConsentRequest:
        """ "Not me": ends here, and the next candidate is asked. The operator is told.

        `suggestion` is who would be right, in the person's words; if it names a candidate, they
        come first.
        """
        said = " ".join(suggestion.split())[:LONGEST_SUGGESTION]
        declined = await self._take(actor, Step.DECLINE, suggestion=said)
        try:
            await self._reassign.instead(declined)
        except StoreError as error:
            # The answer is kept, and with it that somebody else is to be asked: a tick does it.
            log.warning("nobody else asked yet", request=declined.id, error=error.code)
        return declined

    async def later(self, actor: Actor, local: datetime, reason: str = "") -> ConsentRequest:
        """ "Later": asked again then. `local` is a time without zone in the person's own zone."""
        return await self._take(actor, Step.SNOOZE, local=local, reason=reason)

    async def verify(self, ref: AppRef) -> None:
        """A look of the plan (the engine's task): look at the app, then plan the next look."""
        record = await self._ledger.app(ref)
        request_id = record.request_id if record else ""
        await self._scan.app(ref)

        async def decide() -> tuple[Changes, datetime | None]:
            request = await self._ledger.request(request_id)
            if request is None or request.watch is None:
                return NO_CHANGE, None
            now = self._clock.now()
            if not request.stage.is_open:  # the look found it done, or something else ended it
                return Changes(planned=(changed(request, now),)), None
            watch = polls.after_poll(request.watch, now)
            moved = step(request, Step.POLL, now, watch=watch)
            detail = {"request": moved.id, "looks": str(watch.looks)}
            entry = AuditEntry(now, "o365bot", Step.POLL, str(ref), detail)
            polled = Changes(requests=(moved,), planned=(changed(moved, now),), audit=(entry,))
            return polled, watch.next_at

        next_at = await write(self._ledger, decide, self._engine) if request_id else None
        if next_at is not None:
            await self._engine.verify(ref, next_at)

    async def _take(
        self,
        actor: Actor,
        taken: Step,
        *,
        told: tuple[EvidenceKind, ...] = (),
        saw: Button | None = None,
        suggestion: str = "",
        local: datetime | None = None,
        reason: str = "",
        look: bool = False,
    ) -> ConsentRequest:
        """One step of the person's, with what follows from it, in one commit."""
        leaves = taken is Step.DECLINE and not isinstance(actor, BySession)
        await (self._actors.leaving(actor) if leaves else self._actors.acting(actor))

        async def decide() -> tuple[Changes, ConsentRequest]:
            acting, now = await self._actors.of(actor), self._clock.now()
            moved = step(
                acting.request,
                taken,
                now,
                saw=saw,
                suggestion=suggestion,
                snooze=self._plan(acting.request, local, reason, now) if local else None,
                watch=polls.begin(now) if look else None,
            )
            changes = Changes(
                apps=await self._with_evidence(acting, told, now),
                requests=(moved,),
                planned=(changed(moved, now),),
                recipients=await answered(self._ledger, moved.chat, now),
                audit=(_entry(acting, moved, taken, now),),
            )
            return changes, moved

        moved = await write(self._ledger, decide, self._engine)
        if look:
            await self._engine.verify(moved.app, self._clock.now())
        return moved

    def deadline(self, request: ConsentRequest) -> Deadline:
        """The date that the request runs against."""
        return self._policy.deadline(request)

    def days_for_later(self, request: ConsentRequest) -> tuple[date, date]:
        """The first and the last day that it may be put off to, by the person's own calendar."""
        calendar = self._policy.calendars.of_person(request.chat)
        bounds = snooze_bounds(self._clock.now(), self.deadline(request).on, calendar)
        first, last = (calendar.day_of(calendar.next_open(at) or at) for at in bounds)
        return first, last

    def _plan(self, request: ConsentRequest, local: datetime, reason: str, now: datetime) -> Snooze:
        calendar = self._policy.calendars.of_person(request.chat)
        return plan(local, reason, now, self._policy.deadline(request).on, calendar)

    async def _with_evidence(
        self, acting: Acting, told: tuple[EvidenceKind, ...], now: datetime
    ) -> tuple[AppRecord, ...]:
        """The app with what the person says of it."""
        record = await self._ledger.app(acting.request.app) if told else None
        if record is None:
            return ()
        detail = {
            "by": acting.request.admin_upn,
            "request": acting.request.id,
            "proof": acting.kind.value,
        }
        said = [Evidence(kind, now, now, detail) for kind in told]
        evidence = heard(record.evidence, said)
        return (replace(record, evidence=evidence, assessed_at=now, revision=record.revision + 1),)


def _entry(acting: Acting, moved: ConsentRequest, taken: Step, now: datetime) -> AuditEntry:
    detail = {"request": moved.id, "proof": acting.kind.value}
    if taken is Step.ATTEST and moved.saw:
        detail["saw"] = moved.saw.value
    if taken is Step.SNOOZE and moved.snooze:
        detail |= {"until": moved.snooze.until.isoformat(), "reason": moved.snooze.reason}
    if taken is Step.DECLINE and moved.suggestion:
        detail["suggestion"] = moved.suggestion
    return AuditEntry(now, acting.by, taken, str(moved.app), detail)
