"""A check and what it finds. A new check is one function with `@check` in the module of its part.

Its name and outcomes are keys of the texts: `doctor.NAME` says what is looked at,
`doctor.NAME_OUTCOME` what was found, `doctor.NAME_OUTCOME_do` what to do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.errors import O365BotError

SOON = timedelta(days=30)
"""So long before its end something wants attention."""


class Grade(StrEnum):
    """How good what was found is."""

    GOOD = "good"
    ATTENTION = "attention"  # it works, and something is missing or will break
    BROKEN = "broken"
    NOT_TESTABLE = "not_testable"  # nobody can tell from here; the finding says why


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something could not be had, in words free of secrets."""

    reason: str
    hint: str = ""

    @classmethod
    def of(cls, error: O365BotError) -> Failure:
        return cls(error.message, error.hint)


@dataclass(frozen=True, slots=True)
class Found:
    """What a check says: one of its outcomes, with the values of its text."""

    outcome: str
    values: Mapping[str, str | int | datetime] = field(default_factory=dict)
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a place (`okta:contoso`, `store`)."""

    place: str
    check: str
    found: Found
    grade: Grade

    @property
    def key(self) -> str:
        """The key of its text; with `_do` of what to do about it, if it is not good."""
        return f"doctor.{self.check}_{self.found.outcome}"


Look = Callable[[Any, datetime], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Check:
    """`look` says of what was seen, one of the kinds `of`, at a moment (UTC), what it finds."""

    name: str
    of: tuple[type[object], ...]
    outcomes: Mapping[str, Grade]
    look: Look

    def findings(self, place: str, seen: object, now: datetime) -> Iterator[Finding]:
        for found in self.look(seen, now):
            yield Finding(place, self.name, found, self.outcomes[found.outcome])


def check(name: str, *of: type[object], **outcomes: Grade) -> Callable[[Look], Check]:
    """Make a check of a function; `outcomes` are all that it may find, and how good each is."""
    return lambda look: Check(name, of, outcomes, look)


def ends(key: str, at: datetime, now: datetime) -> Found:
    """What is said of something that ends at `at`: `long`, `soon` or `over`."""
    outcome = "over" if at <= now else "soon" if at - now <= SOON else "long"
    return Found(outcome, {"key": key, "date": at})
