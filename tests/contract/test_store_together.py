"""What is asked at once shares a round trip, and everybody gets their own answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import DataError, ResponseError

from adapters.redis.server.store import connect


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
            if words[0] in (b"HELLO", b"CLIENT"):
                writer.write(b"+OK\r\n" if words[0] == b"CLIENT" else b"%1\r\n+proto\r\n:3\r\n")
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
