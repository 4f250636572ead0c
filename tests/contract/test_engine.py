"""The engine on a real Valkey: what it must not lose, and what must not stop it."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from docket import Docket
from redis.asyncio import Redis
from structlog.testing import capture_logs

from adapters.engine.engine import DocketEngine, Work
from bot.domain.apps import AppRef
from tests.waiting import wait_until

STREAM = "o365bot-engine:stream"
SCAN_EVERY = timedelta(hours=1)


@dataclass
class Done:
    """What the tasks did."""

    delivered: list[str] = field(default_factory=list)
    ticks: int = 0

    async def deliver(self, key: str) -> None:
        self.delivered.append(key)

    async def scan(self, org: str) -> None:
        pass

    async def verify(self, ref: AppRef) -> None:
        pass

    async def tick(self) -> None:
        self.ticks += 1


@asynccontextmanager
async def working(url: str, done: Done) -> AsyncIterator[DocketEngine]:
    """An engine whose worker runs."""
    async with DocketEngine(url, ("contoso",), SCAN_EVERY) as engine:
        engine.register(Work(done.deliver, done.scan, done.verify, done.tick))
        running = asyncio.create_task(engine.run())
        try:
            yield engine
        finally:
            running.cancel()
            await asyncio.wait([running])
            if not running.cancelled() and running.exception() is not None:
                raise AssertionError("the engine ended by itself") from running.exception()


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_delivery_is_carried_out_and_repeating_it_meanwhile_adds_none(
    redis_url: str,
) -> None:
    """The key tells one task from another."""
    done = Done()
    soon = now() + timedelta(milliseconds=300)
    async with working(redis_url, done) as engine:
        for _ in range(5):
            await engine.deliver("link:r1:slack:U1", soon)
        await wait_until(lambda: bool(done.delivered), within=10)
        await engine.deliver("link:r2:slack:U1", now())
        await wait_until(lambda: len(done.delivered) > 1, within=10)
    assert done.delivered == ["link:r1:slack:U1", "link:r2:slack:U1"]


@pytest.mark.parametrize(
    "broken",
    [
        {"args": b"no pickle"},
        {"args": pickle.dumps(("x",))[:-4]},
        {"when": b"yesterday"},
        {"function": None},
        {"key": None},
    ],
    ids=["args", "cut off", "when", "no task", "no key"],
)
async def test_a_message_that_cannot_be_read_stops_nothing(
    redis_url: str, redis_client: Redis, broken: dict[str, bytes | None]
) -> None:
    """It is put aside with an alert; what came before and after it is carried out."""
    message: dict[str, bytes | None] = {
        "key": b"deliver:poison",
        "when": now().isoformat().encode(),
        "function": b"deliver",
        "args": pickle.dumps(("poison",)),
        "kwargs": pickle.dumps({}),
        "attempt": b"1",
    }
    bad = {name: value for name, value in (message | broken).items() if value is not None}
    done = Done()
    with capture_logs() as logs:
        async with working(redis_url, done) as engine:
            await engine.deliver("before", now())
            await wait_until(lambda: done.delivered == ["before"], within=10)
            await redis_client.xadd(STREAM, bad)  # type: ignore[arg-type]
            await engine.deliver("after", now())
            await wait_until(lambda: "after" in done.delivered, within=10)
            if "key" in bad:
                await engine.deliver("poison", now())  # the same key, well written
                await wait_until(lambda: "poison" in done.delivered, within=10)
    (alert,) = (line for line in logs if line["log_level"] == "error")
    assert alert["event"] == "a task cannot be read and is put aside"
    assert await redis_client.xlen("o365bot-engine:poison") == 1


async def test_a_task_of_a_newer_version_waits_for_it(redis_url: str) -> None:
    """In a rolling deploy an old replica may get a task first that only a new one knows."""
    ran: list[str] = []

    async def task_of_tomorrow(key: str) -> None:
        ran.append(key)

    async with Docket(name="o365bot-engine", url=redis_url) as newer:
        newer.register(task_of_tomorrow)
        await newer.add(task_of_tomorrow, key="tomorrow:1")("k1")
        done = Done()
        async with working(redis_url, done) as engine:
            await engine.deliver("now", now())
            await wait_until(lambda: done.delivered == ["now"], within=10)
        # the old replica is gone; what it could not do is scheduled again, not dropped
        snapshot = await newer.snapshot()
        kept = [*snapshot.future, *snapshot.running]
        assert "tomorrow:1" in {execution.key for execution in kept}
    assert ran == []
