"""What people say of their own working time: "I'm away until Friday", "wieder da".

Only what says it whole and plainly: a question, a doubt or a no is none of it.
"""

from __future__ import annotations

import re

from bot.chat.typed.commands import Away, Back, PartTime
from bot.chat.typed.normalizing.spelling import pattern
from bot.chat.typed.times.part_time import day_off, read_part_time
from bot.chat.typed.times.snoozing import time_in

_I = re.IGNORECASE
_I_AM = r"(?:i(?:'?m| am|'?ll be| will be)\s+(?:going\s+)?)"
_AWAY = (
    r"away|out of (?:the )?office|out|ooo|on (?:[a-z]+ )?(?:vacation|holidays?|leave|pto)|off|gone"
    r"|(?:off |out )?sick|ill|travell?ing|unavailable|not (?:here|available|in the office)"
)
_WEG = (
    r"weg|raus|abwesend|krank(?:geschrieben)?|(?:im|in) urlaub|urlaub|auf reisen|unterwegs|verreist"
    r"|nicht (?:da|hier|erreichbar|im büro|im haus)|außer haus|in elternzeit"
)
_MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-z]*\.?"
_WEEKDAY = (
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch"
    r"|sonnabend"
)
_WHEN = (
    r"(?:until|till?|bis|for|für|from|ab|vo[mn]|in|im|after|nach|next|nächste[nrs]?|this|diese|all|starting"
    r"|through|over|über|between|zwischen|during|während|on|am|back|today|tomorrow|heute|morgen"
    r"|übermorgen|soon|bald|kw|two|three|zwei|drei|eine?"
    rf"|\d+|{_MONTH}\s\d+|{_WEEKDAY}|übernächste[nr]?"
    r"|(?:the|die|den) (?:next|coming|nächsten|kommenden|week after|whole|ganze))\b.*"
)
_FIRST = tuple(
    re.compile(pattern(form), _I)
    for form in (
        rf"(?P<when>{_WHEN}?)\s+{_I_AM}(?:{_AWAY})",
        rf"(?:ich )?(?:bin|habe?|gehe) (?P<when>{_WHEN}?)\s+(?:{_WEG})",
        rf"(?P<when>{_WHEN}?)\s+(?:nehme|habe?) ich (?:mir )?(?:frei|urlaub)",
        rf"(?P<when>{_WHEN}?)\s+(?:bin ich )?(?:{_WEG})",
        rf"(?:i(?:'?m| am|'?ll be)? )?(?:have|taking|take|having) (?P<when>{_WHEN}?)\s+off",
        rf"(?:ich )?(?:nehme|habe?) (?:mir )?(?P<when>{_WHEN}?)\s+frei",
    )
)
"""When, said before it."""
_BEHIND = tuple(
    re.compile(pattern(form), _I)
    for form in (
        rf"{_I_AM}?(?:{_AWAY})\b[\s,:]*(?P<when>{_WHEN}|\w*day|)",
        rf"i(?: won'?t| will not) be (?:here|there|in|around|available)\s+(?P<when>{_WHEN})",
        rf"i(?:'?ve)? (?:have |got )?(?:vacation|holidays?|leave|pto) (?P<when>{_WHEN})",
        rf"(?:(?:ich )?(?:bin|habe?)\s+)?(?:{_WEG})\b[\s,:]*(?P<when>{_WHEN}|\w*tag|)",
        r"(?:away|abwesend)\b[\s,:]+(?P<when>.*)",
    )
)
_BESIDE = re.compile(
    pattern(r"(?<!\w)(?:noch|erst|leider|auch|unfortunately|sadly|now|jetzt)\s+"), _I
)
# What begins at once is said by its end alone.
_FROM_NOW = re.compile(
    pattern(
        r"(?:from|ab|von|starting) (?:now|today|heute|jetzt|sofort)"
        r"(?: on| an)?,?\s+"
    ),
    _I,
)
_BEGINS = re.compile(
    pattern(
        r"(?:from|ab|vom|von|starting|between|zwischen|over|über|during|während|after|nach"
        r"|in (?!kw|cw|week|calendar|kalender))\b.*"
        r"|(?!until|till?|bis|through|for|für|back).*\s(?:to|until|till?|bis|through|and|und|[-\u2010-\u2015\u2212])\s.*"
        r"|.*\s(?:from|starting|beginning|ab|von|vom)\s(?!now|today|heute|jetzt|sofort).*"
        r"|.*[a-z\d.][-\u2010-\u2015\u2212][a-z\d].*"
    ),
    _I,
)
_ISO = re.compile("\\d{4}[-\u2010-\u2015\u2212]\\d\\d[-\u2010-\u2015\u2212]\\d\\d")
"""The one day whose dashes are no "to"."""
# "I'm out on Friday" is that day; but "away Friday" is how the command says until when.
_THAT_DAY = re.compile(
    pattern(
        rf"(?:on|am) .+|(?:next |nächsten )?(?:{_WEEKDAY})"
        r"|(?:the day after )?tomorrow|(?:über)?morgen"
        rf"|(?:{_MONTH})\s\d{{1,2}}(?:st|nd|rd|th)?"
        rf"|\d{{1,2}}(?:st|nd|rd|th)?\.?(?: {_MONTH}|\d{{1,2}}\.?)"
    ),
    _I,
)
_COMMAND = re.compile(r"(?:away|abwesend)\b", _I)
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
        r"|not away(?: any ?more)?|nicht (?:mehr )?(?:weg|abwesend))"
        r"(?:\s+(?:again|now|jetzt|today|heute|all|everybody|everyone|zusammen"
        rf"|{_OFFICE}|(?:from|aus)(?: (?:the|my|dem|meinem|der))?(?: sick)?"
        r" (?:vacation|holidays?|leave|pto|urlaub|elternzeit)))*"
        r"|(?:ich )?(?:bin )?aus dem urlaub zurück"
    ),
    _I,
)


def read_absence(bare: str) -> Away | Back | PartTime | None:
    """What is said, in one line, without marks and stops, of its speaker; None: nothing plainly."""
    if (part_time := read_part_time(bare)) is not None:
        return part_time
    if days := day_off(bare):
        return Away(days, ahead=True)
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
            ahead = _begins_later(when, command=_COMMAND.match(said) is not None)
            return Away(when, ahead) if ahead or form in _BEHIND or time_in(when) else None
    return None


def _begins_later(when: str, *, command: bool) -> bool:
    """Whether an absence has a beginning of its own. `command`: it was said as the command is."""
    if _BEGINS.fullmatch(_ISO.sub("then", when)):
        return True
    return not command and _THAT_DAY.fullmatch(when) is not None
