"""What somebody who is reminded may ask for: later, or not while they are away."""

from __future__ import annotations

from datetime import date, datetime

from bot.domain.agenda import Line, person
from bot.domain.calendar import Calendar
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent import ConsentRequest
from bot.domain.people import ChatIdentity
from bot.domain.recipients import Recipient, Snooze, plan_snooze
from bot.domain.reminders import Policy
from bot.errors import Conflict, NothingToDo
from bot.ports import Clock, Ledger


class Postpone:
    """`later` and `away`; both answer what was understood."""

    def __init__(self, *, ledger: Ledger, clock: Clock, policy: Policy) -> None:
        self._ledger = ledger
        self._clock = clock
        self._policy = policy

    async def calendar(self, chat: ChatIdentity) -> Calendar:
        """The working time of this person."""
        return self._policy.calendars.of((await self._recipient(chat)).chat.time_zone)

    async def later(self, chat: ChatIdentity, wanted: datetime, reason: str) -> Snooze:
        """Put off all that waits for this person to the nearest sensible moment to `wanted`.

        Raises NothingToDo when nothing waits for them.
        """
        while True:
            requests = await self._ledger.requests_of(chat)
            if not requests:
                raise NothingToDo("Nothing is waiting for you.")
            recipient = await self._recipient(chat, requests)
            calendar = self._policy.calendars.of(recipient.chat.time_zone)
            now = self._clock.now()
            until = plan_snooze(wanted, now, self._nearest(requests, calendar, now), calendar)
            snooze = Snooze(until, reason, now)
            entry = AuditEntry(
                now, str(chat), "later", str(chat), {"until": until.isoformat(), "reason": reason}
            )
            if await self._write(recipient.snoozed(snooze), entry, now):
                return snooze

    async def away(self, chat: ChatIdentity, until: date) -> bool:
        """Note an absence up to and with `until`; whether it lies ahead (else it ends one)."""
        while True:
            recipient = await self._recipient(chat)
            now = self._clock.now()
            today = self._policy.calendars.of(recipient.chat.time_zone).today(now)
            entry = AuditEntry(now, str(chat), "away", str(chat), {"until": until.isoformat()})
            if await self._write(recipient.away(until, now), entry, now):
                return until >= today

    def _nearest(
        self, requests: tuple[ConsentRequest, ...], calendar: Calendar, now: datetime
    ) -> date:
        """The date to keep: the next one, or, when all are past, the last one."""
        today = calendar.today(now)
        dates = sorted(self._policy.deadline(request).on for request in requests)
        return next((on for on in dates if on >= today), dates[-1])

    async def _recipient(
        self, chat: ChatIdentity, requests: tuple[ConsentRequest, ...] = ()
    ) -> Recipient:
        known = await self._ledger.recipient(chat)
        if known is not None:
            return known
        return Recipient(requests[-1].chat if requests else chat)

    async def _write(self, recipient: Recipient, entry: AuditEntry, now: datetime) -> bool:
        line = Line(person(recipient.chat), now)
        try:
            await self._ledger.commit(
                Changes(recipients=(recipient,), agenda=(line,), audit=(entry,))
            )
        except Conflict:
            return False
        return True
