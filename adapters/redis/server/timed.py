"""Clients that measure how long the store takes to answer, with their own retries."""

from __future__ import annotations

from typing import Any

from prometheus_client import Histogram
from redis.asyncio import Redis, RedisCluster

_SECONDS = Histogram(
    "o365bot_store_seconds",
    "How long the store took to answer one command, retries included.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10),
)


class TimedRedis(Redis):
    """Of one server, or of whatever Sentinel names."""

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        with _SECONDS.time():
            run = super().execute_command
            return await run(*words, **options)  # type: ignore[no-untyped-call]  # it has no types


class TimedCluster(RedisCluster):
    """Of a cluster."""

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        with _SECONDS.time():
            return await super().execute_command(*words, **options)
