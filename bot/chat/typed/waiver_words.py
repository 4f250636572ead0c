"""What was typed of a waiver: which app, until when, and why. In English and in German."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from bot.chat.typed.moments import read_moment
from bot.domain.inventory.waivers import LONGEST_REASON
from bot.domain.time.calendar import Calendar

_SURE = re.compile(r"sure\s+(?=[^\s/]+/\S)", re.IGNORECASE)
_UNTIL = re.compile(
    r"(?:^|\s)(?:until|till|through|bis(?:\s+zum)?|for|für),?(?:\s+|$)", re.IGNORECASE
)
_TIME = re.compile(r"\d|(?:today|tomorrow|heute|morgen|übermorgen)\b", re.IGNORECASE)
_BEHIND_TIME = re.compile(r"^(\S+?|\d+\s+[^\W\d_]+)\s*[,;:]\s*")
_BECAUSE = re.compile(r"^[\s,.;:–-]*(?:(?:because|since|weil|denn|da)\b)?[\s,:]*", re.IGNORECASE)


def read_waiver(said: str) -> tuple[str, str, bool]:
    """The app, what was said of time and reason, and whether the answer to it was read.

    `Kiosk until 2027-01-31 because it ends`; "" for what is not there.
    """
    sure = _SURE.match(said)
    rest = said[sure.end() :] if sure is not None else said
    # A label may hold such a word, too: the one before a time is meant.
    ends = list(_UNTIL.finditer(rest))
    end = next((one for one in ends if _TIME.match(rest, one.end())), ends[-1] if ends else None)
    app, term = (rest, "") if end is None else (rest[: end.start()], rest[end.end() :])
    return app.strip().strip("\"'“”„‘’"), term.strip(), sure is not None


@dataclass(frozen=True, slots=True)
class Term:
    """Up to and with which day, and why. None, or "": what was not said, or not understood."""

    until: date | None
    why: str


def read_term(said: str, now: datetime, calendar: Calendar) -> Term:
    """Read "2027-01-31 because it is retired", "31.1.2027, weil …", "3 weeks because …"."""
    found = read_moment(_BEHIND_TIME.sub(r"\1 ", said, count=1), now, calendar)
    if found is None:
        return Term(None, "")
    moment, rest = found
    return Term(calendar.day_of(moment), _BECAUSE.sub("", rest).strip()[:LONGEST_REASON])
