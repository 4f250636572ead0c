"""What people say of their own working time: "I'm away until Friday", "wieder da", part-time weeks.

Only what says it whole and plainly: a question, a doubt or a no is none of it.
"""

from __future__ import annotations

import re

from bot.chat.typed.commands import Away, Back, PartTime
from bot.chat.typed.looks.spelling import pattern
from bot.chat.typed.times.putting_off import time_in

_I = re.IGNORECASE
_I_AM = r"(?:i(?:'?m| am|'?ll be| will be)\s+)"
_AWAY = (
    r"away|out of (?:the )?office|out|ooo|on (?:[a-z]+ )?(?:vacation|holidays?|leave|pto)|off|gone"
    r"|(?:off |out )?sick|ill|travell?ing|unavailable|not (?:here|available|in the office)"
)
_WEG = (
    r"weg|abwesend|krank(?:geschrieben)?|(?:im|in) urlaub|urlaub|auf reisen|unterwegs|verreist"
    r"|nicht (?:da|hier|erreichbar|im büro|im haus)|außer haus|in elternzeit"
)
_WHEN = (
    r"(?:until|till?|bis|for|für|from|ab|vo[mn]|in|after|nach|next|nächste|this|diese|all|through|on"
    r"|am|back|today|tomorrow|heute|morgen|übermorgen|soon|bald|kw|two|three|zwei|drei|eine?|\d"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\s\d)\b.*"
)
_FIRST = tuple(
    re.compile(pattern(form), _I)
    for form in (
        rf"(?P<when>{_WHEN}?)\s+{_I_AM}(?:{_AWAY})",
        rf"(?:ich )?bin (?P<when>{_WHEN}?)\s+(?:{_WEG})",
        rf"(?P<when>{_WHEN}?)\s+(?:bin ich )?(?:{_WEG})",
    )
)
"""When, said before it."""
_BEHIND = tuple(
    re.compile(pattern(form), _I)
    for form in (
        rf"{_I_AM}?(?:{_AWAY})\b[\s,:]*(?P<when>{_WHEN}|\w*day|)",
        rf"i(?: won'?t| will not) be (?:here|there|in|around|available)\s+(?P<when>{_WHEN})",
        rf"(?:(?:ich )?bin\s+)?(?:{_WEG})\b[\s,:]*(?P<when>{_WHEN}|\w*tag|)",
        r"(?:away|abwesend)\b[\s,:]+(?P<when>.*)",
    )
)
_BESIDE = re.compile(
    pattern(r"(?<!\w)(?:noch|erst|leider|auch|unfortunately|sadly|now|jetzt)\s+"), _I
)
# What begins at once is said by its end alone.
_FROM_NOW = re.compile(
    pattern(
        r"(?:from|ab|von|starting) (?:now|today|tomorrow|heute|jetzt|sofort|morgen)"
        r"(?: on| an)?,?\s+"
    ),
    _I,
)
_BEGINS = re.compile(
    pattern(
        r"(?:from|ab|vom|von|starting|after|nach|in (?!kw|cw|week|calendar|kalender))\b.*"
        r"|(?!until|till?|bis|through|for|für|back).*\s(?:to|until|till?|bis|through|and|und|[-–])\s.*"
    ),
    _I,
)
_BACK_ON = re.compile(
    pattern(
        r"(?:i(?:'?m| am|'?ll be)\s+)?(?:not )?back (?:again )?(?P<a>(?:on|until)\s.+|\w+day)"
        r"|i(?:'ll| will)? return (?P<d>(?:on\s)?.+)"
        r"|(?:ich )?(?:bin )?(?P<b>(?:ab|am)\s.+?|\w+tag)\s(?:bin ich )?(?:wieder da|zurück)"
        r"|(?:ich )?(?:bin )?(?:wieder da|zurück) (?P<c>(?:ab|am)\s.+)"
    ),
    _I,
)
_DOUBT = re.compile(
    pattern(
        r"(?<!\w)(?:maybe|perhaps|probably|if|unless|or|whether|vielleicht|falls|wenn|oder|ob|evtl"
        r"|eventuell|doch nicht|not sure)(?!\w)"
    ),
    _I,
)
# Then it is said of somebody else, or is not so.
_OTHERS = re.compile(r"(?<!\w)(?:is|ist|are|sind|was|war|not|nicht|nie|never)(?!\w)", _I)
_OFFICE = (
    r"at work|at my desk|in the office|in office|im (?:büro|dienst|lande)|am platz|hier|here|fit"
    r"|gesund|da"
)
_BACK = re.compile(
    pattern(
        r"(?:(?:hi|hallo|hey|all|everybody|everyone|zusammen|i have|ich bin|bin|i'?m|i am)\s+)*"
        r"(?:(?:seit|since) (?:heute|today)\s+)?"
        r"(?:(?:back|returned|zurück|wieder zurück)"
        rf"|(?:wieder|back|again) (?:{_OFFICE}|erreichbar|available)|(?:{_OFFICE}) again"
        r"|not away(?: any ?more)?|nicht mehr weg)"
        r"(?:\s+(?:again|now|jetzt|today|heute|all|everybody|everyone|zusammen"
        rf"|{_OFFICE}|(?:from|aus)(?: (?:the|my|dem|meinem|der))?(?: sick)?"
        r" (?:vacation|holidays?|leave|pto|urlaub|elternzeit)))*"
        r"|(?:ich )?(?:bin )?aus dem urlaub zurück"
    ),
    _I,
)

