"""From when until when: "24 to 28 December", "ab Mittwoch zwei Wochen", "next week".

What ends before it begins is read as it was said: whoever asks for it sees that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from bot.chat.typed.normalizing.spelling import pattern
from bot.chat.typed.times.days import NEXT_WEEK, Days, read_days
from bot.chat.typed.times.moments import find_moment
from bot.domain.time.calendar import DAY, Calendar

_I = re.IGNORECASE
_DASH = re.compile("\\s*[\u2010-\u2015\u2212]\\s*")
_TO = re.compile(
    pattern(
        r"\s*(?:\b(?:to|until|till?|bis|through|thru|and|und)\b|-)\s*"
        r"(?:(?:and )?including\s+|(?:und mit |mit |und )?einschl(?:ießlich|\.)?\s+|zum\s+)?"
    ),
    _I,
)
_OPEN = r"(?:from|ab|vo[mn]|starting|beginning|after(?=\s+(?:the\s+)?\d)|nach(?=\s+dem))\b"
_LEAD = re.compile(
    pattern(
        rf"(?:(?P<open>{_OPEN}|in(?=\s+(?:\d|an?\b|one|two|three|four|ein|zwei|drei|vier)))"
        r"|between|zwischen|on|am|in|im|for|für|over|über|all|during|während|die ganze)"
        r"(?:\s+(?:the|dem|den|der|on|am))?\s+|(?:the|dem|den|der)\s+(?=\d)"
    ),
    _I,
)
_AFTER = re.compile(pattern(r"(?:after|nach)\b"), _I)
_AND = re.compile(r"\s*(?:and|und)\s*", _I)
_BOTH = re.compile(pattern(r"(?:between|zwischen)\b"), _I)
_WEEKDAY_BESIDE = re.compile(
    pattern(
        r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+(?=(?:the )?\d)"
        r"|(?:mo|di|mi|do|fr|sa|so)(?:(?:n|ens|nners|ei|ms|nn)tag|ttwoch)?\.?,?\s+(?=(?:den )?\d)"
    ),
    _I,
)
_NUMBER = re.compile(r"(?:the |den |dem )?(\d{1,2})(?:st|nd|rd|th|\.)?", _I)
_LENGTH = re.compile(
    pattern(
        r"(?:for|für)?\s*(?P<length>(?:\d{1,3}|\w+|a couple of)\s+(?:(?:working|business)\s+)?"
        r"(?:\w*tage?n?|days?|weeks?|fortnights?|wochen?|months?|monate?n?))(?:\s+lang)?"
    ),
    _I,
)
_UNTIL = re.compile(r"(?:until|till?|bis)\b", _I)
_LIST = re.compile(
    pattern(
        r"\s*(?:[;&]|,?\s*(?<!\w)(?:and|und|sowie|plus)(?!\w))\s*"
        r"(?:(?:then|again|also|dann|auch|wieder|noch ?mal)(?!\w)\s*)*"
    ),
    _I,
)
_DIGIT = re.compile(r"\d")
_NEXT_WEEK = re.compile(pattern(rf"^{NEXT_WEEK},?\s+|,?\s+{NEXT_WEEK}$"), _I)
_YEAR = re.compile(r"\d{4}")
_MOST = 8  # places at which a text may be parted into two days
_HARDLY = timedelta(days=270)
"""Nobody means so many days who names no year: the end is before the beginning."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` (None: since now) up to and with `last` (None: it was not said), local dates."""

    first: date | None
    last: date | None


def read_spans(words: str, now: datetime, calendar: Calendar, *, begins: bool) -> tuple[Span, ...]:
    """The days that somebody names, where they name several: each; empty: none that are clear."""
    parts = _parts(words) if begins else ()
    found = [read_span(part, now, calendar, begins=_UNTIL.match(part) is None) for part in parts]
    several = tuple(one for one in found if one is not None and one.last is not None)
    if len(several) == len(found) > 1:
        return several
    whole = read_span(words, now, calendar, begins=begins)
    return () if whole is None else (whole,)


def _parts(words: str) -> list[str]:
    """What stands between "and", where each side has dates of its own; else none."""
    if _BOTH.match(words.strip(" ,")):
        return []
    parts = _LIST.split(words, maxsplit=_MOST)
    by_comma = [part for one in parts for part in one.split(",")]
    for some in (by_comma, parts):
        if all(_DIGIT.search(part) or _UNTIL.match(part) for part in some):
            return some
    return []


