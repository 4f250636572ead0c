"""How long a person waits for the embedded store, and what the audit's chain adds to a commit."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect
from bot.domain.changes import AuditEntry, Changes
from tests.examples import NOW, REQUEST
from tests.figures import Figure, at_most, measures

AT_ONCE = 20


@measures("store")
async def store(tiny: bool) -> list[Figure]:
    """The slowest of some starts on an empty directory, adoptions, and ends."""
    starts, adoptions, ends = [], [], []
    for _ in range(1 if tiny else 10):
        with tempfile.TemporaryDirectory() as folder:
            first, second = EmbeddedStore(Path(folder)), EmbeddedStore(Path(folder))
            starts.append(await _seconds(first.start))
            adoptions.append(await _seconds(second.start))
            await first.stop()
            ends.append(await _seconds(second.stop))
    return [
        at_most("store: start on an empty directory", 1000 * max(starts), 1000, "ms"),
        at_most("store: adopt a running server", 1000 * max(adoptions), 200, "ms"),
        at_most("store: end", 1000 * max(ends), 500, "ms"),
        *await _chain(100 if tiny else 2000),
    ]


async def _chain(commits: int) -> list[Figure]:
    """Commits with a row of the audit each, which wait for one another, beside such without."""
    numbers = itertools.count()
    row = AuditEntry(NOW, "slack:U1", "asked", str(REQUEST.app), {"to": "Ada Byron"})
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedStore(Path(folder)) as url, connect(url) as client:
            ledger = RedisLedger(client, Keys())

            async def commit(audit: tuple[AuditEntry, ...]) -> None:
                request = replace(REQUEST, id=f"r{next(numbers)}")
                await ledger.commit(Changes(requests=(request,), audit=audit))

            async def some(audit: tuple[AuditEntry, ...]) -> None:
                for _ in range(commits // AT_ONCE):
                    await commit(audit)

            async def at_once(*audit: AuditEntry) -> None:
                await asyncio.gather(*(some(audit) for _ in range(AT_ONCE)))

            await at_once(row)  # warms up
            plain, sealed = await _seconds(at_once), await _seconds(lambda: at_once(row))
    free = 10 if commits < 1000 else 1  # the tiny size shows that it runs
    return [
        at_most(
            "store: commits in the audit's chain, beside such without",
            sealed / plain,
            5 * free,
            "x",
        )
    ]


async def _seconds(step: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await step()
    return time.perf_counter() - began
