"""The settings: what they name can be used, and does not soon end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.doctor.finding import Found, Grade, check, ends
from bot.domain.doctor.seen import SettingsSeen


@check("settings_usable", SettingsSeen, usable=Grade.GOOD, wrong=Grade.BROKEN)
def usable(seen: SettingsSeen, now: datetime) -> Iterator[Found]:
    if not seen.problems:
        yield Found("usable")
    for problem in seen.problems:
        yield Found("wrong", {"problem": problem})


@check("settings_ends", SettingsSeen, long=Grade.GOOD, soon=Grade.ATTENTION, over=Grade.BROKEN)
def ending(seen: SettingsSeen, now: datetime) -> Iterator[Found]:
    for key, at in seen.ends.items():
        yield ends(key, at, now)


@check("settings_operators", SettingsSeen, named=Grade.GOOD, none=Grade.ATTENTION)
def operators(seen: SettingsSeen, now: datetime) -> Iterator[Found]:
    yield Found("named", {"count": seen.operators}) if seen.operators else Found("none")


@check("settings_targets", SettingsSeen, ahead=Grade.GOOD, passed=Grade.ATTENTION)
def targets(seen: SettingsSeen, now: datetime) -> Iterator[Found]:
    for key, day in seen.targets.items():
        at = datetime(day.year, day.month, day.day, tzinfo=now.tzinfo)
        yield Found("passed" if day < now.date() else "ahead", {"key": key, "date": at})
