"""A form as inputs of a card, and what was filled in as the words that are said by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.teams.rendering.elements import OWN, VERB, name
from adapters.teams.rendering.texts import Json
from bot.form import MOST_FILLED, Field, FieldKind, Form, filled

SAID = "form"
_FIELD = "field."


def form(shown: Form, own: bool) -> list[Json]:
    """The inputs, and the button that sends them off: their values come in its data."""
    send: Json = {
        "type": "Action.Execute",
        "verb": VERB,
        "data": {"words": "", SAID: list(shown.said), **({OWN: True} if own else {})},
        "id": "send",
        "title": name(shown.send),
        "style": "positive",
    }
    return [
        *(_input(one, shown.missing) for one in shown.fields),
        {"type": "ActionSet", "actions": [send]},
    ]


def apart(drawn: Json) -> Json:
    """The same, with buttons that can be pressed whatever the fields hold.

    Else none on the card could, as long as a required field is empty (`associatedInputs`,
    "Action.Execute", adaptivecards.io).
    """
    inner = {
        name: [apart(one) if isinstance(one, dict) else one for one in value]
        if isinstance(value, list)
        else apart(value)
        if isinstance(value, dict)
        else value
        for name, value in drawn.items()
    }
    if drawn.get("type") in ("Action.Execute", "Action.Submit"):
        inner["associatedInputs"] = "none"
    return inner


def said_by(data: Mapping[str, Any]) -> str:
    """The words of a button or of a form that we drew; "" for anything else."""
    parts, words = data.get(SAID), data.get("words")
    if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
        values = {
            name.removeprefix(_FIELD): value
            for name, value in data.items()
            if isinstance(value, str) and name.startswith(_FIELD)
        }
        return filled(parts, values)
    return words if isinstance(words, str) else ""


def _input(field: Field, missing: str) -> Json:
    shown: Json = {
        "type": "Input.Date" if field.kind is FieldKind.DAY else "Input.Text",
        "id": f"{_FIELD}{field.name}",
        "label": name(field.label),
        "value": field.value,
    }
    if field.kind is not FieldKind.DAY:
        shown |= {"maxLength": MOST_FILLED, "isMultiline": field.kind is FieldKind.TEXT}
    if field.hint:
        shown["placeholder"] = name(field.hint)
    if not field.optional:
        shown |= {"isRequired": True, "errorMessage": name(missing)}
    return shown
