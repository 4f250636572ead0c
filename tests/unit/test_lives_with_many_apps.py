"""Lives of a company with many apps of one person, and of one that works at night.

Nobody ever does anything. What `tests.promises` checks of random lives is checked of these, too.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from bot.domain.campaign.intents import Policy
from bot.domain.campaign.rounds import MOST_NAMED
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.delivery.notices import PersonalRound
from bot.domain.inventory.apps import AppRef, Tenant
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, Mfa, Platform
from bot.domain.time.calendar import Calendars, Hours
from tests.examples import ON_A_PASSWORD, RECORD
from tests.promises.company import DAY, HOUR, START, Company, Human
from tests.promises.living import Life

TENANT = Tenant("t0", "t0.example.com", "graph.microsoft.com")
OFFICE = Hours()
WHOLE_WEEK = frozenset(range(7))


def human(name: str, zone: str, *, operates: bool = False) -> Human:
    chat = ChatIdentity(Platform.SLACK, f"U{name}", name, f"{name}@example.com", zone)
    return Human(name, zone, (chat,), "deaf", operates=operates)


def company(apps: int, *zones: str, on: date, hours: Hours = OFFICE, days: int = 70) -> Company:
    """One administrator in each zone; all that is open is asked for on the first day."""
    people = [human(f"p{n}", zone) for n, zone in enumerate(zones)]
    admins = tuple(
        GlobalAdmin(TENANT.id, one.name, one.name, one.address, enabled=True, mfa=Mfa.YES)
        for one in people
    )
    seen = tuple(
        replace(one, seen_at=START, happened_at=START if one.happened_at else None)
        for one in ON_A_PASSWORD
    )
    records = [
        replace(
            RECORD,
            app=replace(RECORD.app, ref=AppRef("contoso", f"a{n}"), label=f"App {n}"),
            tenant=TENANT,
            evidence=seen,
            scanned_at=START,
            revision=1,
        )
        for n in range(apps)
    ]
    policy = Policy(
        Campaign(targets=(Deadline("target", on, "ours"),)),
        Calendars(ZoneInfo("Europe/Berlin"), hours),
    )
    return Company(
        0,
        random.Random(0),
        policy,
        [*people, human("olga", "Europe/Berlin", operates=True)],
        {TENANT.id: admins},
        records,
        days,
        happens=[
            *((START, "app", record) for record in records),
            (START + 8 * HOUR, "send all", None),
        ],
    )


def live(of: Company) -> tuple[Life, list[tuple[datetime, PersonalRound]]]:
    """The life, in which every promise was kept, and its messages."""
    life = Life(of)
    assert asyncio.run(life.run()) == []
    return life, [(at, one) for at, one in life.told if isinstance(one, PersonalRound)]


# Exactly three messages full, and one app more; `make drills` lives the others, too.
MANY: tuple[tuple[int, int], ...] = ((24, 60), (25, 15))
if "O365BOT_LIVES" in os.environ:
    MANY = tuple(product((24, 25, 40), (15, 60)))


@pytest.mark.parametrize(("apps", "left"), MANY)
def test_each_of_many_apps_is_named_and_nobody_gets_a_burst(apps: int, left: int) -> None:
    """In no message more than eight, nor are more than that passed on in a day: so the next one
    gets them bit by bit, and each app is named as often as it takes before it is passed on."""
    on = (START + left * DAY).date()
    life, told = live(company(apps, "Europe/Berlin", "America/Los_Angeles", on=on))
    named = Counter(name for _, round in told for name in round.requests)
    requests = life.ledger.all_requests.values()
    assert {one.app.app_id for one in requests if named[one.id]} == {f"a{n}" for n in range(apps)}
    assert max(len(round.requests) for _, round in told) <= MOST_NAMED
    first = min(one.requested_at for one in requests)
    later = Counter(one.requested_at.date() for one in requests if one.requested_at > first + DAY)
    assert later, "what is ignored is passed on"
    assert max(later.values()) <= MOST_NAMED
    ignored = life.company.policy.ignored_rounds
    passed_on = [one for one in requests if not one.stage.is_open]
    assert [named[one.id] for one in passed_on] == [ignored] * len(passed_on)


@pytest.mark.parametrize("clocks", ["Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe"])
def test_hours_that_a_change_of_the_clock_cuts_into_are_kept_on_that_day(clocks: str) -> None:
    """From half past two to half past three. In Sydney the fourth of October has no half past two,
    on Lord Howe half an hour is left out; in Berlin 25 October has two of them."""
    hours = Hours(time(2, 30), time(3, 30), WHOLE_WEEK)
    changes = {"Europe/Berlin": date(2026, 10, 25)}.get(clocks, date(2026, 10, 4))
    on = changes  # so that it is the day of the last call
    of = company(3, clocks, on=on, hours=hours, days=(on - START.date()).days + 10)
    _, told = live(of)
    zone = ZoneInfo(clocks)
    days = [at.astimezone(zone).date() for at, _ in told]
    assert changes in days
    assert [round.reason for at, round in told if at.astimezone(zone).date() == changes] == [
        "last_call"
    ]