def read_span(words: str, now: datetime, calendar: Calendar, *, begins: bool) -> Span | None:
    """The days that somebody names; None: none that are clear.

    `begins`: they say when that begins; else it is how long that goes on, from now.
    """
    text, today = _DASH.sub("-", words).strip(" ,"), calendar.today(now)
    try:
        if begins:
            return _begun(_read(text, today, calendar), today)
        whole = _side(text, today, calendar)
        if whole is not None and whole.first < whole.last and whole.first > today:
            return Span(whole.first, whole.last)
    except (ValueError, OverflowError):
        return None  # such as the 31st of February
    found = find_moment(words, now, calendar)
    return None if found is None else Span(None, found.last)


def _begun(span: Span | None, today: date) -> Span | None:
    """As from now on where it has begun, and is not over."""
    if span is None or span.first is None or span.last is None:
        return span
    return Span(None, span.last) if span.first <= today <= span.last else span


def _read(text: str, today: date, calendar: Calendar) -> Span | None:
    for cut in islice(_TO.finditer(text), _MOST):
        span = _between(text[: cut.start()], text[cut.end() :], today, calendar)
        if span is None or span.first is None or span.last is None:
            continue
        is_list = _AND.fullmatch(cut[0]) is not None and not _BOTH.match(text)
        return None if is_list and span.last - span.first > DAY else span
    return _for_some_time(text, today, calendar)


def _between(begin: str, end: str, today: date, calendar: Calendar) -> Span | None:
    """What one side leaves out, the other one says: "24 to 28 December", "Dec 24-28"."""
    if _NEXT_WEEK.search(f"{begin} - {end}"):  # "Monday to Wednesday next week"
        begin, end = _NEXT_WEEK.sub("", begin), _NEXT_WEEK.sub("", end)
        today += (6 - today.weekday()) * DAY
    bare = _LEAD.sub("", begin, count=1).strip(" ,")
    number = _NUMBER.fullmatch(bare)
    last = _side(end, today, calendar)
    if number is not None and last is not None and _NUMBER.fullmatch(end.strip(" ,")) is None:
        return Span(last.first.replace(day=int(number[1])), last.last)
    first = _side(begin, today, calendar)
    if first is None:
        return None
    number = _NUMBER.fullmatch(end.strip(" ,"))
    if number is not None and not bare.endswith("."):
        return Span(first.first, first.first.replace(day=int(number[1])))
    last = _side(end, first.first, calendar, rest=True)
    if last is None:
        return None
    if last.last - first.first > _HARDLY and not _YEAR.search(end):
        last = _side(end, today, calendar, rest=True) or last
    return Span(first.first, last.last)


def _for_some_time(text: str, today: date, calendar: Calendar) -> Span | None:
    """ "Wednesday for two weeks", "two weeks from Wednesday", "on Friday", "in KW 51"."""
    begin, length = text, ""
    if (found := _LENGTH.match(text)) is not None:
        behind = text[found.end() :].lstrip(" ,")
        if _opens(behind):
            begin, length = behind, found["length"]
    bare = _bare(begin)
    read = read_days(bare, today, calendar)
    if read is None:
        return None
    days, end = read
    if not length and (found := _LENGTH.fullmatch(bare[end:].strip(" ,;."))) is not None:
        length = found["length"]
    if length:
        until = read_days(length, days.first - DAY, calendar)
        return None if until is None else Span(days.first, until[0].last)
    is_open = _opens(begin) or _AFTER.match(begin) is not None
    return Span(days.first, None if is_open else days.last)


def _opens(text: str) -> bool:
    """Whether it says from when on: "from Monday", "in two weeks"."""
    lead = _LEAD.match(text)
    return lead is not None and lead["open"] is not None


def _bare(text: str) -> str:
    """Without what leads to a day, and the weekday beside its date."""
    bare = text.strip(" ,")
    for _ in range(2):
        bare = _LEAD.sub("", bare, count=1) if _LEAD.match(bare) else bare
    return _WEEKDAY_BESIDE.sub("", bare, count=1) if _WEEKDAY_BESIDE.match(bare) else bare


def _side(text: str, today: date, calendar: Calendar, *, rest: bool = False) -> Days | None:
    """One side of a span, which says no more than that (`rest`: or more behind it)."""
    bare = _bare(text)
    read = read_days(bare, today, calendar)
    if read is None or not (rest or not bare[read[1] :].strip(" ,;.")):
        return None
    return read[0]
