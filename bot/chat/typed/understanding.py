"""From what somebody typed to a command. Pure: the same words mean the same on every platform."""

from __future__ import annotations

import re
from datetime import datetime
from difflib import get_close_matches

from bot.chat.typed.commands import (
    ABOUT_ACCOUNTS,
    ABOUT_APPS,
    ABOUT_MESSAGES,
    LISTS,
    PUBLIC,
    VERBS,
    WITH_ACCOUNT,
    WITH_APP,
    WITH_CODE,
    WITHOUT,
    Already,
    Away,
    Command,
    ItIsMe,
    Later,
    ListApps,
    NeedsAccount,
    NeedsApp,
    NeedsCode,
    NeedsDomain,
    NotMe,
    Onboard,
    Own,
    PartTime,
    PlanAhead,
    Saved,
    Saw,
    Send,
    SendAll,
    Unclear,
    Verify,
    Waive,
)
from bot.chat.typed.marks import AROUND, one_line, opened, unmarked
from bot.chat.typed.waiver_words import read_waiver
from bot.chat.typed.weekdays import read_days_off
from bot.domain.evidence.sights import told_by
from bot.domain.likeness import exact, likeness
from bot.domain.summaries import Part

LONGEST = 500
LONGEST_PLAN = 366  # days

_ENDS = "?!.,:;…"
# Slack's command, also where somebody types it by habit: in Teams, or in a message.
_SLASH = re.compile(r"^/?o365(\s+|$)", re.IGNORECASE)

# What people say before a command to somebody who listens. It means nothing to us.
_POLITE = re.compile(
    r"(?:(?:hey|hi|hello|hallo|moin|ok(?:ay)?|so|and|und|now|o365bot|bot|please|pls|plz|bitte|mal"
    r"|(?:can|could|would|will) (?:you|we|i)|(?:do|does) (?:you|anyone|anybody) know|any idea"
    r"|i(?:['’]d| would)? (?:want|need|like) to(?: know)?|we (?:want|need) to(?: know)?|let['’]?s"
    r"|tell (?:me|us)|remember to|go ahead and"
    r"|(?:kannst|könntest|würdest) du(?: mir| uns)?|(?:können|könnten|würden) (?:sie|wir)(?: mir)?"
    r"|weißt du|wissen sie|ich (?:möchte|will|muss) wissen|ich wüsste gern"
    r"|sag(?:e|en sie)? (?:mir|uns))(?:[,:!.]+\s*|\s+))+",
    re.IGNORECASE,
)
# The same words in other forms, and as Germans say them.
_MEANT = {
    "list": "apps",
    "liste": "apps",
    "alle": "all",
    "hilfe": "help",
    "hi": "help",
    "hello": "help",
    "hallo": "help",
    "warum": "why",
    "wieso": "why",
    "weshalb": "why",
    "whom": "who",
    "wer": "who",
    "wen": "who",
    "wem": "who",
    **dict.fromkeys(("sende", "senden", "schick", "schicke", "schicken", "versende"), "send"),
    **dict.fromkeys(("prüf", "prüfe", "prüfen", "recheck"), "check"),
    "scanne": "scan",
    "später": "later",
    "abwesend": "away",
    "beispiel": "sample",
    "muster": "sample",
}
# German puts it last: "kannst du Sales prüfen?"
_LAST = {"schicken": "send", "senden": "send", "versenden": "send", "prüfen": "check"}

# "which O365 apps need migration", "what Office 365 apps still need to be migrated?",
# "welche Apps müssen noch umgestellt werden?", "zeig mir die Apps", …
_QUESTION = re.compile(
    r"\b(which|what|show|list|welche|was|zeige?|liste)\b.*\b(o365|office\s*365|m365|apps?)\b",
    re.IGNORECASE | re.DOTALL,
)
_OWNED = re.compile(
    r"(?P<account>\S+) (?:is|ist|gehört) (?P<owner>nobody|niemand(?:em)?|\S+@\S+)", re.IGNORECASE
)
_NOBODY = ("nobody", "niemand", "niemandem")
_DAYS = re.compile(r"(\d{1,9})\s*(d|days?|tage?n?)?", re.IGNORECASE)
# "2026-12-04 09:30 waiting for the auditor", "2026-12-04T09:30", "2026-12-04"
_WHEN = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d?:\d\d))?(?:\s+(.*))?", re.DOTALL)
_ABOUT_MORE = ("waive", "onboard", "plan", "away")
_ABOUT_SOMETHING = (*ABOUT_APPS, *ABOUT_ACCOUNTS, *ABOUT_MESSAGES, *_ABOUT_MORE)


