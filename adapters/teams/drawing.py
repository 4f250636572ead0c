"""The neutral message as an Adaptive Card (version 1.5, the newest that Teams takes from bots).

Texts come from people and directories, and Teams reads a TextBlock as Markdown ("Format cards in
Teams", Microsoft Learn), so every text is escaped: a name can make neither a link nor formatting.
Teams for iOS and Android may show the backslashes (microsoft/AdaptiveCards#5590); they still break
the Markdown there, so only what has a meaning at its place is escaped.
"""

from __future__ import annotations

import json
import re
from heapq import heapify, heappop, heappush
from typing import Any

from bot.domain.visible import visible
from bot.message import (
    Block,
    Buttons,
    Command,
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
)

Json = dict[str, Any]

CARD_TYPE = "application/vnd.microsoft.card.adaptive"
VERB = "say"
OWN = "own"  # in the data of a button: the card is an answer
MAX_CARD_BYTES = 28 * 1024  # compact JSON; 28 KB is the smallest figure that Microsoft ever named
RESERVE = 64  # bytes for what depends on the elements
MAX_SUMMARY = 500  # characters
MAX_CELL = 500
MAX_LABEL = 200
ACTIONS_PER_SET = 6  # Teams shows no more in one row
BAR_CELLS = 20

_COLORS = {Tone.GOOD: "good", Tone.WAITING: "warning", Tone.ATTENTION: "attention"}

_MEANS_SOMETHING = re.compile(
    r"[\\`*\[\]<>~{}]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # not inside a word
    r"|(?<=\])\("
    r"|&(?=[#\w])"
    r"|:(?=//)"  # else addresses become links by themselves
)
_AT_LINE_START = re.compile(r"^(\d{1,9})(?=[.)])|^(?=[#+\-=])")


def draw(message: Message, *, own: bool = False) -> Json:
    """The card. Never longer than MAX_CARD_BYTES: what does not fit ends in "… +N".

    `own`: it is an answer, so that the outcome of a button on it may take its place. A board or a
    letter is changed by what keeps it, and by nothing else.
    """
    blocks = message.blocks or (Text(_clip(message.summary, MAX_SUMMARY)),)
    room = [_length(block) for block in blocks]
    drawn = [_block(block, left, own) for block, left in zip(blocks, room, strict=True)]
    total = _size(_card(message.summary, [])) + sum(map(_size, drawn))
    # The longest is halved first; buttons go last: without them nobody can act.
    order = [(isinstance(block, Buttons), -_size(drawn[i]), i) for i, block in enumerate(blocks)]
    heapify(order)
    while total > MAX_CARD_BYTES - RESERVE and order:
        is_buttons, size, i = heappop(order)
        if room[i]:
            room[i] //= 2
            drawn[i] = _block(blocks[i], room[i], own)
            heappush(order, (is_buttons, -_size(drawn[i]), i))
        else:
            drawn[i] = []
        total += _size(drawn[i]) + size
    return _card(message.summary, [element for elements in drawn for element in elements])


def plain(text: str) -> str:
    """The text on one line without what cannot be seen, for places that know no Markdown."""
    return " ".join(visible(text).split())


def escape(text: str) -> str:
    """Markdown that reads as `text`; its lines become paragraphs, since single breaks get lost."""
    lines = (plain(line) for line in text.splitlines())
    return "\n\n".join(_escape_line(line) for line in lines if line)


def _escape_line(line: str) -> str:
    escaped = _MEANS_SOMETHING.sub(r"\\\g<0>", line)
    return _AT_LINE_START.sub(lambda found: f"{found[0]}\\", escaped)


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _size(drawn: Json | list[Json]) -> int:
    return len(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).encode())


def _card(summary: str, body: list[Json]) -> Json:
    words = _clip(plain(summary), MAX_SUMMARY)
    card: Json = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "speak": words,
        "fallbackText": escape(words),
        "body": body,
    }
    if any(element["type"] == "Table" for element in body):
        card["msteams"] = {"width": "Full"}
    return card


