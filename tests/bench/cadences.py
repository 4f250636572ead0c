"""The bot's rules and some others, each let loose on the same modelled people.

The rivals are simplified to what matters here, when a message goes to whom, from their documents:

* windows as in Nudge (macadmins/nudge, `userExperience`): often as the date comes near;
* a chain as in Grafana OnCall (escalation chains): the next one after a wait, over again;
* a plan as in Iris (iris.claims, plan steps with `repeat` and `wait`);
* reminders as in Dispatch (incident tasks): every day once the date is near or past;
* two mails to everybody, daily, and weekly.

All rivals send one message an app, at any hour, as they do.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from bot.domain.campaign.intents import Escalate, Open, Policy, Reason, SendRound, Worklist
from bot.domain.campaign.planned_messages import after, stuck
from bot.domain.campaign.reminders import evaluate
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.consent.requests import Stage
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.people.absences import Absence
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import Calendars
from tests.bench.crowd import AT_A_SITTING, DAY, Kind, Person, Tenant
from tests.examples import REQUEST

HORIZON = timedelta(days=120)


@dataclass
class Outcome:
    """What became of one case. `done` has the moment of each app that was done (UTC)."""

    tenants: tuple[Tenant, ...]
    start: datetime
    on: date
    done: dict[str, datetime] = field(default_factory=dict)

    @property
    def people(self) -> list[Person]:
        return [person for tenant in self.tenants for person in tenant.people]

    @property
    def messages(self) -> float:
        """A person, on average."""
        return sum(len(p.heard) for p in self.people) / len(self.people)

    @property
    def days(self) -> float:
        """Until an app is done, on average; what is never done takes the whole horizon."""
        apps = [app for tenant in self.tenants for app in tenant.apps]
        took = (min(self.done.get(app, self.start + HORIZON) - self.start, HORIZON) for app in apps)
        return sum(one / DAY for one in took) / len(apps)

    @property
    def in_time(self) -> float:
        apps = [app for tenant in self.tenants for app in tenant.apps]
        return sum(app in self.done and self.done[app].date() <= self.on for app in apps) / len(
            apps
        )

    @property
    def closed(self) -> float:
        """The share of messages outside of working hours."""
        all_of_them = [(p, at) for p in self.people for at in p.heard]
        closed = sum(not p.calendar.is_open(at) for p, at in all_of_them)
        return closed / max(len(all_of_them), 1)

    @property
    def worst_weeks(self) -> list[int]:
        """Of each person the most messages in seven days."""
        return [
            max(
                (n + 1 - bisect_right(p.heard, at - 7 * DAY) for n, at in enumerate(p.heard)),
                default=0,
            )
            for p in self.people
        ]


# ------------------------------------------------------------------ the bot


def bot(tenants: tuple[Tenant, ...], start: datetime, on: date, policy: Policy) -> Outcome:
    """All apps are asked for at `start`; then the real decisions."""
    campaign = Campaign(targets=(Deadline("target", on, "ours"),))
    policy = replace(policy, campaign=campaign, calendars=Calendars(ZoneInfo("UTC")))
    outcome = Outcome(tenants, start, on)
    for tenant in tenants:
        _Told(tenant, start, policy, outcome).run()
    return outcome


class _Told:
    """One tenant under the bot's rules: the bot's own contents, and what people do."""

    def __init__(self, tenant: Tenant, start: datetime, policy: Policy, outcome: Outcome) -> None:
        self.people = {str(p.chat): p for p in tenant.people}
        self.contents = {
            name: Worklist(
                Recipient(
                    p.chat, absences=(Absence(None, p.back_at.date() - DAY),) if p.says_away else ()
                ),
                (),
            )
            for name, p in self.people.items()
        }
        self.silent: dict[str, list[str]] = {app: [] for app in tenant.apps}
        self.declined: dict[str, set[str]] = {app: set() for app in tenant.apps}
        self.policy, self.outcome, self.ends = policy, outcome, start + HORIZON
        self.queue: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self.numbers = count()
        for app in tenant.apps:
            self.ask(app, start, times=1)

    def run(self) -> None:
        while self.queue and self.queue[0][0] < self.ends:
            at, _, do = heapq.heappop(self.queue)
            do(at)

    def soon(self, at: datetime | None, do: Callable[[datetime], None]) -> None:
        if at is not None:
            heapq.heappush(self.queue, (at, next(self.numbers), do))

    def ask(self, app: str, now: datetime, *, times: int, present: bool = False) -> bool:
        """The first candidate who was not asked so often; who is away comes last, or not at all."""
        left = [
            name
            for name in self.people
            if self.silent[app].count(name) < times and name not in self.declined[app]
        ]
        left.sort(key=lambda name: self.is_away(name, now))
        if not left or (present and self.is_away(left[0], now)):
            return False
        name = left[0]
        request = replace(
            REQUEST,
            id=f"{app}#{next(self.numbers)}",
            app=AppRef("contoso", app),
            chat=self.people[name].chat,
            requested_at=now,
            told=(),
        )
        worklist = self.contents[name]
        item = Open(request, State.NEEDS_CONSENT)
        self.contents[name] = replace(worklist, items=(*worklist.items, item))
        self.soon(now, lambda at: self.evaluate(name, at))
        return True

    def is_away(self, name: str, now: datetime) -> bool:
        return self.contents[name].recipient.is_away(self.people[name].calendar.day_of(now))

    def evaluate(self, name: str, now: datetime) -> None:
        decision = evaluate(self.contents[name], now, self.policy)
        for intent in decision.intents:
            match intent:
                case Escalate():
                    self.reassign(name, intent, now)
        decision = evaluate(self.contents[name], now, self.policy)
        for intent in decision.intents:
            match intent:
                case SendRound():
                    self.contents[name] = after(self.contents[name], intent)
                    acts_at = self.people[name].hears(now)
                    self.soon(acts_at, lambda at: self.act(name, at))
        again = evaluate(self.contents[name], now, self.policy).again
        if again is not None and again > now:
            self.soon(again, lambda at: self.evaluate(name, at))

    def reassign(self, name: str, intent: Escalate, now: datetime) -> None:
        app = intent.app.app_id
        self.silent[app].append(name)
        times = 2 if intent.reason is Reason.AGAIN else 1
        if self.ask(app, now, times=times, present=True):
            self.drop(name, intent.request_id)
        else:
            self.silent[app].pop()
            self.contents[name] = stuck(self.contents[name], intent)

    def drop(self, name: str, request_id: str) -> None:
        """That request ended; a fresh one for the same person stays."""
        worklist = self.contents[name]
        items = tuple(i for i in worklist.items if i.request.id != request_id)
        self.contents[name] = replace(worklist, items=items)

    def act(self, name: str, now: datetime) -> None:
        """They do some of their apps, or say that they are the wrong person."""
        worklist = self.contents[name]
        told = [i for i in worklist.items if i.request.stage is not Stage.REQUESTED]
        told = told if self.people[name].kind is Kind.WRONG else told[:AT_A_SITTING]
        if not told:
            return
        recipient = worklist.recipient.answered(now)
        self.contents[name] = replace(worklist, recipient=recipient)
        for item in told:
            app = item.request.app.app_id
            self.drop(name, item.request.id)
            if self.people[name].kind is not Kind.WRONG:
                self.outcome.done.setdefault(app, now)
                continue
            self.declined[app].add(name)
            self.ask(app, now, times=1)
        self.soon(now, lambda at: self.evaluate(name, at))


# ------------------------------------------------------------------ the rivals

Cadence = Callable[[timedelta], Iterator[tuple[timedelta, int | None]]]
"""By how long it is until the date: when a message goes out, and to which candidate (None: all)."""


def nudge(left: timedelta) -> Iterator[tuple[timedelta, int | None]]:
    at = timedelta()
    while True:
        yield at, 0
        to_go = left - at
        at += 7 * DAY if to_go > 14 * DAY else 3 * DAY if to_go > 3 * DAY else DAY


def on_call(left: timedelta) -> Iterator[tuple[timedelta, int | None]]:
    for turn in range(5):
        for place in range(3):
            yield (turn * 7 + place * 2) * DAY, place


def iris(left: timedelta) -> Iterator[tuple[timedelta, int | None]]:
    for place in range(3):
        for repeat in range(4):
            yield (place * 4 + repeat) * DAY, place


def dispatch(left: timedelta) -> Iterator[tuple[timedelta, int | None]]:
    yield timedelta(), 0
    at = max(left - 5 * DAY, DAY)
    while True:
        yield at, 0
        at += DAY


def two_mails(left: timedelta) -> Iterator[tuple[timedelta, int | None]]:
    yield timedelta(), None
    yield max(left - 7 * DAY, 7 * DAY), None


def every(days: int) -> Cadence:
    def cadence(left: timedelta) -> Iterator[tuple[timedelta, int | None]]:
        for turn in count():
            yield turn * days * DAY, 0

    return cadence


RIVALS: Mapping[str, Cadence] = {
    "windows (as in Nudge)": nudge,
    "chain (as in OnCall)": on_call,
    "plan (as in Iris)": iris,
    "tasks (as in Dispatch)": dispatch,
    "two mails to all": two_mails,
    "daily": every(1),
    "weekly": every(7),
}


def rival(tenants: tuple[Tenant, ...], start: datetime, on: date, cadence: Cadence) -> Outcome:
    """The same people under another cadence: one message an app, to candidates in their order."""
    outcome = Outcome(tenants, start, on)
    left = datetime.combine(on, start.timetz()) - start
    for tenant in tenants:
        refused: dict[str, set[int]] = {app: set() for app in tenant.apps}
        queue: list[tuple[datetime, int, str, int, bool]] = []
        numbers = count()
        for app in tenant.apps:
            for offset, to in cadence(left):
                if offset >= HORIZON:
                    break
                places = range(len(tenant.people)) if to is None else (to,)
                for place in places:
                    queue.append((start + offset, next(numbers), app, place, False))
        heapq.heapify(queue)
        while queue:
            at, _, app, place, acts = heapq.heappop(queue)
            if at >= start + HORIZON or app in outcome.done:
                continue
            while not acts and place in refused[app] and place + 1 < len(tenant.people):
                place += 1  # whoever said "not me" is followed by the next one
            person = tenant.people[place]
            if acts and person.kind is Kind.WRONG:
                refused[app].add(place)
            elif acts:
                outcome.done[app] = at
            elif place not in refused[app]:
                answer = person.hears(at)
                if answer is not None:
                    heapq.heappush(queue, (answer, next(numbers), app, place, True))
    return outcome


START = datetime(2026, 9, 14, 7, 30, tzinfo=UTC)
"""A Monday, half past nine in Berlin."""
