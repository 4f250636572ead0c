"""The store's server is killed while the bot writes to it."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from pathlib import Path

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from adapters.redis.embedded import EmbeddedStore
from tests.figures import Figure, at_most, measures

KEY = "acknowledged"


@measures("store")
async def store(tiny: bool) -> list[Figure]:
    """Acknowledged writes, kill -9 of the server in the middle of them, several times."""
    lost, silent = 0, []
    for _ in range(1 if tiny else 5):
        with tempfile.TemporaryDirectory() as folder:
            async with EmbeddedStore(Path(folder)) as url:
                acknowledged, silence = await _write(url, writes=20 if tiny else 200)
                async with redis.asyncio.Redis.from_url(url) as client:
                    kept = await client.hkeys(KEY)
                lost += len(acknowledged - {int(number) for number in kept})
                silent.append(silence)
    return [
        at_most("store: acknowledged writes lost, server killed -9", lost, 0, "writes"),
        at_most("store: silence until it answers again", 1000 * max(silent), 2000, "ms"),
    ]


async def _write(url: str, writes: int) -> tuple[set[int], float]:
    """Write numbers one after another, with a kill half-way; a refused write is tried again.

    Returns the acknowledged numbers, and the seconds for which nothing was acknowledged.
    """
    acknowledged: set[int] = set()
    killed_at, silence = 0.0, 0.0
    client = redis.asyncio.Redis.from_url(url, retry=Retry(NoBackoff(), 0))
    async with client:
        pid = int((await client.info("server"))["process_id"])
        for number in range(writes):
            if number == writes // 2:
                # in the middle of writing: some of these are answered and some are not
                burst = [client.hset(KEY, str(-n), "") for n in range(1, 21)]
                tasks = [asyncio.ensure_future(write) for write in burst]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                os.kill(pid, signal.SIGKILL)
                killed_at = time.perf_counter()
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
                acknowledged |= {-n for n, o in enumerate(outcomes, 1) if isinstance(o, int)}
            while number not in acknowledged:
                try:
                    await client.hset(KEY, str(number), "")
                    acknowledged.add(number)
                except (RedisError, OSError):
                    if time.perf_counter() - killed_at > 30:
                        raise
                    await asyncio.sleep(0.005)
            if killed_at and not silence:
                silence = time.perf_counter() - killed_at
    return acknowledged, silence
