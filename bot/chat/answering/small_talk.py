"""What is answered to courtesy, and to what is not clear enough to be done."""

from __future__ import annotations

from bot.chat import phrases
from bot.chat.phrases import plain
from bot.chat.typed.verbs import typed
from bot.chat.words import Words
from bot.domain.people.admins import Platform
from bot.message import Message
from bot.services.campaign.postpone import Absences


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


def back(words: Words, said: Absences) -> Message:
    """An absence was ended, or called off; or there was none."""
    if said.said is None:
        return plain(words("courtesy.not_away"))
    ended = phrases.absence(words, "ended", said.said)
    if said.beside:
        ended = f"{ended} {phrases.absences_beside(words, said.beside)}"
    return plain(ended)
