"""What an operator sends: one app or all that is open, when it goes out, and "now" if they insist.

The requests are made here and now; their first message is decided like any other. "Now" plans that
message at once, with everything that waits for the same person's first message in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.campaign import rounds
from bot.domain.campaign.intents import Policy, Reason
from bot.domain.campaign.rehearsal import Outlook, outlook
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import PersonalRound
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.choice import Candidate
from bot.errors import ConsentError, NobodyReachable
from bot.ports.ledger import Ledger
from bot.ports.system import Clock
from bot.services.consent.ask import Ask, Asked
from bot.services.delivery.tell import Tell
from bot.services.people.standing import outlooks, standing_of

MANY = 1
"""More people than this are disturbed at once only when that was asked back."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One app was asked for. `outlook` says when its message goes out; None: at once, as wanted."""

    asked: Asked
    outlook: Outlook | None


@dataclass(frozen=True, slots=True)
class Disturbs:
    """What "now" would do: so many people would get a message, `closed` of them out of hours."""

    people: int
    apps: int
    closed: int


@dataclass(frozen=True, slots=True)
class SentAll:
    """All that was open was asked for: `sent` newly, `held` before; for `nobody` it cannot be.

    `now`: their messages go out at once.
    """

    sent: tuple[Sent, ...]
    held: int
    nobody: int
    now: bool


class Outreach:
    """`send` one app, `send_all` that is open."""

    def __init__(
        self, *, ledger: Ledger, ask: Ask, tell: Tell, clock: Clock, policy: Policy
    ) -> None:
        self._ledger = ledger
        self._ask = ask
        self._tell = tell
        self._clock = clock
        self._policy = policy

    async def send(self, ref: AppRef, by: ChatIdentity, *, now: bool = False) -> Sent:
        """Ask the right person for one app. Raises as `Ask.send`."""
        asked = await self._ask.send(ref, by)
        if now and asked.request.stage is Stage.REQUESTED:
            await self._at_once((asked.request,), by)
            return Sent(asked, None)
        return Sent(asked, await self.outlook(asked.request))

    async def send_all(
        self, by: ChatIdentity, *, now: bool = False, sure: bool = False
    ) -> SentAll | Disturbs:
        """Ask for every app that is open and that nobody was asked for; few people get them.

        "Now" for more than `MANY` people is asked back first, unless `sure`. Raises NobodyReachable
        where nobody can be asked for any of them, CloudError, ChatError.
        """
        wanting, waiting = await self._open()
        given = await self._ask.shared(wanting)
        nobody = len(wanting) - len(given)
        if wanting and not given and not waiting:
            raise NobodyReachable("Nobody can be asked for any open app.")
        if now and not sure:
            disturbed = self._disturbed(given, waiting)
            if disturbed.people > MANY:
                return disturbed
        asked: list[Asked] = []
        for record, chosen in given:
            try:
                one = await self._ask.send(record.app.ref, by, prefer=chosen.admin.object_id)
            except ConsentError:
                nobody += 1  # it was settled, or taken, while the others were asked for
            else:
                asked.append(one)
        if now:
            await self._at_once((*waiting, *(one.request for one in asked)), by)
            return SentAll(tuple(Sent(one, None) for one in asked), len(waiting), nobody, now)
        sent = [Sent(one, await self.outlook(one.request)) for one in asked]
        return SentAll(tuple(sent), len(waiting), nobody, now)

    async def outlook(self, request: ConsentRequest) -> Outlook:
        """When the person hears of this request next, and why not at once."""
        at = self._clock.now()
        standing = await standing_of(self._ledger, request.chat, at)
        return outlook(standing, request.id, at, self._policy)

    async def outlooks(self, requests: Iterable[ConsentRequest]) -> dict[str, Outlook]:
        """The same for all of these that wait for their first message, by id."""
        return await outlooks(self._ledger, requests, self._clock.now(), self._policy)

    async def _open(self) -> tuple[list[AppRecord], list[ConsentRequest]]:
        """The apps that nobody was asked for, and the requests that wait for a first message."""
        at = self._clock.now()
        requests = {request.id: request for request in await self._ledger.open_requests()}
        wanting = [
            record
            for record in await self._ledger.apps()
            if record.state(at).wants_consent
            and not record.is_waived
            and record.request_id not in requests
        ]
        return wanting, [r for r in requests.values() if r.stage is Stage.REQUESTED]

    def _disturbed(
        self, given: Sequence[tuple[AppRecord, Candidate]], waiting: Sequence[ConsentRequest]
    ) -> Disturbs:
        chats = [chosen.chat for _, chosen in given if chosen.chat is not None]
        chats += [request.chat for request in waiting]
        people = {str(chat): chat for chat in chats}
        now, calendars = self._clock.now(), self._policy.calendars
        closed = sum(not calendars.of_person(chat).is_open(now) for chat in people.values())
        return Disturbs(len(people), len(chats), closed)

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
                now, str(by), "send_now", str(one.notice.to), {"delivery": one.key, "why": one.why}
            )
            for one in planned
        )
        await self._ledger.commit(Changes(planned=tuple(planned), audit=entries))
        await self._tell.hurry(planned)

    async def _message(
        self, chat: ChatIdentity, first: ConsentRequest, now: datetime
    ) -> PersonalRound | None:
        standing = await standing_of(self._ledger, chat, now)
        apps = [item for item in standing.items if item.waits and item.first]
        if not apps:
            return None
        recipient = standing.recipient
        today = self._policy.calendars.of_person(recipient.chat).today(now)
        since = recipient.rounds[0] if recipient.rounds else None
        name = f"now {first.id}"
        to = recipient.chat
        return rounds.write(to, name, apps, Reason.NOW, today, since, self._policy, {first.id})
