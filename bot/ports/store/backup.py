"""All that a store keeps, to be written to a file and back. Every method may raise StoreError."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One key, or a part of a big one: parts of one key come one after another.

    `kind` is the store's name of its type. `holds` is text (string), a list (list, set), an object
    (hash), or a list of pairs (zset: member and score; stream: id and fields). `expires_at`: UTC.
    """

    key: str
    kind: str
    holds: Any
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A store at one moment (UTC, by its own clock); `schema` is the form of its records."""

    at: datetime
    schema: int
    kept: AsyncIterator[StoredKey]


class BackupStore(Protocol):
    """A store as a whole. `newest` is the newest form of records that this release knows."""

    newest: int

    async def snapshot(self) -> Snapshot:
        """All of it as it is at one moment, whatever is written meanwhile."""
        ...

    async def accept(self, mark: str) -> None:
        """Raises StoreError where a backup with this mark of whose it is may not be restored here.

        Since it is another installation's, or this store is, or no bot could start on it.
        """
        ...

    async def is_empty(self) -> bool: ...

    async def is_whole(self) -> bool:
        """Whether what it has was not cut off while a backup was restored."""
        ...

    async def clear(self, *, since: bool) -> None:
        """Remove everything of this installation. Until `write` is through, no bot starts on it.

        `since`: how far the webhook has told stays, and is what counts afterwards.
        """
        ...

    async def write(self, kept: StoredKey) -> None:
        """Write one key, or the next part of it; one that is over by now is left out."""
        ...

    async def finish(self) -> None:
        """A bot may start on it now."""
        ...
