"""Whom to remind of what, and when: pure decisions over a snapshot.

`decide` is handed everything, the time included, and yields intents with stable keys. What it does
for one person is `look`: what is due now, and when to look again. A tick looks only at people whose
time has come, `rehearse` goes through a month by jumping from look to look, and both come to the
same results, since there is only this one rule book:

* only in the person's own working hours, on their working days, at a minute of their own;
* one message with all their apps for each round, at most `per_week` in seven days;
* by the window of the most urgent app; on the last working day before its date in any case;
* the first message is never a firm one: that takes `notice` working days since it;
* who took an app on is left alone for `patience` working days, then asked how it goes;
* "later" and "away" are kept; a long absence is not waited for;
* after `ignored_rounds` without an answer somebody else is asked, not the same person louder.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from bot.domain.apps import AppRef
from bot.domain.calendar import DAY, Calendar, Calendars
from bot.domain.campaign import Audience, Campaign, Deadline, Tone, Window
from bot.domain.consent import ConsentRequest, Stage
from bot.domain.evidence import State
from bot.domain.notices import PersonalRound
from bot.domain.people import ChatIdentity
from bot.domain.recipients import Recipient

WEEK = timedelta(days=7)


class Reason(StrEnum):
    """Why somebody is told; words under `reason.<value>`."""

    ROUND = "round"  # the window's cadence
    LAST_CALL = "last_call"  # the last working day before the date
    SNOOZE_ENDED = "snooze_ended"  # they asked to hear again now
    NOTHING_FOLLOWED = "nothing_followed"  # taken on, but nothing happened since
    IGNORED = "ignored"  # several rounds without an answer: somebody else is asked
    AWAY = "away"  # they are away for too long to wait: somebody else is asked


@dataclass(frozen=True)
class Policy:
    """How to remind. `patience` and `notice` are in working days, `jitter` spreads the mornings.

    `ignored_rounds` counts the first message as one.
    """

    campaign: Campaign
    calendars: Calendars
    per_week: int = 3
    ignored_rounds: int = 4
    patience: int = 3
    notice: int = 2
    longest_absence: int = 5
    jitter: timedelta = timedelta(minutes=20)
    _due_days: dict[tuple[int, date, date, date], tuple[date, date | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def deadline(self, request: ConsentRequest) -> Deadline:
        """The date that a request runs against."""
        return self.campaign.deadline_for(request.app, request.tenant_id)


@dataclass(frozen=True, slots=True)
class Open:
    """An open request and what is known of its app now."""

    request: ConsentRequest
    state: State


@dataclass(frozen=True, slots=True)
class Standing:
    """One person, and everything that waits for them."""

    recipient: Recipient
    items: tuple[Open, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decision rests on."""

    people: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class Remember:
    """Send one person a round. `at` is UTC."""

    notice: PersonalRound
    at: datetime

    @property
    def to(self) -> ChatIdentity:
        return self.notice.to

    @property
    def reason(self) -> Reason:
        return Reason(self.notice.reason)

    @property
    def key(self) -> str:
        return f"round:{self.notice.round}:{self.to}"


@dataclass(frozen=True, slots=True)
class Sideways:
    """Ask the next candidate instead; when there is none, the operators. `at` is UTC."""

    to: ChatIdentity
    request_id: str
    app: AppRef
    app_label: str
    reason: Reason
    at: datetime

    @property
    def key(self) -> str:
        return f"sideways:{self.request_id}"


Intent = Remember | Sideways


@dataclass(frozen=True, slots=True)
class Decision:
    """What is due for one person now, and when to look again (None: when something changes)."""

    intents: tuple[Intent, ...] = ()
    again: datetime | None = None


NOTHING = Decision()


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
        case Remember(at=at):
            return replace(standing, recipient=standing.recipient.told(at))
        case Sideways(request_id=gone):
            return replace(standing, items=tuple(i for i in standing.items if i.request.id != gone))


# ------------------------------------------------------------------ one person


_WAITS = frozenset({Stage.DELIVERED, Stage.ACKNOWLEDGED})
_WANTS_CONSENT = frozenset(state for state in State if state.wants_consent)


