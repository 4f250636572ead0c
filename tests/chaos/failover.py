"""The master dies while people acknowledge; Sentinel puts a replica in its place.

One master, two replicas, three sentinels, real servers on loopback. An acknowledgement counts as
confirmed when the ledger's commit returned: what was confirmed must be in the new master. What was
answered with "try again" may be there or not.
"""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from redis.exceptions import RedisError

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.durability import Durability
from adapters.redis.server.store import check, connect
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Proof, ProofKind, Step, step
from bot.errors import Conflict, NotDurable, StoreError
from tests.examples import DELIVERED, NOW
from tests.figures import Figure, at_least, at_most, measures
from tests.servers import Server
from tests.waiting import wait_until

DATA = ("--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0")
SENTINEL = """
sentinel monitor main 127.0.0.1 {port} 2
sentinel down-after-milliseconds main 1500
sentinel failover-timeout main 6000
sentinel parallel-syncs main 2
"""
PROOF = Proof(ProofKind.PERSONAL_LINK, "slack:U1", NOW)


AT_ONCE = 20
"""So many people press at the same time."""
Pressed = TypeVar("Pressed")


@dataclass
class Group:
    """The data servers by port, and the address behind Sentinel."""

    servers: dict[int, Server]
    url: str


@dataclass
class Outcome:
    """What one failover left: confirmed and lost, told to try again, seconds without a store."""

    confirmed: int
    lost: int
    told_again: int
    silence: float


@measures("failover")
async def failover(tiny: bool) -> list[Figure]:
    """The master killed -9, and the master frozen with its replicas a moment before it dies."""
    many = 40 if tiny else 400
    killed = await _run(many, freeze=False)
    frozen = await _run(many, freeze=True)
    return [
        at_most("failover: confirmed and lost, master killed -9", killed.lost, 0, "acks"),
        at_most("failover: confirmed and lost, replicas cut off first", frozen.lost, 0, "acks"),
        at_least("failover: confirmed", killed.confirmed + frozen.confirmed, many, "acks"),
        at_least("failover: told to try again while cut off", frozen.told_again, 1, "acks"),
        at_most("failover: silence", max(killed.silence, frozen.silence), 30, "s"),
    ]


async def _run(many: int, *, freeze: bool) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        async with running_group(Path(folder)) as group, connect(group.url) as client:
            info = await check(client)
            master = group.servers[int(info["tcp_port"])]
            replicas = [server for server in group.servers.values() if server is not master]
            ledger = RedisLedger(client, Keys(), Durability.of(info, replicas=1))
            requests = [replace(DELIVERED, id=f"r{n}", revision=1) for n in range(many)]
            for request in requests:
                await ledger.commit(Changes(requests=(request,)))

            told_again = 0
            silence = 0.0
            half = many // 2
            for start in range(0, many, AT_ONCE):
                some = requests[start : start + AT_ONCE]
                if start <= half < start + AT_ONCE and freeze:
                    # What is acknowledged now reaches nobody else before the master dies.
                    for replica in replicas:
                        replica.signal(signal.SIGSTOP)
                    told_again += (await _together(_acknowledge(ledger, r) for r in some)).count(
                        False
                    )
                    master.signal(signal.SIGKILL)
                    for replica in replicas:
                        replica.signal(signal.SIGCONT)
                pressing = asyncio.ensure_future(_together(_until_it_is(ledger, r) for r in some))
                if start <= half < start + AT_ONCE and not freeze:
                    await asyncio.wait([pressing], timeout=0.01)  # some are on their way
                    master.signal(signal.SIGKILL)
                silence = max(silence, *await pressing)
            confirmed = {request.id for request in requests}

            async def elsewhere() -> bool:
                try:
                    return int((await check(client))["tcp_port"]) != master.port
                except StoreError:  # all was confirmed before the master died
                    return False

            await wait_until(elsewhere, within=60, what="another server is the master")
            kept = {
                request.id for request in await ledger.open_requests() if request.proof is not None
            }
            return Outcome(len(confirmed), len(confirmed - kept), told_again, silence)


async def _until_it_is(ledger: RedisLedger, request: ConsentRequest) -> float:
    """Press until it is confirmed; how many seconds that took."""
    began = time.monotonic()
    while not await _acknowledge(ledger, request):
        if time.monotonic() - began > 60:
            raise TimeoutError("the store did not come back")
        await asyncio.sleep(0.05)  # a person takes longer
    return time.monotonic() - began


async def _together(presses: Iterable[Awaitable[Pressed]]) -> list[Pressed]:
    return list(await asyncio.gather(*presses))


async def _acknowledge(ledger: RedisLedger, request: ConsentRequest) -> bool:
    """Whether it was confirmed. Pressed again, it is confirmed once it is safe."""
    taken = step(request, Step.ACKNOWLEDGE, NOW, proof=PROOF)
    try:
        try:
            await ledger.commit(Changes(requests=(taken,)))
        except Conflict:
            await ledger.settle()  # written before, by the attempt that was told to try again
    except (NotDurable, StoreError):
        return False
    return True


@asynccontextmanager
async def running_group(folder: Path) -> AsyncIterator[Group]:
    """A master with two replicas, watched by three sentinels that know all of them."""
    async with AsyncExitStack() as stack:

        async def start(server: Server) -> Server:
            stack.push_async_callback(server.kill)
            await server.start()
            return server

        master = await start(Server(folder / "a", *DATA))
        follow = ("--replicaof", f"127.0.0.1 {master.port}")
        replicas = [await start(Server(folder / name, *DATA, *follow)) for name in "bc"]
        config = SENTINEL.format(port=master.port)
        watchers = [
            await start(Server(folder / name, "--sentinel", config=config)) for name in "xyz"
        ]
        hosts = ",".join(f"127.0.0.1:{watcher.port}" for watcher in watchers)

        async def all_know() -> bool:
            for watcher in watchers:
                async with watcher.client() as sentinel:
                    try:
                        told = await sentinel.execute_command(  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
                            "SENTINEL", "MASTER", "main"
                        )
                    except RedisError:
                        return False
                if (int(told["num-slaves"]), int(told["num-other-sentinels"])) != (2, 2):
                    return False
            async with master.client() as client:
                told = await client.info("replication")
            return all(told.get(f"slave{n}", {}).get("state") == "online" for n in (0, 1))

        await wait_until(all_know, within=40, what="the sentinels know everybody")
        servers = {server.port: server for server in (master, *replicas)}
        yield Group(servers, f"redis+sentinel://{hosts}/main")
