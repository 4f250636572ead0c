"""One block of a message as Slack's blocks, and what can be pressed. Pure functions.

Beside an item stands what can be pressed, if it is one thing: its next step, or its "⋮". Both of
them stand below it, in a row. An option that Slack would not take is left out alone, and logged: a
message without it says more than one without any buttons.

Limits: docs.slack.dev/reference/block-kit/blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import structlog

from adapters.slack.rendering.texts import NOTHING, Json, clean, cut, plain, spoken
from bot.message import (
    MARKS,
    Block,
    Button,
    Buttons,
    Command,
    Confirm,
    Fact,
    Facts,
    Folded,
    Group,
    Heading,
    Item,
    Menu,
    Note,
    OpenLink,
    Part,
    Picture,
    Progress,
    Said,
    Table,
    Text,
    Tone,
    headed,
)

log = structlog.get_logger(__name__)

T = TypeVar("T")

MAX_TEXT = 3000
MAX_ID = 255
MAX_WORDS = 2000
"""Characters of a command that a button carries."""
MAX_OPTION_WORDS = 150
"""Of one that an option of a list carries."""
MAX_OPTIONS = 100
MAX_OVERFLOW = 5
OPENED = "·"
"""Begins the value of an option that only opens an address: Slack tells of it, nothing is said."""
_MAX_URL = 3000
_MAX_HEADER = 150
_MAX_FIELD = 2000
_MAX_LABEL = 75
_MAX_PLACEHOLDER = 150
_CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
_FACTS_PER_SECTION = 5  # of two fields each; a section takes ten fields
_BUTTONS_PER_ROW = 25
_BAR = 14


def render_block(block: Block, cap: int) -> Iterator[Json]:
    """The Slack blocks for one block, no text above `cap`; none where it says nothing."""
    match block:
        case Heading(text):
            if clean(text):
                yield {"type": "header", "text": plain(text, min(cap, _MAX_HEADER))}
        case Text(text):
            if said := _said(text, cap):
                yield {"type": "section", "text": said}
        case Note(text):
            if said := _said(text, cap):
                yield {"type": "context", "elements": [said]}
        case Facts(facts):
            for some in in_runs(facts, _FACTS_PER_SECTION):
                yield {"type": "section", "fields": list(_fields(some, min(cap, _MAX_FIELD)))}
        case Table():
            yield _table(block, cap)
        case Progress():
            yield {"type": "section", "text": plain(_bar(block), min(cap, MAX_TEXT))}
        case Picture(url, alt):
            if not _is_address(url):
                raise ValueError("the address of a picture is none that Slack takes")
            alt = cut(clean(alt), min(cap, _MAX_FIELD)) or NOTHING
            yield {"type": "image", "image_url": url, "alt_text": alt}
        case Buttons(buttons, more):
            for row in in_runs(_ways(buttons, more, cap), _BUTTONS_PER_ROW):
                yield {"type": "actions", "elements": list(row)}
        case Group():
            yield from _group(block, cap)
        case Folded(label, words):
            unfold = Command(f"unfold:{words}"[:MAX_ID], label, words)
            yield {"type": "actions", "elements": [_button(unfold, cap)]}


def _said(said: Said, cap: int) -> Json | None:
    text = spoken(said, min(cap, MAX_TEXT))
    return text if text["text"] != NOTHING else None


def _group(group: Group, cap: int) -> Iterator[Json]:
    if clean(group.title):
        yield {"type": "divider"}
        yield {"type": "section", "text": spoken("", min(cap, MAX_TEXT), bold=headed(group))}
    if note := _said(group.note, cap):
        yield {"type": "context", "elements": [note]}
    for item in group.items:
        yield from _item(item, cap)


def _item(item: Item, cap: int) -> Iterator[Json]:
    beside = " ".join(clean(item.beside).split())
    said = [f" · {beside}" if beside else "", *_lines(item)]
    section: Json = {
        "type": "section",
        "text": spoken(tuple(said), min(cap, MAX_TEXT), bold=item.title),
    }
    ways = _ways((item.button,) if item.button else (), item.more, cap)
    if len(ways) == 1:
        section["accessory"] = ways[0]
    yield section
    if len(ways) > 1:
        yield {"type": "actions", "elements": ways}


def _lines(item: Item) -> Iterator[Part]:
    for line in item.lines:
        yield "\n"
        yield from (line,) if isinstance(line, str) else line


def _fields(facts: Sequence[Fact], cap: int) -> Iterator[Json]:
    """Name and value as two fields: Slack sets them side by side in two columns."""
    for fact in facts:
        yield spoken("", cap, bold=fact.name)
        yield plain(fact.value, cap)


def _table(table: Table, cap: int) -> Json:
    def raw(text: str) -> Json:
        return {"type": "raw_text", "text": cut(clean(text), cap) or NOTHING}

    names = [raw(column) for column in table.columns]
    rows = [
        [
            raw(
                f"{MARKS[cell.tone]} {clean(cell.text)}"
                if cell.tone is not Tone.NEUTRAL
                else cell.text
            )
            for cell in row
        ]
        for row in table.rows
    ]
    wrapped = [{"is_wrapped": True} for _ in table.columns]
    return {"type": "table", "column_settings": wrapped, "rows": [names, *rows]}


def _bar(progress: Progress) -> str:
    total = max(progress.total, 0)
    done = min(max(progress.done, 0), total)
    full = _BAR * done // total if total else 0  # rounded down: full only when all is done
    return f"{'█' * full}{'░' * (_BAR - full)} {progress.label}".rstrip()


# -------------------------------------------------------------------- what can be pressed


def _ways(buttons: Sequence[Button | Menu], more: Sequence[Button], cap: int) -> list[Json]:
    """A row of them; of more than one that is needed less, a "⋮"."""
    shown = [_menu(one, cap) if isinstance(one, Menu) else _button(one, cap) for one in buttons]
    shown += [_overflow(more, cap)] if len(more) > 1 else [_button(b, cap) for b in more]
    return [one for one in shown if one.get("options", True)]


def _menu(menu: Menu, cap: int) -> Json:
    if not 0 < len(menu.options) <= MAX_OPTIONS:
        raise ValueError(f"the options of menu {menu.id} are none or too many")
    return {
        "type": "static_select",
        "action_id": menu.id,
        "placeholder": plain(menu.label, min(cap, _MAX_PLACEHOLDER)),
        "options": list(_options(menu.options, cap)),
    }


def _button(button: Button, cap: int) -> Json:
    label = plain(button.label, min(cap, _MAX_LABEL))
    shown: Json = {"type": "button", "action_id": button.id, "text": label}
    match button:
        case Command(words=words, confirm=confirm):
            if not 0 < len(words) <= MAX_WORDS:
                raise ValueError(f"the words of button {button.id} are none or too many")
            shown["value"] = words
            if confirm is not None:
                shown["confirm"] = _confirm(confirm)
        case OpenLink(url=url):
            if not _is_address(url):
                raise ValueError(f"the address of button {button.id} is none that Slack takes")
            shown["url"] = url
    return shown | ({"style": "primary"} if button.primary else {})


def _confirm(confirm: Confirm) -> Json:
    said = zip(
        _CONFIRM.items(), (confirm.title, confirm.text, confirm.yes, confirm.no), strict=True
    )
    return {name: plain(text, limit) for (name, limit), text in said}


def _overflow(more: Sequence[Button], cap: int) -> Json:
    if len(more) > MAX_OVERFLOW:
        raise ValueError(f"Slack takes {MAX_OVERFLOW} options behind an item")
    return {
        "type": "overflow",
        "action_id": f"more:{more[0].id}"[:MAX_ID],
        "options": list(_options(more, cap)),
    }


def _options(ways: Sequence[Button], cap: int) -> Iterator[Json]:
    for one in ways:
        text = plain(one.label, min(cap, _MAX_LABEL))
        if isinstance(one, OpenLink):
            if _is_address(one.url):
                value = f"{OPENED}{one.id}"[:MAX_OPTION_WORDS]
                yield {"text": text, "value": value, "url": one.url}
                continue
        elif 0 < len(one.words) <= MAX_OPTION_WORDS:
            yield {"text": text, "value": one.words}
            continue
        log.error("slack option left out", option=one.id)


def _is_address(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= _MAX_URL


def in_runs(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, `size` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))
