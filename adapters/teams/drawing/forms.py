"""A form as inputs of a card, and what was filled in as the words that are said by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.teams.drawing.elements import MAX_LABEL, OWN, VERB
from adapters.teams.drawing.texts import Json, clip, plain
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
        "title": clip(plain(shown.send), MAX_LABEL),
        "style": "positive",
    }
    return [*map(_input, shown.fields), {"type": "ActionSet", "actions": [send]}]


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


def _input(field: Field) -> Json:
    label = clip(plain(field.label), MAX_LABEL)
    shown: Json = {
        "type": "Input.Date" if field.kind is FieldKind.DAY else "Input.Text",
        "id": f"{_FIELD}{field.name}",
        "label": label,
        "value": field.value,
    }
    if field.kind is not FieldKind.DAY:
        shown |= {"maxLength": MOST_FILLED, "isMultiline": field.kind is FieldKind.TEXT}
    if field.hint:
        shown["placeholder"] = clip(plain(field.hint), MAX_LABEL)
    if not field.optional:
        shown |= {"isRequired": True, "errorMessage": label}
    return shown
