"""What is asked at once shares a round trip, and everybody gets their own answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError, RedisError, ResponseError

from adapters.redis.server.connections import FollowingPool, WrongServer, one_of
from adapters.redis.server.store import connect
from adapters.redis.server.timed import TimedRedis

GREETING = {b"HELLO": b"%1\r\n+proto\r\n:3\r\n", b"CLIENT": b"+OK\r\n"}


async def test_many_commands_at_once_need_one_connection(redis_url: str, store: Redis) -> None:
    """And each has its answer, as redis-py reads it."""
    before = await _connections(store)
    async with connect(redis_url) as client:
        await asyncio.gather(*(client.set(f"n{n}", n) for n in range(40)))
        assert await asyncio.gather(*(client.get(f"n{n}") for n in range(40))) == [
            str(n) for n in range(40)
        ]
    assert await _connections(store) == before + 1


async def _connections(store: Redis) -> int:
    """How many the server has accepted so far."""
    return int((await store.info("stats"))["total_connections_received"])


async def test_an_error_is_for_whom_it_concerns(store: Redis) -> None:
    """One asks a text for a field, one sends what is no text at all: the others know nothing."""
    await store.set("text", "1")
    wrong: Any = None
    answers = await asyncio.gather(
        store.get("text"),
        store.hget("text", "field"),
        store.get("text"),
        return_exceptions=True,
    )
    assert answers[0] == answers[2] == "1"
    assert isinstance(answers[1], ResponseError)
    refused, found = await asyncio.gather(
        store.set("text", wrong), store.get("text"), return_exceptions=True
    )
    assert isinstance(refused, DataError)
    assert found == "1"


async def test_somebody_who_gives_up_takes_no_answer_along(store: Redis) -> None:
    """What goes on over the same connection is read from where it begins."""
    await asyncio.gather(*(store.set(f"n{n}", n) for n in range(6)))
    asking = [asyncio.ensure_future(store.get(f"n{n}")) for n in range(6)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for one in asking[:5:2]:
        one.cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert answers[1::2] == ["1", "3", "5"]
    assert [*await asyncio.gather(store.get("n4"), store.get("n2"))] == ["4", "2"]


@asynccontextmanager
async def breaking() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that breaks off after its second answer, once; its port, and what it was told."""
    told: list[bytes] = []
    answered = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        while words := await _command(reader):
            if words[0] in GREETING:
                writer.write(GREETING[words[0]])
                continue
            told.append(words[-1])
            answered += 1
            if answered == 3:
                break
            writer.write(b"+%s\r\n" % words[-1])
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], told


async def _command(reader: asyncio.StreamReader) -> list[bytes]:
    """The next command; nothing at the end."""
    many = (await reader.readline())[1:]
    words = []
    for _ in range(int(many or 0)):
        length = int((await reader.readline())[1:])
        words.append((await reader.readexactly(length + 2))[:-2])
    return words


async def test_after_a_break_only_what_has_no_answer_is_sent_again() -> None:
    """What was answered was done, and is not done twice."""
    async with breaking() as (port, told), connect(f"redis://127.0.0.1:{port}", tries=2) as client:
        answers = await asyncio.gather(*(client.get(name) for name in ("a", "b", "c", "d")))
        assert answers == ["a", "b", "c", "d"]
        assert told[:2] == [b"a", b"b"]
        assert sorted(told[2:]) in ([b"c", b"c", b"d"], [b"c", b"c", b"d", b"d"])


async def test_what_fails_for_all_is_an_error_of_each_ones_own() -> None:
    """What one makes of it is not told to the others; and it keeps what it says of itself."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while words := await _command(reader):
            writer.write(GREETING.get(words[0], b"-READONLY no\r\n"))
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with connect(url, tries=1) as client:
            told = await asyncio.gather(
                *(client.set(name, 1) for name in "abc"), return_exceptions=True
            )
    assert len({id(one) for one in told}) == 3
    for one in told:
        assert isinstance(one, WrongServer)
        assert (one.answer, str(one)) == ("READONLY", "the server answers READONLY")
        assert isinstance(one.__cause__, ResponseError)


async def test_where_no_connection_is_left_all_are_told(redis_url: str) -> None:
    """And once there is one again, everybody is answered."""
    path = redis_url.removeprefix("unix://")
    pool = FollowingPool(UnixDomainSocketConnection, path=path, max_connections=1, timeout=0.2)
    client = TimedRedis.from_pool(pool)
    async with one_of(client):
        told = await asyncio.gather(*(client.echo(n) for n in "abc"), return_exceptions=True)
        assert all(isinstance(one, RedisConnectionError) for one in told)
    assert await asyncio.gather(*(client.echo(n) for n in "abc")) == [b"a", b"b", b"c"]
    await client.aclose()


async def test_who_asks_while_the_client_is_closed_is_answered_or_told(redis_url: str) -> None:
    """In every turn of the loop at which that may happen."""
    for turns in range(12):
        async with connect(redis_url) as client:
            await client.ping()
            asking = [asyncio.ensure_future(client.echo(str(n))) for n in range(5)]
            for _ in range(turns):
                await asyncio.sleep(0)
        answers = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 60)
        for number, answer in enumerate(answers):
            assert isinstance(answer, RedisError) or answer == str(number)
        await client.aclose()  # what was answered after all has connected anew
