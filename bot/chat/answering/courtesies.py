"""What is answered to courtesy, and to what is not clear enough to be done."""

from __future__ import annotations

from bot.chat import phrases
from bot.chat.phrases import plain
from bot.chat.typed.verbs import typed
from bot.chat.words import Words
from bot.domain.people.admins import Platform
from bot.domain.people.recipients import Absence
from bot.message import Message


def unsure(words: Words, clearly: str, platform: Platform) -> Message:
    """It may have been a command that changes something: how to say it so that it is one."""
    said = typed(phrases.quoted(clearly), platform)
    return plain(words("courtesy.unsure", words=said))


def nothing_waits(words: Words, said: str = "") -> Message:
    """Nothing is asked of whoever said that it is done, or not theirs.

    `said`: what an operator may have meant of something else: "yes", "no", "trouble".
    """
    key = f"courtesy.nothing_{said}"
    return plain(words(key if words.has(key) else "courtesy.nothing_waits"))


def export(words: Words) -> Message:
    """The list as a file."""
    return plain(words("courtesy.export"))


def back(words: Words, ended: Absence | None) -> Message:
    """An absence was ended, or called off; None: there was none."""
    if ended is None:
        return plain(words("courtesy.not_away"))
    return plain(phrases.absence(words, "ended", ended))
