"""What has a form of its own as a sentence: of accounts, of people, of the plan and the list."""

from __future__ import annotations

import re

from bot.chat.typed.commands import Check, Command, Notes, PlanAhead
from bot.chat.typed.grammar.accounts import said_of_account
from bot.chat.typed.grammar.listed import read_list
from bot.chat.typed.grammar.somebody import read_somebody
from bot.chat.typed.normalizing.spelling import pattern
from bot.chat.typed.times.days import count_of
from bot.chat.typed.times.waiver_words import waived_last
from bot.domain.normalization import normalized
from bot.domain.summaries import Part

LONGEST_PLAN = 366  # days

_ENDS = "?!.,:;…"
_RESCAN = re.compile(
    pattern(
        r"(?:have (?:another|a) |take (?:another|a) )?look at (.+?)(?: again)?"
        r"|(?:schau|sieh|guck) (?:dir )?(.+?)(?: bitte)? (?:nochmal an|noch mal an|an)"
    ),
    re.IGNORECASE,
)

# What is said of the list without it: "page 2", "group by org", "gruppiere nach Person".
_OF_LIST = re.compile(
    r"(?:apps )?(?:page|seite) (\d{1,5})"
    r"|(?:list |show |zeige? |alles? )?(?:(?:group|sort|order)(?:ed)?(?: it| them)?"
    r"|(?:gruppier|sortier)(?:en?|t)?(?: (?:sie|das|es|alles))?)"
    r" (?P<by>(?:by|per|nach|pro|je) \S+)",
    re.IGNORECASE,
)
# Who is away is among what was said: "is Gita away?", "wann ist Tom zurück?", "bin ich abwesend?"
_ABSENT = re.compile(
    pattern(
        r"(?:(?:since |until |for )?(?:when|how long)|(?:seit |bis |ab )?wann|wie lange)?\s*"
        r"(?:is|are|am|will|ist|sind|bin|bist)\s(?:[^\W\d]+\s){1,3}"
        r"(?:be |noch |still |schon |already )?"
        r"(?:away|back|ooo|out|off|sick|on (?:vacation|holidays?|leave|pto)|out of (?:the )?office"
        r"|weg|abwesend|zurück|wieder da|krank|im urlaub|verreist)(?: (?:until|till?|bis) .+)?"
    ),
    re.IGNORECASE,
)
# Whether it may be asked is among what was said, too: "is svc@contoso.com denied?"
_OF_ACCOUNT = re.compile(
    pattern(
        r"(?:(?:why|warum|wieso) )?(?:is|ist|may|can|darf|kann|wird) (?:we |you |du |i )?"
        r"\S+@\S+ (?:still |noch |be )?(?:denied|blocked|allowed|asked|gesperrt|erlaubt|gefragt)"
        r"(?: werden)?"
    ),
    re.IGNORECASE,
)
_PLAN = re.compile(
    pattern(
        r"(?:(?:for|over|für|of|the|next|die|der|den|nächste[nr]?|in|kommende[nr]?|coming)\s+)*"
        r"(?P<n>\d{1,9}|an?|one|two|three|four|six|eine?n?|zwei|drei|vier|sechs)?\s*"
        r"(?P<unit>d|days?|tage?n?|w|weeks?|wochen?|months?|monate?n?)?"
    ),
    re.IGNORECASE,
)
_PLANNED = re.compile(
    pattern(r"(?:what(?:'?s| is)(?: the)? plan(?:ned)?|was ist geplant)\b\s*"), re.IGNORECASE
)


def read_phrased(bare: str) -> Command | None:
    """What a sentence without marks and kindness says in one of these forms."""
    if (told := said_of_account(bare)) is not None:
        return told
    if (found := _PLANNED.match(bare)) is not None:
        return read_plan(bare[found.end() :])
    if (found := _RESCAN.fullmatch(bare)) is not None:
        return Check(found[1] or found[2])
    if (somebody := read_somebody(bare)) is not None:
        return somebody
    if _ABSENT.fullmatch(bare) or _OF_ACCOUNT.fullmatch(bare):
        return Notes()
    if (waived := waived_last(bare)) is not None:
        return waived
    if (found := _OF_LIST.fullmatch(bare)) is not None:
        return read_list(Part.OPEN, found[1] or found["by"])
    return None


def read_plan(rest: str) -> PlanAhead:
    """What stands behind "plan": for how many days."""
    found = _PLAN.fullmatch(rest.rstrip(_ENDS))
    if found is None or not (found["n"] or found["unit"]):
        return PlanAhead(said=rest)
    unit = normalized(found["unit"] or "d")[0]
    wanted = count_of(found["n"] or "1") * {"w": 7, "m": 30}.get(unit, 1)
    days = min(max(wanted, 1), LONGEST_PLAN)
    return PlanAhead(days, "" if days == wanted else rest)
