"""Asking about a message: chosen from its menu, answered in a dialog that the asker alone sees.

Teams asks twice, as invokes: `composeExtension/fetchTask` with the message when it was chosen,
`composeExtension/submitAction` with the data of a button that was pressed in the dialog (Microsoft
Learn, "Create and send the dialog", "Respond to the submit action"). A dialog knows
`Action.Submit`, so the buttons become that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.teams.incoming.envelope import ActivityInvalid
from adapters.teams.incoming.words import as_typed
from adapters.teams.rendering.card import CARD_TYPE, render
from adapters.teams.rendering.forms import said_by
from adapters.teams.rendering.texts import clip, plain
from bot.message import Message

Json = dict[str, Any]

ABOUT = "about"
"""The command's id in the manifest."""
CHOSEN, SUBMITTED = "composeExtension/fetchTask", "composeExtension/submitAction"
MAX_TITLE = 60
_TEXTS = ("text", "title", "value", "altText")
_INNER = ("body", "items", "columns", "rows", "cells", "inlines", "facts")


def is_ours(name: str, value: Any) -> bool:
    """Whether it is about the command that the manifest has."""
    asks = name in (CHOSEN, SUBMITTED)
    return asks and isinstance(value, dict) and value.get("commandId") == ABOUT


def said(name: str, value: Json) -> str:
    """What is asked by it: about the message, or what a button says. Raises ActivityInvalid."""
    if name == SUBMITTED:
        data = value.get("data")
        words = said_by(data) if isinstance(data, dict) else ""
        if not words:
            raise ActivityInvalid("value.data is not of one of our buttons")
        return words
    message = value.get("messagePayload")
    if not isinstance(message, dict):
        raise ActivityInvalid("value.messagePayload is missing")
    return f"about: {' '.join(' '.join(_texts(message)).split())}"


def _texts(message: Mapping[str, Any]) -> Iterator[str]:
    """All that a message says, also one that consists of cards."""
    body = message.get("body")
    content = body.get("content") if isinstance(body, dict) else None
    if isinstance(content, str):
        yield as_typed(content, "", ())
    attachments = message.get("attachments")
    for one in attachments if isinstance(attachments, list) else ():
        content = one.get("content") if isinstance(one, dict) else None
        if isinstance(content, str):
            try:
                content = json.loads(content)
            except (ValueError, RecursionError):
                continue  # a file, a quotation: no card
        yield from _of_card(content)


def _of_card(drawn: Any) -> Iterator[str]:
    if isinstance(drawn, list):
        for one in drawn:
            yield from _of_card(one)
    elif isinstance(drawn, dict):
        yield from (drawn[name] for name in _TEXTS if isinstance(drawn.get(name), str))
        yield from _of_card([drawn.get(name) for name in _INNER])


def shown(message: Message) -> Json:
    """The body of the response: the dialog shows this."""
    card = {"contentType": CARD_TYPE, "content": _submitting(render(message, own=True))}
    title = clip(plain(message.summary), MAX_TITLE)
    value = {"title": title, "width": "medium", "height": "medium", "card": card}
    return {"task": {"type": "continue", "value": value}}


def _submitting(drawn: Any) -> Any:
    if isinstance(drawn, list):
        return [_submitting(one) for one in drawn]
    if not isinstance(drawn, dict):
        return drawn
    if drawn.get("type") == "Action.Execute":
        left_out = ("verb", "fallback")
        drawn = {key: one for key, one in drawn.items() if key not in left_out}
        drawn["type"] = "Action.Submit"
    return {key: _submitting(one) for key, one in drawn.items()}
