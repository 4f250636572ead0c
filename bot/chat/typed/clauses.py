"""What a part of a longer message asks, where the whole says nothing that is known.

"I clicked the link. Nothing happened." · "what does send all do?" Nothing is ever done by it.
"""

from __future__ import annotations

import re

from bot.chat.typed.commands import Command, Hello, Help, Mine, SomebodyElse, Thanks
from bot.chat.typed.grammar.sentences import read_inflected, read_sentence
from bot.chat.typed.grammar.somebody import read_somebody
from bot.chat.typed.normalizing.framing import framed, tidied
from bot.chat.typed.normalizing.marks import unmarked
from bot.chat.typed.normalizing.spelling import pattern
from bot.domain.normalization import normalized

_MOST = 12
_CLAUSE = re.compile(
    r"\s*(?:[.!?;,:…]+(?=\s|$)|\s[\u2010-\u2015-]\s"
    r"|\s(?:and|but|so|because|und|aber|sondern|also|weil|denn|da)\s)\s*",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
# "What does deny do?", "wenn ich send all schreibe": it is about the command, not the command.
_OF_A_COMMAND = re.compile(
    pattern(
        r"(?:(?:what'?s|what|how|was|wie|wozu|wofür)\b.*\b(?:do|does|did|is|ist|are|happens?|mean|work|works|would"
        r"|macht|passiert|bedeutet|heißt|geht|funktioniert|kann|können|mache|machen|nehme|nehmen"
        r"|bewirkt|difference|unterschied)|(?:do|does|must|should|muss|soll)\b.*\b(?:say|type|write|sagen|schreiben|tippen)"
        r"|(?:if|when|wenn|falls)\s(?:i|we|ich|wir|man|somebody|someone|jemand)\b.*"
        r"\b(?:say|type|write|said|typed|sage?|schreibe?|tippe?)|is|ist)\b.*"
    ),
    re.IGNORECASE,
)
_COMMANDS = ("send", "deny", "allow", "waive", "unwaive", "owner", "onboard", "notme",
             "scan", "remind", "report", "away")  # fmt: skip
"""Those whose word hardly stands in a sentence about anything else."""


def read_clauses(said: str) -> Command | None:
    """The one that says most: who does it instead, then what is amiss, then the first; or None."""
    parts = [one for one in _CLAUSE.split(unmarked(said)) if one.strip()][:_MOST]
    if len(parts) < 2:
        return None
    read = (_read(one) for one in parts)
    asked = [one for one in read if not isinstance(one, Hello | Thanks | None)]
    return min(asked, key=_rank, default=None)


def about_command(said: str) -> Help | None:
    """What a question about a command is answered with; None: it is no such question."""
    if _OF_A_COMMAND.fullmatch(said) is None:
        return None
    words = (normalized(word) for word in _WORD.findall(said))
    return next((Help(word) for word in words if word in _COMMANDS), None)


def _read(part: str) -> Command | None:
    words = framed(tidied(part)[0] or part).words
    return read_sentence(words) or read_somebody(words) or read_inflected(words)


def _rank(command: Command) -> int:
    match command:
        case SomebodyElse():
            return 0
        case Mine("not_me" | "trouble" | "account" | "stop"):
            return 1
        case Mine("no"):
            return 3
        case Mine("yes"):  # often an "ok" before something else
            return 4
    return 2
