"""Whether a message can be drawn on every platform, by what the platforms say themselves."""

from __future__ import annotations

import json
from importlib.resources import files

from jsonschema_rs import Draft6Validator

from adapters.mail.rendering import MailRenderer
from adapters.slack.rendering.message import render as draw_for_slack
from adapters.slack.rendering.message import render_text
from adapters.teams.rendering.card import MAX_CARD_BYTES
from adapters.teams.rendering.card import render as draw_for_teams
from bot.chat.words import Words
from bot.message import Message, Table, in_text
from sandbox.slack import blocks as slack_blocks

CARDS = Draft6Validator(
    json.loads((files("adaptive_cards") / "schemas" / "schema-1.5.json").read_text())
)
_MAIL = MailRenderer()
MOST_COLUMNS = 3


def check_drawn(message: Message) -> None:
    """Within Slack's limits, as a drawing and as text; a card by the official schema; a mail."""
    for drawn in (draw_for_slack(message), render_text(message)):
        assert drawn.text.strip()
        assert drawn.blocks
        assert slack_blocks.problems(drawn.blocks) == []
        assert slack_blocks.text_length(drawn.blocks) <= slack_blocks.MAX_TEXT_OF_ALL_BLOCKS
    for own in (True, False):
        card = draw_for_teams(message, own=own)
        assert card["body"]
        assert len(json.dumps(card, ensure_ascii=False).encode()) <= MAX_CARD_BYTES * 1.1
        # The schema does not know Teams' own member.
        CARDS.validate({name: value for name, value in card.items() if name != "msteams"})
    for block in message.blocks:
        if isinstance(block, Table):
            assert len(block.columns) <= MOST_COLUMNS, "a phone cuts off the others"
    assert in_text(message).strip()  # what Teams gets when it calls the card wrong
    assert _MAIL.plain(Words(), message).strip()
    assert "</html>" in _MAIL.html(Words(), message)
