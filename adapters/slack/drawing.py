"""A neutral message as Slack's blocks. Pure functions.

Every text is shown literally: text objects are `plain_text` (no mrkdwn, so no bold, no mentions, no
links) with Slack's three control characters escaped; table cells are `raw_text`, which Slack does
not interpret at all. Texts that are too long are cut at a word with `…`. Slack takes one table in a
message: the others are written out in lines, as are tables that are too wide; of one that is too
long the rest is counted. A message whose *shape* still does not fit (too many blocks, buttons of
the same name) raises ValueError, and `draw_text` says the same in plain text.

Limits: docs.slack.dev/reference/block-kit/blocks. That all texts of a message together may be
refused above some 13,200 characters is not documented (slackapi/bolt-js issue 2509); nor is that a
table takes 10,000 characters in all (told by several projects).
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bot.domain.visible import visible
from bot.message import (
    Block,
    Buttons,
    Command,
    Fact,
    Facts,
    Heading,
    Message,
    Note,
    OpenLink,
    Picture,
    Progress,
    Table,
    Text,
    Tone,
    in_text,
    rows_in_text,
)

Json = dict[str, Any]
T = TypeVar("T")

MAX_BLOCKS = 50
MAX_TABLE_ROWS = 99
"""Rows below the column names: Slack counts those as one of its 100."""
MAX_COLUMNS = 20
MAX_WORDS = 2000
"""Characters of a command that a button carries."""
_MAX_URL = 3000
_MAX_ID = 255
_MAX_HEADER = 150
_MAX_TEXT = 3000
_MAX_FIELD = 2000
_MAX_LABEL = 75
_MAX_SUMMARY = 3000  # chat.update refuses a text above 4,000
_MAX_ALL = 13_000
_MAX_TABLE = 10_000
_FACTS_PER_SECTION = 5  # of two fields each; a section takes ten fields
_BUTTONS_PER_ROW = 25
_BAR = 20
_NOTHING = "–"
_MARKS = {Tone.GOOD: "✓ ", Tone.WAITING: "○ ", Tone.ATTENTION: "▲ ", Tone.NEUTRAL: ""}

# What mrkdwn shows as it is, so that it may be set in bold.
_UNFORMATTED = re.compile(r"[^\W_]([^\W_]|[ .,()/'’-])*")

# What every text is cut to when the whole message does not fit: the first that is enough.
_CAPS = (1500, 800, 400, 200, 120, 75, 50, 30, 20, 12, 8, 5, 3, 2)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What Slack is given: the blocks, and the one-line form for notifications."""

    text: str
    blocks: list[Json]


def draw(message: Message) -> Drawn:
    """The message within Slack's limits. Raises ValueError when its shape does not fit."""
    message = _fitting(message)
    _check_shape(message)
    text = _fit(message.summary, _MAX_SUMMARY) or _NOTHING
    blocks = _blocks(message, _MAX_TEXT)
    if not _is_short_enough(blocks):
        fits = bisect.bisect_left(
            _CAPS, True, key=lambda cap: _is_short_enough(_blocks(message, cap))
        )
        if fits == len(_CAPS):
            raise ValueError("too much for one message")
        blocks = _blocks(message, _CAPS[fits])
    if len(blocks) > MAX_BLOCKS:
        raise ValueError(f"Slack takes {MAX_BLOCKS} blocks in a message")
    return _named(text, blocks)


def draw_text(message: Message) -> Drawn:
    """All that the message says, as text: what cannot be drawn, or what Slack will not have."""
    left = escape(_clean(in_text(message))) or _NOTHING
    blocks: list[Json] = []
    most = _MAX_ALL // _MAX_TEXT
    while left:
        part = left[: _MAX_TEXT - 1]
        if len(left) > len(part):
            # Between two lines, or at least not inside of an entity.
            line, entity = part.rfind("\n"), part.rfind("&", len(part) - 5)
            part = part[: line if line > 0 else entity if entity > 0 else None]
        left = left[len(part) :].lstrip("\n")
        if len(blocks) == most - 1 and left:
            part, left = f"{part}…", ""
        blocks.append({"type": "section", "text": _literal(part)})
    return _named(_fit(message.summary, _MAX_SUMMARY) or _NOTHING, blocks)