def look(standing: Standing, now: datetime, policy: Policy, *, only_now: bool = False) -> Decision:
    """What is due for one person at `now` (UTC), and when to look again.

    `only_now` spares the work of finding `again`, which is None then.
    """
    recipient = standing.recipient
    over = recipient.handed_over
    live = [
        item
        for item in standing.items
        if item.request.stage in _WAITS and item.state.wants_consent and item.request.id not in over
    ]
    if not live:
        return NOTHING
    calendar = policy.calendars.of(recipient.chat.time_zone)
    if only_now and not calendar.is_open(now):
        return NOTHING  # nobody is told anything now, nor asked
    today = calendar.today(now)
    if (start := policy.campaign.start) is not None and today < start:
        return Decision(again=_start_of(calendar.next_working_day(start), calendar))
    if recipient.away_until is not None and recipient.away_until >= today:
        return _while_away(live, recipient, recipient.away_until, calendar, now, policy)

    told = _last_told(live, recipient)
    snooze = recipient.snooze
    if snooze is not None and snooze.until > told:
        latest = _latest_before_dates(live, calendar, today, policy)
        until = snooze.until if latest is None else min(snooze.until, latest)
        moment = calendar.next_open(max(until, now))
        ready, reason = live, Reason.SNOOZE_ENDED
    else:
        cadence = _by_cadence(live, told, calendar, today, policy)
        ready = cadence.ready
        if not ready:
            wakes = cadence.wakes
            return Decision(again=_start_of(wakes, calendar) if wakes else None)
        if only_now and cadence.due > today:
            return NOTHING  # the day of a last call is never before the day that is due
        rested = max(now, _rested(live, recipient, now, policy))
        moment = _moment(recipient.chat, cadence.due, rested, calendar, policy)
        reason = _reason(ready)
        if cadence.final is not None:
            if moment is None or calendar.today(moment) > cadence.final:
                # The last call comes even in a week that had its messages.
                final = _moment(recipient.chat, cadence.final, now, calendar, policy)
                if final is not None and calendar.today(final) == cadence.final:
                    moment = final
            if moment is not None and calendar.today(moment) == cadence.final:
                reason = Reason.LAST_CALL
    if moment is None or moment > now:
        return Decision(again=moment)
    return _say(ready, recipient, now, reason, calendar, today, policy)


def _last_told(live: Sequence[Open], recipient: Recipient) -> datetime:
    newest = max(item.request.requested_at for item in live)
    rounds = recipient.rounds
    return max(newest, rounds[-1]) if rounds else newest


@dataclass(frozen=True, slots=True)
class Cadence:
    """What is to be told and on which day; `final` is the day of the last call, if it may come.

    When `ready` is empty, `wakes` is the day on which something may become ready.
    """

    ready: list[Open]
    due: date
    final: date | None = None
    wakes: date | None = None


def _by_cadence(
    live: Sequence[Open], told: datetime, calendar: Calendar, today: date, policy: Policy
) -> Cadence:
    """All that may be told goes into one round, on the day of whatever is due first."""
    told_on = told.astimezone(calendar.zone).date()
    due = date.max
    final: date | None = None
    wakes: date | None = None
    ready: list[Open] = []
    for item in live:
        if item.request.stage is Stage.ACKNOWLEDGED:
            taken = item.request.proof.at if item.request.proof else item.request.requested_at
            fresh_until = calendar.after(calendar.today(taken), policy.patience)
            if today < fresh_until:
                wakes = fresh_until if wakes is None else min(wakes, fresh_until)
                continue
        day, last = _due_day(told_on, policy.deadline(item.request).on, calendar, today, policy)
        if day == date.max:
            continue  # in this window the person is not told at all
        ready.append(item)
        due = min(due, day)
        if last is not None and (final is None or last < final):
            final = last
    if wakes is not None and today < wakes < due:
        return Cadence([], due, wakes=wakes)
    return Cadence(ready, due, final, wakes)


def _due_day(
    told_on: date, deadline: date, calendar: Calendar, today: date, policy: Policy
) -> tuple[date, date | None]:
    """The day of the next round, today or later, and the day of the last call before the date.

    `date.max` when no window lets the person be told.
    """
    key = (id(calendar), told_on, deadline, today)
    known = policy._due_days.get(key)
    if known is None:
        if len(policy._due_days) > 100_000:
            policy._due_days.clear()
        known = policy._due_days[key] = _find_due_day(told_on, deadline, calendar, today, policy)
    return known


def _find_due_day(
    told_on: date, deadline: date, calendar: Calendar, today: date, policy: Policy
) -> tuple[date, date | None]:
    last_day = calendar.last_working_day(deadline)
    last_window = policy.campaign.window(calendar.days_left(last_day, deadline))
    told_then = Audience.PERSON in last_window.audience
    final = last_day if told_on < last_day and last_day >= today and told_then else None
    day = calendar.next_working_day(max(today, told_on + DAY))
    gone = calendar.days_left(told_on, day)
    for _ in range(_LONGEST):
        window = policy.campaign.window(calendar.days_left(day, deadline))
        if day == final or (Audience.PERSON in window.audience and gone >= window.every):
            return day, final
        day = calendar.next_working_day(day + DAY)
        gone += 1
    return date.max, final


