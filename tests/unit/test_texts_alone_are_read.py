"""Nothing is said that does not come from the catalogue: a pseudo-locale puts it in brackets."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

import bot.chat.words
from bot.chat.consent.personal import PersonalReplies
from bot.chat.inventory.waiving import WaiverReplies
from bot.chat.replies import Replies
from bot.chat.typed.verbs import SLASH
from bot.chat.words import FALLBACK, Texts, Words
from bot.domain.campaign.windows import OKTA_CONSENT
from bot.domain.evidence.rules import Source
from bot.message import (
    Buttons,
    Command,
    Facts,
    Folded,
    Group,
    Heading,
    Menu,
    Message,
    Note,
    Picture,
    Progress,
    Table,
    Text,
    buttons_of,
    plainly,
)
from tests.examples import ADA, APP, BEN, BEN_IN_CHAT, NOW, OPERATOR, REQUEST, TENANT
from tests.sayings import (
    AGE,
    BROKEN,
    CHANNEL,
    LATER,
    LINK,
    PLAN,
    SAYS_NO,
    WRITTEN,
    Written,
    personal,
    records,
    replied,
    told,
    waivers,
)

# What may be shown as it is: names and ids of the world, and ages, whose words are Babel's.
DATA = sorted(
    [
        SLASH,
        CHANNEL.channel_id,
        BEN.display_name,
        *(APP.label, APP.ref.org, APP.ref.app_id, str(APP.ref), TENANT.domain, AGE, REQUEST.code),
        *(f"{admin.display_name} ({admin.upn})" for admin in (ADA, BEN)),
        *(ADA.display_name, ADA.upn, OPERATOR.display_name, BEN_IN_CHAT.display_name, LINK),
        *(ADA.display_name, ADA.upn, OPERATOR.display_name),
        # dates, which are Babel's, too
        *(Words().date(OKTA_CONSENT.on), Words().moment(LATER), Words().day(NOW.date())),
        Words().day(OKTA_CONSENT.on),
        *(OKTA_CONSENT.on.isoformat(), PLAN.reason, *BROKEN, SAYS_NO),
    ],
    key=len,
    reverse=True,
)


@pytest.fixture(autouse=True)
def _bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text of the catalogue stands in brackets: what is beside them is so in any language."""
    spoken = bot.chat.words._catalogue(FALLBACK)
    bracketed: Texts = {
        key: f"⟦{text}⟧"
        if isinstance(text, str)
        else {form: f"⟦{each}⟧" for form, each in text.items()}
        for key, text in spoken.items()
    }
    monkeypatch.setattr(bot.chat.words, "_catalogue", lambda language: bracketed)


def said(message: Message) -> Iterator[str]:
    """Every text of a message that somebody reads."""
    yield message.summary
    for block in message.blocks:
        match block:
            case Heading(text) | Text(text) | Note(text):
                yield plainly(text)
            case Group(items, title, _, note):
                yield from (title, plainly(note))
                for item in items:
                    yield from (item.title, item.beside, *map(plainly, item.lines))
            case Folded(label, _, inner):
                yield label
                yield from said(Message(label, inner))
            case Facts(facts):
                for fact in facts:
                    yield from (fact.name, fact.value)
            case Table(columns, rows):
                yield from columns
                yield from (cell.text for row in rows for cell in row)
            case Progress():
                yield block.label
            case Picture(alt=alt):
                yield alt
            case Buttons(buttons):
                yield from (one.label for one in buttons if isinstance(one, Menu))
        for button in buttons_of(block):
            yield button.label
            if isinstance(button, Command) and (ask := button.confirm) is not None:
                yield from (ask.title, ask.text, ask.yes, ask.no)


def unbracketed(text: str) -> str:
    """What stands outside of all brackets and is no data."""
    while (rest := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = rest
    for known in DATA:
        text = text.replace(known, "")
    return text


def check(messages: list[Message]) -> None:
    assert messages
    for message in messages:
        texts = list(said(message))
        assert any("⟦" in text for text in texts)
        assert {
            text: unbracketed(text) for text in texts if re.search(r"[^\W\d]", unbracketed(text))
        } == {}


def test_replies_say_nothing_but_texts_and_data() -> None:
    """Each of them, in each of its cases: a word that is written in the code would stand out."""
    words = Words()
    for kind, written in (
        (Replies, replied(Replies(words))),
        (PersonalReplies, personal(PersonalReplies(words))),
        (WaiverReplies, waivers(WaiverReplies(words))),
    ):
        methods = inspect.getmembers(kind, inspect.isfunction)
        assert written.keys() == {name for name, _ in methods if not name.startswith("_")}
        for messages in written.values():
            check(messages)
    for messages in told(words).values():
        check(messages)


@pytest.mark.parametrize("write", WRITTEN)
async def test_letters_say_nothing_but_texts_and_data(write: Written) -> None:
    """Of each kind and in each stage."""
    check([message for _, message in await write("en") if message is not None])


def test_what_stands_in_the_code_would_be_noticed() -> None:
    """The check itself: a word beside the brackets fails, data and signs do not."""
    check([Message(f"⟦text ⟦{APP.label}⟧⟧ – {APP.label}, {AGE}")])
    with pytest.raises(AssertionError):
        check([Message("⟦text⟧", (Note("and a word"),))])


def test_every_source_of_evidence_is_tried() -> None:
    """The sample has what each source can tell."""
    tried = {e.rule.source for record in records() for e in record.evidence}
    assert tried == set(Source)
