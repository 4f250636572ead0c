"""What became of an attempt: written, with what follows from it for requests and people."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from attrs import define

from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Stage, Step, allowed, step
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.incidents import places_of
from bot.domain.delivery.notices import Notice, OperatorDigest, PersonalLink, PersonalRound
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import ScheduleEntry, person
from bot.errors import NotDurable
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services import counts
from bot.services.delivery.notify import with_news
from bot.services.delivery.send import Send
from bot.services.delivery.sequencing import Sequencer
from bot.services.unit_of_work import NO_CHANGE, enqueue, write_once

_OUTCOMES = {
    "deliver": counts.Outcome.SENT,
    "fail_delivery": counts.Outcome.FAILED,
    "drop": counts.Outcome.DROPPED,
}


@define(kw_only=True, eq=False)
class Outcomes:
    """Writes what became of an attempt."""

    _ledger: Ledger
    _send: Send
    _engine: Engine
    _clock: Clock
    _turns: Sequencer
    _operators: tuple[ChatIdentity, ...]

    async def again(self, put_back: Delivery, also: Changes = NO_CHANGE) -> None:
        """Write that it is due again, and have it carried out then."""
        while not await write_once(self._ledger, replace(also, deliveries=(put_back,))):
            if not also.incidents:
                return  # the lease ran out and another worker took over
            also = NO_CHANGE  # or another delivery met the same incident at the same time
        counts.delivered(put_back.notice, counts.Outcome.LATER)
        await enqueue(self._engine, (put_back, *also.planned))

    async def end(
        self,
        claimed: Delivery,
        ended: Delivery,
        action: str,
        taken: Step | None,
        *,
        request: ConsentRequest | None = None,
        known: tuple[Recipient, ...] = (),
        also: Changes = NO_CHANGE,
    ) -> tuple[ConsentRequest, ...]:
        """Write the outcome, and with it the steps of the requests that it moves; returns these.

        `request` is the one that the notice is about, `known` are those in whose week it counts,
        where they are known as they stood a moment ago.
        """
        now = self._clock.now()
        notice, gone = claimed.notice, taken is Step.FAIL_DELIVERY
        while True:
            moved = await self._moved(notice, request, taken, now)
            entry = AuditEntry(
                now,
                "o365bot",
                action,
                str(moved[0].app if moved else notice.to),
                {
                    "delivery": claimed.key,
                    "why": claimed.why,
                    **({"failure": ended.failure} if ended.failure else {}),
                },
            )
            told = await self._told(notice, now, gone, known) if action != "drop" else ()
            # What they are asked for themselves may have waited for it.
            waited = told if isinstance(notice, OperatorDigest) else ()
            changes = replace(
                also,
                deliveries=(ended,),
                requests=moved,
                recipients=told,
                schedule=tuple(ScheduleEntry(person(one.chat), now) for one in waited),
                solved=places_of(notice.to) if ended.phase is Phase.SENT else (),
                audit=(entry, *also.audit),
            )
            if gone:
                others = [one for one in self._operators if str(one) != str(notice.to)]
                changes = await with_news(self._ledger, changes, others, notice.inherited, now)
            written = True
            with suppress(NotDurable):  # written, and nobody was promised anything about it
                written = await write_once(self._ledger, changes)
            if not written:
                current = await self._ledger.delivery(claimed.key)
                if current is None or current.revision != claimed.revision:
                    return ()  # the lease ran out and another worker wrote the outcome
                met = await self._ledger.incidents() if also.incidents else {}
                if any(incident.place in met for incident in also.incidents):
                    also = NO_CHANGE  # another delivery met the same incident at the same time
                request, known = None, ()  # they moved on, such as by a click that was faster
                continue
            counts.delivered(notice, _OUTCOMES[action])
            await enqueue(self._engine, also.planned)
            return moved

    async def _moved(
        self,
        notice: Notice,
        known: ConsentRequest | None,
        outcome: Step | None,
        now: datetime,
    ) -> tuple[ConsentRequest, ...]:
        """The requests that wait for this outcome, as it moves them."""
        match notice, outcome:
            case PersonalLink(request_id=about), Step():
                request = known or await self._ledger.request(about)
                if request is None or request.stage is not Stage.REQUESTED:
                    return ()
                return (step(request, outcome, now, snooze=request.snooze, named=True),)
            case PersonalRound(), Step():
                found = [await self._ledger.request(one) for one in notice.links_to]
                moved = [r for r in found if r is not None and outcome in allowed(r.stage)]
                return tuple(
                    step(
                        request,
                        outcome,
                        now,
                        # Who put it off was told now, as they wanted: so the plan ends.
                        snooze=None if self._send.plan_is_over(request) else request.snooze,
                        named=outcome is Step.DELIVER and request.id in notice.requests,
                    )
                    for request in moved
                    if not (outcome is Step.DELIVER and self._send.is_put_off(request))
                )
            case _:
                return ()

    async def _told(
        self, notice: Notice, now: datetime, gone: bool, known: tuple[Recipient, ...]
    ) -> tuple[Recipient, ...]:
        """Who was told, as far as anybody knows; a round that was refused is silence too.

        It is noted with all accounts of an operator, and of whom it disturbs: they have one week.
        """
        everybody = known or await self._turns.known(notice)
        theirs = (one for one in everybody if not gone or str(one.chat) == str(notice.to))
        return tuple(notice.told(one, now) for one in theirs)
