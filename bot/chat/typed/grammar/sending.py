"""What is to be sent, and to whom: "send Sales now", "schick den Link für Sales raus"."""

from __future__ import annotations

import re

from bot.chat.typed.commands import Command, Mine, NeedsApp, Send, SendAll
from bot.chat.typed.grammar.somebody import read_somebody
from bot.chat.typed.normalizing.framing import tidied
from bot.chat.typed.normalizing.marks import AROUND, unmarked
from bot.chat.typed.normalizing.spelling import forms, pattern, sentence
from bot.chat.typed.verbs import WITHOUT

IT = forms("it/this/that/them/the link/es/das/ihn/sie/den link/the app/die app")
# "contoso/0oa1 now", "all", "all now sure", "alle jetzt"
_NOW = re.compile(
    r"(?P<app>.+?)(?P<now>,?\s+(?:right now|right away|immediately|now|jetzt|sofort))?(?:\s+raus)?"
    r"(?P<sure>\s+sure)?",
    re.IGNORECASE,
)
EVERY_ONE = forms("all/everything/all apps/all of them/them all/alle/alles/alle apps")
_NOTHING = forms(
    "nothing/nothing more/nothing else/nobody/no one/none/no more/no more links"
    "/nichts/nichts mehr/niemandem/niemandem mehr/keinem/keine/keinen"
)
_SAMPLES = forms("me a sample/a sample/mir ein beispiel/ein beispiel/mir ein muster")
OF_ALL = forms("all/everything/everyone/everybody/alle/allen/alles/jeden/jedem")
"""Words that begin what speaks of all, and is perhaps not meant of all: "all but HQ"."""
_LINK_OF = re.compile(
    pattern(
        r"(?:(?:out|raus|los|mal|bitte|to)\s+)*"
        r"(?:(?:(?:the|a|den|einen|their|her|his)\s+)?link\s+(?:for|to|für|von|zu)\s+(?P<a>.+?)"
        r"|(?P<b>.+?)\s+(?:the|den|einen|a|their|her|his)\s+link"
        r"|(?:the\s+|den\s+|die\s+)?(?P<c>.+?)[\s-]+links?|(?P<d>.+?))(?:\s+(?:raus|los|ab|out))*"
    ),
    re.IGNORECASE,
)


def read_send(rest: str) -> Command:
    """What stands behind "send"."""
    about = tidied(rest)[0]
    if not about:
        return NeedsApp("send")
    if sentence(about) in _SAMPLES:
        return WITHOUT["sample"]
    if sentence(about) in _NOTHING:
        return Mine("no")
    if sentence(about).partition(" ")[0] in IT and (on := read_somebody(f"send {about}")):
        return on  # "it to Tom"
    found = _NOW.fullmatch(about)
    assert found is not None  # it takes any text
    named, now, sure = found["app"].strip(AROUND), bool(found["now"]), bool(found["sure"])
    link = _LINK_OF.fullmatch(named)
    app = next(one for one in link.groups() if one).strip(AROUND) if link else named
    if sentence(unmarked(app)) in EVERY_ONE:
        return SendAll(now, sure)
    if sentence(app) in IT:
        return NeedsApp("send")
    return Send(app if app != about else rest, now, sure)
