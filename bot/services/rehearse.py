"""Who would get what, when, and why: the same decisions as in earnest, and nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.consent import ConsentRequest
from bot.domain.evidence import State
from bot.domain.intents import Intent, Open, Policy, Snapshot, Standing
from bot.domain.recipients import Recipient
from bot.domain.reminders import decide, rehearse
from bot.ports.ledger import Ledger
from bot.ports.system import Clock

LONGEST = 366


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be told between two moments (UTC), in order of time, and to whom it belongs."""

    start: datetime
    until: datetime
    intents: tuple[Intent, ...]
    requests: dict[str, ConsentRequest]
    policy: Policy


class Rehearse:
    """`plan` looks ahead, `due` tells what the next tick would do."""

    def __init__(self, *, ledger: Ledger, clock: Clock, policy: Policy) -> None:
        self._ledger = ledger
        self._clock = clock
        self._policy = policy

    @property
    def policy(self) -> Policy:
        return self._policy

    async def plan(self, days: int, simulate_from: date | None = None) -> Plan:
        """The next `days` days; or those from a date on, as if it were that day's beginning (UTC).

        Looking back from a date, nothing later than it has been told yet.
        """
        start = self._clock.now()
        snapshot = await self.snapshot()
        if simulate_from is not None:
            start = datetime.combine(simulate_from, time(), UTC)
            snapshot = Snapshot([_as_of(standing, start) for standing in snapshot.people])
        until = start + timedelta(days=min(max(days, 1), LONGEST))
        intents = tuple(rehearse(snapshot, start, until, self._policy))
        return Plan(start, until, intents, _requests(snapshot), self._policy)

    async def due(self) -> Plan:
        """What is due at this moment."""
        now = self._clock.now()
        snapshot = await self.snapshot()
        intents = decide(snapshot, now, self._policy)
        return Plan(now, now, intents, _requests(snapshot), self._policy)

    async def snapshot(self) -> Snapshot:
        """Everybody for whom something waits."""
        states: dict[str, State] = {
            str(record.app.ref): record.state for record in await self._ledger.apps()
        }
        items: dict[str, list[Open]] = {}
        chats = {}
        for request in await self._ledger.open_requests():
            name = str(request.chat)
            chats[name] = request.chat
            state = states.get(str(request.app), State.NOT_APPLICABLE)
            items.setdefault(name, []).append(Open(request, state))
        people = []
        for name, chat in chats.items():
            recipient = await self._ledger.recipient(chat) or Recipient(chat)
            people.append(Standing(recipient, tuple(items[name])))
        return Snapshot(people)


def _as_of(standing: Standing, at: datetime) -> Standing:
    """As it would have looked at `at`: later rounds had not been told."""
    recipient = standing.recipient
    rounds = tuple(told for told in recipient.rounds if told < at)
    return replace(standing, recipient=replace(recipient, rounds=rounds))


def _requests(snapshot: Snapshot) -> dict[str, ConsentRequest]:
    return {item.request.id: item.request for one in snapshot.people for item in one.items}
