"""What cannot be seen is drawn on no surface."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from adapters.mail.rendering import MailRenderer
from adapters.slack.rendering.message import render as draw_in_slack
from adapters.teams.rendering.card import render as draw_in_teams
from adapters.terminal import rendering as terminal
from adapters.web.pages import Pages
from bot.chat.words import Words
from bot.domain.visible import visible
from bot.message import Cell, Fact, Facts, Heading, Message, Note, Table, Text
from bot.services.inventory.export import safe_cell

PAGES, MAIL = Pages(Words), MailRenderer()
UNSEEN = [
    *"\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # direction
    *"\U000e0001\U000e0041\U000e007f",  # tags
    *"\u00ad\u180e\u200b\u2028\u2029\u2060\ufeff\ufff9\x00\x07\x1b\x7f\x85\ud800",
]


def everywhere(name: str) -> Message:
    table = Table((name,), ((Cell(name),),))
    facts = Facts((Fact(name, name),))
    return Message(name, (Heading(name), Text(name), facts, table, Note(name)))


@pytest.mark.parametrize("unseen", UNSEEN, ids=lambda c: f"U+{ord(c):04X}")
def test_no_surface_draws_what_cannot_be_seen(unseen: str) -> None:
    """Slack, Teams, mail, pages, the terminal, CSV: each with a name that has it in the middle."""
    message = everywhere(f"Con{unseen}toso")
    screen = Console(file=io.StringIO(), width=100)
    terminal.render(message, screen)
    assert isinstance(screen.file, io.StringIO)
    drawn = {
        "slack": json.dumps(draw_in_slack(message).blocks, ensure_ascii=False),
        "teams": json.dumps(draw_in_teams(message), ensure_ascii=False),
        "mail": MAIL.plain(Words(), message) + MAIL.html(Words(), message),
        "page": PAGES.render(Words(), "activate.html", tenant=f"Con{unseen}toso", again="/"),
        "terminal": screen.file.getvalue(),
        "csv": safe_cell(f"Con{unseen}toso"),
    }
    for surface, text in drawn.items():
        assert "toso" in text, surface
        assert unseen not in text, surface


@pytest.mark.parametrize("name", ["Zoë Müller", "می‌خواهم", "👩‍💻 Team", "a\tb\nc", "क्‍ष", "日本"])
def test_what_names_are_written_with_stays(name: str) -> None:
    """Letters of every script, their joiners, emoji, line breaks."""
    assert visible(name) == name
