"""The table of `o365bot doctor`'s checks for docs/doctor.md."""

from __future__ import annotations

from collections.abc import Iterator

from bot.chat.words import Words
from bot.domain.doctor.checks import CHECKS
from bot.domain.doctor.finding import Check, Grade

_WORDS = Words("en")
COLUMNS = ("Check", "What is looked at", "What may be found", "What to do")
_SHOWN = {
    Grade.GOOD: "good",
    Grade.ATTENTION: "**attention**",
    Grade.BROKEN: "**broken**",
    Grade.NOT_TESTABLE: "*not testable*",
}


def rows() -> Iterator[tuple[str, ...]]:
    """One for each check; its outcomes a line each."""
    for one in CHECKS:
        found = "<br>".join(_found(one, outcome) for outcome in one.outcomes)
        advice = dict.fromkeys(filter(None, (_to_do(one, outcome) for outcome in one.outcomes)))
        yield f"`{one.name}`", _text(one.name), found, "<br>".join(advice)


def _found(one: Check, outcome: str) -> str:
    return f"{_SHOWN[one.outcomes[outcome]]} `{outcome}`: {_text(f'{one.name}_{outcome}')}"


def _to_do(one: Check, outcome: str) -> str:
    return "" if one.outcomes[outcome] is Grade.GOOD else _text(f"{one.name}_{outcome}_do")


def _text(key: str) -> str:
    return _WORDS.forms(f"doctor.{key}")["other"].replace("{", "*").replace("}", "*")
