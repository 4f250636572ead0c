"""The gate at start: a store that may lose what it is given is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import check, connect
from bot.errors import StoreUnavailable, StoreUnsafe


@pytest_asyncio.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[Redis]:
    """A client of a server that nobody else uses, so that a test may spoil its settings."""
    async with EmbeddedStore(tmp_path) as url, connect(url) as client:
        yield client


async def test_the_embedded_store_passes(own_server: Redis) -> None:
    """What it says of itself is handed back, for the health page."""
    info = await check(own_server)
    assert info["maxmemory_policy"] == "noeviction"
    assert info["role"] == "master"


@pytest.mark.parametrize(
    "policy", ["allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-ttl", "allkeys-random"]
)
async def test_a_store_that_may_evict_is_refused(own_server: Redis, policy: str) -> None:
    """Also one that evicts only what has a TTL: ended requests have one."""
    await own_server.config_set("maxmemory-policy", policy)
    with pytest.raises(StoreUnsafe, match=policy) as caught:
        await check(own_server)
    assert "noeviction" in caught.value.hint
    await own_server.config_set("maxmemory-policy", "noeviction")
    await check(own_server)


async def test_a_replica_is_refused(own_server: Redis) -> None:
    """What is written to a replica is lost at its next sync."""
    await own_server.replicaof("127.0.0.1", "1")
    with pytest.raises(StoreUnsafe, match="replica"):
        await check(own_server)
    await own_server.replicaof("NO", "ONE")
    await check(own_server)


async def test_a_store_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    """The error says what to check, not what the driver calls it."""
    async with connect(f"unix://{tmp_path / 'nothing.sock'}", tries=1) as client:
        with pytest.raises(StoreUnavailable, match=r"redis\.url"):
            await check(client)


async def test_credentials_that_are_refused_are_told_without_them(tmp_path: Path) -> None:
    """None where one is needed, a wrong one, an unknown user: told soon, and never repeated."""

    async def refused(credentials: str) -> str:
        async with connect(url.replace("unix://", f"unix://{credentials}")) as client:
            with pytest.raises(StoreUnavailable, match="credentials") as caught:
                await check(client)
        return f"{caught.value} {caught.value!r}"

    async with EmbeddedStore(tmp_path) as url, connect(url) as admin:
        await admin.config_set("requirepass", "right-hush")
        try:
            async with asyncio.timeout(60):
                said = await asyncio.gather(
                    *map(refused, ["", ":wrong-hush@", "nobody:wrong-hush@"])
                )
        finally:
            await admin.config_set("requirepass", "")
    assert "hush" not in str(said)
