"""What people type, as commands. Pure: the same words are the same command on every platform."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from bot.domain.people import Platform


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
    """Who can do it, and why them."""

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
class Own:
    """Whose admin account it is: `owner` is the person's address, "" when it is nobody's."""

    account: str
    owner: str


@dataclass(frozen=True, slots=True)
class Deny:
    """Never ask this account."""

    account: str


@dataclass(frozen=True, slots=True)
class Allow:
    """This account may be asked."""

    account: str


@dataclass(frozen=True, slots=True)
class Onboard:
    """Let the bot read one more tenant."""

    domain: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Whether a message with this code is real. Also for whoever was asked."""

    code: str


@dataclass(frozen=True, slots=True)
class ItIsMe:
    """The asked person takes it on, by their chat account."""

    code: str


@dataclass(frozen=True, slots=True)
class NotMe:
    """The asked person is the wrong one. `suggestion` names another; `sure` ends it."""

    code: str
    suggestion: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class PlanAhead:
    """Who would get what in the next `days` days. `said`: what was no number of days."""

    days: int = 30
    said: str = ""


@dataclass(frozen=True, slots=True)
class ReportNow:
    """Post the report to the channels now."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Show me what a personal reminder looks like."""


@dataclass(frozen=True, slots=True)
class Later:
    """The asked person wants to hear of it then (their local time); None: offer times."""

    code: str
    at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """The asked person has saved it in Okta."""

    code: str


@dataclass(frozen=True, slots=True)
class Already:
    """The asked person says that it was done before."""

    code: str


@dataclass(frozen=True, slots=True)
class NeedsCode:
    """A command about a message to the asker, said without the message's code."""

    verb: str


@dataclass(frozen=True, slots=True)
class Away:
    """I am away up to and with that day."""

    said: str


Personal = Verify | ItIsMe | NotMe | Later | Saved | Already | Away | NeedsCode
"""What the asked person may say, operator or not: whose code or account it is decides."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Not understood. `closest` is the command that was perhaps meant, as it is said, or ""."""

    said: str
    closest: str = ""


@dataclass(frozen=True, slots=True)
class NeedsApp:
    """A command that needs an app, said without one."""

    verb: str


@dataclass(frozen=True, slots=True)
class NeedsDomain:
    """`onboard`, said without a domain."""


@dataclass(frozen=True, slots=True)
class NeedsAccount:
    """A command that needs an account (and `owner` a person), said without."""

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
    | Own
    | Deny
    | Allow
    | Onboard
    | Personal
    | Unclear
    | NeedsApp
    | NeedsAccount
    | NeedsDomain
    | PlanAhead
    | ReportNow
    | Sample
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
_WITH_ACCOUNT: dict[str, type[Deny | Allow]] = {"deny": Deny, "allow": Allow}
ABOUT_MESSAGES = ("verify", "notme", "later")
ABOUT_APPS = tuple(_WITH_APP)
ABOUT_ACCOUNTS = ("owner", *_WITH_ACCOUNT)
_ABOUT_SOMETHING = (*ABOUT_APPS, *ABOUT_ACCOUNTS, *ABOUT_MESSAGES, "onboard", "plan", "away")
VERBS = (
    *("apps", "all", "why", "who", "send", "check", "scan", "remind", "plan", "report", "sample"),
    *("owner", "deny", "allow", "onboard"),
    *("verify", "notme", "later", "away", "help"),
)

_OWNED = re.compile(r"(?P<account>\S+) is (?P<owner>nobody|\S+@\S+)", re.IGNORECASE)
_WITH_CODE = ("verify", "me", "notme", "later", "saved", "already")
_DAYS = re.compile(r"(\d{1,9})\s*(d|days?|tage?n?)?", re.IGNORECASE)

# "which O365 apps need migration", "what Office 365 apps still need to be migrated?", …
_QUESTION = re.compile(
    r"\b(which|what|show|list)\b.*\b(o365|office\s*365|m365|apps?)\b", re.IGNORECASE | re.DOTALL
)
LONGEST = 500
LONGEST_PLAN = 366  # days
SLASH = "/o365"
# Slack's command, also where somebody types it by habit: in Teams, or in a message.
_SLASH = re.compile(r"^/?o365(\s+|$)", re.IGNORECASE)


def typed(command: str, platform: Platform) -> str:
    """A command as it is typed on that platform: Slack has a slash command, Teams has none."""
    return f"{SLASH} {command}" if platform is Platform.SLACK else command


def parse(words: str) -> Command:
    """The command in `words`; anything not understood is `Unclear`, never an error."""
    said = _SLASH.sub("", " ".join(words.split()))[:LONGEST]
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
    if verb == "onboard":
        return Onboard(rest) if rest else NeedsDomain()
    if verb in _WITH_CODE:
        code, _, more = rest.partition(" ")
        return _personal(verb, code, more.strip()) if code else NeedsCode(verb)
    if verb == "away":
        return Away(rest)
    if verb == "plan":
        return _plan(rest)
    if said.lower().rstrip(".!") == "send me a sample":
        return Sample()
    if verb in _WITH_APP:
        return _WITH_APP[verb](rest) if rest else NeedsApp(verb)
    if verb == "owner":
        return _own(rest)
    if verb in _WITH_ACCOUNT:
        one = rest and " " not in rest
        return _WITH_ACCOUNT[verb](rest) if one else NeedsAccount(verb)
    if _QUESTION.search(said):
        return ListApps()
    if verb in _WITHOUT:
        return _WITHOUT[verb]
    close = get_close_matches(verb, VERBS, n=1, cutoff=0.65)
    return Unclear(said, _meant(close[0], rest) if close else "")


def verb_about_app(command: Command) -> str:
    """The verb of a command about an app, "" for any other."""
    return next((verb for verb, kind in _WITH_APP.items() if isinstance(command, kind)), "")


def _meant(verb: str, rest: str) -> str:
    """A mistyped command put right, with what it was about where it is about something."""
    return f"{verb} {rest}" if rest and verb in _ABOUT_SOMETHING else verb


def _plan(rest: str) -> PlanAhead:
    found = _DAYS.fullmatch(rest)
    if found is None:
        return PlanAhead(said=rest)
    days = min(max(int(found[1]), 1), LONGEST_PLAN)
    return PlanAhead(days, "" if days == int(found[1]) else rest)


def _own(rest: str) -> Own | NeedsAccount:
    owned = _OWNED.fullmatch(rest)
    if owned is None:
        return NeedsAccount("owner")
    owner = owned["owner"].lower()
    return Own(owned["account"], "" if owner == "nobody" else owner)


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
        case "notme":
            sure, _, name = more.partition(" ")
            if sure.lower() == "sure":
                return NotMe(code, name.strip(), sure=True)
            return NotMe(code, more, sure=bool(more))
    return _later(code, more)


# "2026-12-04 09:30 waiting for the auditor", "2026-12-04T09:30", "2026-12-04"
_WHEN = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d?:\d\d))?(?:\s+(.*))?", re.DOTALL)


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
