"""What an operator sends: one app or all that is open, when it goes out, and "now" if they insist.

The requests are made here and now; their first message is decided like any other. "Now" plans that
message at once, with everything that waits for the same person's first message in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from attrs import define

from bot.domain.campaign import planned_messages, rounds
from bot.domain.campaign.intents import Policy, Reason
from bot.domain.campaign.planned_messages import NextMessage
from bot.domain.campaign.reminders import Decider
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import PersonalRound
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.weighing import Candidate
from bot.domain.summaries import AppSummary
from bot.errors import ChatError, CloudError, ConsentError, NobodyReachable
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.consent.ask import Ask, Asked
from bot.services.people.candidates import Candidates
from bot.services.people.worklists import next_messages, worklist_of
from bot.services.unit_of_work import enqueue

AT_A_TIME = 100
"""Apps of one reading, where all that are open are looked through."""
MANY = 1
"""More people than this are disturbed at once only when that was asked back."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """One app was asked for. `next_message`: when its message goes out (None: at once)."""

    asked: Asked
    next_message: NextMessage | None


@dataclass(frozen=True, slots=True)
class AlreadyAsked:
    """Nothing was sent: this person has the message already, and another one voids its link.

    `next_message` says when they hear of it again by themselves.
    """

    request: ConsentRequest
    next_message: NextMessage


@dataclass(frozen=True, slots=True)
class PersonReached:
    """Somebody whom "now" would reach: with so many apps, in their working hours (`at_work`)?"""

    chat: ChatIdentity
    name: str
    apps: int
    at_work: bool


@dataclass(frozen=True, slots=True)
class WouldReach:
    """What "now" would do: each of these people would get a message, at `at` (UTC)."""

    people: tuple[PersonReached, ...]
    at: datetime

    @property
    def closed(self) -> int:
        """How many of them are not at work."""
        return sum(not one.at_work for one in self.people)


@dataclass(frozen=True, slots=True)
class SentAll:
    """All that was open was asked for: `sent` newly, `held` before.

    For `nobody` it cannot be; `unread` apps cannot be read, so nobody knows whether they need it;
    for `failed` a cloud or a platform did not answer. `now`: their messages go out at once.
    """

    sent: tuple[Sent, ...]
    held: int
    nobody: int
    now: bool
    unread: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Open:
    """Apps that nobody was asked for, requests that wait for a first message, apps `unread`."""

    wanting: list[AppSummary]
    waiting: list[ConsentRequest]
    unread: int


@define(kw_only=True, eq=False)
class Outreach:
    """`send` one app, `send_all` that is open."""

    _ledger: Ledger
    _ask: Ask
    _candidates: Candidates
    _engine: Engine
    _clock: Clock
    _policy: Policy

    async def send(
        self, ref: AppRef, by: ChatIdentity, *, now: bool = False, sure: bool = False
    ) -> Sent | AlreadyAsked:
        """Ask the right person for one app. Raises as `Ask.send`.

        Whoever has the message already gets another one only when the operator is `sure`.
        """
        asked = await self._ask.send(ref, by, anew=sure)
        request = asked.request
        if now and request.stage is Stage.REQUESTED:
            await self._at_once((request,), by)
            return Sent(asked, None)
        next_message = await self.next_message(request)
        if asked.before and request.stage is not Stage.REQUESTED:
            return AlreadyAsked(request, next_message)
        return Sent(asked, next_message)

    async def send_all(
        self, by: ChatIdentity, *, now: bool = False, sure: bool = False
    ) -> SentAll | WouldReach:
        """Ask for every app that is open and that nobody was asked for; few people get them.

        "Now" for more than `MANY` people is asked back first, unless `sure`. Raises CloudError,
        ChatError where nobody could be looked for at all.
        """
        found = await self._open()
        given, untold, reach = await self._candidates.shared(found.wanting)
        nobody = len(found.wanting) - len(given) - len(untold)
        if untold and not (given or found.waiting):
            raise untold[0]
        if now and not sure:
            disturbed = self._disturbed(given, found.waiting)
            if len(disturbed.people) > MANY:
                return disturbed
        asked: list[Asked] = []
        failed = len(untold)
        for app, chosen in given:
            try:
                one = await self._ask.send(app.ref, by, prefer=chosen.admin.object_id, reach=reach)
            except NobodyReachable:
                nobody += 1
            except ConsentError as error:  # it was settled, or taken, while others were asked for
                log.info("no longer needs consent", app=str(app.ref), reason=error.message)
            except (CloudError, ChatError) as error:
                log.warning("could not ask", app=str(app.ref), error=error.code)
                failed += 1
            else:
                asked.append(one)
        if now:
            await self._at_once((*found.waiting, *(one.request for one in asked)), by)
        next_messages = {} if now else await self.next_messages(one.request for one in asked)
        sent = [Sent(one, next_messages.get(one.request.id)) for one in asked]
        return SentAll(tuple(sent), len(found.waiting), nobody, now, found.unread, failed)

    async def next_message(self, request: ConsentRequest) -> NextMessage:
        """When the person hears of this request next, and why not at once."""
        at = self._clock.now()
        worklist = await worklist_of(self._ledger, request.chat, at)
        return planned_messages.next_messages(worklist, [request.id], at, self._policy)[request.id]

    async def next_messages(self, requests: Iterable[ConsentRequest]) -> dict[str, NextMessage]:
        """The same for all of these that wait for their first message, by id."""
        return await next_messages(self._ledger, requests, self._clock.now(), self._policy)

    async def _open(self) -> _Open:
        wanting: list[AppSummary] = []
        unread = 0
        async for page in self._ledger.pages(AT_A_TIME):
            for app in page.shown:
                if app.request_id not in page.requests:
                    wanting += [app] if app.wants_consent else []
                    unread += app.state is State.UNREADABLE
        requests = await self._ledger.open_requests()
        waiting = [request for request in requests if request.stage is Stage.REQUESTED]
        return _Open(wanting, waiting, unread)

    def _disturbed(
        self, given: Sequence[tuple[AppSummary, Candidate]], waiting: Sequence[ConsentRequest]
    ) -> WouldReach:
        chats = [(one.chat, one.admin.display_name) for _, one in given if one.chat is not None]
        chats += [(request.chat, request.admin_name) for request in waiting]
        apps = Counter(str(chat) for chat, _ in chats)
        now, calendars = self._clock.now(), self._policy.calendars
        people = tuple(
            PersonReached(chat, name, apps[key], calendars.of_person(chat).is_open(now))
            for key, (chat, name) in {str(pair[0]): pair for pair in chats}.items()
        )
        return WouldReach(tuple(sorted(people, key=lambda one: (one.at_work, -one.apps))), now)

    async def _at_once(self, requests: Sequence[ConsentRequest], by: ChatIdentity) -> None:
        """One message to each of these people, with all that waits for their first one."""
        now = self._clock.now()
        planned: list[Delivery] = []
        for chat, first in {str(r.chat): (r.chat, r) for r in reversed(requests)}.values():
            notice = await self._message(chat, first, now)
            if notice is not None:
                planned.append(Delivery(notice, now, Reason.NOW.value))
        entries = tuple(
            AuditEntry(
                now,
                str(by),
                Action.SEND_NOW,
                str(one.notice.to),
                {"delivery": one.key, "why": one.why},
            )
            for one in planned
        )
        await self._ledger.commit(Changes(planned=tuple(planned), audit=entries))
        await enqueue(self._engine, planned)

    async def _message(
        self, chat: ChatIdentity, first: ConsentRequest, now: datetime
    ) -> PersonalRound | None:
        worklist = await worklist_of(self._ledger, chat, now)
        waiting = [item for item in worklist.items if item.waits]
        if not any(item.first for item in waiting):
            return None
        # It counts, so it may be the last message before the date of something else.
        last = Decider(worklist, now, self._policy).last_chances()
        apps = [item for item in waiting if item.first or item.request.id in last]
        recipient = worklist.recipient
        today = self._policy.calendars.of_person(recipient.chat).today(now)
        since = recipient.rounds[0] if recipient.rounds else None
        name = f"now {first.id}"
        to = recipient.chat
        return rounds.write(
            to, name, apps, Reason.NOW, today, since, self._policy, last | {first.id}
        )
