"""The store as the bot uses it; a test that leaves a key for ever without need fails."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from redis.asyncio import Redis

from adapters.redis.server import store as redis_store
from tests.expiry import lasting_keys


@pytest_asyncio.fixture
async def redis_url(redis_url: str) -> AsyncIterator[str]:
    """The address of a real, empty Valkey, whose keys are looked at before they are gone."""
    yield redis_url
    async with redis_store.connect(redis_url) as client:
        lasting = await lasting_keys(client)
    assert lasting == [], "these keys would stay for ever; see tests/expiry.py"


@pytest_asyncio.fixture
async def store(redis_url: str) -> AsyncIterator[Redis]:
    """A client of this test's store, made as the bot makes it."""
    async with redis_store.connect(redis_url) as client:
        yield client
