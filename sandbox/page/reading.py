"""Messages of both platforms as a person reads them: lines, lists, buttons, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.chatlog import Message
from sandbox.slack import blocks as slack_blocks
from sandbox.teams import cards as teams_cards

Json = dict[str, Any]

_CODE = re.compile(r"\b[A-Z2-9]{3}-[A-Z2-9]{3}\b")


def lines(message: Message) -> list[str]:
    """Everything the message says outside of buttons, a line for each part."""
    return [line for line in _lines(_parts(message)) if line] or [message.text]


def text(message: Message) -> str:
    """Everything the message says outside of buttons."""
    return "\n".join(lines(message))


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a list: under which heading it stands, and what is said of it."""

    name: str
    beside: str
    heading: str
    said: str


def items(message: Message) -> list[Item]:
    """The things that the message lists; what is hidden is left out."""
    found: list[Item] = []
    heading = ""
    divided = False  # in Slack a line stands above each heading
    for part in _parts(message):
        if message.card:
            heading = str(part["text"]) if part.get("style") == "heading" else heading
            columns = part.get("columns") or [part]
            told = columns[0].get("items") or [{}]
            if told[0].get("type") == "RichTextBlock" and part.get("isVisible", True):
                name = "".join(str(run["text"]) for run in told[0]["inlines"])
                beside, _, said = " ".join(_lines(told[1:])).partition(" · ")
                found.append(Item(name, beside, heading, said))
        elif bold := re.match(
            r"\*(.+?)\*(?: · (.*))?(?:\n|$)", part.get("text", {}).get("text", "")
        ):
            shown = part["text"]["text"]
            if divided:
                heading = bold[1]
            else:
                found.append(Item(bold[1], bold[2] or "", heading, shown[bold.end() :]))
        divided = part["type"] == "divider"
    return found


def item(message: Message, name: str) -> Item:
    """The one of this name; LookupError when there is none."""
    for one in items(message):
        if one.name == name:
            return one
    raise LookupError(f"no {name!r} in: {message.text[:80]}")


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


def code(message: Message) -> str:
    """The code by which the bot knows a message of its own; LookupError when there is none."""
    found = _CODE.search(" ".join(lines(message)))
    if found is None:
        raise LookupError(f"there is no code in: {message.text[:80]}")
    return found[0]


def _parts(message: Message) -> list[Json]:
    return message.card.get("body", []) if message.card else message.blocks or []


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _lines(one)
    elif isinstance(value, dict):
        kind = str(value.get("type", ""))
        if kind.lower() in ("table", "actions", "actionset", "button", "overflow"):
            return
        if value.get("isVisible") is False:
            return
        if kind == "FactSet":
            for one in value["facts"]:
                yield from (one["title"], one["value"])
        elif isinstance(value.get("text"), str):
            yield value["text"]
        else:
            yield from _lines(list(value.values()))
