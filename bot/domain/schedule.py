"""Whom to look at next, and when: so that a tick costs what is due, not what exists.

Each person who is reminded, each operator, and the boards together, have one entry. A change puts
the entry it is about on now; whoever works on an entry holds it for a while, and writes the next
time only when nothing changed meanwhile. A request that ended without its person has an entry until
somebody else was asked instead; whoever ended it holds that entry, and asks at once. An app for
which nobody was left has one as well, until somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity, Platform

BOARDS = "boards"
RETURNED_MAIL = "returned-mail"
PERSON = "person"
OPERATOR = "operator"
HOLD = timedelta(minutes=5)
"""An entry that a dead worker held is looked at again after this."""
AT_LEAST = timedelta(days=1)
"""Everybody is looked at that often: settings change, and so do holidays and zones."""


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """When to look at `name` next (UTC; None: when something changes).

    With `held_until` it is written only while that is what the schedule says; without, only when it
    is sooner than what the schedule says.
    """

    name: str
    at: datetime | None
    held_until: datetime | None = None


INSTEAD = "instead"


def instead(request_id: str) -> str:
    """The entry of a request that ended without its person."""
    return f"{INSTEAD}:{request_id}"


AGAIN = "again"


def again(app: AppRef) -> str:
    """The entry of an app for which nobody was left to ask."""
    return f"{AGAIN}:{app}"


def person(chat: ChatIdentity) -> str:
    """The entry of one person."""
    return f"{PERSON}:{chat}"


def operator(chat: ChatIdentity) -> str:
    """The entry of one operator."""
    return f"{OPERATOR}:{chat}"


def read(name: str) -> tuple[str, ChatIdentity] | None:
    """Kind and account of an entry that is about one; None for any other, such as a newer one."""
    kind, _, named = name.partition(":")
    platform, _, user_id = named.partition(":")
    if kind not in (PERSON, OPERATOR) or platform not in list(Platform):
        return None
    return kind, ChatIdentity(Platform(platform), user_id)
