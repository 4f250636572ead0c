"""What people type, as commands. Pure: the same words are the same command on every platform."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class ListApps:
    """Which apps need migration; `everything` adds those that need nothing."""

    page: int = 1
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Help:
    """What can be said."""


@dataclass(frozen=True, slots=True)
class Why:
    """What is known of one app, and how."""

    app: str


@dataclass(frozen=True, slots=True)
class Who:
    """Who can do it, and why they."""

    app: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send the right person their personal link."""

    app: str


@dataclass(frozen=True, slots=True)
class Check:
    """Look at one app again, now."""

    app: str


@dataclass(frozen=True, slots=True)
class ScanAll:
    """Look at every org again, now."""


@dataclass(frozen=True, slots=True)
class RemindNow:
    """Post the reminder to the channels now."""


@dataclass(frozen=True, slots=True)
class PlanAhead:
    """Who would get what in the next `days` days."""

    days: int = 30


@dataclass(frozen=True, slots=True)
class ReportNow:
    """Post the report to the channels now."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Show me what a personal reminder looks like."""


@dataclass(frozen=True, slots=True)
class Later:
    """Remind me again at that time; `said` is the time and, behind it, the reason."""

    said: str


@dataclass(frozen=True, slots=True)
class Away:
    """I am away up to and with that day."""

    said: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Not understood. `closest` is the command that looks most alike, or ""."""

    said: str
    closest: str = ""


@dataclass(frozen=True, slots=True)
class NeedsApp:
    """A command that needs an app, said without one."""

    verb: str


Command = (
    ListApps
    | Help
    | Why
    | Who
    | Send
    | Check
    | ScanAll
    | RemindNow
    | PlanAhead
    | ReportNow
    | Sample
    | Later
    | Away
    | Unclear
    | NeedsApp
)

_WITH_APP: dict[str, type[Why | Who | Send | Check]] = {
    "why": Why,
    "who": Who,
    "send": Send,
    "check": Check,
}
_WITHOUT: dict[str, Command] = {
    "help": Help(),
    "?": Help(),
    "scan": ScanAll(),
    "remind": RemindNow(),
    "report": ReportNow(),
    "sample": Sample(),
}
_PERSONAL: dict[str, type[Later | Away]] = {"later": Later, "away": Away}
VERBS = (
    *("apps", "all", "why", "who", "send", "check", "scan"),
    *("remind", "plan", "report", "sample", "later", "away", "help"),
)
_DAYS = re.compile(r"(\d{1,3})\s*(d|days?)?", re.IGNORECASE)

# "which O365 apps need migration", "what Office 365 apps still need to be migrated?", …
_QUESTION = re.compile(
    r"\b(which|what|show|list)\b.*\b(o365|office\s*365|m365|apps?)\b", re.IGNORECASE | re.DOTALL
)
LONGEST = 500


def parse(words: str) -> Command:
    """The command in `words`; anything not understood is `Unclear`, never an error."""
    said = " ".join(words.split())[:LONGEST]
    verb, _, rest = said.partition(" ")
    verb = verb.lower().rstrip("?!.") or verb
    rest = rest.strip().strip("\"'“”")
    if not said:
        return ListApps()
    if verb in ("apps", "list", "all"):
        page = int(rest) if rest.isdecimal() and len(rest) < 5 else 1
        return ListApps(max(page, 1), everything=verb == "all" or rest == "all")
    if verb in _WITHOUT and not rest:
        return _WITHOUT[verb]
    if verb in _PERSONAL:
        return _PERSONAL[verb](rest)
    if verb == "plan":
        days = _DAYS.fullmatch(rest)
        return PlanAhead(min(max(int(days[1]), 1), 366)) if days else PlanAhead()
    if said.lower().rstrip(".!") == "send me a sample":
        return Sample()
    if verb in _WITH_APP:
        return _WITH_APP[verb](rest) if rest else NeedsApp(verb)
    if _QUESTION.search(said):
        return ListApps()
    if verb in _WITHOUT:
        return _WITHOUT[verb]
    close = get_close_matches(verb, VERBS, n=1, cutoff=0.5)
    return Unclear(said, close[0] if close else "")
