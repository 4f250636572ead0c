"""Connections that lead to the wrong server, a store that is full, and what is told of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis.exceptions import RedisError, ResponseError

from adapters.engine.engine import QueueEngine
from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.connections import WRONG_SERVER, code
from adapters.redis.server.store import awaited, connect, probe, writable
from adapters.redis.server.urls import parse
from adapters.redis.shared.queue import RedisQueue
from bot.domain.changes import Changes
from bot.errors import StoreError, StoreUnavailable
from bot.ports.engine import Task
from tests.contract.test_engine import Done, now, running
from tests.examples import REQUEST
from tests.proxy import a_pair
from tests.servers import Server
from tests.waiting import wait_until


async def test_a_primary_that_is_demoted_behind_one_address_is_left_at_once(tmp_path: Path) -> None:
    """Fifty open connections lead to the former primary: no write fails, the engine goes on."""
    done = Done()
    async with a_pair(tmp_path) as pair, connect(pair.url) as client:
        ledger = RedisLedger(client, Keys())
        engine = QueueEngine(RedisQueue(client, Keys()), (), timedelta(hours=1))
        engine.register(done.work)

        async def write(number: int) -> None:
            await ledger.commit(Changes(requests=(replace(REQUEST, id=f"r{number}"),)))

        async with running(engine):
            await asyncio.gather(*map(write, range(50)))
            await pair.swap()
            await asyncio.wait_for(asyncio.gather(*map(write, range(50, 100))), 30)
            await engine.deliver("after", now())
            await wait_until(lambda: done.delivered == ["after"])
            assert (await probe(client, Keys())).role == "master"
        async with pair.second.client() as second:
            assert await second.zcard(Keys().open_requests()) == 100


async def test_reads_leave_the_former_primary_too(tmp_path: Path) -> None:
    """One connection that was refused takes all others of the pool with it."""
    async with a_pair(tmp_path) as pair, connect(pair.url) as client:
        await asyncio.gather(*(client.get("x") for _ in range(20)))
        await pair.swap()
        await client.set("x", "new")
        async with pair.first.client() as first:
            await first.config_set("replica-serve-stale-data", "no")
            await first.replicaof("127.0.0.1", "1")  # it would be asked in vain
        found = await asyncio.gather(*(client.get("x") for _ in range(20)))
        assert set(found) == {"new"}


async def test_a_start_in_the_middle_of_a_failover_waits_for_the_primary(tmp_path: Path) -> None:
    """Where none comes, what is wrong is told, and not only that time was up."""
    async with a_pair(tmp_path) as pair, connect(pair.url) as client:
        async with pair.first.client() as first:
            await first.replicaof("127.0.0.1", "1")
            with pytest.raises(StoreUnavailable, match="is a replica and takes no writes"):
                async with awaited(parse(pair.url), seconds=0.5):
                    await writable(client, Keys())
            starting = asyncio.create_task(writable(client, Keys()))
            await asyncio.sleep(0)
            assert not starting.done()
            await first.replicaof("NO", "ONE")
        await asyncio.wait_for(starting, 30)
        await client.set("x", "written")


async def test_a_store_that_is_full_is_told_as_that_and_writes_again_once_it_is_not(
    tmp_path: Path,
) -> None:
    """Reading goes on; health says no, though a ping would be answered."""
    server = Server(tmp_path, "--maxmemory-policy", "noeviction")
    try:
        await server.start()
        async with connect(f"redis://127.0.0.1:{server.port}") as client:
            await client.config_set("maxmemory", "1")
            with pytest.raises(StoreUnavailable, match="full"):
                await RedisLedger(client, Keys()).commit(Changes(requests=(REQUEST,)))
            with pytest.raises(StoreUnavailable, match="full"):
                await probe(client, Keys())
            with pytest.raises(StoreUnavailable, match="full"):
                await RedisQueue(client, Keys()).keep("tick", Task("tick", (), "1"), timedelta())
            assert await client.ping()
            await client.config_set("maxmemory", str(2**30))
            await RedisLedger(client, Keys()).commit(Changes(requests=(REQUEST,)))
            state = await probe(client, Keys())
            assert (state.role, state.limit, state.nearly_full) == ("master", 2**30, False)
            assert state.used > 0
    finally:
        await server.kill()


async def test_a_replica_that_nobody_moved_away_from_is_named(tmp_path: Path) -> None:
    """The address still leads there after all tries: what is wrong is said, not how it failed."""
    async with (
        a_pair(tmp_path) as pair,
        connect(f"redis://127.0.0.1:{pair.second.port}") as client,
    ):
        with pytest.raises(StoreUnavailable, match="is a replica and takes no writes"):
            await RedisLedger(client, Keys()).commit(Changes(requests=(REQUEST,)))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("READONLY You can't write against a read only replica.", "replica"),
        ("LOADING Valkey is loading the dataset in memory", "still reads its file"),
        ("MASTERDOWN Link with MASTER is down", "without its primary"),
        ("UNBLOCKED force unblock from blocking operation, instance state changed", "its role"),
        ("CLUSTERDOWN Hash slot not served", "cluster is down"),
        ("MOVED 3999 127.0.0.1:6381", "redis\\+cluster"),
        ("ASK 3999 127.0.0.1:6381", "redis\\+cluster"),
        ("NOREPLICAS Not enough good replicas to write.", "replicas"),
        ("MISCONF Errors writing to the AOF file: No space left on device", "disk full"),
        (
            "ERR Error running script (call to f_1): @user_script:3: @user_script: 3: "
            "-READONLY You can't write against a read only replica.",
            "replica",
        ),
        ("OOM command not allowed when used memory > 'maxmemory'.", "full"),
        ("NOPERM User bot has no permissions to run the 'info' command", "does not let this user"),
        ("NOAUTH Authentication required.", "credentials"),
        ("WRONGPASS invalid username-password pair or user is disabled.", "credentials"),
        ("EXECABORT Transaction discarded because of: READONLY You can't write", "replica"),
        ("EXECABORT Transaction discarded because of: OOM command not allowed", "full"),
        ("BUSY Valkey is busy running a script.", "busy with a script"),
        ("ERR max number of clients reached", "no more connections"),
        ("DENIED Valkey is running in protected mode", "protected mode"),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", "another kind"),
    ],
)
async def test_each_refusal_of_a_server_has_its_words(answer: str, expected: str) -> None:
    """And those of the wrong server end the connection, each time, before all tries are used."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while line := await reader.readline():
            if line.startswith(b"HELLO"):
                writer.write(b"%1\r\n$5\r\nproto\r\n:3\r\n")
            elif line.startswith(b"CLIENT"):
                writer.write(b"+OK\r\n")
            elif line.startswith(b"SET\r"):
                writer.write(f"-{answer}\r\n".encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with connect(f"redis://127.0.0.1:{port}", tries=1) as client:
            with pytest.raises(StoreUnavailable, match=expected):
                await RedisLedger(client, Keys()).save_okta_admins("contoso", ())
    finally:
        server.close()
    again = any(word in answer.replace("-", " ").split() for word in WRONG_SERVER)
    assert (connections > 1) is (again or "credentials" in expected or "connections" in expected)


def test_a_code_is_read_where_the_server_puts_it() -> None:
    """And nothing is one that is none."""
    assert code(ResponseError("ERR unknown command 'x' -- READ")) == "ERR"
    assert code(ResponseError("something -READONLY like")) == ""
    assert code(RedisError("Connection lost")) == ""
    assert code(ValueError("READONLY x")) == ""


async def test_waiting_for_a_store_ends_and_says_what_was_waited_for() -> None:
    """A plain port that is spoken to in TLS answers nothing, for ever."""
    address = parse("rediss://:hush@127.0.0.1:6390")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:6390 did not answer.*rediss") as caught:
        async with awaited(address, seconds=0.5):
            await asyncio.Event().wait()
    assert "hush" not in str(caught.value)