_DAYS = (
    "mondays?|montags?",
    "tuesdays?|dienstags?",
    "wednesdays?|mittwochs?",
    "thursdays?|donnerstags?",
    "fridays?|freitags?",
    "saturdays?|samstags?|sonnabends?",
    "sundays?|sonntags?",
)
_DAY = "|".join(_DAYS)
_LISTED = (
    rf"(?:{_DAY})(?:(?:\s*,\s*|\s*[-–]\s*|\s+)"
    rf"(?:(?:and|und|or|to|until|through|bis)\s+)?(?:{_DAY}))*"
)
_OFF = re.compile(
    rf"(?:on )?(?P<a>{_LISTED}) (?:off|i(?:'?m| am) (?:off|never in))"
    rf"|i(?: do not|(?: am|'?m)? ?never| don'?t| am not|'?m not)"
    rf" (?:work(?:ing)?|in|there|here) (?:on )?(?P<b>{_LISTED})"
    rf"|i(?:'?m| am) (?:always )?off (?:on )?(?P<c>{_LISTED})"
    rf"|(?:ich arbeite|ich bin) (?:am )?(?P<d>{_LISTED}) (?:nie|nicht)(?: da)?"
    rf"|(?:am )?(?P<e>{_LISTED}) (?:arbeite ich (?:nie|nicht)|(?:habe ich )?(?:immer )?frei)"
    rf"|(?:am )?(?P<f>{_LISTED}) bin ich nie (?:da|im haus)"
    rf"|ich habe (?:am )?(?P<g>{_LISTED}) (?:immer )?frei",
    _I,
)
_WORKS = re.compile(rf"(?:i only work|ich arbeite nur)(?: (?:on|am|von))? ({_LISTED})", _I)
_SPAN = re.compile(rf"({_DAY})\s*(?:to|until|through|bis|-|–)\s*({_DAY})", _I)
_ALL = re.compile(
    r"i work (?:every day|full[- ]time)|ich arbeite (?:jeden tag|vollzeit|wieder jeden tag)", _I
)


def read_absence(bare: str) -> Away | Back | PartTime | None:
    """What is said, in one line, without marks and stops, of its speaker; None: nothing plainly."""
    if _ALL.fullmatch(bare):
        return PartTime(frozenset())
    if (off := _OFF.fullmatch(bare)) is not None:
        return PartTime(_weekdays(next(days for days in off.groupdict().values() if days)))
    if (works := _WORKS.fullmatch(bare)) is not None:
        return PartTime(frozenset(range(5)) - _weekdays(works[1]))
    if _BACK.fullmatch(bare):
        return Back()
    if _DOUBT.search(bare):
        return None
    said = _BESIDE.sub("", bare)
    if (back := _BACK_ON.fullmatch(said)) is not None:
        return Away(f"back {next(when for when in back.groups() if when)}")
    for form in (*_BEHIND, *_FIRST):
        if (found := form.fullmatch(said)) is not None and not _OTHERS.search(found["when"]):
            when = _FROM_NOW.sub("", found["when"].strip())
            ahead = _BEGINS.fullmatch(when) is not None
            return Away(when, ahead) if ahead or form in _BEHIND or time_in(when) else None
    return None


def _weekdays(said: str) -> frozenset[int]:
    found = {_weekday(one) for one in re.findall(rf"(?:{_DAY})", said, _I)}
    for first, last in _SPAN.findall(said):
        count = (_weekday(last) - _weekday(first)) % 7
        found |= {(_weekday(first) + n) % 7 for n in range(count + 1)}
    return frozenset(found)


def _weekday(said: str) -> int:
    """Monday is 0."""
    return next(n for n, names in enumerate(_DAYS) if re.fullmatch(names, said, _I))
