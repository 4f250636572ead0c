"""A random company: people with their accounts and hours, tenants, apps, dates, what happens when.

A case is its number: the same number is the same company.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign, Deadline, Scope
from bot.domain.inventory.apps import AppRef, Tenant
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, Mfa, Platform
from bot.domain.time.calendar import Calendars, Hours
from tests.examples import ON_A_PASSWORD, RECORD
from tests.strategies import ZONES

START = datetime(2026, 9, 7, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@dataclass
class Human:
    """One person, however many accounts they have. `habit` is how they take messages."""

    name: str
    zone: str
    accounts: tuple[ChatIdentity, ...]
    habit: str
    days_off: frozenset[int] = frozenset()
    away: set[date] = field(default_factory=set)  # the days of which they said so, wherever
    operates: bool = False
    acted_at: datetime | None = None

    @property
    def address(self) -> str:
        return _address(self.name)

    def is_away(self, day: date) -> bool:
        return day in self.away

    @property
    def away_until(self) -> date | None:
        """The last day of which they said so."""
        return max(self.away, default=None)

    @property
    def in_chat(self) -> bool:
        """Whether they have more than mail."""
        return any(account.platform is not Platform.MAIL for account in self.accounts)


@dataclass
class Company:
    """All of it, and `happens`: what befalls it when, by name."""

    number: int
    rng: random.Random
    policy: Policy
    humans: list[Human]
    admins: dict[str, tuple[GlobalAdmin, ...]]
    records: list[AppRecord]
    days: int
    holidays: frozenset[date] = frozenset()
    partners: tuple[Human, ...] = ()
    dated_at: datetime | None = None  # when the dates were moved last
    happens: list[tuple[datetime, str, object]] = field(default_factory=list)
    outages: list[tuple[datetime, datetime, Platform | None]] = field(default_factory=list)

    def human(self, chat: ChatIdentity) -> Human:
        return next(h for h in self.humans if str(chat) in map(str, h.accounts))

    def is_open(self, chat: ChatIdentity, at: datetime) -> bool:
        """By a clock on the wall: nothing of the product's calendar."""
        hours, human = self.policy.calendars.hours, self.human(chat)
        local = at.astimezone(ZoneInfo(chat.time_zone or "Europe/Berlin"))
        works = local.weekday() in hours.days - human.days_off
        works = works and local.date() not in self.holidays
        return works and hours.start <= local.time().replace(microsecond=0) < hours.end

    def day(self, chat: ChatIdentity, at: datetime) -> date:
        return at.astimezone(ZoneInfo(chat.time_zone or "Europe/Berlin")).date()

    def last_working_day(self, chat: ChatIdentity, on: date) -> date:
        days = self.policy.calendars.hours.days - self.human(chat).days_off
        while on.weekday() not in days or on in self.holidays:
            on -= DAY
        return on

    def absences(self, human: Human, today: date) -> list[list[date]]:
        """Those that are not over, day by day: one goes on where no working day lies between."""
        found: list[list[date]] = []
        for day in sorted(day for day in human.away if day >= today):
            last = found[-1][-1] if found else None
            if last is not None and not any(
                self.works(human, last + n * DAY) for n in range(1, (day - last).days)
            ):
                found[-1].append(day)
            else:
                found.append([day])
        return found

    def works(self, human: Human, day: date) -> bool:
        days = self.policy.calendars.hours.days - human.days_off
        return day.weekday() in days and day not in self.holidays

    def is_out(self, platform: Platform, at: datetime) -> bool:
        """Whether this platform, or the bot as a whole, is away."""
        return any(a <= at < b and who in (None, platform) for a, b, who in self.outages)


HABITS = ("deaf", "quick", "slow", "partly", "puts off", "wrong", "away")


def company(number: int) -> Company:
    rng = random.Random(f"company {number}")
    days = rng.choice((20, 20, 30, 30, 45, 45, 110))
    humans = [_human(n, rng) for n in range(rng.choice((1, 2, 2, 3, 4, 6)))]
    tenants = [
        Tenant(f"t{n}", f"t{n}.example.com", "graph.microsoft.com")
        for n in range(rng.choice((1, 1, 2, 3)))
    ]
    admins = {
        tenant.id: tuple(
            _admin(tenant, human)
            for human in rng.sample(humans, min(len(humans), rng.choice((1, 2, 3))))
        )
        for tenant in tenants
    }
    records = [_record(n, rng.choice(tenants)) for n in range(rng.choice((1, 2, 3, 6, 9, 12, 26)))]
    holidays = frozenset(
        (START + rng.randint(0, days + 30) * DAY).date() for _ in range(rng.choice((0, 0, 1, 3)))
    )
    policy = _policy(rng, records, days, holidays)
    olga = Human("olga", "Europe/Berlin", _accounts("olga", rng.choice(zones()), BOTH), "operator")
    for human in (olga, *humans[:1]):
        human.operates = human is olga or rng.random() < 0.3
    partners = tuple(rng.sample(humans, min(len(humans), 2)))
    found = Company(number, rng, policy, [*humans, olga], admins, records, days, holidays, partners)
    _plan(found)
    return found


BOTH = (Platform.SLACK, Platform.TEAMS)


def zones() -> tuple[str, ...]:
    return ZONES[:5]


def _human(number: int, rng: random.Random) -> Human:
    name = f"p{number}"
    zone = rng.choice(ZONES) if rng.random() < 0.4 else rng.choice(ZONES[:5])
    where = rng.choice(
        (
            (Platform.SLACK,),
            (Platform.SLACK,),
            (Platform.TEAMS,),
            (Platform.SLACK, Platform.TEAMS),
            (Platform.SLACK, Platform.TEAMS),
            (Platform.MAIL,),
        )
    )
    return Human(name, zone, _accounts(name, zone, where), rng.choice(HABITS))


