"""Part-time weeks as people say them: "I don't work Fridays", "ich arbeite Mo-Do".

A habit, not one day: "Fridays", "freitags", "every Friday", or a sentence that says it is one.
"""

from __future__ import annotations

import re

from bot.chat.typed.commands import PartTime
from bot.chat.typed.normalizing.spelling import pattern

_DAYS = (
    r"mon(?:days?)?|montags?|mo\b\.?",
    r"tue(?:s|sdays?)?|dienstags?|di\b\.?",
    r"wed(?:nesdays?)?|mittwochs?|mi\b\.?",
    r"thu(?:r|rs|rsdays?)?|donnerstags?|do\b\.?",
    r"fri(?:days?)?|freitags?|fr\b\.?",
    r"sat(?:urdays?)?|samstags?|sonnabends?",
    r"sun(?:days?)?|sonntags?",
)
_DAY = rf"(?:(?:{'|'.join(_DAYS)})(?!\w))"
_TO = r"(?:to|until|through|thru|bis|[-–—])"
_LISTED = (
    rf"((?:every |jeden |each )?{_DAY}"
    rf"(?:(?:\s*,\s*|\s*[-–—/&+]\s*|\s+)(?:(?:and|und|or|oder|to|until|through|thru|bis)\s+)?{_DAY})*)"
)
_ONE = re.compile(_DAY, re.IGNORECASE)
_SPAN = re.compile(rf"({_DAY})\s*{_TO}\s*({_DAY})", re.IGNORECASE)
# "Mondays", "montags", "every Monday": "wednesday" and "tues" are none.
_HABIT = re.compile(r"\b(?:\w+(?:days|tags|wochs|abends)|every|each|jeden)\b", re.IGNORECASE)


def _said(*sentences: str) -> re.Pattern[str]:
    """Sentences with `DAYS` in them."""
    words = "|".join(sentences).replace("DAYS", _LISTED)
    return re.compile(pattern(words), re.IGNORECASE)


_ALL = re.compile(
    r"i work (?:every day|full[- ]time)|ich arbeite (?:jeden tag|vollzeit|wieder jeden tag)",
    re.IGNORECASE,
)
_NEVER = _said(
    r"i(?: do not|(?: am|'?m)? ?never|(?: am|'?m) not| don'?t)"
    r" (?:work(?:ing)?|in|there|here) (?:on )?DAYS",
    r"(?:my days? off|mein freier tag|meine freien tage) (?:is|are|ist|sind) (?:on |der )?DAYS",
    r"DAYS (?:is|are|ist|sind) (?:my days? off|mein freier tag|meine freien tage)",
    r"DAYS i(?:'?m| am) never in",
    r"ich arbeite (?:am )?DAYS (?:nie|nicht)",
)
"""Said of the week, however the day is called."""
_WEG = r"(?:(?:nie|nicht)(?: (?:da|hier|im haus|im büro|erreichbar))?|weg|abwesend)"
_NOT_ON = _said(
    r"(?:i have |i(?:'ve| have) got |i take |i get )?(?:on )?DAYS (?:off|are off)",
    r"(?:on )?DAYS i(?:'?m| am) (?:always )?(?:off|out|away|not (?:in|here|there|available))",
    r"i(?:'?m| am) (?:always |never )?(?:off|out|away|not (?:available|around)|unavailable)"
    r" (?:on )?DAYS",
    rf"(?:ich )?bin (?:am )?DAYS (?:immer )?(?:{_WEG}|frei)",
    r"(?:ich habe )?(?:am )?DAYS (?:habe ich )?(?:immer )?frei",
    rf"(?:am )?DAYS (?:arbeite ich (?:nie|nicht)|(?:bin ich )?(?:immer )?{_WEG})",
)
"""Said of one day as well as of every week: how the day is called tells which."""
_NONE = _said(
    r"no DAYS for me|(?:never|not|no work) (?:on )?DAYS(?: for me)?|DAYS (?:never|not for me)",
    r"(?:i can'?t do|i don'?t do) DAYS|DAYS (?:don'?t|do not) work for me",
    r"(?:nie|nicht) DAYS|DAYS (?:geht|geht'?s) (?:bei mir )?(?:nie|nicht)(?: bei mir)?",
)
"""Said of every week, where the day is called so."""
_WORKS = _said(
    r"i (?:only|just) work (?:on |from )?DAYS|i work (?:on |from )?DAYS only",
    r"i(?:'?m| am) only (?:in|here|there|at work|working|around|available)(?: on| from)? DAYS",
    r"my work(?:ing)? days are (?:only )?DAYS",
    r"(?:ich )?arbeite (?:nur|ausschließlich|immer nur) (?:am |von )?DAYS",
    r"(?:ich )?bin (?:immer )?nur (?:am |von )?DAYS (?:da|hier|im haus|im büro|erreichbar)",
    r"meine arbeitstage sind (?:nur )?DAYS",
)
_WORKS_SPAN = _said(
    r"i work (?:from |on )?DAYS", r"(?:ich )?arbeite (?:von |immer )?DAYS", r"i(?:'?m| am) in DAYS"
)
"""Of several days; "I work Friday" says nothing of the others."""
_ONLY = _said(r"(?:only|nur) (?:on |an )?DAYS", r"DAYS only", r"nur DAYS da", r"DAYS nur")


def read_part_time(bare: str) -> PartTime | None:
    """The weekdays that somebody says they do not work; None: nothing plainly of a habit."""
    if _ALL.fullmatch(bare):
        return PartTime(frozenset())
    if days := _days(_NEVER, bare):
        return PartTime(_weekdays(days))
    if days := _habit(_days(_NOT_ON, bare)) or _habit(_days(_NONE, bare)):
        return PartTime(_weekdays(days))
    worked = _days(_WORKS, bare) or _several(_days(_WORKS_SPAN, bare)) or _habit(_days(_ONLY, bare))
    off = frozenset(range(5)) - _weekdays(worked)
    return PartTime(off) if worked and len(off) < 5 else None


def day_off(bare: str) -> str:
    """The days to come on which somebody says that they do not work; "": none, or a habit."""
    days = _days(_NOT_ON, bare)
    return "" if _HABIT.search(days) else days


def _days(sentences: re.Pattern[str], bare: str) -> str:
    found = sentences.fullmatch(bare)
    days = next(filter(None, found.groups()), "") if found is not None else ""
    # "so", "do" and their like are words, too: short names stand for days beside others.
    return days if len(days) > 3 else ""


def _several(days: str) -> str:
    return days if _SPAN.search(days) or (len(_weekdays(days)) > 1 and _HABIT.search(days)) else ""


def _habit(days: str) -> str:
    return days if _HABIT.search(days) else ""


def _weekdays(said: str) -> frozenset[int]:
    found = {_weekday(one) for one in _ONE.findall(said)}
    for first, last in _SPAN.findall(said):
        count = (_weekday(last) - _weekday(first)) % 7
        found |= {(_weekday(first) + n) % 7 for n in range(count + 1)}
    return frozenset(found)


def _weekday(said: str) -> int:
    """Monday is 0."""
    return next(n for n, names in enumerate(_DAYS) if re.fullmatch(names, said, re.IGNORECASE))