def _named(text: str, blocks: list[Json]) -> Drawn:
    """Slack asks for a new `block_id` in every update, unique within the message."""
    digest = hashlib.sha256(json.dumps(blocks).encode()).hexdigest()[:12]
    return Drawn(text, [block | {"block_id": f"{n}-{digest}"} for n, block in enumerate(blocks)])


def _literal(escaped: str) -> Json:
    return {"type": "plain_text", "emoji": False, "text": escaped}


def _is_short_enough(blocks: list[Json]) -> bool:
    tables = (block for block in blocks if block["type"] == "table")
    return _length(blocks) <= _MAX_ALL and all(_length(one) <= _MAX_TABLE for one in tables)


def _fitting(message: Message) -> Message:
    """The same with one table no longer and no wider than Slack's are, and ids that are unique."""
    blocks: list[Block] = []
    drawn = False
    names: set[str] = set()
    for block in message.blocks:
        if isinstance(block, Buttons):
            blocks.append(Buttons(tuple(_unique(button, names) for button in block.buttons)))
        elif not isinstance(block, Table):
            blocks.append(block)
        elif not block.rows:
            continue
        elif drawn or not _is_regular(block):
            blocks += [Text(part) for part in _in_parts(rows_in_text(block))]
        else:
            drawn = True
            blocks.append(replace(block, rows=block.rows[:MAX_TABLE_ROWS]))
            if len(block.rows) > MAX_TABLE_ROWS:
                blocks.append(Note(f"… +{len(block.rows) - MAX_TABLE_ROWS}"))
    return replace(message, blocks=tuple(blocks))


def _unique(button: Command | OpenLink, names: set[str]) -> Command | OpenLink:
    """An id says which button of a message it is, and nothing else hangs on it."""
    name = button.id[: _MAX_ID - 4] or "button"
    if name in names:
        name = next(f"{name}~{n}" for n in itertools.count(2) if f"{name}~{n}" not in names)
    names.add(name)
    return replace(button, id=name)


def _is_regular(table: Table) -> bool:
    wide = len(table.columns)
    return 1 <= wide <= MAX_COLUMNS and all(len(row) == wide for row in table.rows)


def _in_parts(lines: Iterable[str]) -> Iterator[str]:
    """The lines together, as many as one text takes."""
    part = ""
    for line in lines:
        if part and len(part) + len(line) >= _MAX_TEXT // 2:
            yield part
            part = ""
        part = f"{part}\n{line}" if part else line
    if part:
        yield part


def _check_shape(message: Message) -> None:
    buttons = [b for block in message.blocks if isinstance(block, Buttons) for b in block.buttons]
    for button in buttons:
        if isinstance(button, Command) and not 0 < len(button.words) <= MAX_WORDS:
            raise ValueError(f"the words of button {button.id} are none or too many")
        if isinstance(button, OpenLink) and not _is_address(button.url):
            raise ValueError(f"the address of button {button.id} is none that Slack takes")


