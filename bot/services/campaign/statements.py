"""What was said by command and still holds: listed, and taken back one by one.

Of accounts and apps it holds for all; of times ("later", "away", part-time days) for whoever said
it. Times are those of people for whom something waits, and of whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Step, step
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.policy import AccountNote
from bot.domain.summaries import AppSummary, Part, Wanted
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.campaign.postpone import Postpone
from bot.services.people.accounts import Accounts, Noted
from bot.services.unit_of_work import NO_CHANGE, write

SHOWN = 20


class Topic(StrEnum):
    """What a statement is about, as `forget TOPIC OF` names it."""

    OWNER = "owner"
    STANDING = "standing"  # deny, allow
    LATER = "later"
    AWAY = "away"
    WEEK = "week"  # part-time days


@dataclass(frozen=True, slots=True)
class OwnTime:
    """What one person said of their own time: absences, the days not worked, or both."""

    chat: ChatIdentity
    absences: tuple[Absence, ...]
    off: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class AllStatements:
    """Everything that holds. `put_off` are requests with a snooze; `waived` the first of many."""

    notes: tuple[AccountNote, ...] = ()
    waived: tuple[AppSummary, ...] = ()
    waived_in_all: int = 0
    put_off: tuple[ConsentRequest, ...] = ()
    times: tuple[OwnTime, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What does not hold any more. `noted` goes with what was said of an account."""

    topic: Topic
    of: str
    noted: Noted | None = None
    absence: Absence | None = None


class Statements:
    """Lists what was said, and takes it back; each time with an audit line."""

    def __init__(
        self, *, ledger: Ledger, clock: Clock, accounts: Accounts, postpone: Postpone
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._accounts = accounts
        self._postpone = postpone

    async def everything(self, asker: ChatIdentity) -> AllStatements:
        """For operators."""
        requests = await self._ledger.open_requests()
        people = {str(one.chat): one.chat for one in requests} | {str(asker): asker}
        page = await self._ledger.page(1, SHOWN, Wanted(Part.WAIVED))
        return AllStatements(
            notes=tuple(sorted(await self._ledger.account_notes(), key=lambda one: one.at)),
            waived=page.shown,
            waived_in_all=page.waived,
            put_off=self._put_off(requests),
            times=await self._times(tuple(people.values())),
        )

    async def own(self, asker: ChatIdentity) -> AllStatements:
        """For somebody who was asked: their own."""
        return AllStatements(
            put_off=self._put_off(await self._ledger.requests_of(asker)),
            times=await self._times((asker,)),
        )

    async def take_back(
        self, topic: Topic, of: str, by: ChatIdentity, *, operator: bool
    ) -> TakenBack | None:
        """None when nothing like it was said, or by somebody else: who is no operator takes back
        their own alone."""
        match topic:
            case Topic.OWNER | Topic.STANDING:
                noted = await self._accounts.take_back(f"{topic} {of}", by) if operator else None
                return None if noted is None else TakenBack(topic, of, noted)
            case Topic.LATER:
                done = await self._resume(of, by, operator=operator)
            case _:
                named, _, last = of.partition(" ")
                person = _person(named)
                if person is None or not (operator or str(person) == str(by)):
                    return None
                if topic is Topic.AWAY:
                    ended = (await self._postpone.back(person, by, _day(last))).said
                    return None if ended is None else TakenBack(topic, named, absence=ended)
                done = await self._postpone.whole_week(person, by) is not None
        return TakenBack(topic, of) if done else None

    async def _resume(self, code: str, by: ChatIdentity, *, operator: bool) -> bool:
        async def decide() -> tuple[Changes, bool]:
            request = await self._ledger.request_by_code(code)
            if request is None or request.snooze is None or not request.stage.is_open:
                return NO_CHANGE, False
            if not operator and str(request.chat) != str(by):
                return NO_CHANGE, False
            now = self._clock.now()
            if request.snooze.until <= now:
                return NO_CHANGE, False
            detail = {"request": request.id, "until": request.snooze.until.isoformat()}
            entry = AuditEntry(now, str(by), Step.RESUME, str(request.app), detail)
            return Changes(requests=(step(request, Step.RESUME, now),), audit=(entry,)), True

        return await write(self._ledger, decide)

    def _put_off(self, requests: tuple[ConsentRequest, ...]) -> tuple[ConsentRequest, ...]:
        now = self._clock.now()
        return tuple(one for one in requests if one.snooze and one.snooze.until > now)

    async def _times(self, people: tuple[ChatIdentity, ...]) -> tuple[OwnTime, ...]:
        found = []
        for chat in people:
            recipient = await self._ledger.recipient(chat)
            if recipient is None:
                continue
            today = self._today(recipient.chat, self._clock.now())
            absences = recipient.away_from(today)
            if absences or recipient.chat.days_off is not None:
                found.append(OwnTime(recipient.chat, absences, recipient.chat.days_off))
        return tuple(found)

    def _today(self, chat: ChatIdentity, now: datetime) -> date:
        return self._postpone.calendar(chat).today(now)


def _person(named: str) -> ChatIdentity | None:
    platform, _, user_id = named.partition(":")
    if not user_id or platform not in set(Platform):
        return None
    return ChatIdentity(Platform(platform), user_id)


def _day(said: str) -> date | None:
    """The last day of an absence as a button names it; a message of before names none."""
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        return date.min  # no absence's
