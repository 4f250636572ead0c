"""Figures about the whole installation, for monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.consent.requests import Stage


@dataclass(frozen=True, slots=True)
class Queued:
    """What waits somewhere: how much, how much of it is due, and by how many seconds the oldest is
    late.
    """

    waiting: int = 0
    due: int = 0
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class OrgFigures:
    """One Okta org. `apps`: state ("waived" among them) -> how many; of those that want somebody
    `unreachable` have nobody who can be asked. `scanned_at` (UTC): the end of the last good look,
    None before the first; `scan_failed`: the latest did not go through. `budget`: the share (0 to
    1) that is left of the tightest of Okta's limits.
    """

    apps: Mapping[str, int]
    unreachable: int
    scanned_at: datetime | None
    scan_failed: bool
    budget: float


@dataclass(frozen=True, slots=True)
class Figures:
    """How much there is of everything, at one moment.

    `incidents`: platform -> in how many places messages do not get through. `memory` of the store
    in bytes, `memory_limit` 0 without one.
    """

    orgs: Mapping[str, OrgFigures]
    requests: Mapping[Stage, int]
    tasks: Queued
    deliveries: Queued
    incidents: Mapping[str, int]
    memory: int
    memory_limit: int


class Overview(Protocol):
    """Counts what exists, without reading it."""

    async def read(self) -> Figures:
        """Raises StoreError."""
        ...
