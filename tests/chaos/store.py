"""The store's server is killed while the bot writes to it; it moves, is full, and starts again.

The second half is about one address in front of two servers: the ledger commits and the engine
carries out tasks all the time, and health is asked as `/health` asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis.asyncio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from adapters.engine.engine import QueueEngine, Work
from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect, probe
from adapters.redis.shared.queue import RedisQueue
from bot.domain.changes import Changes
from bot.errors import StoreError
from tests.examples import REQUEST
from tests.figures import Figure, at_most, measures
from tests.proxy import a_pair
from tests.waiting import wait_until

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
        *await _moves(tiny),
    ]


async def _moves(tiny: bool) -> list[Figure]:
    """The primary is demoted behind its address, the store is full, the server starts again."""
    rounds, pause = (1, 0.5) if tiny else (5, 2.0)
    moved, full, restarted, wrong = [], [], [], 0
    lost = 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            async with a_pair(Path(folder)) as pair, _at_work(pair.url) as work:
                await asyncio.sleep(pause)  # the load that everything happens under
                at = time.perf_counter()
                await pair.swap()
                moved.append(await work.writes_again(at))
                wrong += (await probe(work.client, Keys())).role != "master"

                async with pair.second.client() as server:
                    await server.config_set("maxmemory-policy", "noeviction")
                    await server.config_set("maxmemory", "1")
                    wrong += not await _health_says(work.client, "full")
                    await server.config_set("maxmemory", "0")
                at = time.perf_counter()
                full.append(await work.writes_again(at))

                await pair.second.kill()
                wrong += not await _health_says(work.client, "")
                await pair.second.start()
                at = time.perf_counter()
                restarted.append(await work.writes_again(at))
                async with pair.second.client() as server:
                    acknowledged = set(work.acknowledged)  # more follow while it is asked
                    there = set(await server.zrange(Keys().open_requests(), 0, -1))
                lost += len(acknowledged - there)
    return [
        at_most("store: writes again, primary demoted", max(moved), 5, "s"),
        at_most("store: writes again, no longer full", max(full), 5, "s"),
        at_most("store: writes again, server restarted", max(restarted), 5, "s"),
        at_most("store: acknowledged and lost meanwhile", lost, 0, "writes"),
        at_most("store: health that said something else", wrong, 0, "times"),
    ]


@dataclass
class _Work:
    """What goes on all the time: commits and tasks, and when the last of each came through."""

    client: Redis
    acknowledged: set[str]
    last_commit: float = 0.0
    last_task: float = 0.0

    async def writes_again(self, since: float) -> float:
        """Seconds from then until a commit and a task that began later came through."""

        def both() -> bool:
            return min(self.last_commit, self.last_task) > since

        await wait_until(both, within=60, what="commits and tasks come through again")
        return max(self.last_commit, self.last_task) - since


@asynccontextmanager
async def _at_work(url: str) -> AsyncIterator[_Work]:
    async with connect(url) as client:
        work = _Work(client, set())
        ledger = RedisLedger(client, Keys())
        engine = QueueEngine(RedisQueue(client, Keys()), (), timedelta(hours=1))

        async def deliver(key: str) -> None:
            work.last_task = float(key)

        async def nothing(*_: object) -> None:
            """There is no org."""

        async def commits(writer: int) -> None:
            for number in itertools.count():
                began, name = time.perf_counter(), f"r{writer}-{number}"
                with contextlib.suppress(StoreError):
                    await ledger.commit(Changes(requests=(replace(REQUEST, id=name),)))
                    work.acknowledged.add(name)
                    work.last_commit = max(work.last_commit, began)
                    await engine.deliver(str(began), datetime.now(UTC))
                await asyncio.sleep(0.02)  # a steady load, and no flood

        engine.register(Work(deliver, nothing, nothing, nothing, nothing))
        tasks = [asyncio.create_task(engine.run())]
        tasks += [asyncio.create_task(commits(writer)) for writer in range(5)]
        try:
            yield work
        finally:
            while running := [task for task in tasks if not task.done()]:
                for task in running:
                    task.cancel()
                await asyncio.wait(running, timeout=1)


async def _health_says(client: Redis, word: str) -> bool:
    """Whether it says no, with that word."""
    try:
        await probe(client, Keys())
    except StoreError as error:
        return word in str(error)
    return False


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
