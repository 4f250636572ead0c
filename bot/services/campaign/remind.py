"""What comes due with time: personal reminders, digests, boards, what nobody carried out yet.

A tick reads the schedule entries that are due and nothing else; what is decided about one person
is written in one step with what they will have been told, so a second replica finds nothing to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import structlog
from attrs import define

from bot.domain.campaign.intents import Escalate, Intent, Policy, Reason, SendRound, Worklist
from bot.domain.campaign.planned_messages import after, stuck
from bot.domain.campaign.reminders import evaluate
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import Channel, ChannelReminder
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity
from bot.domain.schedule import (
    AGAIN,
    AT_LEAST,
    BOARDS,
    HOLD,
    INSTEAD,
    OPERATOR,
    RETURNED_MAIL,
    ScheduleEntry,
    again,
    person,
    read,
)
from bot.errors import (
    ChatError,
    CloudError,
    Conflict,
    ConsentError,
    NothingToDo,
    StoreUnavailable,
    StoreUnsafe,
)
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.campaign.digest import Digests
from bot.services.consent.reassign import Reassign
from bot.services.delivery.requeue import requeue
from bot.services.people.worklists import worklist_of

# More people than this at one tick wait for the next one; a tick stays short.
AT_ONCE = 500
PATIENCE = 60.0
"""Seconds that one entry may take: the next ones wait while a cloud lets it hang."""

log = structlog.get_logger(__name__)

Look = Callable[[datetime], Awaitable[datetime]]
"""Look after the boards, or the returned mail; says when to look at them next."""


@define(kw_only=True, eq=False)
class Remind:
    """`tick` does all that is due now; `now` posts a reminder because somebody asked for it."""

    _ledger: Ledger
    _engine: Engine
    _clock: Clock
    _reassign: Reassign
    _look_after: Mapping[str, Look]
    _renew_verdicts: Callable[[datetime], Awaitable[None]]
    _digests: Digests
    _channels: tuple[Channel, ...]
    _policy: Policy
    _patience: float = PATIENCE

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that follow the migration."""
        return self._channels

    async def tick(self) -> None:
        """Re-add unsent deliveries, weigh again what is due for that, work off the schedule."""
        now = self._clock.now()
        await requeue(self._ledger, self._engine, now)  # first: nobody's entry holds that up
        await self._renew_verdicts(now)
        for entry in await self._ledger.due_entries(now, AT_ONCE):
            try:
                async with asyncio.timeout(self._patience):
                    await self._work_off(entry, now)
            except (StoreUnavailable, StoreUnsafe):
                raise
            except TimeoutError:
                log.warning("schedule entry takes too long", entry=entry.name)
                await self._later(entry)
            except Exception:
                # One record must not keep everybody else waiting. When the hold of its entry ends,
                # it is tried again.
                log.exception("schedule entry failed", entry=entry.name)

    async def _later(self, entry: ScheduleEntry) -> None:
        """Behind all that this tick does not come to: those have their turn before it."""
        again = self._clock.now() + HOLD
        await self._ledger.commit(Changes(schedule=(replace(entry, at=again),)))

    async def _work_off(self, entry: ScheduleEntry, now: datetime) -> None:
        if entry.name in (BOARDS, RETURNED_MAIL):
            look_after = self._look_after.get(entry.name)  # none: mail is in the settings no more
            again = await look_after(now) if look_after is not None else None
            await self._ledger.commit(Changes(schedule=(replace(entry, at=again),)))
            return
        if entry.name.startswith(f"{INSTEAD}:"):
            await self._ask_instead(entry)
            return
        if entry.name.startswith(f"{AGAIN}:"):
            await self._ask_again(entry)
            return
        match read(entry.name):
            case (kind, chat) if kind == OPERATOR:
                await self._digests.evaluate(entry, chat, now)
            case (_, chat):
                await self._evaluate_person(entry, chat, now)
            case None:
                pass  # a newer version's entry: it knows what to do with it

    async def start(self) -> None:
        """Put all that is looked after on the schedule for the first tick: settings may be new."""
        now = self._clock.now()
        people = {person(request.chat) for request in await self._ledger.open_requests()}
        entries = (
            *(ScheduleEntry(name, now) for name in self._look_after),
            *self._digests.entries(now),
            *(ScheduleEntry(name, now) for name in people),
            *(ScheduleEntry(again(app), now) for app in await self._ledger.still()),
        )
        await self._ledger.commit(Changes(schedule=entries))

    async def now(self, by: str) -> tuple[Delivery, ...]:
        """Remind every channel now; `by` names who asked. Twice within a minute is once."""
        now = self._clock.now()
        planned = tuple(
            Delivery(
                ChannelReminder(channel, f"asked {now:%Y-%m-%dT%H:%M}"), now, "asked_by_operator"
            )
            for channel in self._channels
        )
        if planned:
            await self._ledger.commit(Changes(planned=planned, audit=_lines(planned, by, now)))
            await self._hand_over(planned)
        return planned

    async def _evaluate_person(
        self, entry: ScheduleEntry, chat: ChatIdentity, now: datetime
    ) -> None:
        worklist = await worklist_of(self._ledger, chat, now)
        worklist = await self._digests.owing(worklist, now)
        decision = evaluate(worklist, now, self._policy)
        undone = False  # somebody else could not be looked for: tried again when the hold ends
        if any(isinstance(intent, Escalate) for intent in decision.intents):
            worklist = await self._ask_others(worklist, decision.intents, now)
            decision = evaluate(worklist, now, self._policy)
            undone = any(isinstance(intent, Escalate) for intent in decision.intents)
            decision = replace(
                decision, intents=tuple(i for i in decision.intents if not isinstance(i, Escalate))
            )
        again = decision.again
        for intent in decision.intents:
            worklist = after(worklist, intent)
        if decision.intents:
            again = evaluate(worklist, now, self._policy).again
        planned = await self._not_planned_yet(decision.intents, now)
        if undone:
            again = self._clock.now() + HOLD  # behind whoever this tick does not come to
        elif again is not None:
            again = min(again, now + AT_LEAST)
        elif worklist.items:
            again = now + AT_LEAST  # what keeps it quiet may end unseen, such as a setting
        changes = Changes(
            planned=planned,
            schedule=(replace(entry, at=again),),
            audit=_lines(planned, "o365bot", now),
        )
        await self._ledger.commit(changes)
        await self._hand_over(planned)

    async def _not_planned_yet(
        self, intents: Sequence[Intent], now: datetime
    ) -> tuple[Delivery, ...]:
        """The rounds among them that are not on their way: it counts as told once it is sent."""
        planned = (
            Delivery(intent.notice, now, intent.reason.value)
            for intent in intents
            if isinstance(intent, SendRound)
        )
        return tuple([d for d in planned if await self._ledger.delivery(d.key) is None])

    async def _ask_others(
        self, worklist: Worklist, intents: Sequence[Intent], now: datetime
    ) -> Worklist:
        """Ask the next candidate for each; where there is none, it is stuck."""
        left_over: list[Escalate] = []
        gone: set[str] = set()
        by_id = {item.request.id: item.request for item in worklist.items}
        reach = await self._reassign.reach()  # many apps may go the same way
        for intent in intents:
            if not isinstance(intent, Escalate):
                continue
            if intent.reason is Reason.NOT_SEEN:
                left_over.append(intent)  # another admin could do no more about it
                continue
            try:
                await self._reassign.escalate(by_id[intent.request_id], intent.reason, reach)
                gone.add(intent.request_id)
            except NothingToDo:
                gone.add(intent.request_id)  # done, or asked anew by somebody just now
            except ConsentError:
                left_over.append(intent)
            except (CloudError, ChatError) as error:
                log.warning("could not look for somebody else", error=error.code)
        if left_over:
            worklist = await self._hand_over_stuck(worklist, left_over, now)
        left = tuple(item for item in worklist.items if item.request.id not in gone)
        return replace(worklist, items=left)

    async def _hand_over_stuck(
        self, worklist: Worklist, left_over: Sequence[Escalate], now: datetime
    ) -> Worklist:
        """Note that nobody is left to ask: the operators' next digest says so."""
        for intent in left_over:
            worklist = stuck(worklist, intent)
        ids = {intent.request_id: intent.reason for intent in left_over}
        moved = tuple(item.request for item in worklist.items if item.request.id in ids)
        audit = tuple(
            AuditEntry(
                now,
                "o365bot",
                Action.STUCK,
                str(one.app),
                {"request": one.id, "why": ids[one.id].value},
            )
            for one in moved
        )
        with suppress(Conflict):  # they did something just now: the entry is looked at again
            looks = [ScheduleEntry(again(one.app), now + AT_LEAST) for one in moved]
            entries = (*self._digests.entries(now), *looks)
            await self._ledger.commit(Changes(requests=moved, schedule=entries, audit=audit))
        return worklist

    async def _ask_again(self, entry: ScheduleEntry) -> None:
        """Nobody was left to ask for this app; somebody may be back by now."""
        app = AppRef.parse(entry.name.partition(":")[2])
        at = await self._reassign.again(app)
        await self._ledger.commit(Changes(schedule=(replace(entry, at=at),)))

    async def _ask_instead(self, entry: ScheduleEntry) -> None:
        """Whoever ended this request died before somebody else was asked, or could ask nobody."""
        request = await self._ledger.request(entry.name.partition(":")[2])
        again = await self._reassign.instead(request) if request is not None else None
        await self._ledger.commit(Changes(schedule=(replace(entry, at=again),)))

    async def _hand_over(self, planned: Sequence[Delivery]) -> None:
        for delivery in planned:
            await self._engine.deliver(delivery.key, delivery.due_at)


def _lines(planned: Sequence[Delivery], by: str, now: datetime) -> tuple[AuditEntry, ...]:
    return tuple(
        AuditEntry(now, by, Action.REMIND, str(d.notice.to), {"delivery": d.key, "why": d.why})
        for d in planned
    )
