"""The tasks by name, adding them, and the worker that carries them out.

Guarantees that the rest relies on: a task is run at least once, also when its worker dies (leases
are renewed and taken over); `tick` fires once over all replicas; a task that this version does not
know stays for the replica that does; one that cannot be read is put aside and told.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.engine.worker import Kind, Timing, Worker
from bot.domain.inventory.apps import AppRef
from bot.ports.engine import Queue, Task
from bot.ports.spans import here

TASK_LIMIT = timedelta(minutes=10)
# 10,000 apps at the 40 calls a minute that Okta's defaults leave take four hours.
SCAN_LIMIT = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Work:
    """What the tasks do: handed in by the wiring."""

    deliver: Callable[[str], Awaitable[None]]
    deliver_all: Callable[[Sequence[str]], Awaitable[None]]
    scan: Callable[[str], Awaitable[object]]
    verify: Callable[[AppRef], Awaitable[object]]
    tick: Callable[[], Awaitable[None]]


class QueueEngine:
    """Implements `bot.ports.engine.Engine`; `run` is the worker."""

    def __init__(
        self,
        queue: Queue,
        orgs: tuple[str, ...],
        scan_every: timedelta,
        timing: Timing = Timing(),  # noqa: B008 - frozen
    ) -> None:
        self._queue = queue
        self._orgs = orgs
        self._scan_every = scan_every
        self._kinds: dict[str, Kind] = {}
        self._timing = timing
        self._worker = Worker(queue, self._kinds, timing)

    async def deliver(self, key: str, at: datetime) -> None:
        # What lies in the future replaces what stands there: so a delivery puts itself off.
        later = at > datetime.now(UTC)
        await self._add("deliver", key, key=f"deliver:{key}", at=at, replace=later)

    async def deliver_all(self, keys: Sequence[str]) -> None:
        # A name of its own each time: these keys were handed out to nobody else.
        await self._add("deliver_batch", *keys, key=f"batch:{uuid.uuid4().hex}")

    async def scan(self, org: str) -> None:
        await self._add("scan_org", org, key=f"scan:{org}")

    async def verify(self, ref: AppRef, at: datetime) -> None:
        await self._add("verify_app", str(ref), key=f"verify:{ref}", at=at, replace=True)

    async def _add(
        self,
        name: str,
        *arguments: str,
        key: str,
        at: datetime | None = None,
        replace: bool = False,
    ) -> None:
        """Queue a task (safe to repeat). Raises StoreUnavailable when the store stays away."""
        wait = at - datetime.now(UTC) if at is not None else timedelta()
        task = Task(name, arguments, uuid.uuid4().hex, trace=here())
        await self._queue.add(key, task, wait, replace=replace)
        if wait <= timedelta():
            self._worker.wake()

    def register(self, work: Work) -> None:
        """Bind the tasks to what they do. A task's name is its name in Redis: never rename one."""

        async def deliver_batch(*keys: str) -> None:
            await work.deliver_all(keys)

        async def scan_org(org: str) -> None:
            if org in self._orgs:  # else: taken out of the settings meanwhile
                await work.scan(org)

        async def verify_app(ref: str) -> None:
            with contextlib.suppress(ValueError):  # never one of ours
                app = AppRef.parse(ref)
                await work.verify(app)

        async def scan_all() -> None:
            for org in self._orgs:
                await self.scan(org)

        self._kinds |= {
            "deliver": Kind(work.deliver, TASK_LIMIT, self._timing.attempts),
            "deliver_batch": Kind(deliver_batch, TASK_LIMIT, self._timing.attempts),
            "scan_org": Kind(scan_org, SCAN_LIMIT),
            "verify_app": Kind(verify_app, TASK_LIMIT),
            "tick": Kind(work.tick, TASK_LIMIT, every=self._timing.tick),
            "scan_all": Kind(scan_all, TASK_LIMIT, every=self._scan_every),
        }

    def stuck(self) -> str:
        """Why this process carries out nothing any more, though it should; "" when it does."""
        idle = self._worker.idle_for()
        if idle <= self._timing.stuck.total_seconds():
            return ""
        return f"The worker has not looked at its queue for {idle:.0f} s."

    async def run(self) -> None:
        """Carry out tasks until cancelled, then drain; cancelled once more, leave the rest."""
        await self._worker.run()
