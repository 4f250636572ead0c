"""What Teams refuses in an Adaptive Card: unknown elements, missing fields, a version above 1.5.

A small subset of the official schema (adaptivecards.io, version 1.5), enough to notice a card that
a client would drop or show empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
MAX_VERSION = (1, 5)
MOST_VIEWERS = 60

_REQUIRED: dict[str, tuple[str, ...]] = {
    "TextBlock": ("text",),
    "RichTextBlock": ("inlines",),
    "FactSet": ("facts",),
    "Image": ("url",),
    "ImageSet": ("images",),
    "Media": ("sources",),
    "Container": ("items",),
    "ColumnSet": (),
    "Column": (),
    "Table": (),
    "TableRow": (),
    "TableCell": ("items",),
    "ActionSet": ("actions",),
    "Input.Text": ("id",),
    "Input.Number": ("id",),
    "Input.Date": ("id",),
    "Input.Time": ("id",),
    "Input.Toggle": ("id", "title"),
    "Input.ChoiceSet": ("id",),
}
_ACTIONS: dict[str, tuple[str, ...]] = {
    "Action.OpenUrl": ("url",),
    "Action.Submit": (),
    "Action.Execute": (),
    "Action.ShowCard": ("card",),
    "Action.ToggleVisibility": ("targetElements",),
}
_CHILDREN = ("body", "items", "columns", "rows", "cells")


def problems(card: Any) -> list[str]:
    """What is wrong with the card, one sentence each; [] when nothing."""
    return list(_card(card))


def actions(card: Json) -> Iterator[Json]:
    """Every action a person can press, in the order of the card."""
    for name in _CHILDREN:
        for child in card.get(name) or []:
            yield from actions(child)
    for action in card.get("actions") or []:
        if action.get("type") == "Action.ShowCard":
            yield from actions(action["card"])
        else:
            yield action
    if isinstance(card.get("selectAction"), dict):
        yield card["selectAction"]


def fields(card: Json) -> Iterator[Json]:
    """Every input, in the order of the card."""
    for name in _CHILDREN:
        for child in card.get(name) or []:
            if str(child.get("type", "")).startswith("Input."):
                yield child
            yield from fields(child)


def _card(card: Any) -> Iterator[str]:
    if not isinstance(card, dict) or card.get("type") != "AdaptiveCard":
        yield "type must be AdaptiveCard"
        return
    version = re.fullmatch(r"(\d+)\.(\d+)", str(card.get("version", "")))
    if version is None:
        yield "version is missing"
    elif (int(version[1]), int(version[2])) > MAX_VERSION:
        yield f"version {card['version']} is above 1.5"
    refresh = card.get("refresh")
    if isinstance(refresh, dict):
        yield from _action(refresh.get("action"), "card.refresh.action")
        if len(refresh.get("userIds", ())) > MOST_VIEWERS:
            yield f"card.refresh.userIds are more than {MOST_VIEWERS}"
    yield from _children(card, "card")


def _children(holder: Json, at: str) -> Iterator[str]:
    for name in _CHILDREN:
        for number, child in enumerate(holder.get(name) or []):
            yield from _element(child, f"{at}.{name}[{number}]", name)
    for number, action in enumerate(holder.get("actions") or []):
        yield from _action(action, f"{at}.actions[{number}]")
    if holder.get("selectAction") is not None:
        yield from _action(holder["selectAction"], f"{at}.selectAction")


def _element(element: Any, at: str, among: str) -> Iterator[str]:
    if not isinstance(element, dict):
        yield f"{at} must be an object"
        return
    # Inside a table and a column set the type may be left out.
    implied = {"columns": "Column", "rows": "TableRow", "cells": "TableCell"}.get(among)
    kind = element.get("type", implied)
    if among == "columns" and "items" not in element and kind in (None, "Column"):
        return  # a column definition of a Table
    if kind not in _REQUIRED:
        yield f"{at}: unknown element {kind}"
        return
    for name in _REQUIRED[kind]:
        if element.get(name) is None:
            yield f"{at}: {kind} needs {name}"
    for number, fact in enumerate(element.get("facts") or []):
        if not isinstance(fact.get("title"), str) or not isinstance(fact.get("value"), str):
            yield f"{at}.facts[{number}] needs title and value"
    yield from _children(element, at)


def _action(action: Any, at: str) -> Iterator[str]:
    kind = action.get("type") if isinstance(action, dict) else None
    if kind not in _ACTIONS:
        yield f"{at}: unknown action {kind}"
        return
    for name in _ACTIONS[kind]:
        if not action.get(name):
            yield f"{at}: {kind} needs {name}"
    if kind == "Action.ShowCard":
        yield from _children(action["card"], f"{at}.card")


def find(card: Json, what: str) -> Json:
    """The action with this title, verb or id. Raises LookupError."""
    for action in actions(card):
        if what in (action.get("title"), action.get("verb"), action.get("id")):
            return action
    raise LookupError(f"no action {what!r} in: {str(card)[:80]}")


def check_filled(card: Json, inputs: Json) -> None:
    """Whether all that has to be is filled in. Raises ValueError."""
    for one in fields(card):
        if one.get("isRequired") and not inputs.get(one["id"], one.get("value")):
            raise ValueError(f"{one.get('errorMessage')} ({one['id']})")
