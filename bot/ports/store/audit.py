"""The audit, as it is kept. Every method may raise StoreError."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Protocol

from bot.domain.audit import Head, Row


class AuditTrail(Protocol):
    """Rows with pseudonyms, each with its seal; and whom the pseudonyms stand for."""

    def rows(self, after: str = "") -> AsyncIterator[Row]:
        """Every row behind one position ("": from the first), oldest first."""
        ...

    async def head(self) -> Head:
        """The newest row, as the store names it."""
        ...

    async def removed(self) -> Mapping[str, str]:
        """Digests of the rows in front of the chain that are gone, by position."""
        ...

    async def names(self, texts: Iterable[str]) -> Mapping[str, str]:
        """What the pseudonyms in these texts stand for, as far as that is still known."""
        ...
