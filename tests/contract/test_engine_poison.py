"""A message of the engine's stream that cannot be read: what it must not stop."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from adapters.engine.engine import REDELIVERY
from tests.contract.test_engine import Done, an_engine, now, running
from tests.waiting import wait_until

STREAM = "o365bot-engine:stream"


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
    bad: dict[Any, Any] = {
        name: value for name, value in (message | broken).items() if value is not None
    }
    done = Done()
    with capture_logs() as logs:
        async with an_engine(redis_url, done) as engine, running(engine):
            await engine.deliver("before", now())
            await wait_until(lambda: done.delivered == ["before"], within=10)
            await redis_client.xadd(STREAM, bad)
            await engine.deliver("after", now())
            await wait_until(lambda: "after" in done.delivered, within=10)
            if "key" in bad:
                await engine.deliver("poison", now())  # the same key, well written
                await wait_until(lambda: "poison" in done.delivered, within=10)
    (alert,) = (line for line in logs if line["log_level"] == "error")
    assert alert["event"] == "a task cannot be read and is put aside"
    assert await redis_client.xlen("o365bot-engine:poison") == 1


async def test_what_was_read_together_with_it_is_carried_out_at_once(
    redis_url: str, redis_client: Redis
) -> None:
    """The worker that ended held it; nobody waits until a dead worker's tasks are taken over."""
    done = Done()
    async with an_engine(redis_url, done) as engine:
        await engine.deliver("before", now())
        await redis_client.xadd(STREAM, {"key": "deliver:poison", "function": "deliver"})
        for name in ("after", "and after"):
            await engine.deliver(name, now())
        async with running(engine):
            await wait_until(lambda: len(done.delivered) == 3, within=REDELIVERY.seconds / 2)
    assert sorted(done.delivered) == ["after", "and after", "before"]
