"""A form as Slack's modal, and what was filled in as the words that are said by it.

Limits: docs.slack.dev/reference/views/modal-views, /reference/block-kit/block-elements.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from adapters.slack.rendering.texts import Json, plain
from bot.form import MOST_FILLED, Field, FieldKind, Form, filled

_MAX_TITLE = 24
_MAX_LABEL = 150
_MAX_HINT = 150
_MAX_METADATA = 3000
_ID = "value"


def view(form: Form, where: Mapping[str, str]) -> Json | None:
    """The modal; `where` is told again when it is sent off. None for more than Slack carries."""
    kept = json.dumps({"said": form.said, "where": dict(where)})
    if len(kept) > _MAX_METADATA:
        return None
    return {
        "type": "modal",
        "callback_id": "form",
        "private_metadata": kept,
        "title": plain(form.title, _MAX_TITLE),
        "submit": plain(form.send, _MAX_TITLE),
        "close": plain(form.cancel, _MAX_TITLE),
        "blocks": [_input(field) for field in form.fields],
    }


def sent(view: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """What is said by a modal that was sent off, and where it was opened; None for none of ours."""
    try:
        kept = json.loads(view.get("private_metadata") or "")
        said, where = kept["said"], kept["where"]
        if not all(isinstance(part, str) for part in (*said, *where.values())):
            return None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return filled(said, _values(view)), dict(where)


def _input(field: Field) -> Json:
    element: Json = {"action_id": _ID}
    match field.kind:
        case FieldKind.DAY:
            element |= {"type": "datepicker"}
            element |= {"initial_date": field.value} if field.value else {}
        case FieldKind.LINE | FieldKind.TEXT:
            element |= {
                "type": "plain_text_input",
                "multiline": field.kind is FieldKind.TEXT,
                "max_length": MOST_FILLED,
            }
            element |= {"initial_value": field.value[:MOST_FILLED]} if field.value else {}
    shown: Json = {
        "type": "input",
        "block_id": field.name,
        "label": plain(field.label, _MAX_LABEL),
        "optional": field.optional,
        "element": element,
    }
    return shown | ({"hint": plain(field.hint, _MAX_HINT)} if field.hint else {})


def _values(view: Mapping[str, Any]) -> dict[str, str]:
    """Each field's value, however Slack calls it for that kind of field."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, Mapping) else None
    found = {}
    for name, element in values.items() if isinstance(values, Mapping) else ():
        one = element.get(_ID) if isinstance(element, Mapping) else None
        if isinstance(one, Mapping):
            value = one.get("value") or one.get("selected_date")
            found[str(name)] = value if isinstance(value, str) else ""
    return found