def _length(block: Block) -> int:
    """How many parts a block can be shortened to: rows, facts, buttons, or characters."""
    match block:
        case Table(rows=rows):
            return len(rows)
        case Facts(facts=facts):
            return len(facts)
        case Buttons(buttons=buttons):
            return len(buttons)
        case Progress(label=label):
            return len(label)
        case Picture(alt=alt):
            return len(alt)
        case Heading(text=text) | Text(text=text) | Note(text=text):
            return len(text)


def _block(block: Block, left: int, own: bool) -> list[Json]:
    """The elements of the first `left` parts of a block."""
    match block:
        case Heading(text=text):
            return _text(_clip(text, left), size="large", weight="bolder", style="heading")
        case Text(text=text):
            return _text(_clip(text, left))
        case Note(text=text):
            return _text(_clip(text, left), size="small", isSubtle=True)
        case Progress(label=label):
            return _text(f"{_bar(block)} {_clip(label, left)}")
        case Picture(url, alt):
            words = _clip(plain(alt), left)
            return [{"type": "Image", "url": url, "altText": words, "size": "stretch"}]
        case Facts(facts=facts):
            shown = [
                {"title": _cell(fact.name), "value": _cell(fact.value)} for fact in facts[:left]
            ]
            return [*([{"type": "FactSet", "facts": shown}] if shown else []), *_more(facts, left)]
        case Table(rows=rows):
            return [*([_table(block, left)] if left else []), *_more(rows, left)]
        case Buttons(buttons=buttons):
            actions = [_action(button, own) for button in buttons[:left]]
            return [
                {"type": "ActionSet", "actions": actions[start : start + ACTIONS_PER_SET]}
                for start in range(0, len(actions), ACTIONS_PER_SET)
            ]


def _more(parts: tuple[object, ...], left: int) -> list[Json]:
    """How many parts were left out, for people."""
    return _text(f"… +{len(parts) - left}", isSubtle=True) if left < len(parts) else []


def _text(text: str, **looks: Any) -> list[Json]:
    escaped = escape(text)
    return [{"type": "TextBlock", "text": escaped, "wrap": True, **looks}] if escaped else []


def _cell(text: str) -> str:
    return escape(_clip(text, MAX_CELL))


def _bar(progress: Progress) -> str:
    share = min(max(progress.done / progress.total, 0.0), 1.0) if progress.total > 0 else 0.0
    full = int(share * BAR_CELLS)  # rounded down: a full bar means done
    return "▰" * full + "▱" * (BAR_CELLS - full)


def _table(table: Table, left: int) -> Json:
    def cell(text: str, **looks: Any) -> Json:
        shown = {"type": "TextBlock", "text": _cell(text), "wrap": True, **looks}
        return {"type": "TableCell", "items": [shown]}

    header = [cell(name, weight="bolder") for name in table.columns]
    rows = [
        [cell(c.text, **({"color": _COLORS[c.tone]} if c.tone in _COLORS else {})) for c in row]
        for row in table.rows[:left]
    ]
    return {
        "type": "Table",  # by default its first row is the header
        "columns": [{"width": 1} for _ in table.columns],
        "rows": [{"type": "TableRow", "cells": cells} for cells in (header, *rows)],
    }


def _action(button: Command | OpenLink, own: bool) -> Json:
    looks: Json = {"id": button.id, "title": _clip(plain(button.label), MAX_LABEL)}
    if button.primary:
        looks["style"] = "positive"
    if isinstance(button, OpenLink):
        return {"type": "Action.OpenUrl", "url": button.url, **looks}
    data = {"words": button.words, "id": button.id, **({OWN: True} if own else {})}
    return {
        "type": "Action.Execute",
        "verb": VERB,
        "data": data,
        **looks,
        # Clients that know no Universal Actions send the same data as a message.
        "fallback": {"type": "Action.Submit", "data": data, "title": looks["title"]},
    }
