"""Days as people name them, in English and in German: "Friday", "next week", "31.1.", "Ende Mai".

Each reading is of what a text begins with. A day without a year, or a weekday, is the next one from
today on. What can be read in two ways (3/4/2027) is not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from bot.chat.typed.normalizing.spelling import pattern
from bot.domain.normalization import normalized
from bot.domain.time.calendar import DAY, Calendar

_WEEKDAYS = (
    "mondays?|mon|montags?|mo",
    "tuesdays?|tues?|dienstags?|di",
    "wednesdays?|wed|mittwochs?|mi",
    "thursdays?|thurs?|thu|donnerstags?",
    "fridays?|fri|freitags?|fr",
    "saturdays?|sat|samstags?|sonnabends?|sa",
    "sundays?|sun|sonntags?",
)
_MONTHS = (
    "january|januar|jan|jänner",
    "february|februar|feb|feber",
    "march|märz|mar|mrz",
    "april|apr",
    "may|mai",
    "june|juni|jun",
    "july|juli|jul",
    "august|aug",
    "september|sept|sep",
    "october|oktober|oct|okt",
    "november|nov",
    "december|dezember|dec|dez",
)
_NUMBERS = (
    r"an?|one|eine[mnrs]?|ein",
    r"two|zwei|a couple of",
    r"three|drei",
    r"four|vier",
    r"five|fünf",
    r"six|sechs",
    r"seven|sieben",
    r"eight|acht",
    r"nine|neun",
    r"ten|zehn",
    r"eleven|elf",
    r"twelve|zwölf",
)
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})\.?"
_DAY = r"(?P<d>\d{1,2})"
_YEAR = r"(?:,?\s?(?P<y>\d{4}))?"
_COUNT = rf"(?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)})"
_NEXT = r"next|nächste[nrms]?|kommende[nrms]?|coming"
_THIS = r"this|the|diese[nrms]?|der|des|den|dem|die|das"
_SPAN = (
    rf"(?:(?P<which>{_NEXT}|{_THIS})\s+)?"
    rf"(?:(?P<span>week|woche|month|monate?s?|quarter|quartale?s?|year|jahre?s?)"
    rf"|{_MONTH}(?:\s(?P<y>\d{{4}}))?)"
)


@dataclass(frozen=True, slots=True)
class Days:
    """From `first` to `last`, local dates. `whole`: a week or longer, and not an end of one."""

    first: date
    last: date
    whole: bool = False


Read = Callable[[re.Match[str], date, Calendar], Days | None]


def read_days(text: str, today: date, calendar: Calendar) -> tuple[Days, int] | None:
    """The days that `text` begins with, and how many characters say so. Raises ValueError.

    ValueError and OverflowError: what was said is in no calendar, such as the 31st of February.
    """
    for rule, read in _RULES:
        found = rule.match(text)
        if found is not None:
            days = read(found, today, calendar)
            return None if days is None else (days, found.end())
    return None


def _one(day: date) -> Days:
    return Days(day, day)


def _iso(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    return _one(date(int(found["y"]), int(found["m"]), int(found["d"])))


def _dated(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    """A day and a month; without a year the next such day."""
    named = found.groupdict()
    month = _number(named["month"], _MONTHS) if named.get("month") else int(named["m"])
    return _one(_next_date(int(named["d"]), month, named["y"], today))


def _slashed(found: re.Match[str], today: date, calendar: Calendar) -> Days | None:
    """Only where it can be one day alone: 31/1, 1/31, 4/4."""
    a, b = int(found["a"]), int(found["b"])
    if a != b and a <= 12 and b <= 12:
        return None
    day, month = (a, b) if a > 12 or a == b else (b, a)
    return _one(_next_date(day, month, found["y"], today))


def _next_date(day: int, month: int, year: str | None, today: date) -> date:
    if year:
        return date(int(year) + (2000 if len(year.strip()) == 2 else 0), month, day)
    for ahead in range(9):  # the 29th of February, over 2100
        try:
            found = date(today.year + ahead, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    raise ValueError("no such day")


def _of_month(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    """ "the 15th", "am 15.": the next one."""
    day = int(found["d"])
    if not 1 <= day <= 31:
        raise ValueError("no such day")
    at = today
    while at.day != day:
        at += DAY
    return _one(at)


def _weekday(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    """The next such day after today; "next Friday" is that of next week."""
    wanted = _number(found["weekday"], _WEEKDAYS) - 1
    monday = today - today.weekday() * DAY
    if found["later"] or found["before"] or re.fullmatch(pattern(_NEXTS), found["of"] or "", _I):
        return _one(monday + (7 + wanted) * DAY)
    return _one(today + ((wanted - today.weekday() - 1) % 7 + 1) * DAY)


def _ahead(days: int) -> Read:
    return lambda found, today, calendar: _one(today + days * DAY)


def _counted(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    n, unit = count_of(found["n"]), normalized(found["unit"])
    if unit[0] == "f":
        return _one(today + 14 * n * DAY)
    if unit[0] in "ba" or unit.startswith(("work", "werk")):
        return _one(calendar.after(today, n))
    if unit[0] == "w":
        return _one(today + 7 * n * DAY)
    if unit[0] == "m":
        return _one(_months_on(today, n))
    if unit[0] in "yj":
        return _one(_months_on(today, 12 * n))
    return _one(today + n * DAY)


def _week_after_next(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    first = today + (14 - today.weekday()) * DAY
    return Days(first, first + 6 * DAY, whole=True)


def _months_on(day: date, months: int) -> date:
    """The same day so many months on, or the last of that month."""
    first = _month_start(day, months)
    return min(first + (day.day - 1) * DAY, _month_start(day, months + 1) - DAY)


def _month_start(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def _span(found: re.Match[str], today: date, calendar: Calendar) -> Days | None:
    """A week, month, quarter or year, or its beginning, middle or end."""
    days = _whole(found, today)
    part = normalized(found["part"] or "")
    if not part:
        clear = found["which"] or (found["month"] and not _ALSO_VERBS.fullmatch(found["month"]))
        return days if clear else None
    if "mi" in part:
        return _one(_working(days.first + (days.last - days.first) // 2, calendar))
    if "end" in part or part == "late":  # its last working day; away, all of it
        last = days.last
        while last > days.first and not calendar.works_on(last):
            last -= DAY
        return Days(last, days.last)
    return _one(_working(days.first, calendar))


def _whole(found: re.Match[str], today: date) -> Days:
    ahead = 1 if re.fullmatch(pattern(_NEXT), found["which"] or "", _I) else 0
    if found["month"]:
        month = _number(found["month"], _MONTHS)
        year = int(found["y"]) if found["y"] else today.year + (month < today.month)
        first = date(year, month, 1)
        return Days(first, _month_start(first, 1) - DAY, whole=True)
    span = normalized(found["span"])
    if span[0] == "w":
        first = today + (7 * ahead - today.weekday()) * DAY
        return Days(first, first + 6 * DAY, whole=True)
    months = 1 if span[0] == "m" else 3 if span[0] == "q" else 12
    first = _month_start(today, -((today.month - 1) % months) + months * ahead)
    return Days(first, _month_start(first, months) - DAY, whole=True)


def _end(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    """ "Monatsende", "EOY"."""
    what = normalized(found["what"])
    if what[0] == "w":
        first = today - today.weekday() * DAY
        return Days(_working_back(first + 6 * DAY, calendar), first + 6 * DAY)
    months = 1 if what[0] == "m" else 3 if what[0] == "q" else 12
    last = _month_start(today, -((today.month - 1) % months) + months) - DAY
    return Days(_working_back(last, calendar), last)


def _weekend(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    saturday = today + (5 - today.weekday()) % 7 * DAY
    if found["after"]:
        return _one(_working(saturday + 2 * DAY, calendar))
    return Days(saturday, saturday + DAY)


def _iso_week(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    week = int(found["n"])
    monday = date.fromisocalendar(today.isocalendar().year, week, 1)
    if monday + 6 * DAY < today:
        monday = date.fromisocalendar(today.isocalendar().year + 1, week, 1)
    return Days(monday, monday + 6 * DAY, whole=True)


def _feast(found: re.Match[str], today: date, calendar: Calendar) -> Days:
    name = normalized(found["feast"])
    if name in ("christmas eve", "heiligabend"):
        return _one(_next_date(24, 12, None, today))
    if name[0] in "cwx":
        eve = _next_date(24, 12, None, today)
        return (
            _one(_working(eve + 3 * DAY, calendar)) if found["after"] else Days(eve, eve + 2 * DAY)
        )
    if name[0] == "s" or name.endswith("eve"):
        return _one(_next_date(31, 12, None, today))
    new_year = _next_date(1, 1, None, today)
    return _one(_working(new_year + DAY, calendar) if found["after"] else new_year)


def _working(day: date, calendar: Calendar) -> date:
    """That day, or the next one that is worked."""
    return next((at for n in range(14) if calendar.works_on(at := day + n * DAY)), day)


def _working_back(day: date, calendar: Calendar) -> date:
    return next((at for n in range(14) if calendar.works_on(at := day - n * DAY)), day)


def count_of(said: str) -> int:
    """A number in digits or in words."""
    return int(said) if said.isdecimal() else _number(said, _NUMBERS)


def _number(said: str, names: tuple[str, ...]) -> int:
    """Which of the names that is, from 1 on."""
    return next(
        n for n, one in enumerate(names, 1) if re.fullmatch(pattern(one), said.rstrip("."), _I)
    )


_I = re.IGNORECASE
_ALSO_VERBS = re.compile(r"may|mar(?:ch)?", _I)
_NEXTS = r"next|nächste[nrms]?"
NEXT_WEEK = r"(?:of\s+)?(?:next|nächste[rn]?|kommende[rn]?)\s+(?:week|woche)"
_NO_DATE = r"uhr|h|[ap]m|hours?|days?|weeks?|stunden?|tage?|wochen?|months?|monate?|%|mal"
_AFTER = r"(?P<after>after|nach)\s+(?:(?:the|dem)\s+)?"


def _compiled(*rules: tuple[str, Read]) -> tuple[tuple[re.Pattern[str], Read], ...]:
    return tuple(
        (re.compile(rf"(?:{pattern(rule)})(?![^\W_]|-\d)", _I), read) for rule, read in rules
    )


_RULES = _compiled(
    (r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", _iso),
    (rf"(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})(?![\d.]|\s*(?:{_NO_DATE}))(?P<y>)", _dated),
    (r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.(?P<y>\s?\d{4}|\d{2}(?!\d|:|\.\d|\s?uhr))?", _dated),
    (r"(?P<a>\d{1,2})/(?P<b>\d{1,2})(?:/(?P<y>\d{4}|\d{2}))?", _slashed),
    (rf"{_DAY}(?:st|nd|rd|th|\.)?\s?(?:of\s+)?{_MONTH}{_YEAR}", _dated),
    (rf"{_MONTH}\s{_DAY}(?:st|nd|rd|th)?(?!\d|:){_YEAR}", _dated),
    (r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)(?!\d)", _of_month),
    (r"today|tonight|heute", _ahead(0)),
    (r"(?:the\s+)?day after tomorrow|übermorgen", _ahead(2)),
    (r"tomorrow|tmrw|morgen", _ahead(1)),
    (
        rf"(?P<before>{NEXT_WEEK}\s+(?:on\s+|am\s+)?)?(?:(?P<of>{_NEXT}|{_THIS})\s+)?"
        rf"(?P<weekday>{'|'.join(_WEEKDAYS)})\.?(?P<later>\s+{NEXT_WEEK})?",
        _weekday,
    ),
    (r"(?:the\s+)?week after next|(?:die\s+|der\s+)?übernächste[nr]?\s+woche", _week_after_next),
    (
        rf"(?:(?:(?:the|die|den)\s+)?(?:{_NEXT})\s+)?{_COUNT}[\s-]*(?P<unit>fortnights?|(?:working|business|werk|arbeits)[\s-]*tage?n?"
        r"|(?:working|business)\s+days?|days?|d|tage?n?|weeks?|w|wochen?|months?|monate?n?"
        r"|years?|jahre?n?)(?:\s+(?:from now|ahead))?",
        _counted,
    ),
    (
        r"(?P<part>early|(?:the\s+)?(?:beginning|start|middle|end)(?:\s+of)?|mid|late|anfang|mitte"
        rf"|ende)[\s-]+{_SPAN}",
        _span,
    ),
    (r"(?:kw|cw|calendar week|week|kalenderwoche)\s?(?P<n>\d{1,2})", _iso_week),
    (rf"(?P<part>){_SPAN}", _span),
    (rf"(?:{_AFTER})?(?:(?:the|this|das|dem|am)\s+)?(?:weekend|wochenende)", _weekend),
    (
        r"(?P<what>wochen|weeks?|monats|months?|quartals|quarters?|jahres|years?)[\s-]*end[es]*",
        _end,
    ),
    (r"eo(?P<what>[wmqy])", _end),
    (
        rf"(?:{_AFTER})?(?P<feast>christmas eve|heiligabend|christmas|xmas|weihnachten"
        r"|new years? eve|silvester|new year(?:['’]s)?|neujahr)",
        _feast,
    ),
)


def names_days(text: str) -> bool:
    """Whether `text` begins with what may be days, real or not."""
    return any(rule.match(text) for rule, _ in _RULES)
