"""Workers, the store and the chat platform fail all the time; every message is there, once.

Three worker processes, of which a random one is killed -9 every second; the store's server is
killed -9 twice; the chat server answers one call in seven with 429, 500, silence, or an end of the
connection after it took the message. Leases, time limits and waits are at a tenth of the product's.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import signal
import tempfile
import time
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis.exceptions import RedisError

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect
from bot.domain.changes import Changes
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import Channel, ChannelReminder, PersonalLink
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import StoreError
from tests.chaos.chat_server import chat_server, seen
from tests.delivery_worker import kill, started
from tests.examples import RECORD, REQUEST
from tests.figures import Figure, at_least, at_most, measures

WORKERS = 3
FAULTS = {"429": 0.02, "500": 0.04, "hang": 0.02, "accept and drop": 0.04, "accept and hang": 0.02}
STORE_DIES_AT = (2, 7)
"""After so many killed workers."""
PATIENCE = 240.0
"""Seconds after which a run is over and what is missing counts as lost."""


@dataclass
class Outcome:
    """What one run left."""

    lost: int
    twice: int
    kills: int
    faults: int
    seconds: float


@measures("deliveries")
async def deliveries(tiny: bool) -> list[Figure]:
    """1,000 deliveries, five times."""
    many, runs, deaths = (30, 1, 8) if tiny else (1000, 5, math.inf)
    outcomes = [await _run(many, seed, deaths) for seed in range(runs)]
    return [
        at_most(f"deliveries: lost of {many} x {runs}", sum(o.lost for o in outcomes), 0, "msgs"),
        at_most("deliveries: seen twice", sum(o.twice for o in outcomes), 0, "msgs"),
        at_least("deliveries: workers killed -9", sum(o.kills for o in outcomes), runs, "kills"),
        at_least("deliveries: calls that failed", sum(o.faults for o in outcomes), runs, "calls"),
        at_most("deliveries: longest run", max(o.seconds for o in outcomes), PATIENCE, "s"),
    ]


async def _run(many: int, seed: int, deaths: float) -> Outcome:
    """One run; after so many `deaths` the workers live on, and finish what is left."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            EmbeddedStore(Path(folder)) as url,
            connect(url) as client,
            chat_server(seed, FAULTS) as port,
        ):
            ledger = RedisLedger(client, Keys())
            keys = await plan(ledger, many)
            server = int((await client.info("server"))["process_id"])
            began = time.monotonic()
            workers = [started(url, port, hasty=True) for _ in range(WORKERS)]
            kills = 0
            try:
                while await _left(ledger) and time.monotonic() - began < PATIENCE:
                    await asyncio.sleep(1)  # the rate at which workers die
                    if kills >= deaths:
                        continue
                    which = chance.randrange(WORKERS)
                    kill(workers[which])
                    workers[which] = started(url, port, hasty=True)
                    kills += 1
                    if kills in STORE_DIES_AT:
                        os.kill(server, signal.SIGKILL)
                        server = await _came_back(client_url=url, former=server)
            finally:
                for worker in workers:
                    kill(worker)
            seconds = time.monotonic() - began
            found, answers = await asyncio.to_thread(seen, port)
        return Outcome(
            lost=sum(found[key] == 0 for key in keys),
            twice=sum(found[key] > 1 for key in keys),
            kills=kills,
            faults=sum(count for name, count in answers.items() if name != "ok"),
            seconds=seconds,
        )


async def plan(ledger: RedisLedger, many: int) -> list[str]:
    """Plan `many` deliveries, due now: two thirds personal, the rest to channels; their keys."""
    now = datetime.now(UTC)
    await ledger.commit(Changes(apps=(changed(RECORD, revision=1),)))
    planned: list[Delivery] = []
    for number in range(many):
        if number % 3:
            who = ChatIdentity(Platform.SLACK, f"U{number % 70}", "Ada", "ada@contoso.com")
            request = changed(REQUEST, id=f"r{number}", chat=who, requested_at=now)
            delivery = Delivery(PersonalLink(who, request.id), now, "chaos")
            await ledger.commit(Changes(requests=(request,), planned=(delivery,)))
        else:
            channel = Channel(Platform.SLACK, f"C{number % 10}")
            delivery = Delivery(ChannelReminder(channel, f"round {number}"), now, "chaos")
            await ledger.commit(Changes(planned=(delivery,)))
        planned.append(delivery)
    return [delivery.key for delivery in planned]


async def _left(ledger: RedisLedger) -> int:
    """How many have not ended; while the store is away, at least one."""
    try:
        return len(await ledger.due(datetime.now(UTC) + timedelta(days=1), 1_000_000))
    except StoreError:
        return 1


async def _came_back(client_url: str, former: int) -> int:
    """The process id of the server that took the place of a killed one."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        async with connect(client_url) as client:
            try:
                with_store = int((await client.info("server"))["process_id"])
            except (RedisError, OSError):
                with_store = former
        if with_store != former:
            return with_store
        await asyncio.sleep(0.05)
    raise TimeoutError("the store did not come back")
