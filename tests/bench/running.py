"""The bot as it is run, on a store that holds so many apps, with pretend platforms beside it."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect
from bot.domain.changes import Changes
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord, OrgScan
from sandbox.bot_process import BotProcess, free_port
from tests.bench.company import Microsoft
from tests.examples import APP
from tests.waiting import wait_until

ORG = "contoso"
SETTINGS = """
public_url = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
scan_every_minutes = 1440
[redis]
url = "{store}"
[[okta]]
name = "contoso"
url = "http://127.0.0.1:9"
api_token = "none"
"""


@dataclass(frozen=True)
class Running:
    """A bot under way."""

    url: str
    bot: BotProcess
    redis: Redis


@asynccontextmanager
async def bot_with(apps: int, more: str) -> AsyncIterator[Running]:
    """A bot with so many open apps in its store; `more` is what is added to its settings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with EmbeddedStore(folder / "store") as store, connect(store) as client:
            await fill(RedisLedger(client, Keys()), apps)
            port = free_port()
            config = folder / "o365bot.toml"
            config.write_text(SETTINGS.format(port=port, store=store) + more)
            url = f"http://127.0.0.1:{port}"
            async with BotProcess(config, folder / "log", url) as bot:
                yield Running(url, bot, client)


async def fill(ledger: RedisLedger, apps: int) -> None:
    """Apps as a scan leaves them, with what Microsoft typically says of each."""
    now, microsoft = datetime.now(UTC), Microsoft()
    tenants = [await microsoft.find_tenant(f"contoso{n}.onmicrosoft.com") for n in range(10)]
    told = [await microsoft.tenant_evidence(tenant) for tenant in tenants]
    for start in range(0, apps, 100):
        records = []
        for number in range(start, min(start + 100, apps)):
            ref = AppRef(ORG, f"0oa{number:017}")
            app = replace(APP, ref=ref, label=f"Office 365 {number}", domain=f"d{number}.example")
            found = await microsoft.account_evidence(tenants[0], frozenset({ref.app_id}))
            domains = await microsoft.domain_evidence(tenants[0], [app])
            evidence = (
                Evidence(EvidenceKind.CONNECTION_ON, now, None, {"auth_scheme": "OAUTH2"}),
                *told[number % 10],
                *found[ref.app_id],
                *domains[ref.app_id],
            )
            records.append(
                AppRecord(app, evidence, tenants[number % 10], now, revision=1, microsoft_at=now)
            )
        await ledger.commit(Changes(apps=tuple(records)))
    await ledger.save_scan(OrgScan(ORG, now, now, apps=apps, done=apps))


@asynccontextmanager
async def process(module: str, *arguments: str, port: int) -> AsyncIterator[int]:
    """A server of ours in a process of its own, from when it listens on `port`; its id."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await wait_until(lambda: _listens(port), within=30, what=f"{module} listens")
        yield running.pid
    finally:
        running.terminate()
        await running.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def memory_of(pid: int, what: str = "VmRSS") -> float:
    """MiB that a process has (`VmRSS`), or had at the most (`VmHWM`), by proc(5)."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = next(line for line in status.splitlines() if line.startswith(f"{what}:"))
    return int(found.split()[1]) / 1024


async def at_rest(pid: int) -> None:
    """Return once a process has used next to no time for a second."""
    while True:
        before, began = cpu_seconds(pid), time.perf_counter()
        await asyncio.sleep(1.0)  # what is measured
        if (cpu_seconds(pid) - before) / (time.perf_counter() - began) < 0.2:
            return


def cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), stat), in seconds of 100 ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
