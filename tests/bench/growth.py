"""A process of its own that scans a big inventory and tells how much it grew.

    python -m tests.bench.growth REDIS_URL ADDRESS ...

Prints one line of JSON: bytes grown at the most while scanning, seconds, apps looked at.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time

import structlog

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server import store
from bot.services.inventory.scan import Scan
from bot.wiring.base import SystemClock
from tests.bench.company import Microsoft, clients_of


def peak_bytes() -> int:
    """The most that this process ever had in memory (Linux counts KiB, macOS bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


async def main(url: str, addresses: list[str]) -> dict[str, float]:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    async with store.connect(url) as client, clients_of(addresses) as orgs:
        ledger = RedisLedger(client, Keys())
        scan = Scan(orgs=orgs, entra=Microsoft(), ledger=ledger, clock=SystemClock())
        await client.ping()
        before, began = peak_bytes(), time.perf_counter()
        done = await asyncio.gather(*(scan.org(name) for name in orgs))
        first = time.perf_counter() - began
        # The second knows every record, which is when the most is held at once.
        done = await asyncio.gather(*(scan.org(name, full=True) for name in orgs))
        assert not [one.failure for one in done if one.failure]
        return {
            "grown": peak_bytes() - before,
            "seconds": first,
            "apps": sum(one.done for one in done),
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2:]))))  # noqa: T201 - its answer
