"""What somebody who is reminded may ask for: later, or not while they are away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from attrs import define

from bot.domain.campaign.intents import Policy
from bot.domain.campaign.put_off import put_off_until
from bot.domain.campaign.windows import Campaign
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest
from bot.domain.consent.snooze import SnoozeMoved, snooze_choices, why_moved
from bot.domain.people.absences import LONGEST_ABSENCE, MOST_ABSENCES, Absence, with_another
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import ScheduleEntry, again, person
from bot.domain.time.calendar import DAY, Calendar
from bot.errors import TooManyAbsences
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.people.candidates import Candidates
from bot.services.people.linked_accounts import LinkedAccounts, accounts_of
from bot.services.people.worklists import worklist_of
from bot.services.unit_of_work import NO_CHANGE, write


@dataclass(frozen=True, slots=True)
class Absences:
    """`said` is what was noted, ended or called off; `beside` what is kept besides, in order."""

    said: Absence | None = None
    beside: tuple[Absence, ...] = ()


@define(kw_only=True, eq=False)
class Postpone:
    """`away`, and what to offer for "later"."""

    _ledger: Ledger
    _clock: Clock
    _policy: Policy
    _candidates: Candidates | None = None
    _linked_accounts: LinkedAccounts | None = None

    async def everything(
        self, chat: ChatIdentity, shown: datetime | None = None
    ) -> tuple[ConsentRequest, ...]:
        """What a message that was `shown` then (UTC; None: now) was about, as far as it still is.

        What was put off before that was not; what was put off since can be put off again.
        """
        now = self._clock.now()
        shown = shown or now
        return tuple(
            item.request
            for item in (await worklist_of(self._ledger, chat, now)).items
            if item.waits
            and item.request.requested_at <= shown
            and (self._waits(item.request, now) or _answered_since(item.request, shown))
        )

    def _waits(self, request: ConsentRequest, now: datetime) -> bool:
        later = put_off_until(request, now, self._policy)
        return later is None or later <= now

    def choices(self, request: ConsentRequest) -> tuple[tuple[datetime, ...], Calendar]:
        """What to offer for "later" (UTC; the nearer the date, the fewer), and the working time."""
        calendar = self.calendar(request.chat)
        on = self.deadline(request)
        return snooze_choices(self._clock.now(), on, calendar), calendar

    def calendar(self, chat: ChatIdentity) -> Calendar:
        """The person's working time."""
        return self._policy.calendars.of_person(chat)

    def moved(self, request: ConsentRequest, wanted: datetime) -> SnoozeMoved | None:
        """Why a request was put off to another moment than `wanted` (UTC); None: it was not."""
        if request.snooze is None:
            return None
        on = self.deadline(request)
        calendar = self.calendar(request.chat)
        return why_moved(wanted, request.snooze.until, self._clock.now(), on, calendar)

    def deadline(self, request: ConsentRequest) -> date:
        """The date that a request runs against."""
        return self._policy.deadline(request).on

    @property
    def campaign(self) -> Campaign:
        """The dates that everything runs against."""
        return self._policy.campaign

    async def concerns(self, chat: ChatIdentity) -> bool:
        """True for whoever was asked or told something, or might be asked: they are no stranger.

        Raises ChatError.
        """
        if await self._ledger.recipient(chat) is not None:
            return True
        if await self._ledger.requests_of(chat):
            return True
        if len(await accounts_of(self._ledger, chat, self._linked_accounts)) > 1:
            return True
        return self._candidates is not None and await self._candidates.are_any(chat)

    async def away(self, chat: ChatIdentity, until: date, since: date | None = None) -> Absences:
        """Note an absence up to and with `until`, for a year at most; `since`: it begins then.

        What overlaps, or has no working day between, is one. `said` is None where its last day lies
        behind: then the present absence is ended. Raises TooManyAbsences.
        """
        accounts = await self._accounts(chat)

        async def decide() -> tuple[Changes, Absences]:
            known, now = await self._known(accounts), self._clock.now()
            person = known[0].joined(known[1:])
            calendar = self.calendar(person.chat)
            today = calendar.today(now)
            last = min(until, today + LONGEST_ABSENCE)
            entry = AuditEntry(now, str(chat), Action.AWAY, str(chat), _days(since, last))
            kept = person.away_from(today)
            if last < today:
                kept = tuple(one for one in kept if one.first is not None)
                return _changes([one.away(kept, now) for one in known], entry), Absences(None, kept)
            kept = with_another(
                kept, Absence(since, last), lambda day: calendar.next_working_day(day + DAY)
            )
            if len(kept) > MOST_ABSENCES:
                raise TooManyAbsences("Somebody is away too often to be kept.")
            noted = next(one for one in kept if one.covers(last))
            beside = tuple(one for one in kept if one != noted)
            return _changes([one.away(kept, now) for one in known], entry), Absences(noted, beside)

        return await write(self._ledger, decide)

    async def back(
        self, chat: ChatIdentity, by: ChatIdentity | None = None, last: date | None = None
    ) -> Absences:
        """End the present absence, or call off the one to come; of several, that up to `last`.

        Where several are to come and none is named, none is called off. In any case it is an answer
        of whoever was ever sent anything. `by` is who says so, where it is somebody else.
        """
        accounts = await self._accounts(chat)

        async def decide() -> tuple[Changes, Absences]:
            known, now = await self._known(accounts), self._clock.now()
            today = self.calendar(known[0].chat).today(now)
            kept = known[0].joined(known[1:]).away_from(today)
            ended = _meant(kept, last)
            beside = tuple(one for one in kept if one != ended)
            if ended is None:
                there = tuple(one.answered(now) for one in known if one.revision)
                return Changes(recipients=there), Absences(None, beside)
            detail = _days(ended.first, ended.last)
            entry = AuditEntry(now, str(by or chat), Action.BACK, str(chat), detail)
            # Where nobody was left to ask, they may be whom to ask.
            looks = tuple(ScheduleEntry(again(app), now) for app in await self._ledger.still())
            changes = _changes([one.away(beside, now) for one in known], entry)
            return replace(changes, schedule=changes.schedule + looks), Absences(ended, beside)

        return await write(self._ledger, decide)

    async def whole_week(self, chat: ChatIdentity, by: ChatIdentity) -> frozenset[int] | None:
        """Take back what was said of a part-time week; returns its days off, None: nothing was."""
        accounts = await self._accounts(chat)

        async def decide() -> tuple[Changes, frozenset[int] | None]:
            known = await self._known(accounts)
            said = next((one for one in known if one.chat.days_off is not None), None)
            if said is None or said.chat.days_off is None:
                return NO_CHANGE, None
            now, off = self._clock.now(), said.chat.days_off
            detail = {"off": _listed(off)}
            entry = AuditEntry(now, str(by), Action.WHOLE_WEEK, str(chat), detail)
            return _changes([one.works_all_week() for one in known], entry), off

        return await write(self._ledger, decide)

    async def part_time(self, chat: ChatIdentity, off: frozenset[int]) -> frozenset[int] | None:
        """Note the weekdays on which somebody does not work (Monday is 0); returns those they do.

        None, and nothing is noted, where no working day would be left.
        """
        left = self._policy.calendars.hours.days - off
        if not left:
            return None
        accounts = await self._accounts(chat)

        async def decide() -> tuple[Changes, None]:
            known, now = await self._known(accounts), self._clock.now()
            detail = {"off": _listed(off)}
            entry = AuditEntry(now, str(chat), Action.PART_TIME, str(chat), detail)
            said = [one.known_as(replace(one.chat, days_off=off)) for one in known]
            return _changes(said, entry), None

        await write(self._ledger, decide)
        return left

    async def _accounts(self, chat: ChatIdentity) -> tuple[ChatIdentity, ...]:
        """All accounts of whoever speaks of their time, asked on them or not: it holds for each."""
        found = {
            str(one): one for one in await accounts_of(self._ledger, chat, self._linked_accounts)
        }
        if self._candidates is not None:
            for one in await self._candidates.elsewhere(chat):
                found.setdefault(str(one), one)
        return tuple(found.values())

    async def _known(self, accounts: Iterable[ChatIdentity]) -> list[Recipient]:
        return [await self._ledger.recipient(one) or Recipient(one) for one in accounts]


def _meant(absences: Sequence[Absence], last: date | None) -> Absence | None:
    """Which of these is over: the one up to `last`, that which has begun, or the only one."""
    if last is not None:
        return next((one for one in absences if one.last == last), None)
    begun = (one for one in absences if one.first is None)
    return next(begun, absences[0] if len(absences) == 1 else None)


def _answered_since(request: ConsentRequest, moment: datetime) -> bool:
    return request.answered_at is not None and request.answered_at > moment


def _changes(recipients: Sequence[Recipient], entry: AuditEntry) -> Changes:
    """What somebody said of themselves, with their schedule evaluated at once."""
    now = tuple(ScheduleEntry(person(one.chat), entry.at) for one in recipients)
    return Changes(recipients=tuple(recipients), schedule=now, audit=(entry,))


def _days(first: date | None, last: date) -> dict[str, str]:
    return {**({"from": first.isoformat()} if first else {}), "until": last.isoformat()}


def _listed(days: frozenset[int]) -> str:
    return ",".join(map(str, sorted(days)))
