"""What looks the same is the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.normalization import cleaned, exact, normalized, with_emoji


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("🚀 Office 365", ":rocket: office 365"),
        ("Mail ✅", "Mail :white_check_mark:"),
        ("🎉", ":tada:"),
        ("👋🏼 Hi", ":wave::skin-tone-3: hi"),
        ("🇩🇪 Office", ":flag-de: office"),
        ("🇩🇪 Office", ":de: office"),
        ("👍", ":+1:"),
        ("2️⃣", ":two:"),
        ("Office™", "Office:tm:"),
        (":rocket: as it stands in Okta", "🚀 as it stands in okta"),
        ("☎️", "☎"),
        ("Mail\u00a0EU", "mail eu"),
        ("Mail\u2009EU", "mail  eu"),
        ("Mail – EU", "Mail - EU"),
        ("Mail — EU", "Mail -- EU"),
        ("Mail\u2011EU", "mail-eu"),
        ("Mail \u2212 EU", "mail - eu"),
        ("Mail “EU”", 'Mail "EU"'),
        ("Mail „EU“", "Mail »EU«"),
        ("O’Neil’s", "O'Neil's"),
        ("O´Neil", "O`Neil"),
        ("ada@contoso.com\u200b", "Ada@Contoso.com"),
        ("con\u00adtoso.com", "CONTOSO.COM"),
        ("\ufeffcontoso.com", "contoso．com"),
        ("Ｍａｉｌ", "Mail"),
        ("Straße", "STRASSE"),
        ("Cafe\u0301", "Café"),
        ("ﬁnance", "Finance"),
        ("why\u200d", "WHY"),
        ("\u202eMail\u202c", "Mail"),
    ],
)
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    """Whatever the client, the keyboard or the clipboard made of it."""
    assert normalized(one) == normalized(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("🚀 Office", "🎉 Office"),
        ("🚀 Office", "Office"),
        ("👋 Hi", "👋🏼 Hi"),
        (":partyparrot: Office", "Office"),
        ("Mail EU", "MailEU"),
        ("Mail-EU", "Mail EU"),
        ("Müller", "Muller"),
        ("аda@contoso.com", "ada@contoso.com"),  # the first one begins in Cyrillic
        ("a1", "al"),
    ],
)
def test_what_looks_different_is_different(one: str, other: str) -> None:
    """And letters of another alphabet are other letters."""
    assert normalized(one) != normalized(other)


@given(st.text(max_size=40))
def test_the_form_of_a_form_is_the_form(text: str) -> None:
    """So it does not matter who made it first."""
    assert normalized(normalized(text)) == normalized(text)
    assert normalized(text.upper()) == normalized(text.upper().lower().upper())


def test_names_of_no_emoji_stay() -> None:
    """Custom emoji have no character, and a time is no name."""
    assert with_emoji(":partyparrot: at 10:30:00, :rocket:") == ":partyparrot: at 10:30:00, 🚀"


def test_what_nobody_sees_is_taken_out_and_lines_stay() -> None:
    """For what is shown again."""
    assert cleaned("a\u200bb\u00a0 c\r\nd\u2028e") == "ab c\nd\ne"


@pytest.mark.parametrize(
    "other", ["ada\u212a@contoso.com", "adak@contoso.com\u200b", "аdak@contoso.com"]
)
def test_what_only_looks_the_same_is_another_account(other: str) -> None:
    """The Kelvin sign, which `str.lower` takes for a k; something unseen; a Cyrillic letter."""
    assert exact("AdaK@Contoso.com") == exact("adak@contoso.com") == "adak@contoso.com"
    assert exact(other) != "adak@contoso.com"
