"""What people say before a command: kindness, a request, or a question about it.

A command that changes something is carried out when it stands there alone, or is asked for ("could
you …", "bitte …"). Behind "can we", "will you" or "do you know" it is talked about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.chat.typed.normalizing.marks import AROUND
from bot.chat.typed.normalizing.spelling import pattern, without_emoji

_END = r"(?:[,:!.]+\s*|\s+)"
_GREETING = (
    r"hey|hi|hello|hallo|moin|good morning|guten (?:morgen|tag)|zusammen|team|guys|folks|leute"
    r"|sorry|fyi|btw|ok(?:ay)?|so|and|und|now|then|dann|yes|ja|klar|@?(?:o365)?bot|mal|let'?s"
    r"|go ahead and|remember to|also|(?:quick|short|one) (?:q|question)|(?:kurze|eine) frage"
)
_REQUEST = (
    r"(?:please|pls|plz|bitte|kindly)|would you be so (?:kind|good)(?: as)? (?:to|and)"
    r"|(?:sei|seien sie|wärst du|wären sie) so (?:gut|nett|lieb|freundlich)(?: und)?"
    r"|i(?:'d| would) (?:appreciate it|be grateful) if you (?:could|would)"
    r"|(?:can|could|would) (?:you|u)(?: please| pls)?|would you mind"
    r"|(?:kannst|könntest|würdest) du(?: mir| uns)?|(?:können|könnten|würden) sie(?: mir| uns)?"
)
_TALK = (
    r"(?:can|could|would|will|shall|should|must|may) (?:we|i)|will you|do (?:we|i) (?:have|need) to"
    r"|(?:do|does) (?:you|anyone|anybody) know"
    r"|do you happen to know|i(?:'m| am|'?ve been)? (?:just )?(?:wonder(?:ing)?|curious)"
    r"|i(?:'d| would) (?:love|like) to (?:know|see)|(?:just )?wondering"
    r"|explain|erkläre?(?: mir)?"
    r"|(?:show|give) (?:me|us)(?: the)?|gimme(?: the)?|zeig(?:e|st)? (?:mir|uns)(?: die| den| das)?"
    r"|ich (?:bräuchte|brauche|hätte gerne?|würde gerne? (?:wissen|sehen))|mich interessiert"
    r"|hast du (?:ne |eine )?(?:idee|ahnung)|any (?:clue|chance)"
    r"|any idea|i(?:'d| would)? (?:want|need|like) to(?: know| see)?|we (?:want|need) to(?: know)?"
    r"|tell (?:me|us)|c(?:an|ould) (?:you|someone|anyone) (?:tell|show) (?:me|us)|weißt du"
    r"|(?:ich|wir|man) (?:soll(?:te)?n?|würden?)"
    r"|(?:soll(?:te)?n?|muss|müssen|darf|dürfen|kann|können|könnten?|würden?) (?:ich|wir|man)"
    r"|wissen sie|ich (?:möchte|will|muss)(?: wissen)?|ich wüsste gern|sag(?:e|en sie)? (?:mir|uns)"
)
_FIRST = re.compile(
    pattern(rf"(?:(?P<talk>{_TALK})|(?P<request>{_REQUEST})|(?:{_GREETING})){_END}"), re.IGNORECASE
)
_MOST = 8


@dataclass(frozen=True, slots=True)
class Framed:
    """The words without what stands before them. `requested`: kindly; `talk`: it is about them.

    `around`: the same with some of it and with all, what was taken off last first.
    """

    words: str
    requested: bool = False
    talk: bool = False
    around: tuple[str, ...] = ()


def framed(said: str) -> Framed:
    """Take off what people say before a command, as long as something is left."""
    requested = talk = False
    around: list[str] = []
    for _ in range(_MOST):
        found = _FIRST.match(said)
        if found is None or found.end() == len(said):
            break
        talk = talk or found["talk"] is not None
        requested = requested or found["request"] is not None
        around.insert(0, said)
        said = said[found.end() :].lstrip()
    return Framed(said, requested, talk, tuple(around))


_KINDLY = re.compile(
    r"(?:^|[\s,.!?]+)(?:please|pls|plz|bitte|thanks|thx|thank you(?: very much)?|ty|cheers"
    r"|danke(?: dir| schön| schoen)?|vielen dank|merci)$",
    re.IGNORECASE,
)
_STOP = re.compile(rf"(?:(?<!\d)\.|[\s!…,;:_{re.escape(AROUND)}])+$")
# "4.12." and "zum 4." are dates; the stop behind "page 2." and "Dec 24." is the sentence's.
_DATE = re.compile(
    r"(?:\d\.\s?|\b(?:am|zum|bis|den|dem|der|vom|ab|seit)\s)\d{1,2}\.$", re.IGNORECASE
)


def tidied(said: str) -> tuple[str, bool]:
    """The words without kindness, emoji and stops at their end; and whether they ask something.

    "" where they are nothing else.
    """
    asks, before = False, ""
    text = said.strip()
    while text != before:
        before = text
        text = _STOP.sub("", without_emoji(text))
        if text.endswith(".") and _DATE.search(text) is None:
            text = text.rstrip(".")
        if text.endswith("?"):
            asks, text = True, text.rstrip("? ")
        text = _KINDLY.sub("", text)
    return text.lstrip("_" + AROUND), asks
