"""What is promised of silence: nobody is forgotten, and a date is spoken of before it comes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.notices import PersonalRound
from tests.promises.company import DAY, START, Human
from tests.promises.seen import WEEK, Seen

MOST_LINKED = 24


class Forgetting:
    """Told of the time, for each open request."""

    def __init__(self, seen: Seen) -> None:
        self._seen, self._of = seen, seen.of
        self._called: set[str] = set()
        self._stuck_at: dict[str, datetime] = {}

    def looked(self, request: ConsentRequest, now: datetime) -> None:
        """After everything that was due."""
        self._forgotten(request, now)
        self._last_call(request, now)
        self._told_of_what_is_stuck(request, now)

    def _told_of_what_is_stuck(self, request: ConsentRequest, now: datetime) -> None:
        """Some operator has a digest within a week or two; who is away, or has days off, later.

        What is stuck for an absence goes on by itself once the person is back. Who operates by mail
        alone has no account for it, and what an operator is asked for themselves comes first.
        """
        stuck = request.stuck is not None and request.stuck.why != "away"
        if not stuck or not self._seen.wants(request, now):
            self._stuck_at.pop(request.id, None)
            return
        since = self._stuck_at.setdefault(request.id, now)
        operators = [human for human in self._of.humans if human.operates and human.in_chat]
        told = (at for one in self._of.humans for at in self._seen.others[one.name])
        heard = max(told, default=START - DAY)  # also those who operated until just now
        longest = WEEK + 4 * DAY
        kept_from = (
            self._seen.was_out(now - longest, now)
            or self._of.holidays
            or all(self._seen.messages[one.name] for one in operators)
            or any(one.away or one.days_off for one in operators)
            or (self._of.dated_at is not None and now - self._of.dated_at < longest)
        )
        if heard < since and longest < now - since < longest + 2 * DAY and not kept_from:
            self._seen.finding(
                f"{now}: no operator was told since {since} that {request.id} is stuck"
            )

    def _quiet_since(self, request: ConsentRequest) -> datetime | None:
        """Since when nothing kept it from being told; None while something does."""
        human, start = self._of.human(request.chat), self._of.policy.campaign.start
        since = [request.requested_at, self._seen.linked.get(request.id, START)]
        # Reminders are so many days apart from whatever else came to them.
        since.append(self._seen.introduced.get(human.name, START))
        since += [at for at, one in self._seen.messages[human.name] if one.reason == "now"]
        if request.snooze is not None:
            since.append(request.snooze.until)
        if human.away_until is not None:
            since.append(datetime.combine(human.away_until, START.timetz()) + 2 * DAY)
        if start is not None:
            since.append(datetime.combine(start, START.timetz()))
        since += [b for _, b, _ in self._of.outages]
        since += [
            at for at in (self._of.dated_at, self._seen.back_at.get(human.name)) if at is not None
        ]
        return max(since)

    def _forgotten(self, request: ConsentRequest, now: datetime) -> None:
        if request.stage not in (Stage.REQUESTED, Stage.DELIVERED) or not self._seen.wants(
            request, now
        ):
            return
        since = self._quiet_since(request)
        human, policy = self._of.human(request.chat), self._of.policy
        days = len(policy.calendars.hours.days - human.days_off)
        on = policy.deadline(request).on
        before = on - self._of.day(request.chat, now)
        lately = [at for at in self._seen.heard(human) if at > now - WEEK - 2 * DAY]
        busy = len(lately) >= policy.per_week or days < 5 or bool(self._of.holidays)
        # With one message a week, none may come before the last call, which needs that week's; and
        # no message links to more than so many apps.
        busy = busy or policy.per_week == 1 or self._seen.load(human) > MOST_LINKED
        if since is not None and timedelta() <= before < WEEK - DAY and not busy:
            longest = WEEK + policy.jitter  # such as where the last call needs the week's room
        else:
            longest = timedelta(days=10 * 7 / days) + WEEK + 4 * DAY
        if since is not None and now - since > longest and now - since < longest + 2 * DAY:
            self._seen.finding(
                f"{now}: {human.name} has heard nothing of {request.id} since {since}"
            )

    def _is_full_of_what_is_due(self, notice: PersonalRound, now: datetime) -> bool:
        """Whether it links to as many as a message does, and none of them was due later."""
        today = self._of.day(notice.to, now)
        return len(notice.links_to) == MOST_LINKED and all(
            self._of.policy.deadline(self._seen.request(one)).on <= today for one in notice.links_to
        )

    def _named_before(
        self, request: ConsentRequest, human: Human, last: date, now: datetime
    ) -> None:
        """The week had no room on the last day: the last round before it named what is due.

        What an operator's "now" sends names what they asked for.
        """
        before = [
            (at, notice)
            for at, notice in self._seen.messages[human.name]
            if self._of.day(request.chat, at) < last
            and at > request.requested_at
            and notice.reason != "now"
        ]
        if before and request.id not in before[-1][1].requests and len(before[-1][1].requests) < 8:
            self._seen.finding(
                f"{now}: {request.id} is not named in the last message before {last}"
            )

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
            or self._seen.was_out(now - 5 * DAY, now)
            or not self._seen.wants(request, now)
            or not self._seen.named[request.id]
            or human.days_off != frozenset()
            or (self._of.dated_at is not None and now - self._of.dated_at < 2 * WEEK)
        )
        if quiet:
            return
        told = [
            notice
            for at, notice in self._seen.messages[human.name]
            if self._of.day(chat, at) == last
        ]
        if any(request.id in notice.links_to or notice.reason == "now" for notice in told):
            return
        if any(self._is_full_of_what_is_due(notice, now) for notice in told):
            return
        earlier = [at for at in self._seen.heard(human) if self._of.day(chat, at) < last]
        full = earlier[-self._of.policy.per_week :]
        if len(full) == self._of.policy.per_week and self._of.day(chat, full[0] + WEEK) >= last:
            self._named_before(request, human, last, now)
            return
        self._seen.finding(f"{now}: {request.id} of {human.name} was not named on {last}, due {on}")
