"""What people say of their own working time: "I'm away until Friday", "wieder da", part-time weeks.

Only what says it whole and plainly: a question, a doubt or a no is none of it.
"""

from __future__ import annotations

import re

from bot.chat.typed.commands import Away, Back, PartTime
from bot.chat.typed.looks.spelling import forms, pattern, sentence

_I = re.IGNORECASE
_AWAY = (
    r"away|out of (?:the )?office|out|ooo|on (?:[a-z]+ )?(?:vacation|holidays?|leave|pto)|off"
    r"|(?:off )?sick|ill|travell?ing|unavailable|not (?:here|available|in the office)"
)
_WEG = (
    r"weg|abwesend|krank|(?:im|in) urlaub|urlaub|auf reisen|unterwegs|verreist|nicht (?:da|im büro)"
    r"|nicht im haus|außer haus|in elternzeit"
)
_WHEN = (
    r"(?:until|till?|bis|for|für|from|ab|next|nächste|this|diese|through|on|am|back|zwei|two|drei"
    r"|three|eine?|\d)\b.*"
)
_SAYS = tuple(
    re.compile(pattern(form), _I)
    for form in (
        rf"(?:i(?:'?m| am|'?ll be| will be)\s+)?(?:{_AWAY})\b[\s,:]*(?P<when>{_WHEN}|\w*day|)",
        rf"(?:(?:ich )?bin\s+)?(?:{_WEG})\b[\s,:]*(?P<when>{_WHEN}|\w*tag|)",
        rf"(?:ich )?bin (?P<when>{_WHEN}?)\s+(?:{_WEG})",
        rf"(?P<when>(?:bis|ab|nächste|diese|morgen|heute)\b.*?)\s+(?:bin ich )?(?:{_WEG})",
        r"(?:away|abwesend)\b[\s,:]+(?P<when>.*)",
    )
)
_BACK_ON = re.compile(
    pattern(
        r"(?:i(?:'?m| am|'?ll be)\s+)?back (?:again )?(?P<a>on\s.+)"
        r"|(?:ich )?(?:bin )?(?P<b>(?:ab|am)\s.+?)\s(?:bin ich )?(?:wieder da|zurück)"
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
_BESIDE = frozenset(["now", "jetzt", "all", "everybody", "everyone", "zusammen", "hi", "hallo"])
_BACK = forms(
    "bin zurück aus dem urlaub/ich bin zurück aus dem urlaub/bin wieder im büro/bin wieder hier",
    "ich bin wieder hier/im back from leave/back from leave/im back from my vacation",
    "back/im back/i am back/back again/im back again/i am back again/back from vacation",
    "back from holiday/im back from vacation/im back from holiday/im back from holidays",
    "i am back from vacation/back at work/im back at work/back in the office/i have returned",
    "im back in the office/not away/not away anymore/im not away anymore/im here again",
    "zurück/ich bin zurück/bin zurück/wieder da/bin wieder da/ich bin wieder da/wieder zurück",
    "ich bin wieder zurück/bin wieder zurück/aus dem urlaub zurück/ich bin aus dem urlaub zurück",
    "bin aus dem urlaub zurück/zurück aus dem urlaub/wieder im büro/nicht mehr weg",
    "ich bin wieder im büro/ich bin nicht mehr weg/ich bin wieder gesund",
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
    rf"i (?:do not|don'?t|never) work (?:on )?(?P<a>{_LISTED})"
    rf"|i(?:'?m| am) (?:always )?(?:off|not working) (?:on )?(?P<b>{_LISTED})"
    rf"|ich arbeite (?:am )?(?P<c>{_LISTED}) nicht"
    rf"|(?:am )?(?P<d>{_LISTED}) (?:arbeite ich (?:nie|nicht)|habe ich (?:immer )?frei)"
    rf"|ich habe (?:am )?(?P<e>{_LISTED}) (?:immer )?frei",
    _I,
)
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
    words = (word for word in sentence(bare).split() if word not in _BESIDE)
    if " ".join(words) in _BACK:
        return Back()
    if _DOUBT.search(bare):
        return None
    if (back := _BACK_ON.fullmatch(bare)) is not None:
        return Away(f"back {next(when for when in back.groups() if when)}")
    found = next(filter(None, (form.fullmatch(bare) for form in _SAYS)), None)
    return None if found is None else Away(found["when"].strip())


def _weekdays(said: str) -> frozenset[int]:
    found = {_weekday(one) for one in re.findall(rf"(?:{_DAY})", said, _I)}
    for first, last in _SPAN.findall(said):
        count = (_weekday(last) - _weekday(first)) % 7
        found |= {(_weekday(first) + n) % 7 for n in range(count + 1)}
    return frozenset(found)


def _weekday(said: str) -> int:
    """Monday is 0."""
    return next(n for n, names in enumerate(_DAYS) if re.fullmatch(names, said, _I))
