"""Messages of both platforms as a person reads them: lines, tables, buttons, links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.chatlog import Message
from sandbox.slack import blocks as slack_blocks
from sandbox.teams import cards as teams_cards

Json = dict[str, Any]


def lines(message: Message) -> list[str]:
    """Everything the message says outside of tables and buttons, a line for each part."""
    return [line for line in _lines(_parts(message)) if line] or [message.text]


def text(message: Message) -> str:
    """Everything the message says outside of tables and buttons."""
    return "\n".join(lines(message))


def rows(message: Message) -> list[list[str]]:
    """The rows of the message's tables, each with its head as the first row."""
    return [
        [" ".join(_lines(cell)) for cell in (row["cells"] if isinstance(row, dict) else row)]
        for part in _all(_parts(message))
        if str(part.get("type")).lower() == "table"
        for row in part["rows"]
    ]


def row(message: Message, first: str) -> list[str]:
    """The row whose first cell is this one; LookupError when there is none."""
    for one in rows(message):
        if one[0] == first:
            return one
    raise LookupError(f"no row {first!r} in: {message.text[:80]}")


def buttons(message: Message) -> list[str]:
    """What can be pressed, by its label."""
    if message.card:
        return [str(action["title"]) for action in teams_cards.actions(message.card)]
    elements = slack_blocks.elements(message.blocks or [])
    return [element["text"]["text"] for _, element in elements if "text" in element]


def link(message: Message) -> str:
    """The address behind the message's first button that has one; LookupError without any."""
    if message.card:
        found = [action["url"] for action in teams_cards.actions(message.card) if "url" in action]
    else:
        found = [e["url"] for _, e in slack_blocks.elements(message.blocks or []) if "url" in e]
    if not found:
        raise LookupError(f"no link in: {message.text[:80]}")
    return str(found[0])


def fact(message: Message, name: str) -> str:
    """The value beside this name; LookupError when there is none."""
    said = [line.strip("*") for line in lines(message)]
    if name not in said:
        raise LookupError(f"nothing is called {name!r} in: {message.text[:80]}")
    return said[said.index(name) + 1]


def _parts(message: Message) -> list[Json]:
    return message.card.get("body", []) if message.card else message.blocks or []


def _all(value: Any) -> Iterator[Json]:
    """Every object in it, outermost first."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _all(one)


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _lines(one)
    elif isinstance(value, dict):
        kind = str(value.get("type", ""))
        if kind.lower() in ("table", "actions", "actionset", "button"):
            return
        if kind == "FactSet":
            for one in value["facts"]:
                yield from (one["title"], one["value"])
        elif isinstance(value.get("text"), str):
            yield value["text"]
        else:
            yield from _lines(list(value.values()))