def _accounts(name: str, zone: str, where: tuple[Platform, ...]) -> tuple[ChatIdentity, ...]:
    ids = {Platform.SLACK: f"U{name}", Platform.TEAMS: f"t{name}", Platform.MAIL: _address(name)}
    return tuple(ChatIdentity(one, ids[one], name, _address(name), zone) for one in where)


def _address(name: str) -> str:
    return f"{name}@example.com"


def _admin(tenant: Tenant, human: Human) -> GlobalAdmin:
    return GlobalAdmin(
        tenant.id, f"{human.name}-{tenant.id}", human.name, human.address, enabled=True, mfa=Mfa.YES
    )


def _record(number: int, tenant: Tenant) -> AppRecord:
    app = replace(RECORD.app, ref=AppRef("contoso", f"a{number}"), label=f"App {number}")
    seen = tuple(
        replace(one, seen_at=START, happened_at=START if one.happened_at else None)
        for one in ON_A_PASSWORD
    )
    return replace(RECORD, app=app, tenant=tenant, evidence=seen, scanned_at=START, revision=1)


def _campaign(rng: random.Random, records: list[AppRecord], days: int) -> Campaign:
    def some_day() -> date:
        return (START + rng.randint(-15, days + 30) * DAY).date()

    targets = [Deadline("target", some_day(), "ours")]
    for record in records:
        if rng.random() < 0.3:
            targets.append(Deadline("target", some_day(), "ours", Scope(app=str(record.app.ref))))
    start = (START + rng.randint(0, 9) * DAY).date() if rng.random() < 0.15 else None
    return Campaign(start=start, targets=tuple(targets))


def _policy(
    rng: random.Random, records: list[AppRecord], days: int, holidays: frozenset[date]
) -> Policy:
    campaign = _campaign(rng, records, days)
    usual = rng.random() < 0.5
    hours = Hours()
    if not usual:
        week = rng.sample(range(7), rng.randint(3, 7))
        hours = Hours(time(rng.randint(5, 11)), time(rng.randint(15, 22)), frozenset(week))
    policy = Policy(
        campaign,
        Calendars(
            ZoneInfo("Europe/Berlin"),
            hours,
            country="X",
            days_off=lambda country, year: frozenset(d for d in holidays if d.year == year),
        ),
        gather=rng.choice((0, 5, 30)) * MINUTE,
        jitter=rng.choice((0, 20, 40)) * MINUTE,
    )
    if usual:
        return policy
    return replace(
        policy,
        per_week=rng.randint(1, 4),
        early_rounds=rng.randint(0, 3),
        early_every=rng.randint(1, 4),
        ignored_rounds=rng.randint(1, 4),
        patience=rng.randint(1, 5),
        notice=rng.randint(0, 4),
        longest_absence=rng.randint(1, 8),
        a_day=rng.randint(1, 6),
    )


def _plan(of: Company) -> None:
    """What befalls it: asks at any hour, absences, later apps, outages."""
    rng, days = of.rng, of.days

    def some_time(until: float = 1.0) -> datetime:
        return START + timedelta(minutes=rng.randint(0, int(days * until * 24 * 60)))

    late = [record for record in of.records if rng.random() < 0.25]
    of.happens += [(START, "app", record) for record in of.records if record not in late]
    of.happens += [(some_time(0.6), "app", record) for record in late]
    of.happens.append((some_time(0.1), "send all", None))
    of.happens += [(some_time(0.7), "send all", None) for _ in range(rng.randint(0, 3))]
    for _ in range(rng.choice((0, 0, 1, 2))):
        of.happens.append((some_time(0.8), "send now", rng.choice(of.records)))
    for _ in range(rng.choice((0, 0, 1))):
        of.happens.append((some_time(0.8), "send all now", None))
    if rng.random() < 0.2:
        moved = replace(_campaign(rng, of.records, days), start=of.policy.campaign.start)
        of.happens.append((some_time(0.8), "dates", moved))
    for record in of.records:
        if rng.random() < 0.1:
            waived = some_time(0.7)
            of.happens.append((waived, "waive", record))
            of.happens.append((waived + rng.randint(1, 12) * DAY, "unwaive", record))
    if rng.random() < 0.1:
        of.happens.append((some_time(0.8), "lose role", rng.choice(of.humans)))
    if rng.random() < 0.1:
        of.happens.append((some_time(0.8), "operators", rng.choice(of.humans)))
    for human in of.humans:
        if rng.random() < 0.2:
            of.happens.append((some_time(), "back", human))
        if rng.random() < 0.1:
            of.happens.append((some_time(), "whole week", human))
        if human.habit == "away" or rng.random() < 0.1:
            for ahead in rng.sample((16, 16, 40), rng.randint(1, 3)):
                of.happens.append((some_time(0.8), "away", (human, rng.randint(0, ahead))))
        if rng.random() < 0.1:
            of.happens.append((some_time(0.5), "part time", (human, rng.randint(0, 4))))
        if rng.random() < 0.1:
            of.happens.append((some_time(), "act", human))
        for _ in range(rng.choice((0, 0, 1, 4)) if len(human.accounts) > 1 else 0):
            of.happens.append((some_time(), "talk", human))
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        begins = some_time(0.9)
        platform = rng.choice((None, Platform.SLACK, Platform.TEAMS))
        of.outages.append((begins, begins + rng.choice((1, 8, 30, 80)) * HOUR, platform))
    of.happens.sort(key=lambda one: one[0])
