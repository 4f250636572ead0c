"""The one module that knows pydocket: adding work, and the worker that carries it out.

Guarantees that the rest relies on: a task is run at least once, also when its worker dies (leases
are renewed and taken over); `tick` fires once over all replicas; a task that this version does not
know stays for the replica that does; one that cannot be read is put aside and told.
"""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import stamina
import structlog
from docket import CurrentExecution, Docket, Execution, ExponentialRetry, Perpetual, Retry, Timeout
from docket import Worker as DocketWorker
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from adapters.engine.poison import put_aside
from bot.domain.apps import AppRef
from bot.errors import StoreUnavailable

log = structlog.get_logger(__name__)

TICK = timedelta(seconds=10)
TASK_LIMIT = timedelta(minutes=10)
# 10,000 apps at the 40 calls a minute that Okta's defaults leave take four hours.
SCAN_LIMIT = timedelta(hours=6)
SCAN_ALL = "scan_all"
# A dead worker's tasks are taken over after this; a live one renews its leases.
REDELIVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Work:
    """What the tasks do: handed in by bootstrap."""

    deliver: Callable[[str], Awaitable[None]]
    deliver_all: Callable[[Sequence[str]], Awaitable[None]]
    scan: Callable[[str], Awaitable[object]]
    verify: Callable[[AppRef], Awaitable[object]]
    tick: Callable[[], Awaitable[None]]


class DocketEngine:
    """Implements `bot.ports.engine.Engine`; `run` is the worker."""

    def __init__(self, url: str, orgs: tuple[str, ...], scan_every: timedelta) -> None:
        # Heartbeats only tell who is there; every 2 s they are a third of an idle bot's work.
        self._docket = Docket(
            name="o365bot-engine", url=url, heartbeat_interval=timedelta(seconds=10)
        )
        self._orgs = orgs
        self._scan_every = scan_every

    async def __aenter__(self) -> Self:
        await self._docket.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._docket.__aexit__(kind, error, trace)

    async def deliver(self, key: str, at: datetime) -> None:
        await self._add("deliver", key, key=f"deliver:{key}", at=at)

    async def deliver_all(self, keys: Sequence[str]) -> None:
        # A name of its own each time: these keys were handed out to nobody else.
        batch = uuid.uuid4().hex
        await self._add("deliver_batch", *keys, key=f"batch:{batch}", at=datetime.now(UTC))

    async def scan(self, org: str) -> None:
        await self._add("scan_org", org, key=f"scan:{org}", at=datetime.now(UTC))

    async def verify(self, ref: AppRef, at: datetime) -> None:
        await self._add("verify_app", str(ref), key=f"verify:{ref}", at=at, replace=True)

    async def _add(
        self, task: str, *arguments: str, key: str, at: datetime, replace: bool = False
    ) -> None:
        """Add a task. With a key it is safe to repeat, so a lost connection is retried.

        What lies in the future replaces what stands under the key: that is how a task puts itself
        off. `replace`: what is to be done now does so, too. Raises StoreUnavailable when the store
        stays away.
        """
        later = replace or at > datetime.now(UTC)
        try:
            async for attempt in stamina.retry_context(
                on=RedisConnectionError, attempts=5, timeout=15.0
            ):
                with attempt:
                    if later:
                        await self._docket.replace(task, when=at, key=key)(*arguments)
                    else:
                        await self._docket.add(task, when=at, key=key)(*arguments)
        except RedisError as error:
            raise StoreUnavailable("The engine's store does not answer.") from error

    def register(self, work: Work) -> None:
        """Bind the tasks to what they do. A task's name is its key in Redis: never rename one."""
        orgs = self._orgs
        scan_every = self._scan_every

        async def deliver(
            key: str,
            retry: Retry = ExponentialRetry(attempts=5, minimum_delay=timedelta(seconds=1)),
            timeout: Timeout = Timeout(TASK_LIMIT),
        ) -> None:
            await work.deliver(key)

        async def deliver_batch(
            *keys: str,
            retry: Retry = ExponentialRetry(attempts=5, minimum_delay=timedelta(seconds=1)),
            timeout: Timeout = Timeout(TASK_LIMIT),
        ) -> None:
            await work.deliver_all(keys)

        async def scan_org(org: str, timeout: Timeout = Timeout(SCAN_LIMIT)) -> None:
            if org in orgs:  # else: taken out of the settings meanwhile
                await work.scan(org)

        async def verify_app(ref: str, timeout: Timeout = Timeout(TASK_LIMIT)) -> None:
            await work.verify(AppRef.parse(ref))

        async def tick(
            perpetual: Perpetual = Perpetual(every=TICK, automatic=True),
            timeout: Timeout = Timeout(TASK_LIMIT),
        ) -> None:
            await work.tick()

        async def scan_all(
            perpetual: Perpetual = Perpetual(every=scan_every, automatic=True),
        ) -> None:
            for org in orgs:
                await self.scan(org)

        for task in (deliver, deliver_batch, scan_org, verify_app, tick, scan_all):
            self._docket.register(task)

    async def run(self) -> None:
        """Carry out tasks until cancelled, then drain. Started again if the store went away.

        Cancelled once more it does not wait for what is under way: the next worker takes that over.
        """
        name = f"{socket.gethostname()}#{uuid.uuid4().hex[:8]}"
        while True:
            try:
                await self._scan_in_time()
                async with DocketWorker(
                    self._docket,
                    name=name,
                    concurrency=50,
                    minimum_check_interval=timedelta(milliseconds=250),
                    scheduling_resolution=timedelta(milliseconds=250),
                    redelivery_timeout=REDELIVERY,
                    reconnection_delay=timedelta(seconds=1),
                    fallback_task=_unknown_task,
                ) as worker:
                    await worker.run_forever()
                return  # docket takes a cancellation as a wish to drain, and ends by itself
            except RedisError as error:
                log.warning("engine restarts", error=type(error).__name__)
                await asyncio.sleep(1)
            except Exception:
                # A message that cannot be read ends the worker, with whatever reading it raised.
                if not await put_aside(self._docket, _unknown_task, name, REDELIVERY):
                    raise

    async def _scan_in_time(self) -> None:
        """The next look at all orgs keeps the time it was given before the settings changed."""
        waiting = await self._docket.get_execution(SCAN_ALL)
        soonest = datetime.now(UTC) + self._scan_every
        if waiting is not None and waiting.when > soonest:
            await self._docket.replace(SCAN_ALL, when=soonest, key=SCAN_ALL)()


async def _unknown_task(
    *args: object,
    execution: Execution = CurrentExecution(),
    retry: Retry = Retry(attempts=None, delay=timedelta(seconds=30)),
    **kwargs: object,
) -> None:
    """Keep a task that this version does not know: a newer replica will carry it out."""
    raise LookupError(f"this version has no task {execution.function_name}")