_LONGEST = 130  # working days: no cadence is slower than half a year


def _rested(live: Sequence[Open], recipient: Recipient, now: datetime, policy: Policy) -> datetime:
    """From when on the week has room for another message."""
    week = now - WEEK
    heard = {r for r in recipient.rounds if r > week}
    heard |= {item.request.requested_at for item in live if item.request.requested_at > week}
    if len(heard) < policy.per_week:
        return now
    return sorted(heard)[-policy.per_week] + WEEK


def _moment(
    chat: ChatIdentity, day: date, earliest: datetime, calendar: Calendar, policy: Policy
) -> datetime | None:
    """The first moment from `earliest` on that is this person's: never at the stroke of the hour.

    Each person has minutes of their own, so that a company's morning is no burst.
    """
    day = max(day, calendar.today(earliest))
    for _ in range(_LONGEST):
        day = calendar.next_working_day(day)
        opening = calendar.opening(day)
        if opening is not None:
            first, last = opening
            spread = min(policy.jitter, (last - first) / 2).total_seconds()
            own = first + timedelta(seconds=_own_part(chat, day) * spread // 1)
            moment = own if own > earliest else earliest
            if moment < last and calendar.is_open(moment):
                return moment
        day += DAY
    return None


def _own_part(chat: ChatIdentity, day: date) -> float:
    """Between 0 and 1, the same for the same person and day in every process."""
    return zlib.crc32(f"{chat.user_id}:{day.toordinal()}".encode()) / 2**32


def _start_of(day: date, calendar: Calendar) -> datetime:
    """The first moment of a local day, in UTC."""
    return datetime.combine(day, time(), calendar.zone).astimezone(UTC)


def _latest_before_dates(
    live: Sequence[Open], calendar: Calendar, today: date, policy: Policy
) -> datetime | None:
    """When the last working day before the nearest date begins; None when all dates are past."""
    dates = [on for item in live if (on := policy.deadline(item.request).on) >= today]
    if not dates:
        return None
    opening = calendar.opening(calendar.last_working_day(min(dates)))
    return opening[0] if opening is not None else None


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
    absence = calendar.days_left(today, until)
    back = _start_of(until + DAY, calendar)
    pressing = []
    for item in live:
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


def _reason(ready: Sequence[Open]) -> Reason:
    if all(item.request.stage is Stage.ACKNOWLEDGED for item in ready):
        return Reason.NOTHING_FOLLOWED
    return Reason.ROUND


def ignored(item: Open, recipient: Recipient) -> int:
    """How many messages about this request went unanswered; the first one counts."""
    request = item.request
    since = request.requested_at
    if request.stage is Stage.ACKNOWLEDGED and request.proof is not None:
        since = request.proof.at
    if recipient.answered_at is not None:
        since = max(since, recipient.answered_at)
    first = since == request.requested_at
    return first + sum(at > since for at in recipient.rounds)


def _say(
    ready: Sequence[Open],
    recipient: Recipient,
    now: datetime,
    reason: Reason,
    calendar: Calendar,
    today: date,
    policy: Policy,
) -> Decision:
    """The round, and what goes sideways instead of into it."""
    intents: list[Intent] = []
    told: list[Open] = []
    for item in ready:
        if ignored(item, recipient) >= policy.ignored_rounds:
            intents.append(_sideways(item, recipient, Reason.IGNORED, now))
        else:
            told.append(item)
    if told:
        windows = [(_window(item, calendar, today, policy), item) for item in told]
        order = policy.campaign.windows
        window, _ = max(windows, key=lambda found: order.index(found[0]))
        name = today.isoformat()
        if recipient.rounds and calendar.today(recipient.rounds[-1]) == today:
            name = f"{name}T{now:%H:%M}"  # a second one on the same day was asked for
        notice = PersonalRound(
            recipient.chat,
            name,
            tuple(item.request.id for item in told),
            reason.value,
            window.name.value,
            _tone(window, told, recipient, calendar, today, policy).value,
        )
        intents.insert(0, Remember(notice, now))
    return Decision(tuple(intents))


def _window(item: Open, calendar: Calendar, today: date, policy: Policy) -> Window:
    return policy.campaign.window(calendar.days_left(today, policy.deadline(item.request).on))


def _tone(
    window: Window,
    told: Sequence[Open],
    recipient: Recipient,
    calendar: Calendar,
    today: date,
    policy: Policy,
) -> Tone:
    """The window's tone, but calm until the person has known for `notice` working days."""
    first = min([item.request.requested_at for item in told] + list(recipient.rounds[:1]))
    known = calendar.days_left(calendar.today(first), today)
    return window.tone if known >= policy.notice else Tone.CALM
