"""Which apps somebody wants to see, from what they typed behind `apps`, and back again.

    apps consent in contoso with Gita Global 2

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bot.chat.typed.commands import ListApps
from bot.chat.typed.grammar.sentences import read_inflected, read_sentence
from bot.chat.typed.normalizing.marks import unmarked
from bot.domain.evidence.verdict import State
from bot.domain.normalization import normalized
from bot.domain.summaries import By, Part, Wanted

STATES = {
    State.NEEDS_CONSENT: "consent",
    State.NEEDS_SAVE: "save",
    State.NEEDS_REVIEW: "review",
    State.UNREADABLE: "unreadable",
    State.SAID_SAVED: "reported",
    State.MIGRATED: "done",
}
"""How a state is typed."""
_MEANT = {
    **{word: state for state, word in STATES.items()},
    "zustimmung": State.NEEDS_CONSENT,
    "speichern": State.NEEDS_SAVE,
    "look": State.NEEDS_REVIEW,
    "prüfen": State.NEEDS_REVIEW,
    "unlesbar": State.UNREADABLE,
    "gemeldet": State.SAID_SAVED,
    "migrated": State.MIGRATED,
    "erledigt": State.MIGRATED,
}
_BY = {
    By.ORG: "okta org|orgs?|organi[sz]ation",
    By.PERSON: "person(?:en)?|people|admins?|namen?",
    By.URGENCY: "urgency|state|status|dringlichkeit",
}
_PIECE = re.compile(
    r"(?P<all>all|alle)"
    r"|(?:grouped |sorted |gruppiert |sortiert )?(?:by|per|nach|pro|je)\s+(?:"
    + "|".join(f"(?P<by_{by}>{words})" for by, words in _BY.items())
    + r")"
    r"|(?:in|aus)\s+(?P<org>\S+)"
    r"|(?:(?:that )?needs?\s+(?:an? )?)?(?P<state>" + "|".join(_MEANT) + r")"
    r"|(?:page|seite)?\s*(?P<page>\d{1,5})"
    r"|(?P<shared>shared)"
    r"|(?:with|mit|bei)\s+(?P<person>.+?(?=\s+(?:\d{1,5}(?:\s|$)|shared|by\s)|$))",
    re.IGNORECASE,
)
_PART_VERBS = {Part.OPEN: "apps", Part.ALL: "all", Part.WAIVED: "waivers"}


def read_list(part: Part, rest: str) -> ListApps | None:
    """What of a part is wanted, which page of it, and whether everybody is to see it.

    None when more was said.
    """
    said: dict[str, str] = {}
    left = unmarked(rest).strip()
    while left:
        piece = _PIECE.match(left)
        if piece is None or left[piece.end() :][:1].strip():
            return None
        said |= {name: found for name, found in piece.groupdict().items() if found}
        left = left[piece.end() :].lstrip()
    state = _MEANT.get(normalized(said.get("state", "")))
    if "all" in said or state is State.MIGRATED:
        part = Part.ALL
    by = next((by for by in By if f"by_{by}" in said), By.URGENCY)
    wanted = Wanted(part, said.get("org", ""), state, said.get("person", ""), by)
    page = said.get("page", "1")
    return ListApps(max(int(page if len(page) < 5 else 1), 1), wanted, shared="shared" in said)


_OF_ORG = r"(?:\b(?:in|for|of|at|from|bei|für|fuer|aus|von)\s+)?"


def list_of_org(said: str, orgs: Iterable[str]) -> ListApps | None:
    """The list of one org, where a sentence asks for a list and names it: "what's left for EMEA".

    None: it asks for something else, or names none.
    """
    words = normalized(said)
    for org in orgs:
        named = rf"{_OF_ORG}(?<!\w){re.escape(normalized(org))}(?!\w)"
        rest, found = re.subn(named, " ", words)
        asked = (read_sentence(rest) or read_inflected(rest)) if found else None
        if isinstance(asked, ListApps):
            return replace(asked, wanted=replace(asked.wanted, org=org))
    return None


def say_list(wanted: Wanted, page: int = 0, *, shared: bool = False) -> str:
    """The words that ask for just that; `page` 0: for the first."""
    return " ".join(
        (
            _PART_VERBS[wanted.part],
            *((STATES[wanted.state],) if wanted.state in STATES else ()),
            *(("in", wanted.org) if wanted.org else ()),
            *(("with", wanted.person) if wanted.person else ()),
            *(("by", wanted.by.value) if wanted.by is not By.URGENCY else ()),
            *((str(page),) if page else ()),
            *(("shared",) if shared else ()),
        )
    )
