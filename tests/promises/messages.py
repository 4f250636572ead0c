"""What is promised of each message: hours, room in the week, one for all, whose turn it is."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime

from bot.domain.consent.requests import Stage
from bot.domain.delivery.notices import (
    Alarm,
    Introduction,
    Notice,
    OperatorDigest,
    PersonalRound,
    RequestChanged,
)
from bot.domain.people.admins import ChatIdentity
from tests.promises.company import DAY, START, Human
from tests.promises.seen import Seen

WANTED = ("now", "snooze_ended")
"""Messages that somebody asked for just then: they count, and wait for no room in the week."""


class Messages:
    """Told of every message that gets through."""

    def __init__(self, seen: Seen) -> None:
        self.count = 0
        self._seen, self._of = seen, seen.of
        self._introduced: Counter[tuple[str, str, str]] = Counter()

    def sent(self, notice: Notice, text: str, now: datetime) -> None:
        """A message got through, which says this."""
        if isinstance(notice, RequestChanged | Alarm) or not isinstance(notice.to, ChatIdentity):
            return
        self.count += 1
        match notice:
            case OperatorDigest():
                self._digest(notice, now)
            case Introduction():
                self._introduction(notice, now)
            case PersonalRound():
                self._round(notice, text, now)
            case _:
                self._seen.finding(f"{now}: {notice} is neither round, digest nor introduction")

    def _round(self, notice: PersonalRound, text: str, now: datetime) -> None:
        human = self._of.human(notice.to)
        if notice.reason != "now":
            self._in_hours(notice, now)
            if self._seen.is_away(human, notice.to, now):
                self._seen.finding(f"{now}: {human.name} is away and gets {notice}")
            self._one_a_day(human, notice, now)
            self._one_message(human, notice, now)
            self._turns(notice, now)
        self._room(human, notice, now)
        self._waits(human, notice, text, now)
        self._seen.messages[human.name].append((now, notice))
        for one in notice.requests:
            self._seen.named[one].append(now)
        for one in notice.links_to:
            self._seen.linked[one] = now

    def _digest(self, notice: OperatorDigest, now: datetime) -> None:
        """In hours, not while away, one a day of all messages, within the week."""
        human, chat = self._of.human(notice.to), notice.to
        if not self._of.is_open(chat, now):
            self._seen.finding(f"{now}: a digest out of hours for {chat} in {chat.time_zone}")
        if self._seen.is_away(human, chat, now):
            self._seen.finding(f"{now}: {human.name} is away and gets {notice}")
        if self._seen.had_today(human, chat, now):
            self._seen.finding(f"{now}: {human.name} had a message today, and gets {notice}")
        if self._seen.lately(human, now) >= self._of.policy.per_week:
            self._seen.finding(f"{now}: {human.name}'s week is full, and they get {notice}")
        if not human.operates and not notice.news_only:
            self._seen.finding(f"{now}: {human.name} operates nothing and gets {notice}")
        self._seen.others[human.name].append(now)

    def _introduction(self, notice: Introduction, now: datetime) -> None:
        """Whom it disturbs is at work, there, and has room in their week; once for an app."""
        pressed, partner = self._of.human(notice.to), self._of.human(notice.partner)
        if not self._of.is_open(notice.partner, now):
            self._seen.finding(f"{now}: introduced out of hours to {notice.partner}")
        if self._seen.is_away(partner, notice.partner, now):
            self._seen.finding(f"{now}: {partner.name} is away and is introduced")
        if self._seen.lately(partner, now) >= self._of.policy.per_week:
            self._seen.finding(f"{now}: {partner.name}'s week is full, and they are introduced")
        app = self._seen.request(notice.request_id).app
        self._introduced[pressed.name, partner.name, str(app)] += 1
        if self._introduced[pressed.name, partner.name, str(app)] > 1:
            self._seen.finding(f"{now}: {pressed.name} and {partner.name} again for {app}")
        for human in (pressed, partner):
            self._seen.others[human.name].append(now)
            self._seen.introduced[human.name] = now

    def _in_hours(self, notice: PersonalRound, now: datetime) -> None:
        if not self._of.is_open(notice.to, now):
            self._seen.finding(f"{now}: out of hours for {notice.to} in {notice.to.time_zone}")

    def _room(self, human: Human, notice: PersonalRound, now: datetime) -> None:
        """At most so many in seven days, whatever they are; what was wanted comes in any case."""
        if notice.reason in WANTED:
            return
        lately = self._seen.lately(human, now)
        if lately >= self._of.policy.per_week:
            self._seen.finding(f"{now}: {human.name} has {lately} messages this week, and gets one")

    def _one_a_day(self, human: Human, notice: PersonalRound, now: datetime) -> None:
        if notice.reason in WANTED:
            return
        today = self._of.day(notice.to, now)
        earlier = [
            at for at, _ in self._seen.messages[human.name] if self._of.day(notice.to, at) == today
        ]
        if earlier:
            self._seen.finding(f"{now}: {human.name} had a message at {earlier[-1]}: {notice}")

    def _waits(self, human: Human, notice: PersonalRound, text: str, now: datetime) -> None:
        """It names what waits for this person and was not put off, and nothing else.

        What ended while the platform was away is in the notice, but not in the message.
        """
        for one in notice.links_to:
            request = self._seen.request(one)
            named = re.search(rf"\b{request.app_label}\b", text) is not None
            over = not request.stage.is_open or not self._seen.wants(request, now)
            on = self._of.policy.deadline(request).on
            moved = self._of.last_working_day(notice.to, on) <= self._of.day(notice.to, now)
            moved = moved and self._of.dated_at is not None
            later = request.snooze is not None and request.snooze.until > now and not moved
            if named and over:
                self._seen.finding(f"{now}: {one} is over or in other hands: {request.stage}")
            if named and later:
                self._seen.finding(f"{now}: {one} is put off until {request.snooze}")
            if one in notice.requests and not (named or over or later):
                self._seen.finding(f"{now}: {one} waits, and is not named in {text}")
            if self._of.human(request.chat) is not human:
                self._seen.finding(f"{now}: {one} is not {human.name}'s")

    def _one_message(self, human: Human, notice: PersonalRound, now: datetime) -> None:
        """It has all that waits for them, on whichever account they were asked."""
        shown = set(notice.links_to)
        if len(shown) >= 24 or self._seen.was_out(now - DAY, now):
            return
        for request in self._seen.ledger.all_requests.values():
            if request.id in shown or not request.stage.is_open or request.snooze is not None:
                continue
            if self._of.human(request.chat) is not human or not self._seen.wants(request, now):
                continue
            if request.stage not in (Stage.REQUESTED, Stage.DELIVERED) or request.stuck is not None:
                continue
            if request.requested_at + self._of.policy.gather >= now or self._seen.silent(request):
                continue
            where = "" if str(request.chat) == str(notice.to) else f" on {request.chat}"
            self._seen.finding(
                f"{now}: {request.id} of {human.name}{where} is left out of {notice}"
            )

    def _turns(self, notice: PersonalRound, now: datetime) -> None:
        """Nothing is named again while something else was never named, or longer ago."""
        if notice.reason in WANTED:
            return
        due_today = {one for one in notice.links_to if self._seen.is_last_day(one, notice.to, now)}
        named_first = 0
        while named_first < len(notice.requests) and self._seen.last_chance(
            notice.requests[named_first], notice, now
        ):
            named_first += 1
        if due_today - set(notice.requests[:8]) and named_first < len(notice.requests):
            self._seen.finding(f"{now}: due today is not named first in {notice}")
        others = list(notice.requests[named_first:])
        left = [one for one in notice.also if not self._seen.last_chance(one, notice, now)]
        latest = max(map(self._seen.turn, others), default=START)
        for one in left:
            if others and self._seen.turn(one) < latest:
                self._seen.finding(
                    f"{now}: {one} is left out although its turn was first: {notice}"
                )
