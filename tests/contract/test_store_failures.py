"""Each way in which a store can fail has its own advice on the health page."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.store import connect, errors
from adapters.redis.upkeep.figures import RedisFigures
from bot.errors import StoreUnavailable
from bot.wiring.health import health, ready
from sandbox.bot_process import free_port
from tests.mail_server import make_certificates
from tests.servers import Server
from tests.waiting import wait_until

KEYS = Keys()


async def told(client: Redis) -> str:
    """What `/health` says of the store: why it fails, and what to do."""
    ledger = RedisLedger(client, KEYS)
    report = await health(client, KEYS, ledger, RedisFigures(client, KEYS, ledger, (), ()), (), ())
    (part,) = [one for one in report.parts if one.name == "store"]
    if part.ok:
        return ""
    assert "Nothing is lost meanwhile" in part.do
    return f"{part.reason} {part.do}"


@asynccontextmanager
async def answering(words: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that says the same to every command."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(words)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_one_that_is_not_there_is_to_be_started() -> None:
    """Nothing listens; or its host has no address."""
    async with connect(f"redis://127.0.0.1:{free_port()}", tries=1) as client:
        assert "Start it, or check that redis.url leads to it." in await told(client)
        assert "Start it" in await ready(client, KEYS)
    unknown = RedisConnectionError("Error connecting")
    unknown.__context__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with pytest.raises(StoreUnavailable, match="host is not known"), errors():
        raise unknown


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"-LOADING Valkey is loading the dataset in memory\r\n", "answers as soon as it has"),
        (b"-MASTERDOWN Link with MASTER is down\r\n", "Does redis.url lead to the primary?"),
        (b"-NOREPLICAS Not enough good replicas to write.\r\n", "Check the replicas"),
        (b"-CLUSTERDOWN The cluster is down\r\n", "Look at its nodes"),
    ],
)
async def test_what_a_server_says_while_it_cannot_is_told(answer: bytes, says: str) -> None:
    """None of it is mended by starting it."""
    async with answering(answer) as port, connect(f"redis://127.0.0.1:{port}", tries=1) as client:
        words = await told(client)
    assert says in words
    assert "Start it" not in words


async def test_tls_that_fails_says_how(tmp_path: Path) -> None:
    """A certificate that nobody vouches for, and a port without TLS."""
    made = make_certificates(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(made.server)
    async with (
        answering(b"+OK\r\n", tls) as port,
        connect(f"rediss://127.0.0.1:{port}", tries=1) as client,
    ):
        assert "Name its authority in redis.ca_file" in await told(client)
    async with (
        answering(b"-ERR\r\n") as port,
        connect(f"rediss://127.0.0.1:{port}", tries=1) as client,
    ):
        assert "Does this port speak TLS" in await told(client)


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """One that a test may spoil; it keeps a file, as the shipped one does."""
    one = Server(tmp_path / "store", "--appendonly", "yes", "--maxmemory-policy", "noeviction")
    try:
        await one.start()
        yield one
    finally:
        await one.kill()


@pytest.mark.parametrize(
    ("spoil", "mend", "says"),
    [
        ("CONFIG SET requirepass hush", "", "Check user and password"),
        ("ACL SETUSER default -info", "ACL SETUSER default +@all", "lacks the command info"),
        ("ACL SETUSER default resetkeys ~other", "ACL SETUSER default ~*", "docs/store.md"),
        ("SET {o365bot}:scans text", "DEL {o365bot}:scans", "Does anything else write"),
        ("SET {o365bot}:engine:due text", "DEL {o365bot}:engine:due", "Does anything else write"),
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "Give it more memory"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "Does redis.url lead to the primary?"),
    ],
)
async def test_what_is_wrong_with_a_server_is_told_and_over_once_it_is_mended(
    server: Server, spoil: str, mend: str, says: str
) -> None:
    """None of it is mended by starting it, and nothing of its data is repeated."""
    async with (
        server.client() as admin,
        connect(f"redis://127.0.0.1:{server.port}", tries=1) as client,
    ):
        command: Any = admin.execute_command  # redis-py leaves it untyped
        await command(*spoil.split())
        words = await told(client)
        assert says in words
        assert "Start it" not in words
        assert "hush" not in words
        if mend:
            await command(*mend.split())
            assert await told(client) == ""


async def test_a_disk_that_fills_is_told_and_all_goes_on_once_there_is_room(
    server: Server,
) -> None:
    """Without a restart; what was stored is there."""
    async with connect(f"redis://127.0.0.1:{server.port}", tries=1) as client:
        await client.set("kept", "yes")
        server.limit_files(100)

        async def fails() -> bool:
            return "Is its disk full?" in await told(client)

        await wait_until(fails, within=60, what="the store says that it cannot write")
        server.limit_files(resource.RLIM_INFINITY)

        async def is_well() -> bool:
            return await told(client) == ""

        await wait_until(is_well, within=60, what="the store writes again")
        assert await client.get("kept") == "yes"
