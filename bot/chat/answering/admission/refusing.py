"""What is answered to whoever may not: why, and who can."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chat.phrases import plain
from bot.chat.words import Words
from bot.domain.people.access import Level
from bot.domain.people.admins import ChatIdentity
from bot.message import Message


def not_allowed(
    words: Words, asker: ChatIdentity, contacts: Sequence[str], level: Level
) -> Message:
    """It takes an operator. `contacts` are some who are, by what people call them."""
    why = words("refused.viewer" if level is Level.VIEWER else "refused.operator")
    if contacts:
        names = words("refused.or").join(_called(words, one) for one in contacts)
        who = words("refused.ask", names=names, id=asker.user_id)
    else:
        who = words("refused.nobody_known", id=asker.user_id)
    return plain(f"{why} {who} {words('refused.help')}")


def _called(words: Words, contact: str) -> str:
    """A person by name, somebody of a group."""
    return words("refused.anybody_in", group=contact) if contact[:1] in "#@" else contact
