"""When somebody is not there: a few absences, in order and apart. Days are local dates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

LONGEST_ABSENCE = timedelta(days=366)
MOST_ABSENCES = 12


@dataclass(frozen=True, slots=True)
class Absence:
    """From `first` (None: it has begun) up to and with `last`. Raises ValueError for no day."""

    first: date | None
    last: date

    def __post_init__(self) -> None:
        if self._begins > self.last:
            raise ValueError("an absence ends before it begins")

    @property
    def _begins(self) -> date:
        return self.first or date.min

    def covers(self, day: date) -> bool:
        """Whether they are away on it."""
        return self._begins <= day <= self.last


def still(absences: Iterable[Absence], today: date) -> tuple[Absence, ...]:
    """What is not over, the next one first; of what has begun, the end alone."""
    left = (one for one in absences if one.last >= today)
    return tuple(replace(one, first=None) if one.covers(today) else one for one in left)


def together(
    absences: Iterable[Absence], there_again: Callable[[date], date]
) -> tuple[Absence, ...]:
    """In order; as one where they overlap, or where nothing is worked between them.

    `there_again` is the first day on which somebody works after an absence's last one.
    """
    found: list[Absence] = []
    for one in sorted(absences, key=lambda one: (one.first or date.min, one.last)):
        if found and (one.first is None or one.first <= there_again(found[-1].last)):
            found[-1] = replace(found[-1], last=max(found[-1].last, one.last))
        else:
            found.append(one)
    return tuple(found)


def with_another(
    absences: Sequence[Absence], said: Absence, there_again: Callable[[date], date]
) -> tuple[Absence, ...]:
    """With what was said now, instead of one that begins on the same day."""
    return together((*(one for one in absences if one.first != said.first), said), there_again)
