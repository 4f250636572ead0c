"""Background work: it carries keys and names only; the ledger holds the truth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.apps import AppRef


class Engine(Protocol):
    """Background work. It carries keys and names only; the ledger holds the truth."""

    async def deliver(self, key: str, at: datetime) -> None:
        """Carry out one delivery at its time (safe to repeat)."""
        ...

    async def deliver_all(self, keys: Sequence[str]) -> None:
        """Carry out a batch of deliveries soon: one piece of work, so that many cost little."""
        ...

    async def scan(self, org: str) -> None:
        """Look at one org soon (repeated calls before it starts are one)."""
        ...

    async def verify(self, ref: AppRef, at: datetime) -> None:
        """Look at one app again at that time."""
        ...
