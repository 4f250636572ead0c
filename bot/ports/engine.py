"""Background work: it carries keys and names only; the ledger holds the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.inventory.apps import AppRef


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


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work as it is queued: the name of what is to be done, and what it is about.

    `id` tells one queueing from the next under the same key; `attempt` counts from 1; `trace` is
    the span in which it was queued (`bot.ports.spans.here`).
    """

    name: str
    arguments: tuple[str, ...]
    id: str
    attempt: int = 1
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A task under a lease, and the key that it stands under.

    `stored` is how it stood there, word for word: a newer version may have written more into it.
    """

    key: str
    task: Task
    stored: str


class Queue(Protocol):
    """The engine's tasks, shared by all replicas. Everything here raises StoreError.

    Whoever takes a task has it for the time of a lease; whose lease is over has died, and the task
    is handed out again. What no longer stands as it was taken (it was queued anew meanwhile) is
    neither renewed nor finished: the newer one counts.
    """

    async def add(self, key: str, task: Task, wait: timedelta, *, replace: bool = False) -> None:
        """Queue a task, due after `wait`. What stands under the key stays, unless `replace`."""
        ...

    async def keep(self, key: str, task: Task, within: timedelta) -> None:
        """Queue a task that must always be there, and is due within that time at the latest."""
        ...

    async def take(self, most: int, lease: timedelta) -> tuple[Held, ...]:
        """Up to so many tasks that are due. What cannot be read is put aside and told."""
        ...

    async def renew(self, held: Sequence[Held], lease: timedelta) -> None:
        """Hold them for another lease from now."""
        ...

    async def finish(self, held: Held) -> None:
        """It is done."""
        ...

    async def again(self, held: Held, task: Task | None, wait: timedelta) -> None:
        """It is over for now, and due again as `task` (None: as it stands) after `wait`."""
        ...
