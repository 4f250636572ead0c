"""How long a person waits for the embedded store."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from adapters.redis.server.embedded import EmbeddedStore
from tests.figures import Figure, at_most, measures


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
    ]


async def _seconds(step: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await step()
    return time.perf_counter() - began