def _is_address(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= _MAX_URL


def _blocks(message: Message, cap: int) -> list[Json]:
    summary = _plain(message.summary, min(cap, _MAX_TEXT))
    return list(_each(message, cap)) or [{"type": "section", "text": summary}]


def _each(message: Message, cap: int) -> Iterator[Json]:
    for block in message.blocks:
        yield from _one(block, cap)


def _one(block: Block, cap: int) -> Iterator[Json]:
    """The Slack blocks for one block; none where it says nothing."""
    match block:
        case Heading(text):
            if _clean(text):
                yield {"type": "header", "text": _plain(text, min(cap, _MAX_HEADER))}
        case Text(text):
            if _clean(text):
                yield {"type": "section", "text": _plain(text, min(cap, _MAX_TEXT))}
        case Note(text):
            if _clean(text):
                yield {"type": "context", "elements": [_plain(text, min(cap, _MAX_TEXT))]}
        case Facts(facts):
            for some in _in_runs(facts, _FACTS_PER_SECTION):
                yield {"type": "section", "fields": list(_fields(some, min(cap, _MAX_FIELD)))}
        case Table():
            yield _table(block, cap)
        case Progress():
            yield {"type": "section", "text": _plain(_bar(block), min(cap, _MAX_TEXT))}
        case Picture(url, alt):
            if not _is_address(url):
                raise ValueError("the address of a picture is none that Slack takes")
            yield {
                "type": "image",
                "image_url": url,
                "alt_text": _cut(_clean(alt), min(cap, _MAX_FIELD), len) or _NOTHING,
            }
        case Buttons(buttons):
            for row in _in_runs(buttons, _BUTTONS_PER_ROW):
                elements = [_button(button, min(cap, _MAX_LABEL)) for button in row]
                yield {"type": "actions", "elements": elements}


def _fields(facts: Sequence[Fact], cap: int) -> Iterator[Json]:
    """Name and value as two fields: Slack sets them side by side in two columns."""
    for fact in facts:
        name = _clean(fact.name)
        if _UNFORMATTED.fullmatch(name) and len(name) + 2 <= cap:
            yield {"type": "mrkdwn", "text": f"*{name}*", "verbatim": True}
        else:
            yield _plain(fact.name, cap)
        yield _plain(fact.value, cap)


def _table(table: Table, cap: int) -> Json:
    def raw(text: str) -> Json:
        return {"type": "raw_text", "text": _cut(_clean(text), cap, len) or _NOTHING}

    names = [raw(column) for column in table.columns]
    rows = [
        [raw(_MARKS[cell.tone] + (_clean(cell.text) or _NOTHING)) for cell in row]
        for row in table.rows
    ]
    wrapped = [{"is_wrapped": True} for _ in table.columns]
    return {"type": "table", "column_settings": wrapped, "rows": [names, *rows]}


def _bar(progress: Progress) -> str:
    total = max(progress.total, 0)
    done = min(max(progress.done, 0), total)
    full = _BAR * done // total if total else 0  # rounded down: full only when all is done
    return f"{'█' * full}{'░' * (_BAR - full)} {progress.label}".rstrip()


def _button(button: Command | OpenLink, cap: int) -> Json:
    label = _plain(button.label, cap)
    drawn: Json = {"type": "button", "action_id": button.id, "text": label}
    match button:
        case Command(words=words):
            drawn["value"] = words
        case OpenLink(url=url):
            drawn["url"] = url
    return drawn | ({"style": "primary"} if button.primary else {})


def _plain(text: str, cap: int) -> Json:
    return {"type": "plain_text", "emoji": False, "text": _fit(text, cap) or _NOTHING}


# -------------------------------------------------------------------- texts


def escape(text: str) -> str:
    """Slack's three control characters as entities ("Formatting message text", Escaping text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fit(text: str, limit: int) -> str:
    """The text escaped, and not above `limit` characters after that."""
    return escape(_cut(_clean(text), limit, lambda part: len(escape(part))))


def _clean(text: str) -> str:
    """Without what cannot be seen, and could make a name read as another one."""
    return visible(text).strip()


def _cut(text: str, limit: int, size: Callable[[str], int]) -> str:
    """At most `limit` by `size`, cut behind a word where there is one in the last third."""
    if len(text) <= limit and size(text) <= limit:
        return text
    low, high = 0, min(len(text), limit)
    while low < high:  # the longest part that fits with the sign for what is missing
        middle = (low + high + 1) // 2
        if size(text[:middle]) < limit:
            low = middle
        else:
            high = middle - 1
    part = text[:low]
    behind_word = max(part.rfind(" "), part.rfind("\n"))
    if not text[low : low + 1].isspace() and behind_word > low * 2 // 3:
        part = part[:behind_word]
    return part.rstrip() + "…"


def _in_runs(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _length(value: Any) -> int:
    """The characters of all texts of the blocks."""
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_length(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(_length(inner) for inner in value)
    return 0
