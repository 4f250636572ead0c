"""The words that begin commands, by what one wants to do, and how they are typed."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.typed.commands import (
    Allow,
    Check,
    Command,
    Deny,
    Examine,
    Help,
    Home,
    RemindNow,
    ReportNow,
    Sample,
    ScanAll,
    Send,
    Unwaive,
    Who,
    Why,
)
from bot.domain.people.admins import Platform
from bot.domain.summaries import Part

WITH_APP: dict[str, type[Why | Who | Send | Check | Unwaive]] = {
    "why": Why,
    "who": Who,
    "send": Send,
    "check": Check,
    "unwaive": Unwaive,
}
WITHOUT: dict[str, Command] = {
    "help": Help(),
    "home": Home(),
    "?": Help(),
    "scan": ScanAll(),
    "doctor": Examine(),
    "sample": Sample(),
}
LISTS = {"apps": Part.OPEN, "all": Part.ALL, "waivers": Part.WAIVED}
PUBLIC: dict[str, Command] = {
    "remind": RemindNow(),
    "remind sure": RemindNow(sure=True),
    "report": ReportNow(),
    "report sure": ReportNow(sure=True),
}
"""What others see: by these very words alone, never by a part of them, another one or a guess."""
WITH_ACCOUNT: dict[str, type[Deny | Allow]] = {"deny": Deny, "allow": Allow}
ABOUT_MESSAGES = ("verify", "notme", "later")
ABOUT_APPS = tuple(WITH_APP)
ABOUT_ACCOUNTS = ("owner", *WITH_ACCOUNT)
GROUPS: Mapping[str, tuple[str, ...]] = {
    "see": ("apps", "all", "why", "who", "plan", "deadline"),
    "do": ("send", "check", "scan", "doctor", "remind", "report", "sample"),
    "tell": ("waive", "unwaive", "waivers", "owner", "deny", "allow", "onboard", "notes"),
    "mine": ("mine", "verify", "notme", "later", "away", "back", "help"),
}
"""What can be said, by what one wants to do."""
VERBS = tuple(verb for verbs in GROUPS.values() for verb in verbs)

WITH_CODE = ("verify", "me", "notme", "later", "saved", "saw", "already")
SLASH = "/o365"


def typed(command: str, platform: Platform) -> str:
    """A command as it is typed on that platform: Slack has a slash command, Teams has none."""
    return f"{SLASH} {command}" if platform is Platform.SLACK else command


def verb_about_app(command: Command) -> str:
    """The verb of a command about an app, "" for any other."""
    return next((verb for verb, kind in WITH_APP.items() if isinstance(command, kind)), "")
