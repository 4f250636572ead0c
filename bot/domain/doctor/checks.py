"""All checks, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from bot.domain.doctor import chat, installation, microsoft, okta, settings
from bot.domain.doctor.finding import Check, Finding, Grade

CHECKS: tuple[Check, ...] = tuple(
    one
    for part in (settings, okta, microsoft, chat, installation)
    for one in vars(part).values()
    if isinstance(one, Check)
)


def examine(seen: Mapping[str, object], now: datetime) -> Iterator[Finding]:
    """Every check on what it is for; `seen` by place, `now` in UTC."""
    for place, part in seen.items():
        for one in CHECKS:
            if isinstance(part, one.of):
                yield from one.findings(place, part, now)


def worst(findings: Iterable[Finding]) -> Grade:
    """How the whole is: broken, in want of attention, or good. What nobody can test counts not."""
    grades = {finding.grade for finding in findings}
    for grade in (Grade.BROKEN, Grade.ATTENTION):
        if grade in grades:
            return grade
    return Grade.GOOD
