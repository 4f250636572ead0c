"""The worker: takes tasks that are due, carries them out side by side, and renews its leases.

A task is run at least once: it leaves the queue only after it ran, and a worker that dies renews
nothing, so what it held comes due again. What fails is tried again as its kind says, later each
time; what this version does not know goes back for a replica that does.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from prometheus_client import Counter, Histogram

from bot.errors import O365BotError, StoreError
from bot.ports.engine import Held, Queue, Task
from bot.ports.spans import SpanKind, span

log = structlog.get_logger(__name__)

# Labels are the names of kinds that this version knows: see `Worker`.
_TIME = Histogram(
    "o365bot_task_seconds",
    "How long background tasks took, by what they are.",
    ["task"],
    buckets=(0.01, 0.05, 0.25, 1, 5, 30, 120, 600, 3600),
)
_FAILED = Counter("o365bot_tasks_failed", "Background tasks that failed, each try.", ["task"])

AT_ONCE = 50
POLL = 0.25
"""Seconds between two looks for what came due, or was queued by another replica."""
STORE_AWAY = 1.0
"""Seconds until the store is asked again after it refused or did not answer."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the engine waits for what, and how often it tries."""

    tick: timedelta = timedelta(seconds=10)
    lease: timedelta = timedelta(seconds=30)
    """A dead worker's tasks are taken over after this; a live one renews three times meanwhile."""
    unknown_again: timedelta = timedelta(seconds=30)
    """After so long a task that this version does not know is handed out again."""
    stuck: timedelta = timedelta(minutes=3)
    """A worker that has not looked at its queue for so long hangs: the store is given up before."""
    attempts: int = 5
    """How often a delivery is tried; what is still due after that is queued again by `tick`."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How tasks of one name are carried out.

    `limit`: how long one may take. `attempts`: how often one that fails is tried. `every`: it fires
    by itself, so long after it last ended.
    """

    run: Callable[..., Awaitable[None]]
    limit: timedelta
    attempts: int = 1
    every: timedelta | None = None


class Worker:
    """Carries out the tasks of a queue until it is cancelled, then drains."""

    def __init__(self, queue: Queue, kinds: Mapping[str, Kind], timing: Timing) -> None:
        self._queue = queue
        self._kinds = kinds
        self._timing = timing
        self._held: dict[asyncio.Task[None], Held] = {}
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._polled_at = 0.0

    def idle_for(self) -> float:
        """Seconds since this worker last looked at the queue, also in vain; 0 when none is due."""
        if not self._polled_at or self._stopping.is_set():
            return 0.0
        return time.monotonic() - self._polled_at

    def wake(self) -> None:
        """Something may be due now: look at once."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled, then let what is under way come to its end.

        Cancelled once more it does not wait for that: the next worker takes it over. While the
        store is away it waits for it.
        """
        self._stopping.clear()
        polling = asyncio.create_task(self._poll(), name="engine")
        renewing = asyncio.create_task(self._renew(), name="engine leases")
        for name in self._kinds:
            _TIME.labels(name)
            _FAILED.labels(name)
        try:
            await asyncio.wait([polling, renewing], return_when=asyncio.FIRST_COMPLETED)
            for task in (polling, renewing):
                if task.done():
                    task.result()  # a bug: without either nothing may be carried out
        except asyncio.CancelledError:
            # Not cancelled in turn: what was just taken would lie there until its lease is over.
            self._stopping.set()
            self._wake.set()
            await asyncio.wait([polling])
            if self._held:
                await asyncio.wait(self._held)
        finally:
            self._stopping.set()
            leftover = {polling, renewing, *self._held}
            while leftover:  # a driver on the way may swallow a cancellation
                for task in leftover:
                    task.cancel()
                _, leftover = await asyncio.wait(leftover, timeout=0.1)

    async def _poll(self) -> None:
        """Take what is due, as far as there is room, then wait for more."""
        while not self._stopping.is_set():
            self._wake.clear()
            self._polled_at = time.monotonic()
            free = AT_ONCE - len(self._held)
            try:
                taken = await self._queue.take(free, self._timing.lease) if free else ()
            except StoreError as error:
                log.warning("the engine is waiting for the store", reason=error.message)
                await _for(self._stopping, STORE_AWAY)
                continue
            for held in taken:
                task = asyncio.create_task(self._carry_out(held), name=f"task {held.task.name}")
                self._held[task] = held
                task.add_done_callback(self._ended)
            if (not free or len(taken) < free) and not self._stopping.is_set():
                await _for(self._wake, POLL)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._held[task]
        if len(self._held) == AT_ONCE - 1:  # there was no room
            self._wake.set()

    async def _renew(self) -> None:
        """Show that this worker lives, and see to the tasks that must always be there."""
        while not self._stopping.is_set() or self._held:
            try:
                for name, kind in self._kinds.items():
                    if kind.every is not None:
                        within = max(kind.every, self._timing.lease)
                        await self._queue.keep(name, self._next(name), within)
                self.wake()
                await asyncio.sleep(self._timing.lease.total_seconds() / 3)
                await self._queue.renew(tuple(self._held.values()), self._timing.lease)
            except StoreError:  # whoever takes tasks tells of it
                await asyncio.sleep(STORE_AWAY)

    def _next(self, name: str) -> Task:
        """A task that fires by itself, once more."""
        return Task(name, (), uuid.uuid4().hex)

    async def _carry_out(self, held: Held) -> None:
        task, kind = held.task, self._kinds.get(held.task.name)
        try:
            if kind is None:
                log.warning("unknown task in this version", task=task.name, key=held.key)
                await self._queue.again(held, None, self._timing.unknown_again)
                return
            if not _fits(kind, task):
                log.error("task has unusable arguments", task=task.name, key=held.key)
                await self._queue.finish(held)
                return
            try:
                async with asyncio.timeout(kind.limit.total_seconds()):
                    with (
                        _TIME.labels(task.name).time(),
                        span(f"task {task.name}", SpanKind.CONSUMER, parent=task.trace),
                    ):
                        await kind.run(*task.arguments)
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker and the rest go on
                _FAILED.labels(task.name).inc()
                if await self._failed(held, kind, error):
                    return
            if kind.every is not None and held.key == task.name:
                await self._queue.again(held, self._next(task.name), kind.every)
            else:
                await self._queue.finish(held)
        except StoreError as error:
            # It stays in the queue, and is carried out once more when its lease is over.
            log.warning("cannot record the end of a task", task=task.name, reason=error.message)

    async def _failed(self, held: Held, kind: Kind, error: Exception) -> bool:
        """Tell of it; whether it is tried again."""
        task = held.task
        if isinstance(error, O365BotError):
            log.warning("task failed", task=task.name, key=held.key, reason=error.message)
        else:
            log.error("task failed", task=task.name, key=held.key, exc_info=error)
        if task.attempt >= kind.attempts:
            return False
        wait = timedelta(seconds=2 ** (task.attempt - 1))
        await self._queue.again(held, replace(task, attempt=task.attempt + 1), wait)
        return True


def _fits(kind: Kind, task: Task) -> bool:
    try:
        inspect.signature(kind.run).bind(*task.arguments)
    except TypeError:
        return False
    return True


async def _for(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, so long at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
