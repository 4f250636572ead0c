"""A neutral message as Slack's blocks. Pure functions.

Every text is shown literally (`texts`). Texts that are too long are cut at a word with `…`. Slack
takes one table in a message: the others are written out in lines, as are tables that are too wide;
of one that is too long the rest is counted. A message whose *shape* still does not fit (too many
blocks, an address that is none) raises ValueError, and `render_text` says the same in plain text.

Limits: docs.slack.dev/reference/block-kit/blocks. That all texts of a message together may be
refused above some 13,200 characters is not documented (slackapi/bolt-js issue 2509); nor is that a
table takes 10,000 characters in all (told by several projects).
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from adapters.slack.rendering.elements import MAX_ID, MAX_TEXT, render_block
from adapters.slack.rendering.texts import NOTHING, Json, clean, escape, fit, plain
from bot.message import (
    Block,
    Button,
    Buttons,
    Group,
    Message,
    Note,
    Table,
    Text,
    in_text,
    rows_in_text,
)

MAX_BLOCKS = 50
MAX_HOME_BLOCKS = 100
MAX_TABLE_ROWS = 99
"""Rows below the column names: Slack counts those as one of its 100."""
MAX_COLUMNS = 20
_MAX_SUMMARY = 3000  # chat.update refuses a text above 4,000
_MAX_ALL = 13_000
_MAX_TABLE = 10_000

# What every text is cut to when the whole message does not fit: the first that is enough.
_CAPS = (1500, 800, 400, 200, 120, 75, 50, 30, 20, 12, 8, 5, 3, 2)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What Slack is given: the blocks, and the one-line form for notifications."""

    text: str
    blocks: list[Json]


def render(message: Message, *, shared: bool = False, most: int = MAX_BLOCKS) -> Rendered:
    """The message within Slack's limits. Raises ValueError when its shape does not fit.

    `shared`: others are there who do not see it, so that it can be shared with them. `most`: so
    many blocks fit.
    """
    message = _fitting(message, shared)
    text = fit(message.summary, _MAX_SUMMARY) or NOTHING
    blocks = _blocks(message, MAX_TEXT)
    if not _is_short_enough(blocks):
        fits = bisect.bisect_left(
            _CAPS, True, key=lambda cap: _is_short_enough(_blocks(message, cap))
        )
        if fits == len(_CAPS):
            raise ValueError("too much for one message")
        blocks = _blocks(message, _CAPS[fits])
    if len(blocks) > most:
        raise ValueError(f"Slack takes {most} blocks there")
    return _named(text, blocks)


def render_text(message: Message) -> Rendered:
    """All that the message says, as text: what cannot be drawn, or what Slack will not have."""
    left = escape(clean(in_text(message))) or NOTHING
    blocks: list[Json] = []
    most = _MAX_ALL // MAX_TEXT
    while left:
        part = left[: MAX_TEXT - 1]
        if len(left) > len(part):
            # Between two lines, or at least not inside of an entity.
            line, entity = part.rfind("\n"), part.rfind("&", len(part) - 5)
            part = part[: line if line > 0 else entity if entity > 0 else None]
        left = left[len(part) :].lstrip("\n")
        if len(blocks) == most - 1 and left:
            part, left = f"{part}…", ""
        blocks.append({"type": "section", "text": _literal(part)})
    return _named(fit(message.summary, _MAX_SUMMARY) or NOTHING, blocks)


def _named(text: str, blocks: list[Json]) -> Rendered:
    """Slack asks for a new `block_id` in every update, unique within the message."""
    digest = hashlib.sha256(json.dumps(blocks).encode()).hexdigest()[:12]
    return Rendered(text, [block | {"block_id": f"{n}-{digest}"} for n, block in enumerate(blocks)])


def _literal(escaped: str) -> Json:
    return {"type": "plain_text", "emoji": False, "text": escaped}


def _is_short_enough(blocks: list[Json]) -> bool:
    tables = (block for block in blocks if block["type"] == "table")
    return _length(blocks) <= _MAX_ALL and all(_length(one) <= _MAX_TABLE for one in tables)


def _fitting(message: Message, shared: bool) -> Message:
    """The same with one table no longer and no wider than Slack's are, and ids that are unique."""
    blocks: list[Block] = []
    render_block = False
    names: set[str] = set()
    for block in message.blocks:
        if isinstance(block, Buttons | Group):
            blocks.append(_unique(block, names))
        elif not isinstance(block, Table):
            blocks.append(block)
        elif not block.rows:
            continue
        elif render_block or not _is_regular(block):
            blocks += [Text(part) for part in _in_parts(rows_in_text(block))]
        else:
            render_block = True
            blocks.append(replace(block, rows=block.rows[:MAX_TABLE_ROWS]))
            if len(block.rows) > MAX_TABLE_ROWS:
                blocks.append(Note(f"… +{len(block.rows) - MAX_TABLE_ROWS}"))
    if shared and message.share is not None:
        last = blocks.pop() if blocks and isinstance(blocks[-1], Buttons) else Buttons(())
        assert isinstance(last, Buttons)
        share = replace(message.share, id=_free(message.share.id, names))
        blocks.append(replace(last, buttons=(*last.buttons, share)))
    return replace(message, blocks=tuple(blocks))


def _unique(block: Buttons | Group, names: set[str]) -> Buttons | Group:
    """An id says which button of a message it is, and nothing else hangs on it."""
    if isinstance(block, Buttons):
        some = (replace(one, id=_free(one.id, names)) for one in block.buttons)
        return replace(block, buttons=tuple(some))
    return replace(
        block,
        items=tuple(
            replace(
                item,
                button=item.button and _renamed(item.button, names),
                more=tuple(_renamed(one, names) for one in item.more),
            )
            for item in block.items
        ),
    )


def _renamed(button: Button, names: set[str]) -> Button:
    return replace(button, id=_free(button.id, names))


def _free(name: str, names: set[str]) -> str:
    name = name[: MAX_ID - 10] or "button"  # "more:" may stand before it, "~123" behind it
    if name in names:
        name = next(f"{name}~{n}" for n in itertools.count(2) if f"{name}~{n}" not in names)
    names.add(name)
    return name


def _is_regular(table: Table) -> bool:
    wide = len(table.columns)
    return 1 <= wide <= MAX_COLUMNS and all(len(row) == wide for row in table.rows)


def _in_parts(lines: Iterable[str]) -> Iterator[str]:
    """The lines together, as many as one text takes."""
    part = ""
    for line in lines:
        if part and len(part) + len(line) >= MAX_TEXT // 2:
            yield part
            part = ""
        part = f"{part}\n{line}" if part else line
    if part:
        yield part


def _blocks(message: Message, cap: int) -> list[Json]:
    summary = plain(message.summary, min(cap, MAX_TEXT))
    blocks = [one for block in message.blocks for one in render_block(block, cap)]
    return blocks or [{"type": "section", "text": summary}]


def _length(value: Any) -> int:
    """The characters of all texts of the blocks."""
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_length(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(_length(inner) for inner in value)
    return 0
