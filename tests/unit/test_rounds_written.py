"""A message about several apps, where nothing can be pressed and where chat is the proof."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.mail.rendering import MailRenderer
from bot.chat.campaign.rounds import personal_round
from bot.chat.words import Words
from bot.domain.consent.requests import Stage
from bot.domain.delivery.notices import PersonalRound
from bot.domain.people.admins import ChatIdentity, Platform
from bot.message import Command, Message
from tests.examples import ADA_IN_CHAT, DELIVERED, NOW, POLICY
from tests.reading import buttons_of, check_form, text_of

GITA = ChatIdentity(Platform.MAIL, "gita@contoso.com", "Gita Gupta")
STAGES = (Stage.REQUESTED, Stage.DELIVERED, Stage.ACKNOWLEDGED, Stage.SAVED)
ASKED = [
    replace(DELIVERED, id=f"r{n}", code=f"C-{n}", app_label=f"App {n}", stage=stage)
    for n, stage in enumerate(STAGES)
]
LINKS = {one.id: f"https://bot.contoso.com/c/token-{one.id}" for one in ASKED}


def written(to: ChatIdentity, language: str, *, chat_is_proof: bool = False) -> Message:
    ids = tuple(one.id for one in ASKED[:3])
    notice = PersonalRound(to, "2025-03-03", ids, "asked", "overdue", "calm", 1, (ASKED[3].id,))
    message = personal_round(
        Words(language),
        notice,
        ASKED[:3],
        LINKS,
        POLICY,
        NOW,
        also=ASKED[3:],
        chat_is_proof=chat_is_proof,
    )
    check_form(message)
    return message


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_mail_has_for_each_app_its_link_and_the_pages_for_later_and_not_me(language: str) -> None:
    """In both of its forms; and it sends nobody to a chat that they are not in."""
    words, drawing, message = Words(language), MailRenderer(), written(GITA, language)
    for drawn in (drawing.plain(words, message), drawing.html(words, message)):
        for one in ASKED:
            assert LINKS[one.id] in drawn
        for one in ASKED[:3]:
            assert f"{LINKS[one.id]}#later" in drawn
            assert f"{LINKS[one.id]}#not-me" in drawn
        assert "away 5" not in drawn
    assert " chat" not in text_of(message).lower()  # the footer alone says why it is a mail


@pytest.mark.parametrize("language", ["en", "de"])
def test_where_chat_is_the_proof_each_app_can_be_taken_on_by_one_press(language: str) -> None:
    """What was taken on before shows its steps; a sign-in needs no such button."""
    offered = {
        b.words
        for b in buttons_of(written(ADA_IN_CHAT, language, chat_is_proof=True))
        if isinstance(b, Command) and b.id.startswith("me:")
    }
    assert offered == {"me C-0", "me C-1", "me C-2"}
    signed_in = buttons_of(written(ADA_IN_CHAT, language))
    assert not [b for b in signed_in if b.id.startswith("me:")]
