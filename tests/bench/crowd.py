"""Modelled people for the measure of kindness: who answers a message, and when.

What is known from outside:

* Half of the people who answer a mail at all do so within 47 minutes, nine of ten within a day; the
  more mail somebody gets, the fewer of it they answer (Kooti, Aiello, Grbovic, Lerman, Mantrach:
  "Evolution of Conversations in the Age of Email Overload", WWW 2015, arXiv 1504.00704).
* Whoever sees the same warning again looks at it less (Anderson, Vance, Kirwan and others: "How
  Polymorphic Warnings Reduce Habituation in the Brain", CHI 2015).

How many are slow, deaf, away or wrong is not known: it is assumed three times over (`ASSUMED`).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.time.calendar import Calendar

DAY = timedelta(days=1)
ZONES = ("Asia/Tokyo", "Europe/Berlin", "America/Los_Angeles")
CANDIDATES = 3
"""Global Administrators of a tenant."""
AT_A_SITTING = 3
"""Apps that somebody does after one message."""
TIRING = 0.8
"""Each message of the last seven days makes the next one so much less likely to be answered."""


class Kind(StrEnum):
    """How somebody takes a message."""

    QUICK = "quick"
    SLOW = "slow"
    DEAF = "deaf"  # reads nothing of a bot's
    AWAY = "away"  # for three weeks from the beginning, then quick
    WRONG = "wrong"  # says "not me"


ANSWERS: Mapping[Kind, tuple[float, float]] = {
    Kind.QUICK: (0.75, 0.3),
    Kind.SLOW: (0.35, 3.0),
    Kind.DEAF: (0.0, 1.0),
    Kind.AWAY: (0.75, 0.3),
    Kind.WRONG: (0.9, 0.5),
}
"""How likely a message is answered, and after how many days half of the answers are there."""

ASSUMED: Mapping[str, Mapping[Kind, float]] = {
    "willing": {Kind.QUICK: 50, Kind.SLOW: 30, Kind.DEAF: 8, Kind.AWAY: 7, Kind.WRONG: 5},
    "mixed": {Kind.QUICK: 30, Kind.SLOW: 35, Kind.DEAF: 15, Kind.AWAY: 10, Kind.WRONG: 10},
    "tired": {Kind.QUICK: 15, Kind.SLOW: 40, Kind.DEAF: 25, Kind.AWAY: 10, Kind.WRONG: 10},
}


@dataclass
class Person:
    """Somebody who may be asked. `heard` are the messages they got (UTC)."""

    chat: ChatIdentity
    kind: Kind
    calendar: Calendar
    seed: int
    back_at: datetime
    says_away: bool
    heard: list[datetime] = field(default_factory=list)

    def hears(self, at: datetime) -> datetime | None:
        """They get a message at `at`; when they act on it, None: they do not.

        Reading and acting happen while they work, whenever the message came.
        """
        recent = len(self.heard) - bisect_right(self.heard, at - 7 * DAY)
        self.heard.append(at)
        draw = random.Random(f"{self.seed}:{len(self.heard)}")
        likely, half = ANSWERS[self.kind]
        answers = draw.random() < likely * TIRING**recent
        # Half of the answers within `half`, with the long tail that answers have.
        delay = DAY * half * math.exp(draw.gauss(0, 1.1))
        if not answers:
            return None
        seen = self.calendar.next_open(max(at, self.back_at))
        return self.calendar.next_open(seen + delay) if seen is not None else None


@dataclass(frozen=True)
class Tenant:
    """Apps, and those who can do them, the best candidate first."""

    apps: tuple[str, ...]
    people: tuple[Person, ...]


APPS = (1, 3, 12)
"""Apps of a tenant, in turn."""


def tenants(assumed: str, many: int, start: datetime, seed: int) -> tuple[Tenant, ...]:
    """So many tenants. The same seed gives the same people."""
    draw = random.Random(f"{assumed}:{many}:{seed}")
    kinds = ASSUMED[assumed]
    found = []
    for number in range(many):
        people = []
        for place in range(CANDIDATES):
            name = f"U{number}-{place}"
            zone = draw.choice(ZONES)
            (kind,) = draw.choices(tuple(kinds), tuple(kinds.values()))
            away = kind is Kind.AWAY
            people.append(
                Person(
                    ChatIdentity(Platform.SLACK, name, time_zone=zone),
                    kind,
                    Calendar(ZoneInfo(zone)),
                    draw.getrandbits(32),
                    start + 21 * DAY if away else start,
                    says_away=away and draw.random() < 0.5,
                )
            )
        apps = APPS[number % len(APPS)]
        found.append(Tenant(tuple(f"{number}-{n}" for n in range(apps)), tuple(people)))
    return tuple(found)
