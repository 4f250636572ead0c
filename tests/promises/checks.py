"""The promises that are made to people who are reminded, worked out independently.

Nothing here asks the rules: hours are read from a clock on the wall, silence is counted from what
was sent and done. The first thing that was not kept ends a case.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.notices import (
    Alarm,
    Introduction,
    Notice,
    OperatorDigest,
    PersonalRound,
    RequestChanged,
)
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import LONGEST_ABSENCE
from tests.fake_ledger import FakeLedger
from tests.promises.company import DAY, HOUR, START, Company, Human

WEEK = timedelta(days=7)
WANTED = ("now", "snooze_ended")
"""Messages that somebody asked for just then: they count, and wait for no room in the week."""


class Checks:
    """Told of everything that happens; `found` is what was not kept."""

    def __init__(self, company: Company, ledger: FakeLedger) -> None:
        self.found: list[str] = []
        self.messages = 0
        self._of, self._ledger = company, ledger
        self._messages: dict[str, list[tuple[datetime, PersonalRound]]] = defaultdict(list)
        self._named: dict[str, list[datetime]] = defaultdict(list)
        self._linked: dict[str, datetime] = {}
        self._known: dict[str, ConsentRequest] = {}
        self._called: set[str] = set()
        self._away_since: dict[str, datetime] = {}
        self._back_at: dict[str, datetime] = {}
        self._others: dict[str, list[datetime]] = defaultdict(list)
        self._ignored: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        self._stuck_at: dict[str, datetime] = {}

    def _finding(self, what: str) -> None:
        self.found.append(what)

    # -------------------------------------------------------------- what people did

    def acted(self, human: Human, now: datetime) -> None:
        human.acted_at = now

    def away(self, human: Human, until: date, now: datetime) -> None:
        human.away_until = min(until, self._of.day(human.accounts[0], now) + LONGEST_ABSENCE)
        human.acted_at = now
        self._away_since[human.name] = now

    def back(self, human: Human, now: datetime) -> None:
        human.away_until = None
        human.acted_at = now
        self._back_at[human.name] = now

    def _is_away(self, human: Human, chat: ChatIdentity, now: datetime) -> bool:
        return human.away_until is not None and human.away_until >= self._of.day(chat, now)

    # -------------------------------------------------------------- a message

    def sent(self, notice: Notice, now: datetime) -> None:
        """A message got through."""
        if isinstance(notice, RequestChanged | Alarm) or not isinstance(notice.to, ChatIdentity):
            return
        self.messages += 1
        if isinstance(notice, OperatorDigest):
            self._digest(notice, now)
            return
        if isinstance(notice, Introduction):
            self._introduction(notice, now)
            return
        if not isinstance(notice, PersonalRound):
            self._finding(f"{now}: {notice} is neither round, digest nor introduction")
            return
        human = self._of.human(notice.to)
        if notice.reason != "now":
            self._in_hours(notice, now)
            if self._is_away(human, notice.to, now):
                self._finding(f"{now}: {human.name} is away and gets {notice}")
            self._one_a_day(human, notice, now)
            self._one_message(human, notice, now)
            self._turns(notice, now)
        self._room(human, notice, now)
        self._waits(human, notice, now)
        self._messages[human.name].append((now, notice))
        for one in notice.requests:
            self._named[one].append(now)
        for one in notice.links_to:
            self._linked[one] = now

    def _digest(self, notice: OperatorDigest, now: datetime) -> None:
        """In hours, not while away, one a day of all messages, within the week."""
        human, chat = self._of.human(notice.to), notice.to
        if not self._of.is_open(chat, now):
            self._finding(f"{now}: a digest out of hours for {chat} in {chat.time_zone}")
        if self._is_away(human, chat, now):
            self._finding(f"{now}: {human.name} is away and gets {notice}")
        if self._had_today(human, chat, now):
            self._finding(f"{now}: {human.name} had a message today, and gets {notice}")
        if self._lately(human, now) >= self._of.policy.per_week:
            self._finding(f"{now}: {human.name}'s week is full, and they get {notice}")
        if not human.operates and not notice.news_only:
            self._finding(f"{now}: {human.name} operates nothing and gets {notice}")
        self._others[human.name].append(now)

    def _introduction(self, notice: Introduction, now: datetime) -> None:
        """Whom it disturbs is at work, there, and has room in their week."""
        pressed, partner = self._of.human(notice.to), self._of.human(notice.partner)
        if not self._of.is_open(notice.partner, now):
            self._finding(f"{now}: introduced out of hours to {notice.partner}")
        if self._is_away(partner, notice.partner, now):
            self._finding(f"{now}: {partner.name} is away and is introduced")
        if self._lately(partner, now) >= self._of.policy.per_week:
            self._finding(f"{now}: {partner.name}'s week is full, and they are introduced")
        for human in (pressed, partner):
            self._others[human.name].append(now)

    def _heard(self, human: Human) -> list[datetime]:
        """When they had a message, whatever it was and wherever."""
        return sorted([*(at for at, _ in self._messages[human.name]), *self._others[human.name]])

    def _lately(self, human: Human, now: datetime) -> int:
        return sum(at > now - WEEK for at in self._heard(human))

    def _had_today(self, human: Human, chat: ChatIdentity, now: datetime) -> bool:
        today = self._of.day(chat, now)
        return any(self._of.day(chat, at) == today for at in self._heard(human))

    def _in_hours(self, notice: PersonalRound, now: datetime) -> None:
        if not self._of.is_open(notice.to, now):
            self._finding(f"{now}: out of hours for {notice.to} in {notice.to.time_zone}")

    def _room(self, human: Human, notice: PersonalRound, now: datetime) -> None:
        """At most so many in seven days, whatever they are; what was wanted comes in any case."""
        if notice.reason in WANTED:
            return
        lately = self._lately(human, now)
        if lately >= self._of.policy.per_week:
            self._finding(f"{now}: {human.name} has {lately} messages this week, and gets one")

    def _one_a_day(self, human: Human, notice: PersonalRound, now: datetime) -> None:
        if notice.reason in WANTED:
            return
        today = self._of.day(notice.to, now)
        earlier = [
            at for at, _ in self._messages[human.name] if self._of.day(notice.to, at) == today
        ]
        if earlier:
            self._finding(f"{now}: {human.name} had a message at {earlier[-1]}: {notice}")

    def _request(self, request_id: str) -> ConsentRequest:
        return self._ledger.all_requests[request_id]

    def _wants(self, request: ConsentRequest, now: datetime) -> bool:
        record = self._ledger.all_apps[request.app]
        return record.state(now).wants_consent and record.request_id == request.id

    def _waits(self, human: Human, notice: PersonalRound, now: datetime) -> None:
        """All that it speaks of waits for this person, and they did not put it off."""
        for one in notice.links_to:
            request = self._request(one)
            if not request.stage.is_open or not self._wants(request, now):
                self._finding(f"{now}: {one} is over or in other hands: {request.stage}")
            if self._of.human(request.chat) is not human:
                self._finding(f"{now}: {one} is not {human.name}'s")
            on = self._of.policy.deadline(request).on
            moved = self._of.last_working_day(notice.to, on) <= self._of.day(notice.to, now)
            moved = moved and self._of.dated_at is not None
            if request.snooze is not None and request.snooze.until > now and not moved:
                self._finding(f"{now}: {one} is put off until {request.snooze.until}")

    def _one_message(self, human: Human, notice: PersonalRound, now: datetime) -> None:
        """It has all that waits for them, on whichever account they were asked."""
        shown = set(notice.links_to)
        if len(shown) >= 24 or self._was_out(now - DAY, now):
            return
        for request in self._ledger.all_requests.values():
            if request.id in shown or not request.stage.is_open or request.snooze is not None:
                continue
            if self._of.human(request.chat) is not human or not self._wants(request, now):
                continue
            if request.stage not in (Stage.REQUESTED, Stage.DELIVERED) or request.stuck is not None:
                continue
            if request.requested_at + self._of.policy.gather >= now or self._silent(request):
                continue
            where = "" if str(request.chat) == str(notice.to) else f" on {request.chat}"
            self._finding(f"{now}: {request.id} of {human.name}{where} is left out of {notice}")

    def _turns(self, notice: PersonalRound, now: datetime) -> None:
        """Nothing is named again while something else was never named, or longer ago."""
        if notice.reason in WANTED:
            return
        due_today = {one for one in notice.links_to if self._is_last_day(one, notice.to, now)}
        named_first = 0
        while named_first < len(notice.requests) and self._last_chance(
            notice.requests[named_first], notice, now
        ):
            named_first += 1
        if due_today - set(notice.requests[:8]) and named_first < len(notice.requests):
            self._finding(f"{now}: due today is not named first in {notice}")
        others = list(notice.requests[named_first:])
        left = [one for one in notice.also if not self._last_chance(one, notice, now)]
        latest = max(map(self._turn, others), default=START)
        for one in left:
            if others and self._turn(one) < latest:
                self._finding(f"{now}: {one} is left out although its turn was first: {notice}")

    def _turn(self, request_id: str) -> datetime:
        return self._named[request_id][-1] if self._named[request_id] else START - DAY

    def _last_chance(self, request_id: str, notice: PersonalRound, now: datetime) -> bool:
        """Whether no other message can come before its date: it is soon, or the week is full."""
        on, chat = self._of.policy.deadline(self._request(request_id)).on, notice.to
        last, today = self._of.last_working_day(chat, on), self._of.day(chat, now)
        if last == today:
            return True
        human, policy = self._of.human(chat), self._of.policy
        heard = [*self._heard(human), now]
        room = sorted(heard)[-policy.per_week] + WEEK if len(heard) >= policy.per_week else now
        return today < last and self._of.day(chat, room) >= last

    def _is_last_day(self, request_id: str, chat: ChatIdentity, now: datetime) -> bool:
        on = self._of.policy.deadline(self._request(request_id)).on
        return self._of.last_working_day(chat, on) == self._of.day(chat, now)

    # -------------------------------------------------------------- who is asked

    def _unanswered(self, request: ConsentRequest) -> int:
        human = self._of.human(request.chat)
        since = human.acted_at or START - DAY
        return sum(at > since for at in self._named[request.id])

    def _silent(self, request: ConsentRequest) -> bool:
        return self._unanswered(request) >= self._of.policy.ignored_rounds

    def looked(self, now: datetime) -> None:
        """After everything that was due: who was asked, who is asked no more, who is forgotten."""
        held: dict[str, str] = {}
        for request in list(self._ledger.all_requests.values()):
            before = self._known.get(request.id)
            if before is None:
                self._asked(request, now)
                self._asked_again(request, now)
            elif before.stage.is_open and request.stage is Stage.EXPIRED:
                self._passed_on(before, now)
            self._known[request.id] = request
            if request.stage.is_open:
                if str(request.app) in held:
                    self._finding(f"{now}: two people are asked for {request.app}")
                held[str(request.app)] = request.id
                self._forgotten(request, now)
                self._last_call(request, now)
                self._told_of_what_is_stuck(request, now)

    def _asked(self, request: ConsentRequest, now: datetime) -> None:
        """Nobody who is away, while somebody else who was never asked for it is there."""
        asked = self._of.human(request.chat)
        said = self._away_since.get(asked.name, now)
        if said >= request.requested_at or self._was_out(now - HOUR, now):
            return
        if not self._is_away(asked, request.chat, now):
            return
        tried = {
            self._of.human(one.chat).name
            for one in self._ledger.all_requests.values()
            if one.app == request.app and one.id != request.id
        }
        for admin in self._of.admins[request.tenant_id]:
            other = next(h for h in self._of.humans if h.address == admin.upn)
            if other is asked or other.name in tried:
                continue
            has = sum(
                one.stage.is_open and self._of.human(one.chat) is other
                for one in self._ledger.all_requests.values()
            )
            there = self._back_at.get(other.name, START) < request.requested_at
            if (
                there
                and has < self._of.policy.a_day
                and not self._is_away(other, other.accounts[0], now)
            ):
                self._finding(f"{now}: {asked.name} is away and asked, {other.name} is there")

    def _asked_again(self, request: ConsentRequest, now: datetime) -> None:
        """Whoever ignored an app is not asked for it while somebody is there who never was."""
        human = self._of.human(request.chat)
        before = self._ignored[str(request.app), human.name]
        if not before:
            return
        asked = {
            self._of.human(one.chat).address
            for one in self._ledger.all_requests.values()
            if one.app == request.app
        }
        for admin in self._of.admins[request.tenant_id]:
            if admin.upn not in asked:
                self._finding(f"{now}: {human.name} ignored {request.app}, not so {admin.upn}")

    def _told_of_what_is_stuck(self, request: ConsentRequest, now: datetime) -> None:
        """Some operator has a digest within a week or two; who is away, or has days off, later.

        What is stuck for an absence goes on by itself once the person is back.
        """
        stuck = request.stuck is not None and request.stuck.why != "away"
        if not stuck or not self._wants(request, now):
            self._stuck_at.pop(request.id, None)
            return
        since = self._stuck_at.setdefault(request.id, now)
        operators = [human for human in self._of.humans if human.operates]
        told = (at for one in self._of.humans for at in self._others[one.name])
        heard = max(told, default=START - DAY)  # also those who operated until just now
        longest = WEEK + 4 * DAY
        kept_from = (
            self._was_out(now - longest, now)
            or self._of.holidays
            or any(one.away_until is not None or one.days_off for one in operators)
            or (self._of.dated_at is not None and now - self._of.dated_at < longest)
        )
        if heard < since and longest < now - since < longest + 2 * DAY and not kept_from:
            self._finding(f"{now}: no operator was told since {since} that {request.id} is stuck")

    def _passed_on(self, request: ConsentRequest, now: datetime) -> None:
        """They ignored messages that named it, or are away; or weeks ago nobody was left."""
        human = self._of.human(request.chat)
        if request.stuck is not None or self._is_away(human, request.chat, now):
            return
        if not self._silent(request):
            said = f"{self._unanswered(request)} of {self._of.policy.ignored_rounds}"
            self._finding(f"{now}: {request.id} of {human.name} is passed on after {said} messages")
        self._ignored[str(request.app), human.name].append(now)

    # -------------------------------------------------------------- nobody is forgotten

    def _was_out(self, since: datetime, until: datetime) -> bool:
        return any(a < until and b > since for a, b, _ in self._of.outages)

    def _quiet_since(self, request: ConsentRequest) -> datetime | None:
        """Since when nothing kept it from being told; None while something does."""
        human, start = self._of.human(request.chat), self._of.policy.campaign.start
        since = [request.requested_at, self._linked.get(request.id, START)]
        if request.snooze is not None:
            since.append(request.snooze.until)
        if human.away_until is not None:
            since.append(datetime.combine(human.away_until, START.timetz()) + 2 * DAY)
        if start is not None:
            since.append(datetime.combine(start, START.timetz()))
        since += [b for _, b, _ in self._of.outages]
        since += [at for at in (self._of.dated_at, self._back_at.get(human.name)) if at is not None]
        return max(since)

    def _forgotten(self, request: ConsentRequest, now: datetime) -> None:
        if request.stage not in (Stage.REQUESTED, Stage.DELIVERED) or not self._wants(request, now):
            return
        since = self._quiet_since(request)
        human, policy = self._of.human(request.chat), self._of.policy
        days = len(policy.calendars.hours.days - human.days_off)
        on = policy.deadline(request).on
        before = on - self._of.day(request.chat, now)
        lately = [at for at in self._heard(human) if at > now - WEEK - 2 * DAY]
        busy = len(lately) >= policy.per_week or days < 5 or bool(self._of.holidays)
        # With one message a week, none may come before the last call, which needs that week's.
        busy = busy or policy.per_week == 1
        if since is not None and timedelta() <= before < WEEK - DAY and not busy:
            longest = WEEK + policy.jitter  # such as where the last call needs the week's room
        else:
            longest = timedelta(days=10 * 7 / days) + WEEK + 4 * DAY
        if since is not None and now - since > longest and now - since < longest + 2 * DAY:
            self._finding(f"{now}: {human.name} has heard nothing of {request.id} since {since}")

    def _named_before(
        self, request: ConsentRequest, human: Human, last: date, now: datetime
    ) -> None:
        """The week had no room on the last day: the last round before it named what is due."""
        before = [
            (at, notice)
            for at, notice in self._messages[human.name]
            if self._of.day(request.chat, at) < last and at > request.requested_at
        ]
        if before and request.id not in before[-1][1].requests and len(before[-1][1].requests) < 8:
            self._finding(f"{now}: {request.id} is not named in the last message before {last}")

    def _last_call(self, request: ConsentRequest, now: datetime) -> None:
        """On the last working day before its date it was spoken of."""
        on = self._of.policy.deadline(request).on
        chat = request.chat
        last, today = self._of.last_working_day(chat, on), self._of.day(chat, now)
        if today <= last or request.id in self._called:
            return
        self._called.add(request.id)
        human, start = self._of.human(chat), self._of.policy.campaign.start
        quiet = (
            today > last + 3 * DAY
            or self._of.day(chat, request.requested_at) >= last - DAY
            or request.stage is not Stage.DELIVERED
            or request.stuck is not None
            or request.snooze is not None
            or (start is not None and start > last)
            or (human.away_until is not None and human.away_until >= last)
            or (human.acted_at is not None and self._of.day(chat, human.acted_at) >= last)
            or self._was_out(now - 5 * DAY, now)
            or not self._wants(request, now)
            or not self._named[request.id]
            or human.days_off != frozenset()
            or (self._of.dated_at is not None and now - self._of.dated_at < 2 * WEEK)
        )
        if quiet:
            return
        told = [
            notice for at, notice in self._messages[human.name] if self._of.day(chat, at) == last
        ]
        if any(request.id in notice.links_to or notice.reason == "now" for notice in told):
            return
        earlier = [at for at in self._heard(human) if self._of.day(chat, at) < last]
        full = earlier[-self._of.policy.per_week :]
        if len(full) == self._of.policy.per_week and self._of.day(chat, full[0] + WEEK) >= last:
            self._named_before(request, human, last, now)
            return
        self._finding(f"{now}: {request.id} of {human.name} was not named on {last}, due {on}")
