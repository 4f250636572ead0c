"""Who may say what: levels, the groups that give them, and what the settings name.

Denied by default. An account is known by its platform's own id, as the signed request gives it;
names and addresses grant nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bot.domain.people.admins import ChatIdentity, Platform


class Level(IntEnum):
    """What somebody may, each with all that stands before it."""

    OUTSIDE = 0  # guests, people of other organisations, bots, deactivated accounts: nothing
    ANYBODY = 1  # help, and what they were asked in person
    VIEWER = 2  # read
    OPERATOR = 3  # change


class GroupKind(StrEnum):
    """What a group is on its platform."""

    USER_GROUP = "user_group"  # Slack's
    CHANNEL = "channel"
    ENTRA_GROUP = "entra_group"  # of people in Teams


@dataclass(frozen=True, slots=True)
class Group:
    """A group whose members may something. `id`: Slack's `S…` or `C…`, an object id, `19:…`."""

    platform: Platform
    kind: GroupKind
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Whom the settings name: operators by account and by group, viewers by channel."""

    operators: tuple[ChatIdentity, ...] = ()
    operator_groups: tuple[Group, ...] = ()
    viewer_groups: tuple[Group, ...] = ()

    def groups(self, platform: Platform) -> Iterator[tuple[Level, Group]]:
        """The groups of one platform, what gives more first."""
        for level, groups in (
            (Level.OPERATOR, self.operator_groups),
            (Level.VIEWER, self.viewer_groups),
        ):
            yield from ((level, group) for group in groups if group.platform is platform)


@dataclass(frozen=True, slots=True)
class Admission:
    """What an account may now. `untold`: something could not be read, so it may be more."""

    level: Level
    untold: bool = False


def account_name(account: ChatIdentity) -> str:
    """What is kept of an account, whether it is a colleague's, goes by this name."""
    return f"account:{account}"
