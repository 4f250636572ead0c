"""What was sent and done in a life, as the checks see it: counted by themselves alone."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.notices import PersonalRound
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity
from tests.fake_ledger import FakeLedger
from tests.promises.company import DAY, START, Company, Human

WEEK = timedelta(days=7)


class Seen:
    """All that the checks share; `found` is what was not kept."""

    def __init__(self, company: Company, ledger: FakeLedger) -> None:
        self.found: list[str] = []
        self.of, self.ledger = company, ledger
        self.messages: dict[str, list[tuple[datetime, PersonalRound]]] = defaultdict(list)
        self.named: dict[str, list[datetime]] = defaultdict(list)
        self.linked: dict[str, datetime] = {}
        self.introduced: dict[str, datetime] = {}
        self.others: dict[str, list[datetime]] = defaultdict(list)
        self.away_since: dict[str, datetime] = {}
        self.back_at: dict[str, datetime] = {}
        self._verdicts: dict[AppRef, tuple[AppRecord, datetime | None, bool]] = {}

    def finding(self, what: str) -> None:
        self.found.append(what)

    def is_away(self, human: Human, chat: ChatIdentity, now: datetime) -> bool:
        return human.is_away(self.of.day(chat, now))

    def is_missed(self, human: Human, now: datetime) -> bool:
        """Whether they are away on the day on which a message of now is for their hours."""
        chat = human.accounts[0]
        hours = (now + n * timedelta(hours=1) for n in range(24 * 40))
        at = next((at for at in hours if self.of.is_open(chat, at)), now)
        return human.is_away(self.of.day(chat, at))

    def heard(self, human: Human) -> list[datetime]:
        """When they had a message, whatever it was and wherever."""
        return sorted([*(at for at, _ in self.messages[human.name]), *self.others[human.name]])

    def lately(self, human: Human, now: datetime) -> int:
        return sum(at > now - WEEK for at in self.heard(human))

    def had_today(self, human: Human, chat: ChatIdentity, now: datetime) -> bool:
        today = self.of.day(chat, now)
        return any(self.of.day(chat, at) == today for at in self.heard(human))

    def request(self, request_id: str) -> ConsentRequest:
        return self.ledger.all_requests[request_id]

    def wants(self, request: ConsentRequest, now: datetime) -> bool:
        record = self.ledger.all_apps[request.app]
        return record.request_id == request.id and self.lacks_consent(record, now)

    def lacks_consent(self, record: AppRecord, now: datetime) -> bool:
        """Asked at every moment: so the last answer is kept for as long as it holds."""
        of, until, lacks = self._verdicts.get(record.app.ref, (None, None, False))
        if of is not record or (until is not None and until <= now):
            verdict = record.assessed(now)
            lacks = verdict.state.wants_consent
            self._verdicts[record.app.ref] = (record, verdict.holds_until, lacks)
        return lacks

    def turn(self, request_id: str) -> datetime:
        return self.named[request_id][-1] if self.named[request_id] else START - DAY

    def last_chance(self, request_id: str, notice: PersonalRound, now: datetime) -> bool:
        """Whether no other message can come before its date: it is soon, or the week is full."""
        chat = notice.to
        last, today = self._last_day(request_id, chat, now), self.of.day(chat, now)
        if last == today:
            return True
        human, policy = self.of.human(chat), self.of.policy
        heard = [*self.heard(human), now]
        room = sorted(heard)[-policy.per_week] + WEEK if len(heard) >= policy.per_week else now
        return today < last and self.of.day(chat, room) >= last

    def is_last_day(self, request_id: str, chat: ChatIdentity, now: datetime) -> bool:
        return self._last_day(request_id, chat, now) == self.of.day(chat, now)

    def _last_day(self, request_id: str, chat: ChatIdentity, now: datetime) -> date:
        """The last working day up to the date, before an absence that they told of."""
        human, today = self.of.human(chat), self.of.day(chat, now)
        last = self.of.last_working_day(chat, self.of.policy.deadline(self.request(request_id)).on)
        while last > today and human.is_away(last):
            last = self.of.last_working_day(chat, last - DAY)
        return last

    def unanswered(self, request: ConsentRequest) -> int:
        human = self.of.human(request.chat)
        since = human.acted_at or START - DAY
        return sum(at >= since for at in self.named[request.id])  # one may come of what they said

    def silent(self, request: ConsentRequest) -> bool:
        return self.unanswered(request) >= self.of.policy.ignored_rounds

    def was_out(self, since: datetime, until: datetime) -> bool:
        return any(a < until and b > since for a, b, _ in self.of.outages)

    def load(self, human: Human, without: str = "") -> int:
        """How many requests wait for them, on whichever account."""
        return sum(
            one.stage.is_open and one.id != without and self.of.human(one.chat) is human
            for one in self.ledger.all_requests.values()
        )

    def days_left(
        self, human: Human, request: ConsentRequest, now: datetime, *, there: bool = False
    ) -> int:
        """Their working days after today up to the date; negative once it is past.

        `there`: without those of an absence to come.
        """
        chat, on = human.accounts[0], self.of.policy.deadline(request).on
        today, days = self.of.day(chat, now), self.of.policy.calendars.hours.days - human.days_off
        if on < today:
            return -1
        ahead = [today + n * DAY for n in range(1, (on - today).days + 1)]
        if there and not human.is_away(today):
            ahead = [day for day in ahead if not human.is_away(day)]
        return sum(day.weekday() in days and day not in self.of.holidays for day in ahead)

    def is_there(self, human: Human, request: ConsentRequest, now: datetime) -> bool:
        """At work, and not back only since they were passed over."""
        back = self.back_at.get(human.name, START) < request.requested_at
        return back and not self.is_missed(human, now)

    def tried(self, request: ConsentRequest) -> set[str]:
        """Everybody else who was ever asked for the same app."""
        return {
            self.of.human(one.chat).name
            for one in self.ledger.all_requests.values()
            if one.app == request.app and one.id != request.id
        }
