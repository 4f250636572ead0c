"""What the organisation says of its own admin accounts, and the one guess that is made of them.

Said in two places: in the settings, and by command. A command is newer than the settings, so it
wins; of two commands the later one does. Whoever is denied is never asked, whatever else is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.inventory.hosts import is_initial
from bot.domain.normalization import exact, normalized
from bot.domain.people.admins import GlobalAdmin, Holding, Platform


class AccountRule(StrEnum):
    """What was said of an account."""

    OWNER = "owner"  # whose account it is
    DENIED = "denied"  # never ask it
    ALLOWED = "allowed"  # it may be asked: not an emergency account, no longer denied

    @property
    def topic(self) -> str:
        """Two notes of one topic are about the same thing: the later one replaces the other."""
        return "owner" if self is AccountRule.OWNER else "standing"


@dataclass(frozen=True, slots=True)
class AccountNote:
    """One thing that was said of an admin account by command.

    `account` is an object id, a user id or an address, as `normalized` has it. `owner` goes with
    OWNER: the person's address, lower case, "" when the account is nobody's. `by` names who said
    it, `at` is UTC; `revision` counts changes (compare-and-set).
    """

    account: str
    said: AccountRule
    by: str
    at: datetime
    owner: str = ""
    revision: int = 1

    @property
    def key(self) -> str:
        """Names the note: one of each topic for an account."""
        return f"{self.said.topic} {self.account}"


@dataclass(frozen=True, slots=True)
class PeoplePolicy:
    """What the organisation says about its own people.

    From the settings: `denied` holds object ids or addresses that are never asked;
    `not_break_glass` overrules the guess for an account; `owners` maps an admin account (object id
    or address) to the address of the person behind it; `chats` maps an account or an address to the
    platform where that person is written to, and of two that nothing tells apart `first_chat` is
    taken. Accounts are as `normalized` has them. By
    command: `notes`.
    """

    denied: frozenset[str] = frozenset()
    not_break_glass: frozenset[str] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict)
    chats: Mapping[str, Platform] = field(default_factory=dict)
    first_chat: Platform = Platform.SLACK
    notes: tuple[AccountNote, ...] = ()

    def with_notes(self, notes: Iterable[AccountNote]) -> PeoplePolicy:
        """The same settings with what was said by command."""
        return replace(self, notes=tuple(notes))

    def chat_of(self, names: Iterable[str]) -> Platform | None:
        """Where the person with one of these names is to be written to; None: nothing is said."""
        return next((self.chats[name] for name in names if name in self.chats), None)

    def note(self, names: tuple[str, ...], topic: str) -> AccountNote | None:
        """The last thing said by command about the account that has these names."""
        said = [n for n in self.notes if n.said.topic == topic and normalized(n.account) in names]
        # Of two things said at the same moment, the denial.
        return max(
            said,
            key=lambda note: (note.at, note.said is AccountRule.DENIED, note.key, note.owner),
            default=None,
        )

    def said_of(self, names: Iterable[tuple[str, ...]]) -> tuple[AccountNote, ...]:
        """What counts of the things said by command about accounts with these names."""
        found = (
            self.note(each, topic)
            for each in names
            for topic in (AccountRule.OWNER.topic, AccountRule.DENIED.topic)
        )
        return tuple(dict.fromkeys(note for note in found if note is not None))

    def rules_out(self, admin: GlobalAdmin) -> bool:
        """True when the account is denied, or the person behind it is, or it is nobody's."""
        owner = self.owner(admin)
        return owner == "" or self.denies(admin.names) or self.denies((normalized(owner or ""),))

    def denies(self, names: tuple[str, ...]) -> bool:
        """True when the account that has these names is never to be asked."""
        note = self.note(names, AccountRule.DENIED.topic)
        if note is not None:
            return note.said is AccountRule.DENIED
        return bool(self.denied.intersection(names))

    def allows(self, names: tuple[str, ...]) -> bool:
        """True when somebody said that it is a person's own account; a denial still counts."""
        note = self.note(names, AccountRule.ALLOWED.topic)
        if note is not None:
            return note.said is AccountRule.ALLOWED
        return bool(self.not_break_glass.intersection(names))

    def owner(self, admin: GlobalAdmin) -> str | None:
        """The address of the person behind an account; "": it is nobody's; None: nothing said."""
        note = self.note(admin.names, AccountRule.OWNER.topic)
        if note is not None:
            return note.owner
        return next((exact(self.owners[n]) for n in admin.names if n in self.owners), None)

    def addresses(self, admin: GlobalAdmin) -> tuple[str, ...]:
        """Every address of the person: the owner's first, then the account's own."""
        owner = self.owner(admin)
        return tuple(dict.fromkeys((*((owner,) if owner else ()), *admin.addresses)))


class Mark(StrEnum):
    """Which mark makes an account look like one that is no person's own."""

    NAME = "name"
    SERVICE = "service"  # a program's, such as the one that Okta provisions by
    CLOUD_ONLY = "cloud_only"


_EMERGENCY = re.compile(
    r"break[\W_]*(the[\W_]*)?glass|glass[\W_]*break|emerg[eê]nc|emergenz|notfall|notzugang"
    r"|nood(toegang|account)|urgence|fire[\W_]?call|bris[\W_]*de[\W_]*glace"
    r"|(^|[\W_])bg[\W_]?\d+($|[\W_])",
    re.IGNORECASE,
)
_PROGRAM = re.compile(
    r"(^|[\W_])(svc|service[\W_]?(account|principal|user|konto)|dienst[\W_]?konto)($|[\W_\d])"
    r"|^sync_",
    re.IGNORECASE,
)


def mark_of(admin: GlobalAdmin) -> Mark | None:
    """Guess whether this is an emergency access account, or a program's, and say by which mark.

    The API has no flag. Microsoft's marks for the former: cloud-only, on the tenant's initial
    domain, not tied to a person, permanently active (Microsoft Learn, "Manage emergency access
    admin accounts"). So: a telling name, or all of those marks with neither a given name nor a
    mailbox elsewhere.
    """
    names = (admin.display_name, admin.upn.partition("@")[0])
    if any(map(_EMERGENCY.search, names)):
        return Mark.NAME
    if any(map(_PROGRAM.search, names)):
        return Mark.SERVICE
    elsewhere = [a for a in admin.addresses if not is_initial(a.rpartition("@")[2])]
    if (
        is_initial(admin.upn.rpartition("@")[2])
        and not admin.synced
        and admin.holding is Holding.ACTIVE
        and not admin.may_activate
        and not admin.given_name
        and not elsewhere
    ):
        return Mark.CLOUD_ONLY
    return None
