"""Write the parts of docs/ that the code knows: `make docs`.

A page is written by hand, apart from what stands between two marks, `<!-- made: NAME -->` and
`<!-- end -->`: those parts are made here. `tests/unit/test_docs.py` fails when one is out of date.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from adapters.redis.keys import Keys
from bot.chat.answering.admission.permissions import needed
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import VERBS, typed
from bot.chat.words import Words
from bot.domain.consent.requests import TRANSITIONS, Stage
from bot.domain.delivery import deliveries, limits
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.kinds import SendTime
from bot.domain.delivery.limits import Window
from bot.domain.delivery.notices import KINDS, Channel, ChannelReminder
from bot.domain.evidence.rules import RULES, SHELVES, Direction, EvidenceKind
from bot.domain.evidence.verdict import Confidence, Lack, State
from bot.domain.people.access import Level
from bot.domain.people.admins import Platform
from bot.errors import O365BotError
from bot.settings.address import Address
from bot.settings.section import Section
from bot.settings.settings import Settings
from tools import checks

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = (
    "access.md",
    "settings.md",
    "evidence.md",
    "stages.md",
    "commands.md",
    "doctor.md",
    "errors.md",
    "architecture.md",
)
NONE = "–"

_PART = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORDS = Words("en")


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    names = tuple(columns)
    lines = (names, ("---",) * len(names), *rows)
    cells = ([cell.replace("|", "\\|") or NONE for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def code(text: object) -> str:
    return f"`{text}`"


def said(key: str) -> str:
    """What people read, with both forms of a text that has plurals."""
    return " / ".join(_WORDS.forms(key).values())


def remarks(enum: type[Enum]) -> Mapping[str, str]:
    """The comment behind each member, by its value."""
    found = re.findall(r'^    [A-Z_]+ = "(\w+)"(?:  # (.+))?$', inspect.getsource(enum), re.M)
    return dict(found)


# ------------------------------------------------------------------ settings


def sections() -> Mapping[str, type[Section]]:
    """The sections of the settings file, by name; a section within one comes after it."""
    return dict(_sections("", Settings.model_fields))


def _sections(prefix: str, fields: Mapping[str, FieldInfo]) -> Iterator[tuple[str, type[Section]]]:
    for name, field in fields.items():
        section = _section(field.annotation)
        if section is not None:
            yield prefix + name, section
            yield from _sections(f"{prefix}{name}.", section.model_fields)


def _head(name: str) -> str:
    """How a section is begun in the file."""
    fields: Mapping[str, FieldInfo] = Settings.model_fields
    for part in name.split("."):
        annotation = fields[part].annotation
        section = _section(annotation)
        assert section is not None
        fields = section.model_fields
    origin = get_origin(annotation)
    return f"[[{name}]]" if origin is tuple else f"[{name}.NAME]" if origin is dict else f"[{name}]"


def _section(annotation: object) -> type[Section] | None:
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
    return None


def settings_top() -> str:
    return table(*_settings("", Settings.model_fields))


def settings_sections() -> str:
    parts = []
    for name, section in sections().items():
        head = _head(name)
        about = inspect.cleandoc(section.__doc__ or "")
        rows = table(*_settings(f"{name}.", section.model_fields))
        parts.append(f"### `{head}`\n\n{about}\n\n{rows}")
    return "\n".join(parts)


def _settings(
    prefix: str, fields: Mapping[str, FieldInfo]
) -> tuple[tuple[str, ...], Iterator[tuple[str, ...]]]:
    def row(name: str, field: FieldInfo) -> tuple[str, ...]:
        key = prefix + name
        variable = "O365BOT_" + key.replace(".", "__").upper()
        secret = SecretStr in (field.annotation, *get_args(field.annotation))
        environment = code(variable) + (f" or `{variable}_FILE`" if secret else "")
        many = prefix.rstrip(".")
        if many in sections() and _head(many) != f"[{many}]":
            environment = f"in `O365BOT_{many.replace('.', '__').upper()}`"
        elif key in sections():
            environment = code(variable) + " (JSON)" if _head(key) != f"[{key}]" else ""
        elif get_origin(field.annotation) in (tuple, dict):
            environment += " (JSON)"
        return (
            f'<a id="{key}"></a>`{key}`' + (f"<br>or `{key}_file`" if secret else ""),
            field.description or "",
            _type(field.annotation, field.metadata),
            "required" if field.is_required() else _default(field),
            environment,
        )

    columns = ("Key", "What it is", "Type", "Default", "Environment")
    return columns, (row(name, field) for name, field in fields.items())


def _type(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """A type in words."""
    if get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
    metadata = tuple(metadata)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        (annotation,) = (each for each in inner if each is not types.NoneType)
        return _type(annotation, metadata)
    if _section(annotation) is not None:
        return "sections" if origin in (tuple, dict) else "section"
    if origin is Literal:
        return "one of " + ", ".join(code(each) for each in inner)
    if _is_enum(annotation):
        return "one of " + ", ".join(code(each.value) for each in annotation)
    if origin is tuple and (get_origin(inner[0]) is Literal or _is_enum(inner[0])):
        return _type(inner[0]).replace("one", "some", 1)
    if origin is tuple:
        return f"list of {_type(inner[0])}s".replace("addresss", "addresses")
    if origin is dict:
        return "table of texts"
    if get_args(Address)[1] in metadata:
        return "address"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(code(each.value) for each in annotation)
    names = {
        str: "text",
        int: "whole number",
        float: "a number",
        date: "date",
        SecretStr: "**secret**",
        Path: "path",
        bool: "`true` or `false`",
    }
    bounds = [str(getattr(m, name)) for m in metadata for name in ("ge", "le") if hasattr(m, name)]
    between = f", {'at least ' if len(bounds) == 1 else ''}{' to '.join(bounds)}" if bounds else ""
    return names[annotation] + between


def _is_enum(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    if isinstance(default, tuple):
        return "<br>".join(code(each) for each in default)
    if isinstance(default, bool):
        return code(str(default).lower())
    if default in (None, "", {}) or isinstance(default, Section):
        return ""
    return code(default)


# ------------------------------------------------------------------ evidence and stages


def evidence_rules() -> str:
    def row(kind: EvidenceKind) -> tuple[str, ...]:
        rule, key = RULES[kind], f"evidence.{kind.value}"
        words = said(f"{key}_of" if _WORDS.has(f"{key}_of") else key)
        since = f" only since {rule.since:%Y-%m-%d}" if rule.since else ""
        return (
            code(kind.value),
            words,
            said(f"source.{rule.source.value}"),
            ", ".join(code(lean.value) for lean in rule.leans) + since,
            "yes" if rule.decisive else "",
            rule.nature.value,
            code(rule.topic) if rule.topic else "",
            "yes" if rule.whole_tenant else "",
        )

    columns = (
        "Kind",
        "In words",
        "Read from",
        "Leans",
        "Decisive",
        "Nature",
        "Topic",
        "Whole tenant",
    )
    return table(columns, (row(kind) for kind in EvidenceKind))


def evidence_leans() -> str:
    def kinds(lean: Direction) -> str:
        return ", ".join(code(kind.value) for kind in RULES if lean in RULES[kind].leans)

    return table(("Direction", "Kinds"), ((code(lean.value), kinds(lean)) for lean in Direction))


def evidence_states() -> str:
    return table(
        ("State", "Shown as", "Open", "Somebody can be asked", "What the bot says is next"),
        (
            (
                code(state.value),
                said(f"state.{state.value}"),
                "yes" if state.is_open else "",
                "yes" if state.wants_consent else "",
                said(f"next.{state.value}"),
            )
            for state in State
        ),
    )


def evidence_shelves() -> str:
    """How long each nature of evidence counts, in days."""
    return table(
        ("Nature", "Full weight", "Some weight"),
        (
            (nature.value, f"{shelf.full.days} days", f"{shelf.some.days} days")
            for nature, shelf in SHELVES.items()
        ),
    )


def evidence_lacks() -> str:
    return table(
        ("What is missing", "What the bot says is next"),
        ((code(lack.value), said(f"next.{lack.value}")) for lack in Lack),
    )


def evidence_confidence() -> str:
    meaning = remarks(Confidence)
    return table(
        ("Confidence", "Shown as", "What it means"),
        ((code(c.value), said(f"confidence.{c.value}"), meaning[c.value]) for c in Confidence),
    )


def stages_list() -> str:
    meaning = remarks(Stage)
    return table(
        ("Stage", "Shown as", "What it means", "Open"),
        (
            (
                code(stage.value),
                said(f"stage.{stage.value}"),
                meaning[stage.value],
                "yes" if stage.is_open else "",
            )
            for stage in Stage
        ),
    )


def stages_table() -> str:
    rows = (
        (code(a.value), code(step.value), code(b.value)) for (a, step), b in TRANSITIONS.items()
    )
    return table(("From", "Step", "To"), rows)


def stages_diagram() -> str:
    steps = [(a.value, step.value, b.value) for (a, step), b in TRANSITIONS.items()]
    return diagram(Stage.REQUESTED.value, steps, (s.value for s in Stage if not s.is_open))


def diagram(start: str, steps: Iterable[tuple[str, str, str]], ends: Iterable[str]) -> str:
    """A state diagram in Mermaid, which GitHub draws."""
    lines = [f"[*] --> {start}", *(f"{a} --> {b}: {step}" for a, step, b in steps)]
    lines += [f"{end} --> [*]" for end in ends]
    return "```mermaid\nstateDiagram-v2\n" + "".join(f"    {line}\n" for line in lines) + "```\n"


def delivery_steps() -> list[tuple[str, str, str]]:
    """From, step, to: found by taking each step."""
    now = datetime(2025, 1, 1, tzinfo=UTC)
    due = Delivery(ChannelReminder(Channel(Platform.SLACK, "C1"), "x"), now, "")
    claimed = deliveries.claim(due, now)
    assert claimed is not None
    again = deliveries.claim(claimed, now + deliveries.LEASE)
    assert again is not None
    taken = [
        (due, "claim", claimed),
        (claimed, "claim, once the lease ran out", again),
        (due, "put off to a free slot", deliveries.put_off(due, now)),
        (claimed, "put back", deliveries.put_back(claimed, now)),
        (claimed, "put back, in doubt", deliveries.put_back(claimed, now, in_doubt=True)),
        (claimed, "confirm", deliveries.confirm(claimed, "", now)),
        (claimed, "fail", deliveries.fail(claimed, "")),
    ]
    return [(before.phase.value, step, after.phase.value) for before, step, after in taken]


def delivery_diagram() -> str:
    return diagram(Phase.DUE.value, delivery_steps(), (Phase.SENT.value, Phase.FAILED.value))


def delivery_waits() -> str:
    def words(wait: timedelta) -> str:
        seconds = int(wait.total_seconds())
        return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"

    now = datetime(2025, 1, 1, tzinfo=UTC)
    draft = Delivery(ChannelReminder(Channel(Platform.SLACK, "C1"), "x"), now, "")
    attempts = range(1, len(deliveries.BACKOFF) + 2)
    waits = [
        words(deliveries.next_try(Delivery(draft.notice, now, "", attempt=n), now) - now)
        for n in attempts
    ]
    rows = [("A lease lasts", words(deliveries.LEASE))]
    rows += [(f"Wait after attempt {n}", wait) for n, wait in zip(attempts, waits, strict=True)]
    rows[-1] = (f"{rows[-1][0]} and later ones", rows[-1][1])
    return table(("What", "How long"), rows)


def delivery_promises() -> str:
    rows = (
        (
            code(str(vars(kind)["__dataclass_fields__"]["kind"].default)),
            COMES[kind.traits.send_time],
            kind.traits.why,
            kind.traits.when_unknown.value.replace("_", " "),
        )
        for kind in KINDS
    )
    return table(("Notice", "It comes", "Why", "When nobody can tell"), rows)


COMES = {
    SendTime.DECIDED: "at the moment that was decided",
    SendTime.AT_WORK: "when they are at work",
    SendTime.AT_ONCE: "at once",
}


def delivery_limits() -> str:
    def words(windows: Iterable[Window]) -> str:
        return ", ".join(f"{w.messages:,} in {int(w.span.total_seconds()):,} s" for w in windows)

    rows = [("Slack, each channel", words(limits.SLACK_CHANNEL))]
    rows += [(f"Slack, all, {call}", words((w,))) for call, w in limits.DEFAULT.slack.items()]
    rows += [("Teams, each conversation", words(limits.TEAMS_CONVERSATION))]
    rows += [("Teams, all of a tenant", words((limits.DEFAULT.teams,)))]
    return table(("Where", "At most"), rows)


# ------------------------------------------------------------------ commands and errors


def access() -> str:
    levels = (Level.ANYBODY, Level.VIEWER, Level.OPERATOR)
    rows = []
    for verb in VERBS:
        needs = needed(parse(said(f"help.say_{verb}")))
        marks = ("yes" if level >= needs else "" for level in levels)
        rows.append((code(verb), *marks))
    return table(("Command", "Anybody in the organisation", "Viewers", "Operators"), rows)


def commands() -> str:
    rows = (
        (code(typed(said(f"help.say_{verb}"), Platform.SLACK)), said(f"help.{verb}"))
        for verb in VERBS
    )
    return table(("Type", "What you get"), rows)


def every_error(of: type[O365BotError] = O365BotError) -> Iterator[type[O365BotError]]:
    """The tree of errors, each before its leaves. What an adapter refines is told as its kind."""
    yield of
    for leaf in of.__subclasses__():
        if leaf.__module__ == of.__module__:
            yield from every_error(leaf)


def errors() -> str:
    def told(error: type[O365BotError]) -> str:
        key = f"error.{error.code}"
        return said(key) if _WORDS.has(key) else ""

    def row(error: type[O365BotError]) -> tuple[str, ...]:
        meaning = inspect.cleandoc(error.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        kind = error.__base__
        within = code(kind.code) if kind and issubclass(kind, O365BotError) else ""
        return (f'<a id="{error.code}"></a>`{error.code}`', within, meaning, told(error))

    every = table(("Code", "Kind of", "What it means", "What chat says"), map(row, every_error()))
    return f"{every}\nFor all others, chat says: “{said('error.other')}”\n"


# ------------------------------------------------------------------ the store


def store_keys() -> str:
    """Every key of the store, from the methods that name them."""

    def row(name: str, method: Callable[..., str]) -> tuple[str, str, str]:
        parts = tuple(inspect.signature(method).parameters)[1:]
        filled: dict[str, Any] = {part: part.upper() for part in parts}
        key = method(Keys("x"), **filled).partition(":")[2]
        kind, _, holds = (inspect.getdoc(method) or "").partition(": ")
        return code(key), kind.lower(), holds.rstrip(".")

    methods = [(n, m) for n, m in vars(Keys).items() if not n.startswith("_") and callable(m)]
    return table(("Key, after `{o365bot}:`", "Type", "Holds"), (row(n, m) for n, m in methods))


# ------------------------------------------------------------------ pages

PARTS: Mapping[str, Callable[[], str]] = {
    "settings-top": settings_top,
    "settings-sections": settings_sections,
    "evidence-rules": evidence_rules,
    "evidence-leans": evidence_leans,
    "evidence-states": evidence_states,
    "evidence-confidence": evidence_confidence,
    "evidence-shelves": evidence_shelves,
    "evidence-lacks": evidence_lacks,
    "store-keys": store_keys,
    "stages-list": stages_list,
    "stages-diagram": stages_diagram,
    "stages-table": stages_table,
    "delivery-diagram": delivery_diagram,
    "delivery-waits": delivery_waits,
    "delivery-promises": delivery_promises,
    "delivery-limits": delivery_limits,
    "commands": commands,
    "access": access,
    "checks": lambda: table(checks.COLUMNS, checks.rows()),
    "errors": errors,
}


def renew(page: str) -> str:
    """The page with every made part as the code has it now. Raises KeyError for an unknown part."""
    return _PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n{part[3]}", page)


def main() -> int:
    """Renew every page, and say which changed."""
    for name in PAGES:
        path = DOCS / name
        before = path.read_text(encoding="utf-8")
        after = renew(before)
        path.write_text(after, encoding="utf-8")
        print(f"docs/{name}: {'written' if after != before else 'as it was'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
