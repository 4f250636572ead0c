"""Sentences with a letter amiss: what was meant is offered, and never done."""

from __future__ import annotations

import pytest

from bot.chat.typed.grammar.sentences import closest_sentence
from bot.chat.typed.understanding import parse


@pytest.mark.parametrize(
    ("said", "offered"),
    [
        ("wich apps are left", "apps"),
        ("waht is left?", "apps"),
        ("wehn is the deadline", "deadline"),
        ("welche aps fehlen noch", "apps"),
        ("offnene Apps", "apps"),
        ("was ist nohc offen", "apps"),
        ("bis wan", "deadline"),
        ("what have I siad", "notes"),
        ("whats waiting for mee", "mine"),
        ("wat kannst du", "help"),
        ("who will be remindet this week", "plan"),
        ("aer you ok", "doctor"),
        ("is this rael", ""),  # which message, is asked back only when it is clear
        ("the quick brown fox", ""),
        ("sned Sales", ""),  # commands have their own way
    ],
)
def test_what_was_meant_is_what_the_sentence_asks(said: str, offered: str) -> None:
    """Where each unknown word has one letter too many, too few or wrong, or two that changed."""
    assert closest_sentence(said) == offered


def test_nothing_that_others_see_is_offered() -> None:
    """Nor anything that changes something."""
    for said in ("post teh report", "remidn everybody", "report plaese", "send evrything"):
        assert closest_sentence(said).partition(" ")[0] not in ("report", "remind", "send", "waive")
        assert type(parse(said)).__name__ not in ("RemindNow", "ReportNow", "SendAll")
