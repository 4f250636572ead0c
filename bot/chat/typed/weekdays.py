"""A part-time week as people say it: "I don't work Fridays", "freitags arbeite ich nicht"."""

from __future__ import annotations

import re

from bot.domain.likeness import likeness

_DAYS = (
    ("monday", "mondays", "montag", "montags"),
    ("tuesday", "tuesdays", "dienstag", "dienstags"),
    ("wednesday", "wednesdays", "mittwoch", "mittwochs"),
    ("thursday", "thursdays", "donnerstag", "donnerstags"),
    ("friday", "fridays", "freitag", "freitags"),
    ("saturday", "saturdays", "samstag", "samstags"),
    ("sunday", "sundays", "sonntag", "sonntags"),
)
_NUMBERS = {name: number for number, names in enumerate(_DAYS) for name in names}
_DAY = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_OFF = re.compile(
    r"\bi (?:do not|don['’]?t|never) work\b|\bi(?:['’]m| am) (?:off|not working)\b"
    r"|\barbeite\b.*\bnicht\b|\bich habe\b.*\bfrei\b",
    re.IGNORECASE,
)
_SPAN = re.compile(rf"\b({_DAY})\s*(?:to|until|through|bis|-|–)\s*({_DAY})\b", re.IGNORECASE)
_ALL = re.compile(
    r"i work (?:every day|full[- ]time)|ich arbeite (?:jeden tag|vollzeit)", re.IGNORECASE
)


def read_days_off(said: str) -> frozenset[int] | None:
    """The weekdays that are not worked (Monday is 0); None when that is not what was said."""
    if _ALL.fullmatch(said.strip(" .!")):
        return frozenset()
    if not _OFF.search(said):
        return None
    found = {_NUMBERS[likeness(name)] for name in re.findall(rf"\b({_DAY})\b", said, re.IGNORECASE)}
    for first, last in _SPAN.findall(said):
        start = _NUMBERS[likeness(first)]
        count = (_NUMBERS[likeness(last)] - start) % 7
        found |= {(start + n) % 7 for n in range(count + 1)}
    return frozenset(found) or None
