"""Whether a message can be drawn on every platform, by what the platforms say themselves."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft6Validator
from jsonschema.exceptions import best_match

from adapters.mail.drawing import Drawing
from adapters.slack.drawing.message import draw as draw_for_slack
from adapters.slack.drawing.message import draw_text
from adapters.teams.drawing.card import MAX_CARD_BYTES
from adapters.teams.drawing.card import draw as draw_for_teams
from bot.chat.words import Words, languages
from bot.message import Message, Table, in_text
from sandbox.slack import blocks as slack_blocks

_CARDS = Draft6Validator(
    json.loads((files("adaptive_cards") / "schemas" / "schema-1.5.json").read_text())
)


_MAIL = Drawing()
MOST_COLUMNS = 3
_READ = frozenset({"text", "title", "value", "speak", "fallbackText", "altText", "url", "words"})


def check_drawn(message: Message) -> None:
    """Within Slack's limits, as a drawing and as text; a card by the official schema; a mail."""
    for drawn in (draw_for_slack(message), draw_text(message)):
        assert drawn.text.strip()
        assert drawn.blocks
        assert slack_blocks.problems(drawn.blocks) == []
        assert slack_blocks.text_length(drawn.blocks) <= slack_blocks.MAX_TEXT_OF_ALL_BLOCKS
    for own in (True, False):
        card = draw_for_teams(message, own=own)
        assert card["body"]
        assert len(json.dumps(card, ensure_ascii=False).encode()) <= MAX_CARD_BYTES * 1.1
        if own:  # the same elements, marked: one look by the schema is enough
            continue
        # The schema does not know Teams' own member.
        official = {name: value for name, value in card.items() if name != "msteams"}
        assert _problem(json.dumps(_shape(official))) == ""
    for block in message.blocks:
        if isinstance(block, Table):
            assert len(block.columns) <= MOST_COLUMNS, "a phone cuts off the others"
    assert in_text(message).strip()  # what Teams gets when it calls the card wrong
    for language in languages():
        words = Words(language)
        assert _MAIL.plain(words, message).strip()
        assert "</html>" in _MAIL.html(words, message)


def _shape(value: Any) -> Any:
    """What the schema looks at: any text is a text to it, and so are a hundred rows alike."""
    if isinstance(value, dict):
        return {
            name: "x" if name in _READ and isinstance(one, str) else _shape(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        shapes = {json.dumps(shape): shape for shape in map(_shape, value)}
        return list(shapes.values())
    return value


@cache
def _problem(shape: str) -> str:
    """What the official schema says of a card of that shape."""
    return str(best_match(_CARDS.iter_errors(json.loads(shape))) or "")
