"""Hostile clients on a really served app: half-sent requests, slow bodies, nobody reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.web.connections import ConnectionLimit, Deadlines
from adapters.web.networks import network_named
from tests.serving import served
from tests.waiting import wait_until

LARGE = 8 * 1024 * 1024
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def health(request: Request) -> Response:
    return Response("fine")


async def body(request: Request) -> Response:
    try:
        return Response(str(len(await request.body())))
    except ClientDisconnect:  # as the bot's own pages take it
        return Response()


async def large(request: Request) -> Response:
    return Response(b"x" * LARGE)


APP = Starlette(
    routes=[
        Route("/health", health),
        Route("/body", body, methods=["POST"]),
        Route("/large", large),
    ]
)


QUICK = Deadlines(2.0, 2.0, 2.0)
"""Long enough for a busy machine to ask for a page."""


@asynccontextmanager
async def behind(connection_limit: ConnectionLimit) -> AsyncIterator[int]:
    async with served(lambda _: APP, connection_limit) as url:
        yield int(url.rpartition(":")[2])


async def connected(stack: AsyncExitStack, port: int, said: bytes = b"") -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    writer.write(said)
    return reader, writer


async def is_cut(streams: Streams) -> bool:
    """Waits until the other side ends it."""
    try:
        async with asyncio.timeout(60):
            while await streams[0].read(65536):
                pass
    except ConnectionError:
        return True
    return streams[0].at_eof()


async def asked(port: int, path: str = "/health") -> bytes:
    async with AsyncExitStack() as stack:
        said = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        reader, _ = await connected(stack, port, said)
        async with asyncio.timeout(60):
            return await reader.read()


UNENDED = (
    b"",
    b"G",
    b"GET /health HTTP/1.1\r\nHost: x\r\n",
    b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
    b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHos",
)


async def test_a_request_that_does_not_end_is_cut_off() -> None:
    """In its head, in its body, in a body that nobody asked for, behind a whole one."""
    connection_limit = ConnectionLimit(2 * len(UNENDED), QUICK)
    async with behind(connection_limit) as port, AsyncExitStack() as stack:
        waiting = [is_cut(await connected(stack, port, said)) for said in UNENDED]
        cut = dict(zip(UNENDED, await asyncio.gather(*waiting), strict=True))
        assert cut == dict.fromkeys(UNENDED, True)
        await wait_until(lambda: len(connection_limit) == 0, what="their places are free")


async def test_a_byte_now_and_then_does_not_put_the_deadline_off() -> None:
    """Slowloris: header after header, for ever."""
    async with behind(ConnectionLimit(16, QUICK)) as port, AsyncExitStack() as stack:
        reader, writer = await connected(stack, port, b"GET /health HTTP/1.1\r\n")

        async def drip() -> None:
            while True:
                writer.write(b"X-A: b\r\n")
                await asyncio.sleep(0.2)  # the attack itself, not a wait for its end

        dripping = asyncio.create_task(drip())
        stack.callback(dripping.cancel)
        assert await is_cut((reader, writer))


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
@pytest.mark.parametrize("then", [b"-3\r\nabc\r\n", b"0x3\r\nabc", b"\xff\xfe\r\n"])
async def test_a_body_that_breaks_off_gets_one_answer_at_most(
    caplog: pytest.LogCaptureFixture, method: str, then: bytes
) -> None:
    """Whoever works on the request may be answering: nothing falls over, and the door is free."""
    connection_limit = ConnectionLimit(8, QUICK)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(behind(connection_limit))
        said = f"{method} /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        for apart in (True, False):
            first = said.encode() + b"3\r\nabc\r\n"
            reader, writer = await connected(stack, port, first if apart else first + then)
            if apart:
                await writer.drain()
                writer.write(then)
            answer = b""
            try:
                async with asyncio.timeout(60):
                    answer = await reader.read()
            except ConnectionError:
                pass
            assert answer.count(b"HTTP/1.1 ") <= 1
        assert b"200" in await asked(port)
    assert [one for one in caplog.records if one.exc_info] == []


async def test_an_answer_that_nobody_reads_is_given_up() -> None:
    """The place and the memory are free again."""
    connection_limit = ConnectionLimit(16, QUICK)
    async with behind(connection_limit) as port, AsyncExitStack() as stack:
        await connected(stack, port, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        await wait_until(lambda: len(connection_limit) == 1, what="it is there")
        await wait_until(lambda: len(connection_limit) == 0, what="it is given up", within=60)


async def test_a_large_answer_that_is_read_arrives_whole() -> None:
    """Also when it takes longer than the deadline, as long as somebody reads."""
    async with behind(ConnectionLimit(16, QUICK)) as port:
        assert len(await asked(port, "/large")) > LARGE


@pytest.mark.parametrize(
    "asks", [b"", b"GET / HT", b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"]
)
async def test_health_answers_however_many_hold_the_door(asks: bytes) -> None:
    """Far more than there is room for, all from the same address: who asks in whole is let in."""
    connection_limit = ConnectionLimit(32, QUICK)
    async with behind(connection_limit) as port, AsyncExitStack() as stack:
        for _ in range(100):
            await connected(stack, port, asks)
            assert len(connection_limit) <= connection_limit.most // 2
        for _ in range(10):
            assert (await asked(port)).endswith(b"fine")


async def test_keep_alive_still_works() -> None:
    """Many whole requests over one connection, and pipelined ones."""
    whole = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    async with behind(ConnectionLimit(16, QUICK)) as port, AsyncExitStack() as stack:
        reader, writer = await connected(stack, port, whole + whole)
        for _ in range(2):
            assert (await reader.readuntil(b"fine")).startswith(b"HTTP/1.1 200")
        writer.write(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde")
        assert (await reader.readuntil(b"\r\n\r\n5")).startswith(b"HTTP/1.1 200")


async def test_who_is_being_answered_is_not_cut_for_a_newcomer() -> None:
    """Where everybody inside has asked in whole, the newcomer goes."""
    hold, entered = asyncio.Event(), 0

    async def held(request: Request) -> Response:
        nonlocal entered
        entered += 1
        await hold.wait()
        return Response("done")

    app = Starlette(routes=[Route("/", held)])
    connection_limit = ConnectionLimit(4, QUICK)
    async with served(lambda _: app, connection_limit) as url, AsyncExitStack() as stack:
        port = int(url.rpartition(":")[2])
        whole = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        inside = [await connected(stack, port, whole) for _ in range(2)]
        await wait_until(lambda: entered == 2, what="both are being answered")
        assert await is_cut(await connected(stack, port, whole))
        hold.set()
        for reader, _ in inside:
            assert (await reader.read()).endswith(b"done")


def test_the_cap_is_below_the_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what the process may have open is left to the rest of it."""

    def few(_: int) -> tuple[int, int]:
        return 256, 256

    monkeypatch.setattr("adapters.web.connections.resource.getrlimit", few)
    assert ConnectionLimit().most == 128


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_one_customer_counts_as_one(host: str, network: str) -> None:
    """Of IPv6 everybody has 2^64 addresses; IPv4 may be written as IPv6."""
    assert network_named(host) == network
