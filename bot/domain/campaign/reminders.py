"""Whether to write to somebody now, about what, and when to look again: pure decisions.

Everything that is to reach a person goes through here: the first message about an app, reminders,
"how is it going", the last call. `evaluate` is handed a snapshot of one person and the time; it
yields intents with stable keys. A tick evaluates only people whose time has come, a plan
(`bot.domain.campaign.planned_messages`) goes through a month from one evaluation to the next, and
both come to the same, since this is the only rule book:

* only in the person's own working hours, on their working days, at a minute of their own;
* one message with all their apps, one a day, at most `per_week` in seven days, whatever they are;
  what they put off comes at the moment that they said, also in a full week;
* the first message about an app at the next such moment; the first reminders `early_every` working
  days after the message before, those after them by the window of the most urgent app;
* on the last working day before its date, for which the reminders before leave room; where first
  messages took that, the last one that there is room for names it first;
* the first message is never a firm one: that takes `notice` working days since it;
* after `ignored_rounds` messages that named an app, and no answer, the next candidate is asked.
  Whatever the person does about one of their apps is an answer for all of them;
* who took an app on, or says that it is saved, is left alone for `patience` working days, then
  asked how it goes; who said "saved" is asked once, then the operators are told;
* "later" and "away" are kept; what would fall into an absence to come is told after it, or before,
  where its last call would; a long absence is not waited for, and never counts as silence;
* what was put off is spoken of again at its own time, and in no message before;
* an operator's digest of what is stuck comes before a reminder that is no last call, once;
* where nobody is left to ask, the windows go on; far from the date, the first ones are asked once
  more after `ask_again_after`.

What a message names is decided in `bot.domain.campaign.rounds`, on which day and minute in
`bot.domain.campaign.cadence`. An operator's "now" is the one way past this, and counts like all
others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.domain.campaign import rounds
from bot.domain.campaign.cadence import (
    calendar_of,
    due_day,
    leaves_at,
    moment_of,
    start_of,
    week_free_from,
)
from bot.domain.campaign.intents import (
    Escalate,
    Intent,
    Open,
    Policy,
    Reason,
    SendRound,
    Worklist,
)
from bot.domain.campaign.put_off import PutOff, sorted_out
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import DAY, Calendar


@dataclass(frozen=True, slots=True)
class Decision:
    """What is due for one person now, and when to look again (None: when something changes)."""

    intents: tuple[Intent, ...] = ()
    again: datetime | None = None


NOTHING = Decision()


def evaluate(worklist: Worklist, now: datetime, policy: Policy) -> Decision:
    """What is due for one person at `now` (UTC), and when to look again."""
    return Decider(worklist, now, policy).decision()


def spoils(
    worklist: Worklist, told: tuple[date, datetime], now: datetime, policy: Policy
) -> date | None:
    """The day of a last call that another message on that day, at that moment, leaves no room for.

    None: there is none. It is on that day or later.
    """
    return Decider(worklist, now, policy).spoilt(told)


def ignored(request: ConsentRequest, recipient: Recipient) -> int:
    """How many messages that named it got no answer."""
    proven_at = request.proof.at if request.proof else None
    answers = (recipient.answered_at, request.answered_at, proven_at)
    since = max((at for at in answers if at is not None), default=rounds.NEVER)
    return sum(at > since for at in request.named)


# ------------------------------------------------------------------ one person, one moment


@dataclass(frozen=True, slots=True)
class Round:
    """What may be told, and at which moment at the earliest (None: not by itself).

    `day` is that of the moment; `finals` has the last working day before the date of each request;
    `wakes` is the day on which something else may become ready.
    """

    ready: Sequence[Open] = ()
    day: date = date.max
    moment: datetime | None = None
    finals: Mapping[str, date] = field(default_factory=dict)
    wakes: date | None = None


@dataclass(frozen=True, slots=True)
class Decider:
    """One person at one moment (UTC)."""

    worklist: Worklist
    now: datetime
    policy: Policy

    @property
    def recipient(self) -> Recipient:
        return self.worklist.recipient

    @property
    def calendar(self) -> Calendar:
        return calendar_of(self.recipient, self.now, self.policy)

    @property
    def today(self) -> date:
        return self.calendar.today(self.now)

    def decision(self) -> Decision:
        live = [i for i in self.worklist.items if i.waits and not i.stuck(Reason.NOT_SEEN)]
        if not live:
            return NOTHING
        start = self.policy.campaign.start
        leaves = leaves_at(self.recipient, self.now, self.policy)
        if start is not None and self.today < start:
            begins = self._start_of(self.calendar.next_working_day(start))
            return Decision(again=min(begins, leaves or begins))
        if self.recipient.is_away(self.today):
            return self._while_away(live)
        once_more = self._once_more(live)
        passed_on = {i.request_id for i in once_more.intents if isinstance(i, Escalate)}
        put_off = self._sorted([i for i in live if i.request.id not in passed_on])
        spoken = self._speak(put_off)
        again = (spoken.again, once_more.again, put_off.next_at, leaves)
        return Decision(
            once_more.intents + spoken.intents,
            min((at for at in again if at is not None), default=None),
        )

    # -------------------------------------------------------------- what is due

    def _speak(self, put_off: PutOff) -> Decision:
        """The message that is due, and what goes to somebody else instead of into it."""
        round = self._round(put_off.others)
        name, ready, moment = round.day.isoformat(), round.ready, round.moment
        if put_off.come:
            # They wanted it now. What else may be told of comes along: one message, not two.
            moment = self.calendar.next_open(self.now)
            reason, name = Reason.SNOOZE_ENDED, self.today.isoformat()
            ready = (*put_off.come, *round.ready)
            if self._heard_on(self.today):
                name = f"{name}T{put_off.came_at:%H:%M}"  # a second one on this day was asked for
        elif round.wakes is not None and self.today < round.wakes < round.day:
            return Decision(again=self._start_of(round.wakes))
        else:
            reason = self._reason(round)
        if moment is None or moment > self.now:
            return Decision(again=moment)
        told: list[Open] = []
        intents: list[Intent] = []
        for item in ready:
            why = self._passes_on(item)
            if why is None:
                told.append(item)
            else:
                intents.append(self._escalate(item, why))
        if told:
            since = self.recipient.rounds[0] if self.recipient.rounds else None
            to, today = self.recipient.chat, self.today
            pressing = {item.request.id for item in put_off.come} | self._last_chance(round.finals)
            notice = rounds.write(to, name, told, reason, today, since, self.policy, pressing)
            intents.insert(0, SendRound(notice, self.now))
        return Decision(tuple(intents))

    def _passes_on(self, item: Open) -> Reason | None:
        """Why somebody else should hear of it instead; None: this person should."""
        unanswered = ignored(item.request, self.recipient)
        if item.request.stage is Stage.SAVED:
            return Reason.NOT_SEEN if unanswered else None
        given_up = item.stuck(Reason.IGNORED) or item.stuck(Reason.AGAIN)
        silent = unanswered >= self.policy.ignored_rounds
        return Reason.IGNORED if silent and not given_up else None

    def _reason(self, round: Round) -> Reason:
        """One that holds for all of them."""
        if round.day in round.finals.values():
            return Reason.LAST_CALL
        if any(item.first for item in round.ready):
            return Reason.ASKED
        stages = {item.request.stage for item in round.ready}
        if len(stages) > 1:
            return Reason.ROUND
        return _WHEN_NOTHING_FOLLOWS.get(next(iter(stages), Stage.DELIVERED), Reason.ROUND)

    # -------------------------------------------------------------- when

    def _round(self, waiting: Sequence[Open]) -> Round:
        """All that may be told goes into one message, at the moment of whatever is due first."""
        first_day, asked_at = date.max, self.now
        day, final = date.max, date.max
        wakes: date | None = None
        ready: list[Open] = []
        finals: dict[str, date] = {}
        for item in waiting:
            until = self._left_alone_until(item)
            if until is not None and self.today < until:
                wakes = until if wakes is None else min(wakes, until)
                continue
            due, last = self._due(item)
            if item.first:
                at = item.request.requested_at + self.policy.gather
                asked_at = at if first_day == date.max else min(asked_at, at)
                first_day = self.today
            elif due == date.max:
                continue  # in this window the person is not told at all
            else:
                day = min(day, due)
            ready.append(item)
            if last is not None:
                finals[item.request.id] = last
                final = min(final, last)
        free = week_free_from(self.recipient, self.now, self.policy)
        reminder = self._moment(day, free)
        ahead = reminder is not None and reminder[0] < final < date.max
        leaves_room = reminder is None or not ahead or self._leaves_room(final, reminder)
        if self._waits_for_digest or not leaves_room:
            reminder = self._moment(final, free)
        found = [reminder, self._first_moment(first_day, max(free, asked_at))]
        soonest = min((moment for moment in found if moment is not None), default=None)
        told_on, moment = soonest if soonest is not None else (date.max, None)
        return Round(ready, told_on, moment, finals, wakes)

    @property
    def _waits_for_digest(self) -> bool:
        """An operator hears of what is stuck first, but not twice between two reminders."""
        digest, reminder = self.recipient.digests[-1:], self.recipient.rounds[-1:]
        return self.worklist.owed and (not digest or digest < reminder)

    def _leaves_room(self, day: date, told: tuple[date, datetime]) -> bool:
        """Whether the week has room for another message on `day` once one was told."""
        on, at = told
        after = self.recipient.told(at)
        free = max(week_free_from(after, at, self.policy), self._start_of(on + DAY))
        found = self._moment(day, free)
        return found is not None and found[0] == day

    @property
    def _finals(self) -> Mapping[str, date]:
        live = [i for i in self.worklist.items if i.waits and not i.stuck(Reason.NOT_SEEN)]
        return self._round(self._sorted(live).others).finals

    def last_chances(self) -> set[str]:
        """The ids for which a message now is the last one before their date."""
        return self._last_chance(self._finals)

    def spoilt(self, told: tuple[date, datetime]) -> date | None:
        """The last one before which a message would leave no room for its last call."""
        days = set(self._finals.values())
        return max(
            (day for day in days if day >= told[0] and not self._leaves_room(day, told)),
            default=None,
        )

    def _last_chance(self, finals: Mapping[str, date]) -> set[str]:
        """Those for which a message now is the last one before their date."""
        told = (self.today, self.now)
        return {name for name, day in finals.items() if not self._leaves_room(day, told)}

    def _due(self, item: Open) -> tuple[date, date | None]:
        """The day of the next reminder, and that of the last call before the date."""
        told = (*self.recipient.rounds[-1:], *item.request.named[-1:])
        if not told and not item.first:
            told = (item.request.requested_at,)
        told_on = self.calendar.day_of(max(told)) if told else self.today - DAY
        early = ignored(item.request, self.recipient) <= self.policy.early_rounds
        on = self.policy.deadline(item.request).on
        return due_day(told_on, on, self.calendar, self.today, self.policy, early=early)

    def _first_moment(self, day: date, earliest: datetime) -> tuple[date, datetime] | None:
        """A first message has no cadence to keep, but is not the second one of a day."""
        if day < date.max and self._heard_on(day):
            day += DAY
        return self._moment(day, earliest)

    def _moment(self, day: date, earliest: datetime) -> tuple[date, datetime] | None:
        if day == date.max:
            return None
        return moment_of(self.recipient.chat, day, earliest, self.calendar, self.policy)

    def _heard_on(self, day: date) -> bool:
        last = self.recipient.rounds[-1:]
        return bool(last) and self.calendar.day_of(last[0]) == day

    def _left_alone_until(self, item: Open) -> date | None:
        """The day on which somebody who acted on it is asked how it goes; None: they did not."""
        request = item.request
        match request.stage:
            case Stage.ACKNOWLEDGED:
                since = request.proof.at if request.proof else request.requested_at
            case Stage.SAVED:
                since = request.answered_at or request.changed_at or request.requested_at
            case _:
                return None
        return self.calendar.after(self.calendar.day_of(since), self.policy.patience)

    def _start_of(self, day: date) -> datetime:
        return start_of(day, self.calendar)

    # -------------------------------------------------------------- what is not for now

    def _sorted(self, live: Sequence[Open]) -> PutOff:
        return sorted_out(live, self.recipient, self.now, self.policy)

    def _while_away(self, live: Sequence[Open]) -> Decision:
        """Nothing is said to somebody who is away; what cannot wait for them goes to another."""
        back_on = self.recipient.back_on(self.today)
        until, back = back_on - DAY, self._start_of(back_on)
        is_long = self.calendar.days_left(self.today, until) > self.policy.longest_absence
        pressing = []
        for item in live:
            if item.request.stage is Stage.SAVED or item.stuck(Reason.AWAY):
                continue  # nobody else could do more about it
            on = self.policy.deadline(item.request).on
            if self.today <= on <= until or (is_long and (on < self.today or item.first)):
                pressing.append(item)
        if not pressing:
            return Decision(again=back)
        moment = self.calendar.next_open(self.now)
        if moment is None or moment > self.now:
            return Decision(again=moment)
        return Decision(tuple(self._escalate(item, Reason.AWAY) for item in pressing), back)

    def _once_more(self, live: Sequence[Open]) -> Decision:
        """What nobody was left for weeks ago, while much time is left, goes to the first ones."""
        due: list[Intent] = []
        again: list[datetime] = []
        for item in live:
            stuck = item.request.stuck
            if stuck is None or stuck.why != Reason.IGNORED:
                continue
            at = self.calendar.next_open(stuck.at + self.policy.ask_again_after)
            on = self.policy.deadline(item.request).on
            if at is None or self._left(max(at, self.now), on) <= self.policy.ask_again_left:
                continue
            if at <= self.now and self.calendar.is_open(self.now):
                due.append(self._escalate(item, Reason.AGAIN))
            else:
                moment = self.calendar.next_open(max(at, self.now))
                again += [moment] if moment is not None else []
        return Decision(tuple(due), min(again, default=None))

    def _left(self, at: datetime, on: date) -> int:
        return self.calendar.days_left(self.calendar.day_of(at), on)

    def _escalate(self, item: Open, reason: Reason) -> Escalate:
        to, request = self.recipient.chat, item.request
        return Escalate(to, request.id, request.app, request.app_label, reason, self.now)


_WHEN_NOTHING_FOLLOWS = {
    Stage.ACKNOWLEDGED: Reason.NOTHING_FOLLOWED,
    Stage.SAVED: Reason.NOT_SEEN,
}
