"""Times in people's words: "until Friday", "tomorrow morning", "in two weeks"; "Freitag, 14 Uhr".

The one reading of a time in chat: of "later", "away" and "waive".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.chat.typed.normalizing.spelling import pattern
from bot.chat.typed.times.days import Days, count_of, read_days
from bot.domain.normalization import normalized
from bot.domain.time.calendar import DAY, Calendar

LONGEST = 500  # characters that are looked at
_I = re.IGNORECASE
_DASHES = re.compile("(?<=\\d)[\u2010-\u2015\u2212](?=\\d)")
_T = re.compile(r"(?<=\d)T(?=\d\d:)")
_BEFORE = re.compile(
    pattern(
        r"(?:(?P<until>until|till?|bis|by)|(?P<through>through|thru)|on|in|at(?=\s+the)|for|from|starting|not"
        r" before|nicht vor|erst|am|im|in|ab|für|zum|zur|vor|up to)\b,?\s*"
    ),
    _I,
)
_INCLUDING = re.compile(
    pattern(r"(?:and )?including\s+|(?:und )?(?:mit )?einschl(?:ießlich|\.)?\s+"), _I
)
_BACK = re.compile(
    pattern(
        r"(?:i(?:['’]m| am|['’]ll be)?\s+|bin\s+)?(?:back|wieder da|zurück)\s+(?:on|ab|am)?\s*"
    ),
    _I,
)
_HOURS = re.compile(
    pattern(
        r"(?:in\s+|for\s+|für\s+)?(?:(?P<half>half an hour|(?:einer\s+)?halben stunde)"
        r"|(?P<more>an hour and a half|anderthalb stunden|eineinhalb stunden)"
        r"|(?P<n>\d{1,4}|an?|one|two|three|four|five|six|ein(?:er|e)?|zwei|drei|vier|fünf|sechs)\s*"
        r"(?P<unit>hours?|hrs?|h|stunden?|std|minutes?|mins?|minuten?))(?![^\W_])"
    ),
    _I,
)
_CLOCK = re.compile(
    pattern(
        r"[\s,]*(?P<at>at\s+|um\s+|gegen\s+|ab\s+|@\s*)?"
        r"(?:(?P<h>\d{1,2})(?::|\.(?=\d\d\s?uhr))(?P<m>\d{2})(?!\d|\.\d)\s*(?P<half>[ap]\.?m\b\.?|uhr\b|h\b)?"
        r"|(?P<hour>\d{1,2})\s*(?P<half2>[ap]\.?m\b\.?|uhr\b|h\b|(?=\s|$|[,;.!?]))"
        r"|(?:in\s+the\s+|this\s+|am\s+|heute\s+)?(?P<part>morning|früh|vormittags?|noon|midday"
        r"|mittags?|afternoon|nachmittags?|evening|abends?|eod|end of (?:the )?day|cob"
        r"|feierabend)(?![^\W_]))"
    ),
    _I,
)
_PARTS = {"no": 12, "mid": 12, "mit": 12, "a": 14, "na": 14, "e": 17, "ab": 17, "c": 17, "fe": 17}
_ANYWHERE = re.compile(pattern(r"(?<!\w)(?:until|till?|bis|through)\s"), _I)


@dataclass(frozen=True, slots=True)
class Moment:
    """What was said of a time: when that begins (UTC), the last day of it, and what else was said.

    "next week" is at its opening on Monday, and ends on Sunday.
    """

    at: datetime
    last: date
    rest: str


def read_moment(words: str, now: datetime, calendar: Calendar) -> Moment | None:
    """The time that `words` begin with, by the person's clock; `now` is UTC.

    A day without a time is its opening. None when there is none, or none that is clear.
    """
    text = unicodedata.normalize("NFC", words[:LONGEST]).strip()
    text = _T.sub(" ", _DASHES.sub("-", text))
    try:
        return _hours(text, now, calendar) or _day(text, now, calendar)
    except (ValueError, OverflowError):
        return None  # such as the 31st of February


def find_moment(words: str, now: datetime, calendar: Calendar) -> Moment | None:
    """As `read_moment`; also a time behind "until", with what stands before it as the rest."""
    found = read_moment(words, now, calendar)
    if found is not None:
        return found
    for until in _ANYWHERE.finditer(words[:LONGEST]):
        found = read_moment(words[until.start() :], now, calendar)
        if found is not None:
            before = _ended(words[: until.start()])
            return Moment(found.at, found.last, " ".join((before, found.rest)).strip())
    return None


def _hours(text: str, now: datetime, calendar: Calendar) -> Moment | None:
    found = _HOURS.match(text)
    if found is None:
        return None
    if found["half"]:
        ahead = timedelta(minutes=30)
    elif found["more"]:
        ahead = timedelta(minutes=90)
    else:
        unit = "minutes" if found["unit"][0] in "mM" else "hours"
        ahead = timedelta(**{unit: count_of(found["n"])})
    return Moment(now + ahead, calendar.day_of(now + ahead), _ended(text[found.end() :]))


def _day(text: str, now: datetime, calendar: Calendar) -> Moment | None:
    today, start, until, back = calendar.day_of(now), 0, False, False
    if found := _BACK.match(text):
        start, back = found.end(), True
    for _ in range(3):  # "not before the", "bis zum"
        if (found := _BEFORE.match(text, start)) is None:
            break
        start, until = found.end(), until or found["until"] is not None
    if found := _INCLUDING.match(text, start):
        start, until = found.end(), False
    bare = re.compile(r"(?:the|dem|den|der)\s+(?=\d)", _I).match(text, start)
    start = bare.end() if bare else start
    read = read_days(text[start:], today, calendar)
    if read is None:
        return _clock_alone(text, start, now, calendar)
    days, length = read
    at, end = _clock(text, start + length)
    if days.whole and days.first < today <= days.last:
        days = Days(today, days.last, whole=True)
    last = days.first - DAY if back or (until and days.whole) else days.last
    return Moment(_moment(_worked(days, calendar), at, calendar), last, _ended(text[end:]))


def _worked(days: Days, calendar: Calendar) -> date:
    """The first day of several that is worked."""
    if not days.whole:
        return days.first
    count = min((days.last - days.first).days + 1, 14)
    return next(
        (day for n in range(count) if calendar.works_on(day := days.first + n * DAY)), days.first
    )


def _clock_alone(text: str, start: int, now: datetime, calendar: Calendar) -> Moment | None:
    """ "at 3pm", "15 Uhr": today, or tomorrow where that is past."""
    found = _CLOCK.match(text) or _CLOCK.match(text, start)
    if found is None or (found["hour"] and not (found["half2"] or found["at"])):
        return None
    at, end = _clock(text, found.start())
    today = calendar.day_of(now)
    wanted = _moment(today, at, calendar)
    if wanted <= now:
        wanted = _moment(today + DAY, at, calendar)
    return Moment(wanted, calendar.day_of(wanted), _ended(text[end:]))


def _clock(text: str, start: int) -> tuple[time | None, int]:
    """The time of day at `start`, None when there is none; and where what else was said begins."""
    found = _CLOCK.match(text, start)
    if found is None:
        return None, start
    if found["part"]:
        part = normalized(found["part"])
        hour = next((hour for begins, hour in _PARTS.items() if part.startswith(begins)), None)
        return (None if hour is None else time(hour)), found.end()
    if found["hour"] and not (found["half2"] or found["at"]):
        return None, start  # a number, perhaps of something else
    hour, half = int(found["h"] or found["hour"]), normalized(found["half"] or found["half2"] or "")
    if half[:1] in ("a", "p"):
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    elif found["hour"] and not half and hour < 7:
        hour += 12  # nobody means three in the night
    return time(hour, int(found["m"] or 0)), found.end()


def _moment(day: date, at: time | None, calendar: Calendar) -> datetime:
    opening = calendar.opening(day)
    if at is None and opening is not None:
        return opening[0]
    return datetime.combine(day, at or calendar.hours.start, calendar.zone).astimezone(UTC)


def _ended(rest: str) -> str:
    """What stands behind a time, without what parts it from the time."""
    return rest.strip(" \t\n,;:.!?–—-")
