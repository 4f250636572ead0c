"""What an operator is told of all apps at once, and when: pure decisions.

A digest goes to one operator in the windows whose audience has operators, and whenever something
new got stuck (nobody is left to ask for it) or came of what they asked for:

* only in the operator's own working hours, on their working days, at a minute of their own;
* every `every` working days of the most urgent such window, and on its first one at once;
* never on the day of another message; what an operator hears as Global Administrator counts in the
  same `per_week`, and keeps its room for the last call;
* not while they are away, and never when no app is that near or newly stuck, and nothing is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.domain.campaign import planned_messages, reminders
from bot.domain.campaign.cadence import calendar_of, leaves_at, moment_of, start_of, week_free_from
from bot.domain.campaign.intents import Intent, Policy, SendRound, Worklist
from bot.domain.campaign.windows import Audience, Window
from bot.domain.delivery.notices import OperatorDigest
from bot.domain.people.admins import ChatIdentity
from bot.domain.summaries import AppSummary
from bot.domain.time.calendar import DAY, HORIZON, Calendar

OCCASION = "digest:"


@dataclass(frozen=True, slots=True)
class Digest:
    """Send one operator a digest. `at` is UTC."""

    notice: OperatorDigest
    at: datetime

    @property
    def to(self) -> ChatIdentity:
        return self.notice.to

    @property
    def key(self) -> str:
        return f"{OCCASION}{self.notice.round}:{self.to}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is due for one operator now, if anything, and when to look again (UTC)."""

    digest: Digest | None = None
    again: datetime | None = None


def date_of(app: AppSummary, policy: Policy) -> date:
    """The date that an app runs against."""
    return policy.campaign.deadline_for(app.ref, app.tenant_id).on


def window_of(on: date, calendar: Calendar, today: date, policy: Policy) -> Window | None:
    """The window of a date, when operators are told in it."""
    window = policy.campaign.window(calendar.days_left(today, on))
    return window if Audience.OPERATOR in window.audience else None


def evaluate(
    worklist: Worklist,
    dates: Sequence[date],
    now: datetime,
    policy: Policy,
    stuck_at: datetime | None = None,
) -> Decision:
    """What is due for one operator at `now` (UTC), and when to look again.

    `dates` are those of the open apps; `worklist` is the operator as somebody who is told things.
    `stuck_at` is when something got stuck last, None where nothing is.
    """
    worklist = owing(worklist, stuck_at)
    recipient = worklist.recipient
    calendar = calendar_of(recipient, now, policy)
    today = calendar.today(now)
    first = recipient.back_on(today)
    if policy.campaign.start is not None:
        first = max(first, policy.campaign.start)
    if recipient.rounds:
        first = max(first, calendar.day_of(recipient.rounds[-1]) + DAY)
    asked = reminders.evaluate(as_asked(worklist), now, policy)
    if any(isinstance(intent, SendRound) for intent in asked.intents):
        first = max(first, today + DAY)  # what they are asked for comes first
    told_on = calendar.day_of(recipient.digests[-1]) if recipient.digests else None
    day = _next_day(told_on, dates, first, calendar, policy)
    if worklist.owed or recipient.news:
        soonest = first if told_on is None else max(first, told_on + DAY)
        soonest = calendar.next_working_day(soonest)
        day = soonest if day is None else min(day, soonest)
    leaves = leaves_at(recipient, now, policy)
    if day is None:
        return Decision(again=leaves)
    found: tuple[date, datetime] | None = (day, week_free_from(recipient, now, policy))
    while found is not None:
        found = moment_of(recipient.chat, *found, calendar, policy, OCCASION)
        last = reminders.spoils(worklist, found, now, policy) if found is not None else None
        if last is None:
            break
        found = (last + DAY, start_of(last + DAY, calendar))
    if found is None or found[1] > now:
        # Where the week has no room until no window tells any more, that look finds nothing.
        next_times = (leaves, found[1] if found is not None else None)
        return Decision(again=min((at for at in next_times if at is not None), default=None))
    windows = (window_of(on, calendar, today, policy) for on in sorted(dates))
    window = next((window.name.value for window in windows if window is not None), "")
    notice = OperatorDigest(recipient.chat, today.isoformat(), window, recipient.news)
    return Decision(Digest(notice, now))


def owing(worklist: Worklist, stuck_at: datetime | None) -> Worklist:
    """An operator, with whether they have not heard yet of what is stuck since `stuck_at`."""
    told = worklist.recipient.digests[-1:]
    return replace(worklist, owed=stuck_at is not None and (not told or told[0] < stuck_at))


def as_asked(worklist: Worklist) -> Worklist:
    """An operator as Global Administrator, on the account on which they are asked."""
    chat = worklist.recipient.chat
    asked = worklist.items[-1].request.chat if worklist.items else chat
    if str(asked) == str(chat):
        return worklist
    to = replace(asked, days_off=chat.days_off)
    return replace(worklist, recipient=replace(worklist.recipient, chat=to))


def after(worklist: Worklist, digest: Digest) -> Worklist:
    """The operator once `digest` was told."""
    told = worklist.recipient.told_of_all(digest.at, digest.notice.news)
    return replace(worklist, recipient=told)


def planned_digests(
    worklist: Worklist,
    dates: Sequence[date],
    start: datetime,
    until: datetime,
    policy: Policy,
    stuck_at: datetime | None = None,
) -> Iterator[Digest | Intent]:
    """All that an operator would be told from `start` to `until` if nobody did anything.

    Also as Global Administrator: both count in one week.
    """
    now: datetime | None = start
    while now is not None and now < until:
        worklist = owing(worklist, stuck_at)
        for intent in planned_messages.due(as_asked(worklist), now, policy):
            yield intent
            worklist = planned_messages.after(worklist, intent)
        digest = evaluate(worklist, dates, now, policy, stuck_at).digest
        if digest is not None:
            yield digest
            worklist = owing(after(worklist, digest), stuck_at)
        next_times = (
            reminders.evaluate(as_asked(worklist), now, policy).again,
            evaluate(worklist, dates, now, policy, stuck_at).again,
        )
        now = min(
            (again for again in next_times if again is not None and again > now), default=None
        )


def _next_day(
    told_on: date | None, dates: Sequence[date], first: date, calendar: Calendar, policy: Policy
) -> date | None:
    """The next day on which a window has a digest; None when there is none for a year."""
    day = calendar.next_working_day(first if told_on is None else max(first, told_on + DAY))
    gone = HORIZON if told_on is None else calendar.days_left(told_on, day)
    found: date | None = None
    for on in dates:
        at = _day_for(on, day, gone, found, calendar, policy)
        if at is not None:
            found = at
    return found


def _day_for(
    on: date, day: date, gone: int, before: date | None, calendar: Calendar, policy: Policy
) -> date | None:
    """The same for one date, if that comes `before`. `gone` working days since the last one.

    On each working day one less is left, over the date too.
    """
    windows = policy.campaign.windows
    left = calendar.days_left(day, on)
    for _ in range(HORIZON):
        if before is not None and day >= before:
            return None
        window = policy.campaign.window(left)
        told = Audience.OPERATOR in window.audience
        if told and gone >= window.every:
            return day
        if window is windows[-1] and not told:
            return None
        day = calendar.next_working_day(day + DAY)
        gone += 1
        left -= 1
    return None
