"""Whom to remind of what, and when: pure decisions over a snapshot.

`decide` is handed everything, the time included, and yields intents with stable keys. What it does
for one person is `look`: what is due now, and when to look again. A tick looks only at people whose
time has come, `rehearse` goes through a month by jumping from look to look, and both come to the
same results, since there is only this one rule book:

* only in the person's own working hours, on their working days, at a minute of their own;
* one message with all their apps for each round, at most `per_week` in seven days;
* by the window of the most urgent app; on the last working day before its date in any case;
* the first message is never a firm one: that takes `notice` working days since it;
* who took an app on, or says that it is saved, is left alone for `patience` working days, then
  asked how it goes; who said "saved" is asked once, then the operators are told;
* "later" and "away" are kept; a long absence is not waited for;
* what was put off is spoken of again at its own time, and in no round before;
* after `ignored_rounds` without an answer somebody else is asked, not the same person louder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.domain.cadence import due_day, moment_of, put_off_until, rested, start_of
from bot.domain.calendar import DAY, Calendar
from bot.domain.campaign import Tone, Window
from bot.domain.consent import Stage
from bot.domain.intents import (
    Intent,
    Open,
    Policy,
    Reason,
    Remember,
    Sideways,
    Snapshot,
    Standing,
)
from bot.domain.notices import PersonalRound
from bot.domain.recipients import LONGEST_ABSENCE, Recipient


@dataclass(frozen=True, slots=True)
class Decision:
    """What is due for one person now, and when to look again (None: when something changes)."""

    intents: tuple[Intent, ...] = ()
    again: datetime | None = None


NOTHING = Decision()
MOST_APPS = 8
"""In one message, with a button each."""


def decide(snapshot: Snapshot, now: datetime, policy: Policy) -> tuple[Intent, ...]:
    """Everything that is due at `now` (UTC). Linear in what is open."""
    found: list[Intent] = []
    for standing in snapshot.people:
        found += look(standing, now, policy, only_now=True).intents
    return tuple(found)


def rehearse(
    snapshot: Snapshot, start: datetime, until: datetime, policy: Policy
) -> Iterator[Intent]:
    """What `decide` would yield from `start` to `until` if nobody did anything, in order of time.

    It ends for an app when somebody else would be asked: who that is depends on that day.
    """
    found: list[Intent] = []
    for standing in snapshot.people:
        now: datetime | None = start
        while now is not None and now < until:
            decision = look(standing, now, policy)
            found += decision.intents
            for intent in decision.intents:
                standing = after(standing, intent)
            again = look(standing, now, policy).again if decision.intents else decision.again
            now = again if again is None or again > now else None
    yield from sorted(found, key=lambda intent: (intent.at, intent.key))


def after(standing: Standing, intent: Intent) -> Standing:
    """The standing once `intent` was carried out and nothing else happened."""
    match intent:
        case Remember(notice=notice, at=at):
            items = tuple(_told(item, notice) for item in standing.items)
            return Standing(standing.recipient.told(at), items)
        case Sideways(request_id=gone):
            return replace(standing, items=tuple(i for i in standing.items if i.request.id != gone))


def _told(item: Open, notice: PersonalRound) -> Open:
    """The item once that was sent: a plan ends with its message."""
    if item.request.snooze is None or item.request.id not in notice.requests:
        return item
    return replace(item, request=replace(item.request, snooze=None))


# ------------------------------------------------------------------ one person


def look(standing: Standing, now: datetime, policy: Policy, *, only_now: bool = False) -> Decision:
    """What is due for one person at `now` (UTC), and when to look again.

    `only_now` spares the work of finding `again`, which is None then.
    """
    recipient = standing.recipient
    live = [item for item in standing.items if item.waits]
    if over := recipient.handed_over:
        live = [item for item in live if item.matter not in over]
    if not live:
        return NOTHING
    calendar = policy.calendars.of(recipient.chat.time_zone)
    if only_now and not calendar.is_open(now):
        return NOTHING  # nobody is told anything now, nor asked
    today = calendar.today(now)
    if (start := policy.campaign.start) is not None and today < start:
        return Decision(again=start_of(calendar.next_working_day(start), calendar))
    if recipient.away_until is not None and recipient.away_until >= today:
        return _while_away(live, recipient, recipient.away_until, calendar, now, policy)

    put_off = _put_off(live, recipient, now, policy)
    decision = _in_rounds(put_off, recipient, calendar, now, policy, only_now)
    if put_off.next_at is None or only_now:
        return decision
    again = decision.again
    return replace(
        decision, again=put_off.next_at if again is None else min(again, put_off.next_at)
    )


@dataclass(frozen=True, slots=True)
class PutOff:
    """What is put off (`next_at`: until when), what was until `came_at`, and what is not."""

    next_at: datetime | None
    come: Sequence[Open]
    came_at: datetime
    others: Sequence[Open]


def _put_off(live: Sequence[Open], recipient: Recipient, now: datetime, policy: Policy) -> PutOff:
    """Sorts out what the person put off.

    A plan that was told of counts no more: it ends with the message, and if that failed the rounds
    go on.
    """
    if all(item.request.snooze is None for item in live):
        return PutOff(None, (), now, live)
    told = recipient.rounds[-1] if recipient.rounds else None
    waits: list[datetime] = []
    come: list[Open] = []
    came: list[datetime] = []
    others: list[Open] = []
    for item in live:
        at = put_off_until(item.request, now, policy)
        if at is None:
            others.append(item)
        elif at > now:
            waits.append(at)
        elif told is None or told < at:
            come.append(item)
            came.append(at)
        else:
            others.append(item)
    return PutOff(min(waits, default=None), come, max(came, default=now), others)


def _in_rounds(
    put_off: PutOff,
    recipient: Recipient,
    calendar: Calendar,
    now: datetime,
    policy: Policy,
    only_now: bool,
) -> Decision:
    """What is due of what waits for no plan, and when to look again."""
    today = calendar.today(now)
    name = today.isoformat()
    round = _next_round(put_off.others, recipient, calendar, today, policy)
    if put_off.come:
        # They wanted it now. What else may be told of comes along: one message, not two.
        moment = calendar.next_open(now)
        ready, reason = [*put_off.come, *round.ready], Reason.SNOOZE_ENDED
        if recipient.rounds and calendar.day_of(recipient.rounds[-1]) == today:
            name = f"{name}T{put_off.came_at:%H:%M}"  # a second one on this day was asked for
    elif not round.ready:
        return Decision(again=start_of(round.wakes, calendar) if round.wakes else None)
    elif only_now and today < round.due:
        return NOTHING  # the day of a last call is never before the day that is due
    elif round.wakes is not None and today < round.wakes < round.due:
        return Decision(again=start_of(round.wakes, calendar))
    else:
        ready, reason = round.ready, _reason(round.ready)
        free = rested(ready, recipient, now, policy)
        found = moment_of(recipient.chat, round.due, free, calendar, policy)
        if round.final is not None:
            if found is None or found[0] > round.final:
                # The last call comes even in a week that had its messages.
                final = moment_of(recipient.chat, round.final, now, calendar, policy)
                if final is not None and final[0] == round.final:
                    found = final
            if found is not None and found[0] == round.final:
                reason = Reason.LAST_CALL
        moment = found[1] if found is not None else None
    if moment is None or moment > now:
        return Decision(again=moment)
    return _say(name, ready, recipient, now, reason, calendar, policy)


@dataclass(frozen=True, slots=True)
class Round:
    """What is told next and on which day; `final` is the day of the last call, if it may come.

    `wakes` is the day on which something else may become ready.
    """

    ready: list[Open]
    due: date
    final: date | None = None
    wakes: date | None = None


def _next_round(
    waiting: Sequence[Open], recipient: Recipient, calendar: Calendar, today: date, policy: Policy
) -> Round:
    """All that may be told goes into one round, on the day of whatever is due first."""
    if not waiting:
        return Round([], date.max)
    told = max(item.request.requested_at for item in waiting)
    if recipient.rounds:
        told = max(told, recipient.rounds[-1])
    told_on = calendar.day_of(told)
    due = date.max
    final: date | None = None
    wakes: date | None = None
    ready: list[Open] = []
    for item in waiting:
        until = _left_alone_until(item, calendar, policy)
        if until is not None and today < until:
            wakes = until if wakes is None else min(wakes, until)
            continue
        day, last = due_day(told_on, policy.deadline(item.request).on, calendar, today, policy)
        if day == date.max:
            continue  # in this window the person is not told at all
        ready.append(item)
        due = min(due, day)
        if last is not None and (final is None or last < final):
            final = last
    return Round(ready, due, final, wakes)


def _left_alone_until(item: Open, calendar: Calendar, policy: Policy) -> date | None:
    """The day on which somebody who acted on it is asked how it goes; None: they did not."""
    request = item.request
    match request.stage:
        case Stage.ACKNOWLEDGED:
            since = request.proof.at if request.proof else request.requested_at
        case Stage.SAVED:
            since = request.answered_at or request.changed_at or request.requested_at
        case _:
            return None
    return calendar.after(calendar.day_of(since), policy.patience)


def _while_away(
    live: Sequence[Open],
    recipient: Recipient,
    until: date,
    calendar: Calendar,
    now: datetime,
    policy: Policy,
) -> Decision:
    """Nothing is said to somebody who is away; what cannot wait for them goes to another."""
    today = calendar.today(now)
    until = min(until, today + LONGEST_ABSENCE)
    absence = calendar.days_left(today, until)
    back = start_of(until + DAY, calendar)
    pressing = []
    for item in live:
        if item.request.stage is Stage.SAVED or item.away in recipient.handed_over:
            continue  # nobody else could do more about it
        on = policy.deadline(item.request).on
        if (today <= on <= until) or (on < today and absence > policy.longest_absence):
            pressing.append(item)
    if not pressing:
        return Decision(again=back)
    moment = calendar.next_open(now)
    if moment is None or moment > now:
        return Decision(again=moment)
    return Decision(tuple(_sideways(item, recipient, Reason.AWAY, now) for item in pressing), back)


def _sideways(item: Open, recipient: Recipient, reason: Reason, now: datetime) -> Sideways:
    request = item.request
    return Sideways(recipient.chat, request.id, request.app, request.app_label, reason, now)


_WHEN_NOTHING_FOLLOWS = {
    Stage.ACKNOWLEDGED: Reason.NOTHING_FOLLOWED,
    Stage.SAVED: Reason.NOT_SEEN,
}


def _reason(ready: Sequence[Open]) -> Reason:
    """One that holds for all of them."""
    stages = {item.request.stage for item in ready}
    if len(stages) > 1:
        return Reason.ROUND
    return _WHEN_NOTHING_FOLLOWS.get(stages.pop(), Reason.ROUND)


def ignored(item: Open, recipient: Recipient, calendar: Calendar, policy: Policy) -> int:
    """How many messages about this request went unanswered; the first one counts.

    Those that came while the person was left alone did not speak of it.
    """
    request = item.request
    since = request.requested_at
    for answered_at in (recipient.answered_at, request.answered_at):
        if answered_at is not None and answered_at > since:
            since = answered_at
    until = _left_alone_until(item, calendar, policy)
    if until is not None:
        since = max(since, start_of(until, calendar))
    first = since == request.requested_at
    return first + sum(at > since for at in recipient.rounds)


def _say(
    name: str,
    ready: Sequence[Open],
    recipient: Recipient,
    now: datetime,
    reason: Reason,
    calendar: Calendar,
    policy: Policy,
) -> Decision:
    """The round, and what goes sideways instead of into it. `name` tells it from all others."""
    intents: list[Intent] = []
    told: list[Open] = []
    for item in ready:
        unanswered = ignored(item, recipient, calendar, policy)
        if item.request.stage is Stage.SAVED and unanswered:
            intents.append(_sideways(item, recipient, Reason.NOT_SEEN, now))
        elif unanswered >= policy.ignored_rounds:
            intents.append(_sideways(item, recipient, Reason.IGNORED, now))
        else:
            told.append(item)
    if told:
        more = max(len(told) - MOST_APPS, 0)
        if more:
            told = sorted(told, key=lambda item: _whose_turn(item, policy))[:MOST_APPS]
        today = calendar.today(now)
        window = _most_urgent(told, calendar, today, policy)
        notice = PersonalRound(
            recipient.chat,
            name,
            tuple(item.request.id for item in told),
            reason.value,
            window.name.value,
            _tone(window, told, recipient, calendar, today, policy).value,
            more,
        )
        intents.insert(0, Remember(notice, now))
    return Decision(tuple(intents))


def _whose_turn(item: Open, policy: Policy) -> tuple[date, datetime]:
    """The nearest date first; of several with the same one, whose link is the oldest."""
    link = item.request.link
    return policy.deadline(item.request).on, link.expires_at if link else item.request.requested_at


def _most_urgent(told: Sequence[Open], calendar: Calendar, today: date, policy: Policy) -> Window:
    """The window of the app whose date comes first."""
    on = min(policy.deadline(item.request).on for item in told)
    return policy.campaign.window(calendar.days_left(today, on))


def _tone(
    window: Window,
    told: Sequence[Open],
    recipient: Recipient,
    calendar: Calendar,
    today: date,
    policy: Policy,
) -> Tone:
    """The window's tone, but calm until the person has known for `notice` working days."""
    if window.tone is Tone.CALM:
        return window.tone
    first = min(item.request.requested_at for item in told)
    if recipient.rounds:
        first = min(first, recipient.rounds[0])
    known = calendar.days_left(calendar.day_of(first), today)
    return window.tone if known >= policy.notice else Tone.CALM
