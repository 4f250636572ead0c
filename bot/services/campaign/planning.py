"""Who would get what, when, and why: the same decisions as for real, but nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.campaign.asking_again import asked_again_at, left_alone
from bot.domain.campaign.channels.board import BoardPolicy
from bot.domain.campaign.channels.planned_posts import ChannelPost, as_of, channel_posts
from bot.domain.campaign.digests import Digest, planned_digests
from bot.domain.campaign.intents import (
    Escalate,
    Intent,
    Open,
    Policy,
    Reason,
    Snapshot,
    Worklist,
)
from bot.domain.campaign.planned_messages import decide, planned
from bot.domain.consent.requests import ConsentRequest
from bot.domain.evidence.verdict import State
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.domain.summaries import Counts
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.campaign.deadlines import open_deadlines
from bot.services.campaign.stuck import stuck_apps
from bot.services.people.linked_accounts import LinkedAccounts

LONGEST = 366

PlanEntry = Intent | Digest | ChannelPost
"""Something that would be told: to whom (`to`) and when (`at`, UTC)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be told between two moments (UTC), in order of time, and to whom it belongs.

    `intents` are for people, `digests` for operators, `posts` for channels.
    Nobody was asked yet for so many apps that need it (`unasked`), and for so many nobody is `left`
    to ask.
    """

    start: datetime
    until: datetime
    intents: tuple[Intent, ...]
    requests: dict[str, ConsentRequest]
    policy: Policy
    posts: tuple[ChannelPost, ...] = ()
    digests: tuple[Digest, ...] = ()
    unasked: int = 0
    left: int = 0

    @property
    def lines(self) -> tuple[PlanEntry, ...]:
        """All of it, in order of time."""
        return tuple(sorted((*self.intents, *self.digests, *self.posts), key=lambda line: line.at))


class Planner:
    """`plan` looks ahead, `due` tells what the next tick would do."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        policy: Policy,
        kept: BoardPolicy,
        operators: tuple[ChatIdentity, ...] = (),
        linked_accounts: LinkedAccounts | None = None,
    ) -> None:
        self._linked_accounts = linked_accounts
        self._ledger = ledger
        self._clock = clock
        self._policy = policy
        self._kept = kept
        self._operators = {str(chat): chat for chat in operators}

    @property
    def policy(self) -> Policy:
        return self._policy

    async def plan(self, days: int, simulate_from: date | None = None) -> Plan:
        """The next `days` days; or those from a date on, as if it were that day's beginning (UTC).

        Looking back from a date, nothing later than it has been told yet.
        """
        start = self._clock.now()
        snapshot = await self._snapshot()
        if simulate_from is not None:
            start = datetime.combine(simulate_from, time(), UTC)
            snapshot = Snapshot([_as_of(worklist, start) for worklist in snapshot.people])
        until = start + timedelta(days=min(max(days, 1), LONGEST))
        intents: list[Intent] = []
        for one in self._without_operators(snapshot).people:
            intents += planned(Snapshot([one]), start, until, self._policy)
            await asyncio.sleep(0)  # others have a turn between two people
        return await self._whole(snapshot, start, until, intents)

    async def due(self) -> Plan:
        """What is due at this moment."""
        now = self._clock.now()
        snapshot = await self._snapshot()
        intents = decide(self._without_operators(snapshot), now, self._policy)
        return await self._whole(snapshot, now, now + timedelta.resolution, intents)

    async def _whole(
        self, snapshot: Snapshot, start: datetime, until: datetime, intents: Iterable[Intent]
    ) -> Plan:
        """With what the operators get, also as people, and the channels."""
        people, digests = list(intents), list[Digest]()
        counts = await self._ledger.counts()
        near = await open_deadlines(self._ledger, self._policy.campaign, counts)
        dates = [deadline.on for deadline in near]
        stuck = await stuck_apps(self._ledger, start, self._policy)
        stuck_at = stuck[-1].at if stuck else None
        for worklist in await self._operating(snapshot):
            told = (worklist, dates, start, until, self._policy, stuck_at)
            for each in planned_digests(*told):
                if isinstance(each, Digest):
                    digests.append(each)
                else:
                    people.append(each)
        requests = _requests(snapshot)
        ended = [one for one in stuck if not one.request.stage.is_open]
        for one in ended:
            past = await self._ledger.requests_for(one.app.ref)
            for silent in left_alone(past, self._policy)[-1:]:
                at = asked_again_at(one.request, self._policy)
                if start <= at < until:
                    people.append(_again(silent, at))
                    requests[silent.id] = silent
        items = [item for one in snapshot.people for item in one.items]
        asked = {item.request.app for item in items if item.state.wants_consent}
        wanting = sum(
            number
            for states in counts.values()
            for state, number in states.items()
            if state is not None and state.wants_consent
        )
        return Plan(
            start,
            until,
            tuple(sorted(people, key=lambda intent: (intent.at, intent.key))),
            requests,
            self._policy,
            await self._posts(counts, start, until),
            tuple(digests),
            max(0, wanting - len(asked) - len(ended)),
            len(ended),
        )

    async def _operating(self, snapshot: Snapshot) -> list[Worklist]:
        """Each operator once, with what waits for them on all of their accounts."""
        people: dict[str, list[Worklist]] = {}
        for one in filter(self._operates, snapshot.people):
            people.setdefault(await self._main(one.recipient), []).append(one)
        found = []
        for main, accounts in people.items():
            accounts.sort(key=lambda one: str(one.recipient.chat) != main)
            first, *others = accounts
            person = first.recipient.joined(other.recipient for other in others)
            found.append(Worklist(person, tuple(i for each in accounts for i in each.items)))
        return found

    async def _main(self, recipient: Recipient) -> str:
        """On which account they are told; without the platforms by what was noted last."""
        if self._linked_accounts is not None:
            return str((await self._linked_accounts.accounts(recipient.chat))[0])
        return recipient.main or str(recipient.chat)

    def _operates(self, worklist: Worklist) -> bool:
        return str(worklist.recipient.chat) in self._operators

    def _without_operators(self, snapshot: Snapshot) -> Snapshot:
        return Snapshot([one for one in snapshot.people if not self._operates(one)])

    async def _snapshot(self) -> Snapshot:
        """Everybody for whom something waits, and the operators."""
        requests = await self._ledger.open_requests()
        apps = await self._ledger.summaries_of({request.app for request in requests})
        states = {str(app.ref): app.state for app in apps}
        items: dict[str, list[Open]] = {}
        chats = dict(self._operators)
        for request in requests:
            name = str(request.chat)
            chats[name] = request.chat
            state = states.get(str(request.app), State.NOT_APPLICABLE)
            items.setdefault(name, []).append(Open(request, state))
        people = []
        for name, chat in chats.items():
            recipient = await self._ledger.recipient(chat) or Recipient(chat)
            people.append(Worklist(recipient, tuple(items.get(name, ()))))
        return Snapshot(people)

    async def _posts(
        self, counts: Counts, start: datetime, until: datetime
    ) -> tuple[ChannelPost, ...]:
        """What the channels get."""
        calendar = self._policy.calendars.of("")
        found: list[ChannelPost] = []
        for board in self._kept.boards():
            known = await self._ledger.board(board.channel, board.org) or board
            found += channel_posts(
                as_of(known, start, calendar),
                await open_deadlines(self._ledger, self._policy.campaign, counts, board.org),
                start,
                until,
                self._policy,
                self._kept.post_anew_after,
            )
        return tuple(found)


def _as_of(worklist: Worklist, at: datetime) -> Worklist:
    """As it would have looked at `at`: later rounds had not been told."""
    recipient = worklist.recipient
    rounds = tuple(told for told in recipient.rounds if told < at)
    digests = tuple(told for told in recipient.digests if told < at)
    return replace(worklist, recipient=replace(recipient, rounds=rounds, digests=digests))


def _again(silent: ConsentRequest, at: datetime) -> Escalate:
    to, app = silent.chat, silent.app
    return Escalate(to, silent.id, app, silent.app_label, Reason.AGAIN, at)


def _requests(snapshot: Snapshot) -> dict[str, ConsentRequest]:
    return {item.request.id: item.request for one in snapshot.people for item in one.items}
