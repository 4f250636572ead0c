"""How long a scan takes, what it costs in calls, and in memory.

The light Okta of `okta_server` is a process of its own; tokens are asked for and not counted as
calls. Microsoft is left out, or stands in memory: its pace is not Okta's.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from adapters.http.client import open_http
from adapters.okta.calls.pacing import OktaPace
from adapters.okta.client import PAGE, OktaClient
from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server import store
from adapters.redis.server.embedded import EmbeddedStore
from bot.services.inventory.scan import Scan
from bot.wiring.base import SystemClock
from tests.bench.company import clients_of, settings_for
from tests.bench.okta_server import Okta, Size, okta_server
from tests.bench.virtual import VirtualLoop, in_virtual_time
from tests.fake_ledger import FakeLedger
from tests.figures import Figure, at_least, at_most, measures

BUDGET = 50  # calls a minute: half of the 100 that Okta documents for /api/v1/apps of an org
SAMPLE = 60  # calls one after the other, scaled up
KIB = 1024
MIB = 1024 * 1024


@measures("scan")
async def scan(tiny: bool) -> list[Figure]:
    """Everything that is promised of a scan."""
    return [
        *await _against_latency(Size(2, 3, 0.01) if tiny else Size(20, 50, 0.15)),
        *await _within_the_budget(apps=60 if tiny else 1000, free_share=0.0),
        *await _within_the_budget(apps=60 if tiny else 1000, free_share=0.2),
        *await _of_a_big_inventory(Size(2, 10, events=2) if tiny else Size(20, 500, events=2)),
    ]


# ------------------------------------------------------------------ many orgs, far away


async def _against_latency(size: Size) -> list[Figure]:
    apps = size.orgs * size.apps
    async with okta_server(size) as addresses, _ledger() as ledger:
        async with clients_of(addresses) as orgs:
            one_by_one = await _one_by_one(next(iter(orgs.values())), size)
            await _calls(addresses)
        async with clients_of(addresses) as orgs:
            scan = Scan(orgs=orgs, entra=None, ledger=ledger, clock=SystemClock())
            began = time.perf_counter()
            await asyncio.gather(*(scan.org(name) for name in orgs))
            took = time.perf_counter() - began
            calls = sum((await _calls(addresses)).values())
            await asyncio.gather(*(scan.org(name) for name in orgs))
            again = await _calls(addresses)
    # Each thing once: the apps' pages, each connection, the log, the list of admins.
    least = size.orgs * (math.ceil(size.apps / PAGE) + size.apps + 1 + 1)
    what = f"{apps:,} apps, {size.orgs} orgs"
    return [
        at_least(f"scan: {what}, against one by one (sampled)", one_by_one * least / took, 5, "x"),
        at_most(f"scan: {what}, calls above the least", 100 * (calls / least - 1), 2, "%"),
        at_most("scan: nothing changed, calls of an org", max(again.values()), 3, "calls"),
    ]


async def _one_by_one(client: OktaClient, size: Size) -> float:
    """Seconds of one call, from reading apps one after the other with the same client."""
    ids = [app.ref.app_id async for app in client.apps()]
    sample = [ids[n % len(ids)] for n in range(min(SAMPLE, size.orgs * size.apps))]
    began = time.perf_counter()
    for app_id in sample:
        await client.connection(app_id)
    return (time.perf_counter() - began) / len(sample)


async def _calls(addresses: list[str]) -> Counter[str]:
    """API calls by org since the last time, every one of them counted by the server."""
    async with httpx.AsyncClient() as http:
        return Counter((await http.get(f"{addresses[0]}/calls")).json())


@asynccontextmanager
async def _ledger() -> AsyncIterator[RedisLedger]:
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedStore(Path(folder)) as url, store.connect(url) as client:
            yield RedisLedger(client, Keys())


# ------------------------------------------------------------------ within Okta's limits


class LimitedOkta(httpx.AsyncBaseTransport):
    """One org with a window of a minute for its apps, as Okta counts it, in simulated time."""

    def __init__(self, apps: int, loop: VirtualLoop) -> None:
        self._okta = httpx.ASGITransport(Okta(Size(1, apps)))
        self._loop = loop
        self._ends = 0.0
        self._used = 0
        self.calls = 0
        self.refused = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.15)
        if not request.url.path.startswith("/api/v1/apps"):
            return await self._okta.handle_async_request(request)
        headers = self._count()
        if self._used > BUDGET:
            self.refused += 1
            return httpx.Response(429, headers=headers, json={"errorCode": "E0000047"})
        answer = await self._okta.handle_async_request(request)
        answer.headers.update(headers)
        return answer

    def _count(self) -> dict[str, str]:
        now = self._loop.time()
        if now >= self._ends:
            self._ends, self._used = now + 60, 0
        self._used += 1
        self.calls += 1
        epoch = self._loop.now().timestamp() - now
        return {
            "x-rate-limit-limit": str(BUDGET),
            "x-rate-limit-remaining": str(max(0, BUDGET - self._used)),
            "x-rate-limit-reset": str(int(epoch + self._ends)),
            "date": self._loop.now().strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }


async def _within_the_budget(apps: int, free_share: float) -> list[Figure]:
    """Against the soonest that the windows allow: all but the last of them are waited out."""

    async def run(loop: VirtualLoop) -> tuple[float, LimitedOkta]:
        okta = LimitedOkta(apps, loop)
        client = OktaClient(
            settings_for(0, "https://contoso.okta.com"),
            open_http(okta),
            loop,
            pace=OktaPace(loop, keep_free=free_share),
        )
        scan = Scan(orgs={client.name: client}, entra=None, ledger=FakeLedger(), clock=loop)
        done = await scan.org(client.name)
        await client.aclose()
        assert (done.failure, done.done) == ("", apps)
        return loop.time(), okta

    took, okta = await in_virtual_time(run)
    usable = BUDGET - int(BUDGET * free_share)
    bound = 60 * (math.ceil(okta.calls / usable) - 1)
    kept = f"{free_share:.0%} kept free"
    return [
        at_most(f"scan: {usable} calls a minute ({kept}), above it", _above(took, bound), 5, "%"),
        at_most(f"scan: {usable} calls a minute ({kept}), refused", okta.refused, 0, "calls"),
    ]


def _above(took: float, bound: float) -> float:
    return 100 * (took / bound - 1)


# ------------------------------------------------------------------ what it takes to hold


async def _of_a_big_inventory(size: Size) -> list[Figure]:
    """Two log events and Microsoft's findings for each app, read by a process of its own."""
    apps = size.orgs * size.apps
    with tempfile.TemporaryDirectory() as folder:
        async with okta_server(size) as addresses, EmbeddedStore(Path(folder)) as url:
            told = await _grow(url, addresses)
            assert told["apps"] == apps
            async with store.connect(url) as client:
                used = 0
                for number in range(size.orgs):
                    key = Keys().apps(f"org-{number}")
                    used += int(await client.memory_usage(key, samples=0) or 0)
    what = f"{apps:,} apps"
    return [
        at_most(f"scan: {what}, in the store", used / apps, 3 * KIB, "B per app"),
        at_most(f"scan: {what}, growth of the process", told["grown"] / MIB, 100, "MiB"),
    ]


async def _grow(url: str, addresses: list[str]) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.growth",
        url,
        *addresses,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    told: dict[str, float] = json.loads(out)
    return told
