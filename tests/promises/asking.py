"""What is promised of who is asked: the right ones, few of them, and nobody over and over."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from bot.domain.changes import Action, Changes
from bot.domain.consent.requests import PASSED_ON, ConsentRequest, Stage
from tests.promises.company import DAY, HOUR, Human
from tests.promises.seen import WEEK, Seen

AGAIN_AFTER = 4 * WEEK
FAR = 20
"""With more working days than this left nobody who ignored an app is asked sooner than that."""


class Asking:
    """Told of every commit and, now and then, of the time."""

    def __init__(self, seen: Seen) -> None:
        self._seen, self._of = seen, seen.of
        self._ignored: Counter[tuple[str, str]] = Counter()
        self._stuck_at: dict[str, datetime] = {}

    def committed(self, changes: Changes, before: dict[str, ConsentRequest], now: datetime) -> None:
        """Requests were made or moved; `before` are those that there were, as they stood."""
        for request in changes.requests:
            human, old = self._of.human(request.chat), before.get(request.id)
            if request.stuck is not None and request.stuck.why == "ignored":
                self._stuck_at[request.id] = request.stuck.at
            if request.stage is Stage.EXPIRED and old is not None:
                self._passed_on(old, now)
                if not self._seen.is_away(human, request.chat, now):
                    self._ignored[str(request.app), human.name] += 1
        for request in changes.requests:
            if request.id in before:
                continue
            lines = [one for one in changes.audit if one.action == Action.ASK]
            by_itself = lines[0].detail["why"] != "asked_by_operator"
            self._away(request, now)
            self._few_and_not_too_much(request, now)
            if by_itself:  # an operator sends it to whom `who` names
                self._never_asked_first(request, now)
                self._again(request, lines[0].detail["why"], now)

    def shared_out(self, fresh: Sequence[ConsentRequest], now: datetime) -> None:
        """All that was open was asked for at once: nobody more than it takes."""
        if not fresh or self._seen.was_out(now - HOUR, now):
            return
        ids = {one.id for one in fresh}
        held = {
            self._of.human(one.chat).name
            for one in self._seen.ledger.all_requests.values()
            if one.stage.is_open and one.id not in ids
        }
        asked = {self._of.human(one.chat).name for one in fresh}
        most = max(self._seen.load(human) for human in self._of.humans) + len(fresh)
        able = [self._able(one, now) for one in fresh]
        if any(self._can_do(human, one, now) < most for one in fresh for human in self._of.humans):
            return  # somebody could have been given too many
        others = sorted({name for each in able for name in each} - held)
        for some in itertools.combinations(others, len(asked - held) - 1 if asked - held else 0):
            if asked - held and all(each & (held | set(some)) for each in able):
                self._seen.finding(f"{now}: {sorted(asked)} are asked, {some} could do it")
                return

    def _able(self, request: ConsentRequest, now: datetime) -> set[str]:
        """Those who may be asked for it, and for whom as much speaks as for anybody."""
        tried = self._seen.tried(request)
        there = [
            one
            for one in self._candidates(request)
            if self._seen.is_there(one, request, now) and one.name not in tried
        ]
        alone = {one.name for one in there if one in self._of.partners}
        return alone or {one.name for one in there} or {self._of.human(request.chat).name}

    def _candidates(self, request: ConsentRequest) -> list[Human]:
        admins = {admin.upn for admin in self._of.admins[request.tenant_id]}
        return [human for human in self._of.humans if human.address in admins]

    def _can_do(self, human: Human, request: ConsentRequest, now: datetime) -> int:
        left = self._seen.days_left(human, request, now, there=True)
        week = self._of.policy.calendars.hours.days - human.days_off
        return self._of.policy.a_day * (max(left, 1) if left >= 0 else len(week))

    def _few_and_not_too_much(self, request: ConsentRequest, now: datetime) -> None:
        """Whoever has apps and room gets it before somebody new; nobody gets too many."""
        human, tried = self._of.human(request.chat), self._seen.tried(request)
        if human.name in tried or self._seen.was_out(now - HOUR, now):
            return
        if self._seen.is_missed(human, now):
            return
        has, most = self._seen.load(human, without=request.id), self._can_do(human, request, now)
        for other in self._candidates(request):
            theirs = self._seen.load(other)
            is_free = other.name not in tried and self._seen.is_there(other, request, now)
            if other is human or not is_free or theirs >= self._can_do(other, request, now):
                continue
            said = f"{human.name} with {has} of {most} gets {request.app}"
            said += f", {other.name} with {theirs} does not"
            if has >= most or (0 == has < theirs and not self._is_better(human, other)):
                self._seen.finding(f"{now}: {said}")

    def _is_better(self, human: Human, other: Human) -> bool:
        """Whether the one can do it alone, and the other cannot."""
        return human in self._of.partners and other not in self._of.partners

    def _again(self, request: ConsentRequest, why: str, now: datetime) -> None:
        """Once, and after four weeks where the date is far."""
        human = self._of.human(request.chat)
        ignored = self._ignored[str(request.app), human.name]
        if ignored > 1:
            self._seen.finding(f"{now}: {human.name} ignored {request.app} twice, is asked again")
        if ignored != 1:
            return
        same = [
            one
            for one in self._seen.ledger.all_requests.values()
            if one.app == request.app and one.id != request.id
        ]
        last = max(same, key=lambda one: one.requested_at)
        since = self._stuck_at.get(last.id) if why == "ignored" else last.changed_at
        left = self._seen.days_left(self._of.human(last.chat), request, now)
        if left > FAR and (since is None or now - since < AGAIN_AFTER):
            said = f"{human.name} ignored {request.app}, is asked again, nobody left since {since}"
            self._seen.finding(f"{now}: {said}")
        if left <= FAR and why == "ignored":
            self._seen.finding(f"{now}: {human.name} is asked again {left} days before the date")

    def not_asked_again(self, now: datetime) -> None:
        """Where only those are left who ignored it, they are asked again in their time."""
        newest: dict[str, ConsentRequest] = {}
        for one in self._seen.ledger.all_requests.values():
            known = newest.get(str(one.app))
            if known is None or one.requested_at >= known.requested_at:
                newest[str(one.app)] = one
        for request in newest.values():
            since = self._waits_since(request, now)
            late = since is not None and now - since > AGAIN_AFTER + 6 * DAY
            if since is None or not late or self._seen.was_out(since, now) or self._of.holidays:
                continue
            left = self._seen.days_left(self._of.human(request.chat), request, now)
            if left > FAR + 5 and self._of.dated_at is None and self._is_left(request, now):
                self._seen.finding(f"{now}: nobody is asked again for {request.app} since {since}")

    def _waits_since(self, request: ConsentRequest, now: datetime) -> datetime | None:
        record = self._seen.ledger.all_apps[request.app]
        if not self._seen.lacks_consent(record, now):
            return None
        if request.stage in PASSED_ON:
            return request.changed_at
        is_stuck = request.stuck is not None and request.stuck.why == "ignored"
        return request.stuck.at if request.stuck is not None and is_stuck else None

    def _is_left(self, request: ConsentRequest, now: datetime) -> bool:
        """Whether somebody ignored it once who may be asked, and was there all along."""
        declined = {
            self._of.human(one.chat).name
            for one in self._seen.ledger.all_requests.values()
            if one.app == request.app and one.stage in PASSED_ON
        }
        return any(
            self._ignored[str(request.app), one.name] == 1
            and one.name not in declined
            and one.name not in self._seen.away_since
            and not one.days_off
            for one in self._candidates(request)
        )

    def _away(self, request: ConsentRequest, now: datetime) -> None:
        """Nobody who is away, while somebody else who was never asked for it is there."""
        asked = self._of.human(request.chat)
        said = self._seen.away_since.get(asked.name, now)
        if said >= request.requested_at or self._seen.was_out(now - HOUR, now):
            return
        if not self._seen.is_missed(asked, now):
            return
        tried = self._seen.tried(request)
        for other in self._candidates(request):
            if other is asked or other.name in tried:
                continue
            has_room = self._seen.load(other) < self._of.policy.a_day
            if has_room and self._seen.is_there(other, request, now):
                self._seen.finding(f"{now}: {asked.name} is away and asked, {other.name} is there")

    def _never_asked_first(self, request: ConsentRequest, now: datetime) -> None:
        """Whoever ignored an app is not asked for it while somebody is there who never was."""
        human = self._of.human(request.chat)
        if not self._ignored[str(request.app), human.name]:
            return
        tried = self._seen.tried(request)
        for other in self._candidates(request):
            is_there = self._seen.is_there(other, request, now)
            if other is not human and other.name not in tried and is_there:
                self._seen.finding(f"{now}: {human.name} ignored {request.app}, {other.name} not")

    def _passed_on(self, request: ConsentRequest, now: datetime) -> None:
        """They ignored messages that named it, or are away; or weeks ago nobody was left."""
        human = self._of.human(request.chat)
        if request.stuck is not None or self._seen.is_away(human, request.chat, now):
            return
        if not self._seen.silent(request):
            said = f"{self._seen.unanswered(request)} of {self._of.policy.ignored_rounds}"
            self._seen.finding(f"{now}: {request.id} of {human.name} is passed on after {said}")