def parse(words: str) -> Command:
    """The command in `words`; anything not understood is `Unclear`, never an error.

    What others see is said by its exact words and nothing else.
    """
    said = _SLASH.sub("", opened(one_line(words)))[:LONGEST].strip()
    if not said:
        return ListApps()
    exact = likeness(unmarked(said).rstrip(_ENDS) or said)
    if exact in PUBLIC:
        return PUBLIC[exact]
    if (off := read_days_off(said)) is not None:
        return PartTime(off)
    verb, rest = _divided(said)
    if verb in LISTS:
        page = int(rest) if rest.isdecimal() and len(rest) < 5 else 1
        everything = likeness(rest) in ("all", "alle")
        return ListApps(max(page, 1), Part.ALL if everything else LISTS[verb])
    if verb == "waive":
        return Waive(*read_waiver(rest))
    if verb in WITHOUT and not rest:
        return WITHOUT[verb]
    if verb == "onboard":
        domain = unmarked(rest.rstrip(_ENDS)).rstrip(_ENDS)
        return Onboard(domain) if domain else NeedsDomain()
    if verb in WITH_CODE:
        code, _, more = rest.partition(" ")
        return _personal(verb, _code(code), more.strip()) if code else NeedsCode(verb)
    if verb == "away":
        return Away(unmarked(rest))
    if verb == "plan":
        return _plan(unmarked(rest).rstrip(_ENDS))
    if verb == "send" and likeness(rest).rstrip(_ENDS) in ("me a sample", "a sample"):
        return WITHOUT["sample"]
    if verb == "send" and rest:
        return _send(rest)
    if verb in WITH_APP:
        return WITH_APP[verb](rest) if rest else NeedsApp(verb)
    if verb == "owner":
        return _own(unmarked(rest))
    if verb in WITH_ACCOUNT:
        account = unmarked(rest.rstrip(_ENDS)).rstrip(_ENDS)
        one = account and " " not in account
        return WITH_ACCOUNT[verb](account) if one else NeedsAccount(verb)
    if _QUESTION.search(said):
        return ListApps()
    if verb in WITHOUT:
        return WITHOUT[verb]
    close = get_close_matches(verb, (v for v in VERBS if v not in PUBLIC), n=1, cutoff=0.65)
    return Unclear(said, _meant(close[0], rest) if close and verb not in PUBLIC else "")


def _divided(said: str) -> tuple[str, str]:
    """The verb, as `VERBS` has it where it is one, and what it is about."""
    said = _POLITE.sub("", said, count=1) if (found := _POLITE.match(said)) else said
    if found and not said:
        return "help", ""
    first, _, rest = said.partition(" ")
    verb = _verb(first)
    about = rest.strip(AROUND)
    if verb not in _KNOWN and rest:
        others, _, last = said.rpartition(" ")
        if (meant := _LAST.get(_verb(last))) is not None:
            return meant, others.strip(AROUND)
    return _MEANT.get(verb, verb), about


def _verb(word: str) -> str:
    """A word as it is compared, without what stands around it."""
    return likeness(unmarked(word).strip(_ENDS)) or word


def _code(word: str) -> str:
    return ",".join(likeness(unmarked(one)).rstrip(_ENDS).upper() for one in word.split(","))


def _meant(verb: str, rest: str) -> str:
    """A mistyped command put right, with what it was about where it is about something."""
    return f"{verb} {rest}" if rest and verb in _ABOUT_SOMETHING else verb


# "contoso/0oa1 now", "all", "all now sure", "alle jetzt"
_NOW = re.compile(
    r"(?P<app>.+?)(?P<now>,?\s+(?:right now|now|jetzt|sofort))?(?P<sure>\s+sure)?", re.IGNORECASE
)
_ALL = frozenset({"all", "everything", "all apps", "alle", "alles", "alle apps"})


def _send(rest: str) -> Send | SendAll:
    found = _NOW.fullmatch(rest.rstrip(_ENDS))
    if found is None:
        return Send(rest)
    now, sure = bool(found["now"]), bool(found["sure"])
    app = found["app"].strip(AROUND) if now or sure else rest
    if likeness(unmarked(app)).rstrip(_ENDS) in _ALL:
        return SendAll(now, sure)
    return Send(app, now, sure)


def _plan(rest: str) -> PlanAhead:
    found = _DAYS.fullmatch(rest)
    if found is None:
        return PlanAhead(said=rest)
    days = min(max(int(found[1]), 1), LONGEST_PLAN)
    return PlanAhead(days, "" if days == int(found[1]) else rest)


def _own(rest: str) -> Own | NeedsAccount:
    owned = _OWNED.fullmatch(rest.rstrip(_ENDS))
    if owned is None:
        return NeedsAccount("owner")
    owner = exact(owned["owner"])
    return Own(owned["account"], "" if likeness(owner) in _NOBODY else owner)


def _personal(verb: str, code: str, more: str) -> Command:
    match verb:
        case "verify":
            return Verify(code)
        case "me":
            return ItIsMe(code)
        case "saved":
            return Saved(code)
        case "already":
            return Already(code)
        case "saw":
            sight, _, answer = likeness(unmarked(more)).rstrip(_ENDS).partition(" ")
            return Saw(code, next(iter(told_by({sight: answer})), None))
        case "notme":
            sure, _, name = more.partition(" ")
            if likeness(sure) == "sure":
                return NotMe(code, name.strip(), sure=True)
            return NotMe(code, more, sure=bool(more))
    return _later(code, more)


def _later(code: str, more: str) -> Later:
    found = _WHEN.fullmatch(more)
    if found is None:
        return Later(code, reason=more)
    day, clock, reason = found.groups()
    try:
        at = datetime.strptime(f"{day} {clock or '9:00'}", "%Y-%m-%d %H:%M")
    except ValueError:
        return Later(code, reason=more)
    return Later(code, at, reason or "")


_KNOWN = frozenset((*VERBS, *WITH_CODE, *WITHOUT, *_MEANT))
