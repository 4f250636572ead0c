"""How the migration goes: what was open on each day, and when it will be done at this pace."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from bot.domain.campaign.windows import OKTA_CONSENT, Campaign, Deadline
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.summaries import AppSummary, Counts

PACE_OVER = timedelta(days=28)
NONE: Counts = MappingProxyType({})
LEAST = timedelta(days=3)
"""From fewer days no pace is told."""


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many apps were in which state at the end of a day (UTC), or now.

    `orgs` has the same for each Okta org; days that were counted before there was that have none.
    """

    on: date
    states: Mapping[State, int] = field(default_factory=dict, hash=False)
    orgs: Mapping[str, Mapping[State, int]] = field(default_factory=dict, hash=False)

    @property
    def open(self) -> int:
        """Apps that somebody still has to do or to look at."""
        return sum(count for state, count in self.states.items() if state.is_open)

    @property
    def done(self) -> int:
        return self.states.get(State.MIGRATED, 0)

    @property
    def total(self) -> int:
        """Apps that the migration is about."""
        return self.open + self.done

    def of(self, org: str) -> DayCount | None:
        """The count of one Okta org, "" for all of them; None when it was not counted that day."""
        if not org:
            return self
        return DayCount(self.on, self.orgs[org]) if org in self.orgs else None


def count(on: date, counts: Counts) -> DayCount:
    """The count of a day; what is waived is left out."""
    orgs: dict[str, Counter[State]] = {}
    for org, states in counts.items():
        if known := {state: number for state, number in states.items() if state is not None}:
            orgs[org] = Counter(known)
    total = sum(orgs.values(), Counter[State]())
    return DayCount(on, dict(total), {org: dict(states) for org, states in orgs.items()})


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where it goes. `per_week` is None when it is too early to tell a pace.

    `done_on` is when the last app is done at this pace (None: never, or too early to tell);
    `missing` is how many apps are still open on the date (None: it is past, or too early).
    """

    per_week: float | None
    done_on: date | None
    missing: int | None


@dataclass(frozen=True, slots=True)
class BurnDown:
    """The days so far, oldest first, the date they run against, and the forecast."""

    days: tuple[DayCount, ...]
    deadline: Deadline
    forecast: Forecast

    @property
    def needed(self) -> float | None:
        """How many a week meet the date; None when none is left, or it is past."""
        today = self.days[-1]
        left = (self.deadline.on - today.on).days
        return today.open * 7 / left if today.open and left > 0 else None


def burn_down(history: Sequence[DayCount], deadline: Deadline) -> BurnDown:
    """The burn-down of a history, which is oldest first. Its last day is today."""
    days = tuple(sorted(history, key=lambda day: day.on))
    return BurnDown(days, deadline, _forecast(days, deadline))


def _forecast(days: Sequence[DayCount], deadline: Deadline) -> Forecast:
    if not days:
        return Forecast(None, None, None)
    today = days[-1]
    past = deadline.on < today.on
    if today.open == 0:
        return Forecast(None, today.on, None if past else 0)
    # On a day without any app nothing had been looked at yet.
    since = next(day for day in days if day.on >= today.on - PACE_OVER and day.total)
    span = (today.on - since.on).days
    if span < LEAST.days:
        return Forecast(None, None, None)
    # What is open counts, not what is done: an app that falls back is a step back.
    per_day = (since.open - today.open) / span
    left = (deadline.on - today.on).days
    if per_day <= 0:
        return Forecast(per_day * 7, None, None if past else today.open)
    needed = math.ceil(today.open / per_day)
    # Beyond a human lifetime no date is told.
    done_on = today.on + timedelta(days=needed) if needed < 36_500 else None
    missing = None if past else max(0, today.open - math.floor(per_day * left + 1e-9))
    return Forecast(per_day * 7, done_on, missing)


def dates_of(
    campaign: Campaign, apps: Iterable[AppSummary], counts: Counts = NONE
) -> tuple[Deadline, ...]:
    """The dates that apps run against: those of the open ones, while there are any.

    `counts` are of more apps, none of which has a date that is not its whole org's.
    """
    found = [(campaign.deadline_for(app.ref, app.tenant_id), app.is_open) for app in apps]
    found += [
        (campaign.deadline_for(AppRef(org, "")), state is not None and state.is_open)
        for org, states in counts.items()
        for state in states
    ]
    counted = [deadline for deadline, is_open in found if is_open] or [one for one, _ in found]
    return tuple(sorted(dict.fromkeys(counted), key=lambda deadline: deadline.on))


def main_deadline(dates: Sequence[Deadline], today: date) -> Deadline:
    """The date that a board and a report run against: the next one, once all are past the last."""
    ahead = (deadline for deadline in dates if deadline.on >= today)
    last = max(dates, key=lambda deadline: deadline.on, default=OKTA_CONSENT)
    return min(ahead, key=lambda deadline: deadline.on, default=last)
