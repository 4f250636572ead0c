"""Verdicts: what follows from one, and taking those again that held until now.

Time alone changes what evidence is worth. So each app's summary says until when it holds, and the
tick takes up what is due there, and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from attrs import define

from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import Step, step
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.news import News, NewsKind
from bot.errors import RecordUnreadable
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.services.delivery.notify import changed, with_news
from bot.services.people.worklists import answered
from bot.services.unit_of_work import write_once

AT_ONCE = 200
"""So many are taken again in one tick; the others in the next ones."""

log = structlog.get_logger(__name__)


@define(kw_only=True, eq=False)
class Verdicts:
    """`renew` takes again what held until now."""

    _ledger: Ledger
    _engine: Engine
    _operators: tuple[ChatIdentity, ...] = ()
    _at_once: int = AT_ONCE

    async def renew(self, now: datetime) -> None:
        """Weigh again what is due at `now` (UTC), and write what follows from it."""
        for ref in await self._ledger.due_verdicts(now, self._at_once):
            try:
                await self._renew(ref, now)
            except RecordUnreadable:
                # A newer replica wrote it, and weighs it as well.
                log.warning("app cannot be read, so it is not assessed again", app=str(ref))

    async def _renew(self, ref: AppRef, now: datetime) -> None:
        old = await self._ledger.app(ref)
        if old is None:
            return
        new = replace(old, assessed_at=now, revision=old.revision + 1)
        warned: tuple[ChatIdentity, ...] = ()
        waiver = new.waiver if new.is_waived else None
        if waiver is not None and not waiver.warned and now >= waiver.warns_at:
            new = replace(new, waiver=replace(waiver, warned=True))
            warned = self._operators if new.verdict.state.is_open else ()
        changes = await settled(self._ledger, old, new, now, by="o365bot")
        ends = [News(NewsKind.WAIVER_ENDS, str(ref))]
        changes = await with_news(self._ledger, changes, warned, ends, now)
        # Whoever was faster has weighed it.
        await write_once(self._ledger, changes, self._engine)


async def settled(
    ledger: Ledger, old: AppRecord, new: AppRecord, now: datetime, *, by: str
) -> Changes:
    """What follows from a new verdict: an audit line when the state changed, and a request's end.

    A request ends as done on what is enough for that (`Assessment.ends_request`); when the app
    dropped out of scope it is withdrawn.
    """
    before = old.verdict.state if old.revision else None
    after = new.verdict
    audit: list[AuditEntry] = []
    if before is not after.state:
        audit.append(
            AuditEntry(
                now,
                by,
                Action.ASSESS,
                str(new.app.ref),
                {
                    "from": before.value if before else "",
                    "to": after.state.value,
                    "confidence": after.confidence.value,
                    "because": ", ".join(e.kind.value for e in after.because),
                },
            )
        )
    if old.is_waived and not new.is_waived:
        audit.append(AuditEntry(now, by, Action.WAIVER_OVER, str(new.app.ref)))
    request = await ledger.request(new.request_id) if new.request_id else None
    if request is None or not request.stage.is_open:  # none, or it ended by itself
        return Changes(apps=(replace(new, request_id=""),), audit=tuple(audit))
    proven = after.ends_request
    if not (proven or after.state is State.NOT_APPLICABLE):
        return Changes(apps=(new,), audit=tuple(audit))
    taken = Step.PROVE if proven else Step.REVOKE
    ended = step(request, taken, now)
    audit.append(AuditEntry(now, by, taken, str(new.app.ref), {"request": request.id}))
    return Changes(
        apps=(replace(new, request_id=""),),
        requests=(ended,),
        planned=(changed(ended, now),),
        recipients=await answered(ledger, ended.chat, now) if proven else (),
        audit=tuple(audit),
    )
