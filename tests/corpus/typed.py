"""Reads `typed.txt`, and tells what a sentence means to the conversation, in short words."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.chat.typed import commands as said
from bot.chat.typed.find_app import Named, app_within, find_app
from bot.chat.typed.times.moments import find_moment
from bot.chat.typed.times.spans import read_spans
from bot.chat.typed.understanding import parse
from bot.domain.inventory.apps import AppRef
from bot.domain.summaries import Part, Wanted
from bot.domain.time.calendar import Calendar
from bot.errors import AppAmbiguous, AppUnknown

LABELS = ("Sales", "Labs", "Office HQ", "Contoso EU", "R&D Berlin", "Müller Bau", "🚀 Launch",
          "Mail <EMEA>", "Field Service (EU)", "Straße 7", "Co‑Working")  # fmt: skip
NAMES: tuple[Named, ...] = tuple(
    (AppRef("contoso", f"0oa{number}"), label) for number, label in enumerate(LABELS)
)
# A Tuesday, ten in the morning in Berlin.
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
CALENDAR = Calendar(ZoneInfo("Europe/Berlin"))

ACTS = ("send", "deny", "allow", "own", "unwaive", "onboard", "me", "saved", "already", "away",
        "back", "off", "later", "forget")  # fmt: skip
"""Meanings that change something, by their first word."""


@cache
def corpus() -> tuple[tuple[str, str], ...]:
    """Each sentence with its meaning."""
    found, meaning = [], ""
    for line in (Path(__file__).parent / "typed.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            meaning = line.removeprefix("== ")
        elif line and not line.startswith("#"):
            found.append((line, meaning))
    return tuple(found)


def acts(meaning: str) -> bool:
    """Whether it changes something without a further question."""
    verb, _, rest = meaning.partition(" ")
    if verb == "notme" or meaning in ("remind sure", "report sure"):
        return rest.endswith("sure") if verb == "notme" else True
    if verb in ("away", "later") and rest.endswith("-"):
        return False
    return verb in ACTS


def meaning(words: str) -> str:
    """What the conversation would take it for."""
    return of_command(parse(words))


def of_command(command: said.Command) -> str:
    """The same, of what was understood."""
    match command:
        case said.ListApps(_, Wanted(part)):
            return {Part.OPEN: "apps", Part.ALL: "all", Part.WAIVED: "waivers"}[part]
        case said.Unclear(text, _, part):
            label = _named(text) or _within(text)
            if label:
                return f"why {label}"
            return of_command(part) if part is not None else "nothing"
        case said.Send(app, now, sure):
            label = _named(app)
            if label:
                return f"send {label}{' now' if now else ''}{' sure' if sure else ''}"
            label = _within(app)
            return f"who {label}" if label else "nothing"
        case said.SendAll(now, sure):
            return f"send all{' now' if now else ''}{' sure' if sure else ''}"
        case said.Unwaive(app):
            return f"unwaive {_named(app)}" if _named(app) else "nothing"
        case said.Why(app) | said.Who(app) | said.Check(app):
            label = _named(app) or _within(app)
            return f"{type(command).__name__.lower()} {label}" if label else "nothing"
        case said.Waive(app, _, sure):
            return f"waive {_named(app)}{' sure' if sure else ''}"
        case said.RemindNow(sure) | said.ReportNow(sure):
            verb = "remind" if isinstance(command, said.RemindNow) else "report"
            return f"{verb} sure" if sure else verb
        case said.PlanAhead(days):
            return f"plan {days}"
        case said.Own(account, owner):
            return f"own {account.lower()} {owner.lower() or '-'}"
        case said.Later(code, at, reason):
            found = None if at else find_moment(reason, NOW, CALENDAR)
            local = at or (found.at.astimezone(CALENDAR.zone) if found else None)
            return f"later {code} {f'{local:%Y-%m-%d %H:%M}' if local else '-'}"
        case said.Away(text, ahead):
            spans = read_spans(text, NOW, CALENDAR, begins=ahead)
            named = (f"{one.first or ''} {one.last or '-'}".strip() for one in spans)
            return f"away {' and '.join(named) or '-'}"
        case said.PartTime(off):
            return " ".join(("off", *map(str, sorted(off))))
        case said.NotMe(code, _, sure):
            return f"notme {code}{' sure' if sure else ''}"
        case said.ItIsMe(code):
            return f"me {code}"
        case said.Mine(about):
            return f"mine {about}".strip()
        case said.NeedsCode("verify"):
            return "real"
        case said.Hello() | said.Thanks() | said.Help() | said.Notes():
            return type(command).__name__.lower()
        case said.SomebodyElse(name):
            return f"else {name.lower()}"
        case said.Deadlines():
            return "deadline"
        case said.ScanAll():
            return "scan"
        case said.Unsure():
            return "nothing"
    values = (getattr(command, field.name) for field in fields(command))
    name = type(command).__name__
    if name.startswith("Needs"):
        return "nothing"
    return " ".join((name.lower(), *(str(value).lower() if "@" in str(value) or "." in str(value)
                                     else str(value) for value in values)))  # fmt: skip


def _named(name: str) -> str:
    try:
        return dict(NAMES)[find_app(name, NAMES)]
    except (AppUnknown, AppAmbiguous):
        return ""


def _within(words: str) -> str:
    try:
        return dict(NAMES)[app_within(words, NAMES)]
    except (AppUnknown, AppAmbiguous):
        return ""
