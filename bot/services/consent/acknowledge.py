"""Opening and using a personal link.

Opening changes nothing: chat and mail scanners fetch links. Acknowledging is one compare-and-set in
the ledger, so of any number of clicks exactly one counts and the others learn that it was used.
How it is known who acts is the business of `bot.services.consent.prove`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from attrs import define

from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.links import check_return, link_digest
from bot.domain.consent.requests import (
    FRESH,
    ConsentRequest,
    MfaShown,
    Proof,
    ProofKind,
    Step,
    step,
)
from bot.domain.people.admins import ChatIdentity
from bot.errors import (
    LinkExpired,
    LinkRevoked,
    LinkSpent,
    NotYours,
    SentElsewhere,
)
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services import counts
from bot.services.delivery.notify import changed
from bot.services.people.worklists import answered
from bot.services.unit_of_work import write


class LinkStatus(StrEnum):
    """What a link is still good for."""

    FRESH = "fresh"
    BACK = "back"  # issued after the proof, not used yet: leads back to what was taken on
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class LinkView:
    """What may be shown to whoever holds a link.

    For EXPIRED and REVOKED links all else is empty: somebody who holds an old link learns nothing
    from it. For USED ones and those that lead BACK the request is there to find the session by;
    without it, its time may be told and nothing else. `others` are what a sign-in would take on
    besides.
    """

    status: LinkStatus
    request: ConsentRequest | None = None
    others: tuple[ConsentRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenOn:
    """What one proof took on: the request it was about, and others of the same administrator.

    `again`: the request had been taken on before, so nothing of it changed.
    """

    request: ConsentRequest
    others: tuple[ConsentRequest, ...] = ()
    again: bool = False


Find = Callable[[datetime], Awaitable[ConsentRequest]]
"""Reads the request that is to be taken on, and raises what speaks against it at that time."""


@define(kw_only=True, eq=False)
class Acknowledge:
    """`view` a link; `take_on` what a proof is for."""

    _ledger: Ledger
    _engine: Engine
    _clock: Clock

    async def view(self, token: str) -> LinkView:
        """What the link is for. Raises LinkUnknown. Changes nothing."""
        digest = link_digest(token)
        request = await self._ledger.request_by_link(digest)
        try:
            request = check_return(request, digest, self._clock.now())
        except LinkSpent:
            return LinkView(LinkStatus.USED, request)
        except LinkExpired:
            return LinkView(LinkStatus.EXPIRED)
        except LinkRevoked:
            return LinkView(LinkStatus.REVOKED)
        if request.stage not in FRESH:
            return LinkView(LinkStatus.BACK, request)
        return LinkView(LinkStatus.FRESH, request, await self._served_alike(request))

    async def by_code(self, code: str, asker: ChatIdentity, *, operator: bool) -> ConsentRequest:
        """The request that shows this code, for an operator or the very person who was asked.

        Raises SentElsewhere where that person asks on the other platform; NotYours for everybody
        else, and for a code that is not known: they learn nothing.
        """
        request = await self._ledger.request_by_code(code)
        if request is not None and (operator or request.is_bound_to(asker)):
            return request
        if request is not None and request.is_known_elsewhere_as(asker):
            raise SentElsewhere(request.chat.platform.value)
        raise NotYours("No message of mine with that code is yours.")

    async def take_on(
        self, find: Find, kind: ProofKind, by: str, mfa: MfaShown = MfaShown.NOT_PROVEN
    ) -> TakenOn:
        """Spend the link of the request that `find` gives; raises what it raises.

        Raises NotDurable while too few replicas of the store have it: then the same call, made
        again, waits for them. A sign-in serves all that the same administrator was asked for and
        did not put off, in the same step. Where `find` gives a request that was taken on before,
        only the others are new, a fresh link of its own is spent, and a stronger proof is kept.
        """

        async def decide() -> tuple[Changes, tuple[TakenOn, tuple[ConsentRequest, ...]]]:
            now = self._clock.now()
            try:
                request = await find(now)
            except LinkSpent:
                # Perhaps by this very person, who was told to try again: is it safe by now?
                await self._ledger.settle()
                raise
            proof = Proof(kind, by, now, mfa)
            waiting = [request] if request.stage in FRESH else []
            if kind.reaches(ProofKind.SIGNED_IN):
                waiting += await self._served_alike(request)
            again = request.stage not in FRESH
            known = request.proof
            stronger = known is not None and not known.kind.reaches(kind)
            leads_back = request.link is not None and request.link.back
            # Whoever comes back by chat did not come by the link.
            spends = again and (stronger or (leads_back and kind is not ProofKind.CHAT_ACCOUNT))
            recipients = await answered(self._ledger, request.chat, now)
            if not waiting and not spends:
                # They are at it, and not silent, whatever they come back for.
                return Changes(recipients=recipients), (TakenOn(request, again=True), ())
            taken = tuple(step(one, Step.ACKNOWLEDGE, now, proof=proof) for one in waiting)
            kept = proof if stronger else known
            first = step(request, Step.RETURN, now, proof=kept) if spends else request
            back = (first,) if spends else ()
            about = {"proof": kind.value, "mfa": mfa.value}
            entries = tuple(
                AuditEntry(now, by, taking, str(one.app), {"request": one.id, **about})
                for taking, moved in ((Step.RETURN, back), (Step.ACKNOWLEDGE, taken))
                for one in moved
            )
            changes = Changes(
                requests=(*back, *taken),
                planned=tuple(changed(one, now) for one in taken),
                recipients=recipients,
                audit=entries,
            )
            done = TakenOn(first, taken, again) if again else TakenOn(taken[0], taken[1:])
            return changes, (done, taken)

        done, taken = await write(self._ledger, decide, self._engine)
        if done.again and not done.others:
            await self._ledger.settle()  # as above
        for one in taken:
            counts.acknowledged(self._clock.now() - one.requested_at)
        return done

    async def _served_alike(self, request: ConsentRequest) -> tuple[ConsentRequest, ...]:
        """What one sign-in serves besides: "later" is kept, whatever is signed in for."""
        return tuple(
            other
            for other in await self._ledger.requests_of(request.chat)
            if other.id != request.id
            and other.stage in FRESH
            and other.snooze is None
            and request.covers(other)
        )


__all__ = ["Acknowledge", "LinkStatus", "LinkView", "TakenOn"]
