"""Who is named in an audit entry: those parts are kept beside the chain, and can be forgotten.

A row has a pseudonym instead: `person:` with random digits, the same for the same account, name or
address as long as that is known; `text:` for what somebody said in their own words, with the digits
of whoever said it. Rows never change; what a pseudonym stands for is removed when its person is
forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from bot.domain.changes import Action, AuditEntry

PSEUDONYM = re.compile(r"person:[0-9a-f]{12}|text:[0-9a-f]{12}\.[0-9a-f]{8}")
# Accounts as they are written everywhere, but no channels (Slack's C… and G…, Teams' 19:…), and
# addresses.
_NAMED = re.compile(
    r"slack:[UW]\w*"
    r"|teams:(?!19:)[\w.@+-]+"
    r"|mail:[^\s:;,<>\"']+"
    r"|entra:[\w-]+"
    r"|terminal:[^\s:]+"
    r"|[\w.+'-]+@(?!thread\.)[\w-]+(?:\.[\w-]+)+"
)
_WHOLE = frozenset({"admin", "colleague", "owner", "partner"})
_IN_THEIR_WORDS = frozenset({"suggestion", "reason"})

Lookup = Callable[[str], str]


def hidden(entry: AuditEntry, person: Lookup, text: Callable[[str, str], str]) -> AuditEntry:
    """The entry without anybody's name.

    `person` gives the pseudonym of an account, name or address, `text` that of what the account
    before it said.
    """

    def some(value: str) -> str:
        return _NAMED.sub(lambda match: person(match[0]), value)

    def one(name: str, value: str) -> str:
        if value and name in _WHOLE:
            return person(value)
        if value and name in _IN_THEIR_WORDS:
            return text(entry.actor, value)
        return some(value)

    whole = entry.action == Action.NOTE_ACCOUNT and entry.subject
    return replace(
        entry,
        actor=some(entry.actor),
        subject=person(entry.subject) if whole else some(entry.subject),
        detail={name: one(name, value) for name, value in entry.detail.items()},
    )


def shown(text: str, names: Mapping[str, str]) -> str:
    """With the names that are still known."""
    return PSEUDONYM.sub(lambda match: names.get(match[0], match[0]), text)


class Somebody:
    """One person, by whatever names them: accounts, addresses, ids, names."""

    def __init__(self, identifiers: Iterable[str]) -> None:
        known = sorted({re.escape(one) for one in identifiers if one.strip()}, reverse=True)
        self._named = re.compile(
            rf"(?<![\w.@-])(?:{'|'.join(known) or '(?!)'})(?![\w@-]|\.\w)", re.IGNORECASE
        )

    def is_in(self, text: str) -> bool:
        """True where the text names them; a longer name that contains theirs does not."""
        return self._named.search(text) is not None

    def stands_behind(self, names: Mapping[str, str]) -> frozenset[str]:
        """The pseudonyms that stand for them, and for what they said."""
        found = {pseudonym for pseudonym, name in names.items() if self.is_in(name)}
        digits = {one.partition(":")[2] for one in found if one.startswith("person:")}
        texts = (one for one in names if one.startswith("text:"))
        found |= {one for one in texts if one[5:].partition(".")[0] in digits}
        return frozenset(found)
