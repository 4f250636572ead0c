"""A task of the engine's queue that cannot be read: what it must not do, and not stop."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from adapters.redis.keys import Keys
from adapters.redis.shared.queue import LONGEST
from tests.contract.test_engine import Done, an_engine, now, running
from tests.waiting import wait_until

KEYS = Keys()


class Bang:
    """What a pickle can do to whoever reads it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('executed')",)


@pytest.mark.parametrize(
    "broken",
    [
        b"no json",
        b'{"name":"deliver","arguments":["x"],"id":"1","att',
        b'{"name":"deliver","arguments":"x","id":"1"}',
        b'{"name":"deliver","arguments":[["x"]],"id":"1"}',
        b'{"name":"deliver","arguments":[{"py/object":"os.system"}],"id":"1"}',
        b'{"name":null,"arguments":[],"id":"1"}',
        b'{"name":"deliver","arguments":["x"],"id":"1","attempt":' + b"9" * 5000 + b"}",
        b"[" * 20_000,
        b"\xff\xfe\x00\x80",
        b"",
        b'{"name":"deliver","arguments":["' + b"x" * LONGEST + b'"],"id":"1"}',
        pickle.dumps(Bang()),
    ],
    ids=[
        "text",
        "cut off",
        "one argument",
        "nested",
        "object",
        "no name",
        "number",
        "deep",
        "bytes",
        "empty",
        "too long",
        "pickle",
    ],
)
async def test_a_task_that_cannot_be_read_stops_nothing(
    redis_url: str, redis_client: Redis, broken: bytes
) -> None:
    """It is put aside with an alert; what came before and after it is carried out."""
    done = Done()
    with capture_logs() as logs:
        async with an_engine(redis_url, done) as engine, running(engine):
            await engine.deliver("before", now())
            await wait_until(lambda: done.delivered == ["before"])
            await redis_client.hset(KEYS.tasks(), "deliver:poison", broken)
            await redis_client.zadd(KEYS.tasks_due(), {"deliver:poison": 1})
            await engine.deliver("after", now())
            await wait_until(lambda: "after" in done.delivered)

            async def can_be_queued_again() -> bool:
                await engine.deliver("poison", now())
                return "poison" in done.delivered

            await wait_until(can_be_queued_again)
    (alert,) = (line for line in logs if line["log_level"] == "error")
    assert alert["event"].startswith(("a task cannot be read", "tasks too long"))
    kept = await redis_client.xrange(KEYS.tasks_aside()) or []
    if len(broken) <= LONGEST:
        assert [entry for _, entry in kept] == [{b"key": b"deliver:poison", b"task": broken}]
        assert await redis_client.ttl(KEYS.tasks_aside()) > 0


@pytest.mark.parametrize("key", [b"\xff\x00", "“deliver”".encode(), b"k" * (LONGEST + 1)])
async def test_a_key_that_is_none_stops_nothing(
    redis_url: str, redis_client: Redis, key: bytes
) -> None:
    """Whatever bytes it has, and however many."""
    done = Done()
    await redis_client.hset(KEYS.tasks(), key, b"{}")
    await redis_client.zadd(KEYS.tasks_due(), {key: "-inf"})
    async with an_engine(redis_url, done) as engine, running(engine):
        await engine.deliver("a", now())
        await wait_until(lambda: done.delivered == ["a"])
    assert await redis_client.zscore(KEYS.tasks_due(), key) is None


async def test_what_was_taken_together_with_it_is_carried_out_at_once(
    redis_url: str, redis_client: Redis
) -> None:
    """Nobody waits until a dead worker's tasks are taken over."""
    done = Done()
    async with an_engine(redis_url, done, lease=timedelta(hours=1)) as engine:
        await engine.deliver("before", now())
        await redis_client.hset(KEYS.tasks(), "deliver:poison", "?")
        await redis_client.zadd(KEYS.tasks_due(), {"deliver:poison": 1, "nothing": 2})
        for name in ("after", "and after"):
            await engine.deliver(name, now())
        async with running(engine):
            await wait_until(lambda: len(done.delivered) == 3)
    assert sorted(done.delivered) == ["after", "and after", "before"]


async def test_a_queue_of_another_kind_is_told_and_waited_for(
    redis_url: str, redis_client: Redis
) -> None:
    """Somebody wrote a text where the queue lives: the worker says so, and goes on after it."""
    done = Done()
    await redis_client.set(KEYS.tasks_due(), "mine now")
    with capture_logs() as logs:
        async with an_engine(redis_url, done) as engine, running(engine):
            waits = "the engine is waiting for the store"
            await wait_until(lambda: waits in [entry["event"] for entry in logs])
            await redis_client.delete(KEYS.tasks_due())
            await wait_until(lambda: done.ticks > 0)
