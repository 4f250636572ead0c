"""Acting once on what may arrive twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect
from adapters.redis.shared.once import RedisOnce
from bot.errors import StoreUnavailable
from bot.ports.store.limits import Once
from tests.fakes import OnceInMemory
from tests.waiting import wait_until

MINUTE = timedelta(minutes=1)


@pytest.fixture
def redis_once(store: Redis) -> RedisOnce:
    return RedisOnce(store, Keys())


@pytest.fixture(params=["valkey", "memory"])
def once(request: pytest.FixtureRequest) -> Once:
    if request.param == "memory":
        return OnceInMemory()
    found: Once = request.getfixturevalue("redis_once")
    return found


async def test_only_the_first_time_is_the_first_time(once: Once) -> None:
    """A platform that delivers an event three times is answered once."""
    assert [await once.first_time("event-1", MINUTE) for _ in range(3)] == [True, False, False]
    assert await once.first_time("event-2", MINUTE)


async def test_of_fifty_at_once_one_is_first(once: Once) -> None:
    """Two replicas get the same delivery at the same moment."""
    answers = await asyncio.gather(*(once.first_time("event-1", MINUTE) for _ in range(50)))
    assert sum(answers) == 1


async def test_it_is_forgotten_after_its_time(redis_once: RedisOnce) -> None:
    """Nothing is remembered longer than was asked for."""
    await redis_once.first_time("event-1", timedelta(seconds=1))
    assert not await redis_once.first_time("event-1", timedelta(seconds=1))
    await wait_until(lambda: redis_once.first_time("event-1", MINUTE), what="it is forgotten")


async def test_a_store_that_is_gone_is_told(tmp_path: Path) -> None:
    """Whoever asks must not take an error for "not the first time"."""
    server = EmbeddedStore(tmp_path)
    async with connect(await server.start(), tries=1) as client:
        await server.stop()
        with pytest.raises(StoreUnavailable):
            await RedisOnce(client, Keys()).first_time("event-1", MINUTE)
