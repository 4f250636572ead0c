"""An acknowledgement is answered only when the replicas have it: on a real master and replica."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import pytest_asyncio

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.durability import PATIENCE, Durability
from adapters.redis.server.store import check, connect
from bot.domain.changes import Changes
from bot.domain.consent.requests import Proof, ProofKind, Step, step
from bot.errors import Conflict, LinkSpent, NotDurable
from bot.services.consent.acknowledge import Acknowledge
from tests.examples import DELIVERED, NOW, TOKEN
from tests.fakes import FakeClock, FakeEngine
from tests.person import spend
from tests.servers import Server
from tests.waiting import wait_until

AOF = ("--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0")
PROOF = Proof(ProofKind.PERSONAL_LINK, "slack:U1", NOW)
STORED = replace(DELIVERED, revision=1)
TAKEN = step(STORED, Step.ACKNOWLEDGE, NOW, proof=PROOF)


@dataclass
class Pair:
    """A ledger on a master, and its one replica; `hasty` waits for it a tenth as long."""

    ledger: RedisLedger
    hasty: RedisLedger
    replica: Server


@pytest_asyncio.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    master = Server(tmp_path / "master", *AOF)
    replica = Server(tmp_path / "replica", *AOF, "--replicaof", f"127.0.0.1 {master.port}")
    try:
        await master.start()
        await replica.start()
        async with connect(f"redis://127.0.0.1:{master.port}") as client:
            ask: Any = client.execute_command  # redis-py leaves it untyped

            async def in_step() -> bool:
                # It is online before it has written its file anew, and until then has nothing kept.
                return list(await ask("WAITAOF", 1, 1, 100)) == [1, 1]

            await wait_until(in_step, within=30, what="the replica follows")
            durability = Durability.of(await check(client), replicas=1)
            assert durability == Durability(1, keeps_file=True, waits_for_file=True)
            ledger = RedisLedger(client, Keys(), durability)
            await ledger.commit(Changes(requests=(STORED,)))
            hasty = RedisLedger(client, Keys(), replace(durability, patience=PATIENCE // 10))
            yield Pair(ledger, hasty, replica)
    finally:
        replica.signal(signal.SIGCONT)
        await replica.kill()
        await master.kill()


async def test_what_the_replica_has_is_answered(pair: Pair) -> None:
    """The write went through, in the usual way."""
    await pair.ledger.commit(Changes(requests=(TAKEN,)))
    assert await pair.ledger.request(STORED.id) == TAKEN
    await pair.ledger.settle()


async def test_one_acknowledgement_after_another_takes_no_second_each(pair: Pair) -> None:
    """A replica that syncs each write says so when asked, not when it next tells by itself."""
    requests = [replace(STORED, id=f"s{n}", revision=1) for n in range(10)]
    await pair.ledger.commit(Changes(requests=tuple(requests)))
    took = []
    for request in requests:
        began = time.monotonic()
        taken = step(request, Step.ACKNOWLEDGE, NOW, proof=PROOF)
        await pair.ledger.commit(Changes(requests=(taken,)))
        took.append(time.monotonic() - began)
    assert median(took) < 0.7, "one may be held up by a busy machine, and not most of them"


async def test_what_the_replica_does_not_have_is_told_to_be_tried_again(pair: Pair) -> None:
    """It may be written; but nobody is told that it is safe. Other writes do not wait."""
    pair.replica.signal(signal.SIGSTOP)
    other = replace(STORED, id="r2", revision=1)
    await pair.ledger.commit(Changes(requests=(other,)))
    with pytest.raises(NotDurable, match="0 of 1"):
        await pair.hasty.commit(Changes(requests=(TAKEN,)))
    with pytest.raises(NotDurable):
        await pair.hasty.settle()


async def test_a_conflict_stays_a_conflict(pair: Pair) -> None:
    """Whoever was slower learns that, not that the replicas are slow."""
    await pair.ledger.commit(Changes(requests=(TAKEN,)))
    with pytest.raises(Conflict):
        await pair.ledger.commit(Changes(requests=(TAKEN,)))


async def test_pressing_again_waits_again(pair: Pair) -> None:
    """The link is spent by the first try; the second says so only when it is safe."""

    async def press(ledger: RedisLedger) -> None:
        clock = FakeClock(NOW + timedelta(hours=1))
        acknowledge = Acknowledge(ledger=ledger, engine=FakeEngine(), clock=clock)
        await spend(acknowledge, ledger, TOKEN)

    pair.replica.signal(signal.SIGSTOP)
    for _ in range(2):
        with pytest.raises(NotDurable):
            await press(pair.hasty)
    pair.replica.signal(signal.SIGCONT)
    with pytest.raises(LinkSpent):
        await press(pair.ledger)


def test_before_redis_7_2_only_memory_is_waited_for() -> None:
    """WAITAOF came with 7.2; without a file of its own the master is not asked for one."""
    old = {"redis_version": "6.2.14", "aof_enabled": 1}
    assert Durability.of(old, 1) == Durability(1, keeps_file=True, waits_for_file=False)
    new = {"redis_version": "7.4.0", "aof_enabled": 0}
    assert Durability.of(new, 2) == Durability(2, keeps_file=False, waits_for_file=True)
