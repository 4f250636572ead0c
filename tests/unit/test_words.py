"""How words are taken from the catalogue: filled in, counted, dated, and in which language."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from bot.chat.words import FALLBACK, Words, languages

NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "said"),
    [(1, "one hour"), (24, "24 hours"), (36, "36 hours"), (48, "2 days"), (336, "14 days")],
)
def test_a_length_of_time_is_told_in_days_where_it_is_whole_ones(hours: int, said: str) -> None:
    """Nobody counts 336 hours."""
    assert Words().span(hours) == said


@pytest.mark.parametrize("language", languages())
def test_every_text_can_be_filled_in(language: str) -> None:
    """Placeholders are plain names, and nothing reaches into the values that are put in."""
    words = Words(language)
    for key in words.keys():  # noqa: SIM118 - not a mapping
        for form, text in words.forms(key).items():
            assert text.strip(), key
            names = (name for _, name, _, _ in Formatter().parse(text) if name is not None)
            assert all(re.fullmatch(r"[a-z_]+", name) for name in names), key
            assert form in ("zero", "one", "two", "few", "many", "other"), key
        assert "other" in words.forms(key), key


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 Office 365 apps left"), (1, "One Office 365 app left"), (2, "2 Office 365 apps left")],
)
def test_numbers_pick_their_plural(count: int, text: str) -> None:
    """By the rules of the language, not by `count == 1`."""
    assert Words()("apps.title", count=count) == text


@pytest.mark.parametrize("said", ["", "xx", "tlh-KL", "en-GB", "en_US", "EN"])
def test_a_language_that_is_not_there_falls_back_to_english(said: str) -> None:
    """Whatever a platform calls the language, something is said."""
    assert Words(said).language == FALLBACK


def test_an_unknown_key_is_a_bug_and_says_so() -> None:
    """Better a test that fails than a message with a key in it."""
    with pytest.raises(KeyError):
        Words()("no.such_key")


def test_values_are_put_in_as_they_are() -> None:
    """A label with braces is shown with its braces; nothing in it is looked up."""
    assert "{count} {0.x}" in Words()("who.title", app="{count} {0.x}")


def test_times_are_said_in_words() -> None:
    """Ages are rounded; a moment carries its zone."""
    words = Words()
    assert words.ago(NOW, NOW + timedelta(seconds=5)) == "just now"
    assert words.ago(NOW, NOW + timedelta(hours=2)) == "2 hours ago"
    assert words.moment(NOW) == "March 3, 2025, 09:00 UTC"
    assert words.moment(NOW, ZoneInfo("America/New_York")) == "March 3, 2025, 04:00 EST"
    assert words.date(date(2024, 12, 31)) == "December 31, 2024"
