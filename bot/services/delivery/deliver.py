"""Carry out one delivery: claim it, send it, confirm it; a crash in between is seen by nobody.

    pace       a time within the platform's limits; is it later, the delivery is put off to it
    claim      due -> sending, under a lease (compare-and-set: one worker wins)
    look       when an earlier attempt may have got through, ask the platform first
    send       one call to the platform, marked with the delivery's key
    confirm    sending -> sent, with the message's id

What the platform refuses for good is no retry but a state that somebody owns. What follows depends
on what the refusal is about (`bot.domain.refusals`):

    the installation (token revoked)    an incident: everything for that platform is held, and tried
                                        again every minute; it goes on when a message gets through
    a channel (archived)                the delivery fails; an incident until a message gets through
    a person (app not installed)        the request is undelivered, the next candidate is asked
    the message itself (a bug)          the delivery fails
    nobody knows what                   it is tried some more times, then the delivery fails

and the operators are told, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Step
from bot.domain.delivery import deliveries, limits
from bot.domain.delivery.deliveries import MOST_CRASHES, Delivery, next_try
from bot.domain.delivery.incidents import PROBE_EVERY, places_of
from bot.domain.delivery.limits import Call, Quotas
from bot.domain.delivery.notices import Channel, Notice
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.domain.refusals import CONSEQUENCES, Scope
from bot.errors import (
    ChatError,
    ChatThrottled,
    ChatUnreachable,
    MessageRefused,
    RecordUnreadable,
)
from bot.ports.engine import Engine
from bot.ports.spans import span
from bot.ports.store.ledger import Ledger
from bot.ports.store.limits import Pace
from bot.ports.system import Clock
from bot.services.delivery.incidents import Incidents
from bot.services.delivery.outcomes import Outcomes
from bot.services.delivery.send import NothingToTell, NotYet, OutcomeUnknown, Send
from bot.services.delivery.sequencing import WAIT, Sequencer
from bot.services.people.linked_accounts import LinkedAccounts
from bot.services.unit_of_work import NO_CHANGE, enqueue, write_once

log = structlog.get_logger(__name__)

ATTEMPT = 45.0
"""Seconds that one attempt may take."""
AT_ONCE = 16
"""So many are under way at a time; a worker that dies leaves each in doubt, with one crash more."""
ASIDE = timedelta(minutes=10)
"""How long a record that this version cannot read is left alone: a newer replica can."""


class Deliver:
    """Carries out deliveries by key."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        send: Send,
        engine: Engine,
        pace: Pace,
        clock: Clock,
        incidents: Incidents,
        quotas: Quotas = limits.DEFAULT,
        operators: tuple[ChatIdentity, ...] = (),
        linked_accounts: LinkedAccounts | None = None,
        ask_another: Callable[[ConsentRequest], Awaitable[object]] | None = None,
    ) -> None:
        self._ledger = ledger
        self._send = send
        self._engine = engine
        self._pace = pace
        self._clock = clock
        self._quotas = quotas
        self._incidents = incidents
        self._operators = operators
        self._ask_another = ask_another
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._turns = Sequencer(ledger, linked_accounts)
        self._outcomes = Outcomes(
            ledger=ledger,
            send=send,
            engine=engine,
            clock=clock,
            turns=self._turns,
            operators=operators,
        )

    async def __call__(self, key: str) -> None:
        """Carry out one delivery. Safe to call twice, and from several workers at once."""
        try:
            found = await self._ledger.delivery(key)
        except RecordUnreadable:
            log.error("delivery cannot be read and is set aside", delivery=key)
            await self._ledger.set_aside(key, self._clock.now() + ASIDE)
            return
        if found is not None:
            await self._carry_out(found)

    async def batch(self, keys: Sequence[str]) -> None:
        """The same for several, which are read together.

        Raises what went wrong with the first of them, after all of them had their turn.
        """
        found = await self._ledger.deliveries(keys)
        outcomes = await asyncio.gather(
            *(self._carry_out(found[key]) if key in found else self(key) for key in keys),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _carry_out(self, found: Delivery) -> None:
        async with self._turns.of(found.notice), self._at_once:
            taken = await self._claim(found)
            if taken is None:
                return
            claimed, known = taken
            with span("delivery") as told:
                told.note(kind=claimed.notice.kind)
                await self._attempt(claimed, known)

    async def _claim(self, found: Delivery | None) -> tuple[Delivery, tuple[Recipient, ...]] | None:
        """The delivery as this worker's, and those in whose week it counts, as written with it.

        None: another one was faster, or it has to wait.
        """
        while found is not None:
            now = self._clock.now()
            claimed = deliveries.claim(found, now)
            if claimed is None:
                return None
            turn = await self._turns.take(found, now)
            opens = now + WAIT
            if turn is not None:
                opens = await self._send.opens(found.notice, now, turn)
            if turn is None or opens > now:
                await self._wait(deliveries.hold(found, opens))
                return None
            slot = await self._slot(claimed, now)
            if slot > now:
                await self._wait(deliveries.put_off(found, slot))
                return None
            if await write_once(self._ledger, Changes(deliveries=(claimed,), recipients=turn)):
                return claimed, turn or ()
            found = await self._ledger.delivery(found.key)
        return None

    async def _wait(self, put_off: Delivery) -> None:
        """Write that it waits, and have it carried out then."""
        if await write_once(self._ledger, Changes(deliveries=(put_off,))):
            await enqueue(self._engine, (put_off,))

    async def _slot(self, delivery: Delivery, now: datetime) -> datetime:
        """When the platform's limits allow the first call that this delivery makes."""
        call = Call.SEARCH if self._send.must_search(delivery) else limits.call_of(delivery.notice)
        pacing = limits.pacing(delivery.notice, call, self._quotas)
        return await self._pace.slot(pacing, now, delivery.slot)

    async def _attempt(self, claimed: Delivery, known: tuple[Recipient, ...]) -> None:
        """One attempt, and what its outcome means."""
        left = self._time_left(claimed)
        try:
            if claimed.crashes >= MOST_CRASHES:
                raise MessageRefused("Too many attempts ended without a word.")
            try:
                async with asyncio.timeout(left):
                    told = await self._send(claimed)
            except TimeoutError as error:
                raise ChatUnreachable(
                    "The attempt took too long.", nothing_sent=left <= 0
                ) from error
        except ChatThrottled as error:
            call = Call.SEARCH if error.searching else limits.call_of(claimed.notice)
            shared = limits.pacing(claimed.notice, call, self._quotas).shared
            until = self._clock.now() + timedelta(seconds=error.retry_after)
            await self._pace.pause(shared, until)
            await self._outcomes.again(deliveries.put_back(claimed, until))
        except ChatUnreachable as error:
            until = next_try(claimed, self._clock.now())
            in_doubt = not error.nothing_sent
            await self._outcomes.again(deliveries.put_back(claimed, until, in_doubt=in_doubt))
        except ChatError as error:
            await self._refused(claimed, error)
        except NotYet:
            await self._outcomes.again(
                deliveries.put_back(claimed, next_try(claimed, self._clock.now()))
            )
        except NothingToTell:
            await self._outcomes.end(
                claimed, deliveries.fail(claimed, "nothing_to_tell"), "drop", None
            )
        except OutcomeUnknown as error:
            lost = deliveries.fail(claimed, error.code)  # for the person it counts as sent
            await self._outcomes.end(claimed, lost, "fail_delivery", Step.DELIVER)
        else:
            sent = deliveries.confirm(claimed, told.message_id, self._clock.now())
            await self._outcomes.end(
                claimed, sent, "deliver", Step.DELIVER, request=told.request, known=known
            )
            self._incidents.over(places_of(claimed.notice.to))

    def _time_left(self, claimed: Delivery) -> float:
        """Seconds for the attempt: it ends well before its lease, however slow the claim was."""
        if claimed.leased_until is None:
            return ATTEMPT
        left = claimed.leased_until - self._clock.now() - deliveries.LEASE / 6
        return max(min(ATTEMPT, left.total_seconds()), 0)

    async def _refused(self, claimed: Delivery, error: ChatError) -> None:
        """What follows from a refusal, by what it is about."""
        follows = CONSEQUENCES[error.scope]
        if follows.mended and self._is_worth_waiting(claimed.notice, error):
            await self._await_mending(claimed, error, holds=follows.holds)
        elif not follows.mended and (follows.tries is None or claimed.attempt < follows.tries):
            await self._outcomes.again(
                deliveries.put_back(claimed, next_try(claimed, self._clock.now()))
            )
        else:
            await self._give_up(claimed, error)

    def _is_worth_waiting(self, notice: Notice, error: ChatError) -> bool:
        """No platform out of the settings comes back, and a leave of one kind holds up no other."""
        alone = error.scope is Scope.CALL and notice.traits.can_be_alone
        return self._send.serves(notice.to.platform) and not alone

    async def _await_mending(self, claimed: Delivery, error: ChatError, *, holds: bool) -> None:
        """Until it is mended nothing is lost.

        Where the installation is refused, its platform is left alone for a while; where it lacks
        the leave for one kind of call, whatever does not need that goes on.
        """
        to, now = claimed.notice.to, self._clock.now()
        place, until = to.platform.value, next_try(claimed, now)
        if holds:
            until = now + PROBE_EVERY
            await self._pace.pause(to.platform, until)
        elif isinstance(to, Channel):
            place = str(to)
        incident = await self._incidents.met(place, error, now)
        await self._outcomes.again(deliveries.put_back(claimed, until), incident)

    async def _give_up(self, claimed: Delivery, error: ChatError) -> None:
        """A refusal for good: the delivery fails, and its owner is told."""
        now = self._clock.now()
        failed = deliveries.fail(claimed, error.code)
        follows = CONSEQUENCES[error.scope]
        notice = claimed.notice
        told = NO_CHANGE
        if follows.closes_channel and isinstance(notice.to, Channel):
            told = await self._incidents.met(str(notice.to), error, now)
        elif notice.traits.others_if_lost and error.scope is not Scope.MESSAGE:
            # Whoever asked is gone: it is for those who operate the bot now.
            told = Changes(planned=self._for_others(claimed, now))
        elif error.scope in (Scope.MESSAGE, Scope.UNTOLD) and not notice.traits.is_report:
            log.error("message refused", delivery=claimed.key, reason=error.message)
        # A refused reminder moves its requests only when it is the person who cannot be written to,
        # or their whole platform, which is in the settings no more; a first message always does.
        # Should nobody else be asked, it stands in the operators' digest.
        taken = Step.FAIL_DELIVERY if follows.loses_person or notice.is_first else None
        undelivered = await self._outcomes.end(claimed, failed, "fail_delivery", taken, also=told)
        if self._ask_another is None:
            return
        for request in undelivered:
            await self._ask_another(request)

    def _for_others(self, claimed: Delivery, now: datetime) -> tuple[Delivery, ...]:
        """The same for each other operator."""
        notice = claimed.notice
        others = (notice.for_other(one) for one in self._operators if one != notice.to)
        return tuple(Delivery(one, now, claimed.why) for one in others if one is not None)
