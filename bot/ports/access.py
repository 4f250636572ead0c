"""Who belongs where, as the platforms tell it, and what is kept of that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.people.access import Group
from bot.domain.people.admins import ChatIdentity


class Directory(Protocol):
    """What one platform knows of its people. Every method may raise ChatError or CloudError."""

    async def is_colleague(self, who: ChatIdentity) -> bool:
        """True for a full member of this very organisation: active, no guest, no bot."""
        ...

    async def members(self, group: Group) -> Collection[str]:
        """The ids of everybody in a group; of nobody where there is no such group any more."""
        ...

    async def person_name(self, who: ChatIdentity) -> str:
        """What people call somebody; "" where nobody tells."""
        ...

    async def name_of(self, group: Group) -> str:
        """What people call a group, such as "#identity-ops"; "" where nobody tells."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept under one name: whether somebody is among it, as read at `read_at` (UTC).

    `read_at` is None where nothing is kept. `revision` changes with each `forget`.
    """

    member: bool
    read_at: datetime | None
    revision: str


class Memberships(Protocol):
    """What was read of groups and accounts, for all replicas. Every method may raise StoreError."""

    async def known(self, names: Sequence[str], member: str) -> Sequence[Known]:
        """What is kept under each name, as far as it concerns one id; read in one step."""
        ...

    async def keep(self, name: str, members: Collection[str], at: datetime, revision: str) -> None:
        """Keep what was read, unless it was forgotten since `revision` was read."""
        ...

    async def forget(self, name: str) -> None:
        """Something changed: whoever asks next reads it anew."""
        ...
