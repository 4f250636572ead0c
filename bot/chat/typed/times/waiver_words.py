"""What was typed of a waiver: which app, until when, and why. In English and in German."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from bot.chat.typed.commands import Waive
from bot.chat.typed.times.days import names_days
from bot.chat.typed.times.moments import read_moment
from bot.domain.inventory.waivers import LONGEST_REASON
from bot.domain.time.calendar import Calendar

_SURE = re.compile(r"sure\s+(?=[^\s/]+/\S)", re.IGNORECASE)
_UNTIL = re.compile(
    r"(?:^|\s)(?:until|till|through|bis(?:\s+zum)?|for|für),?(?:\s+|$)", re.IGNORECASE
)
_TO_THE = re.compile(r"(?:the|to|zum|zur|den|dem|ende?|end of(?: the)?)\s+", re.IGNORECASE)
_BECAUSE = re.compile(r"^[\s,.;:–-]*(?:(?:because|since|weil|denn|da)\b)?[\s,:]*", re.IGNORECASE)


LIKE_WAIVE = ("accept", "exclude", "exempt", "ignore", "skip", "akzeptiere", "ignoriere")
"""What is said for it, where it is said until when, too."""
_NIMM = re.compile(
    r"(.+?)\s+aus(?=\s+(?:bis|für|fuer)\s|$)(.*)|(.+?\s(?:bis|für|fuer)\s.+?)\s+aus\b(.*)",
    re.IGNORECASE,
)


_LAST = re.compile(
    r"(.+?\s(?:bis|für|fuer)\s.+?)\s(?:ausnehmen|akzeptieren|ignorieren)\b(.*)", re.IGNORECASE
)
_AS_IT_IS = re.compile(
    r"\s(?:as it is|as is|wie sie ist|so wie sie ist)(?=[\s,.]|$)", re.IGNORECASE
)


def waived_last(said: str) -> Waive | None:
    """The command in "APP bis Freitag ausnehmen, weil …": German puts the verb last."""
    found = _LAST.fullmatch(said)
    return Waive(*read_waiver("".join(found.groups()))) if found else None


def read_waive(verb: str, said: str) -> Waive | None:
    """The command in "waive APP until …", and in "nimm APP aus bis …"."""
    if verb in LIKE_WAIVE:
        said = _AS_IT_IS.sub("", said, count=1)
        return Waive(*read_waiver(said)) if _UNTIL.search(said) else None
    if verb == "nimm":
        found = _NIMM.fullmatch(said)
        if found is None:
            return None
        said = "".join(filter(None, found.groups()))
    return Waive(*read_waiver(said))


def read_waiver(said: str) -> tuple[str, str, bool]:
    """The app, what was said of time and reason, and whether the answer to it was read.

    `Kiosk until 2027-01-31 because it ends`; "" for what is not there.
    """
    sure = _SURE.match(said)
    rest = said[sure.end() :] if sure is not None else said
    # A label may hold such a word, too: the one before a time is meant.
    ends = list(_UNTIL.finditer(rest))
    end = next((one for one in ends if _is_time(rest[one.end() :])), ends[-1] if ends else None)
    app, term = (rest, "") if end is None else (rest[: end.start()], rest[end.end() :])
    return app.strip().strip("\"'“”„‘’"), term.strip(), sure is not None


@dataclass(frozen=True, slots=True)
class Term:
    """Up to and with which day, and why. None, or "": what was not said, or not understood."""

    until: date | None
    why: str


def read_term(said: str, now: datetime, calendar: Calendar) -> Term:
    """Read "2027-01-31 because it is retired", "31.1.2027, weil …", "3 weeks because …"."""
    found = read_moment(said, now, calendar)
    if found is None:
        return Term(None, "")
    return Term(found.last, _BECAUSE.sub("", found.rest).strip()[:LONGEST_REASON])


def _is_time(text: str) -> bool:
    return names_days(text) or names_days(_TO_THE.sub("", text, count=1))
