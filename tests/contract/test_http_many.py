"""The transport for many calls at a time: what it sends, and where it failed."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from adapters.http.client import open_http
from adapters.http.pool import ConnectionPool
from adapters.http.unknown_outcome import MAY_HAVE_BEEN_SENT, NOTHING_SENT
from sandbox.bot_process import free_port
from tests.waiting import wait_until

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\n{}"


@asynccontextmanager
async def served(handle: Handle) -> AsyncIterator[str]:
    """A server that does with each connection what the test says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the caller is gone
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def client(connections: int = 10) -> AsyncIterator[httpx.AsyncClient]:
    async with open_http(ConnectionPool(connections)) as http:
        yield http


async def request_of(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return head[0], headers, body


async def test_a_request_arrives_as_httpx_made_it() -> None:
    """The address as it is encoded, each header once, the body with its length; no cookie stays."""
    got: list[tuple[str, dict[str, str], bytes]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            got.append(await request_of(reader))
            writer.write(FINE)

    async with served(answer) as url, client() as http:
        for _ in range(2):
            response = await http.post(
                f"{url}/v3/a%3A1%2Fx/activities?q=%2B",
                json={"name": "Zoë"},
                headers={"Authorization": "Bearer t"},
            )
            assert (response.status_code, response.json()) == (200, {})
    first, headers, body = got[1]
    assert first == "POST /v3/a%3A1%2Fx/activities?q=%2B HTTP/1.1"
    assert json.loads(body) == {"name": "Zoë"}
    assert headers["authorization"] == "Bearer t"
    assert headers["user-agent"] == "o365bot"
    assert headers["content-type"] == "application/json"
    assert headers["host"] == url.removeprefix("http://")
    assert "cookie" not in headers


async def test_answers_are_read_as_ever() -> None:
    """Status, reason, headers, a packed body; a redirect is not followed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        packed = gzip.compress(b'{"a": 1}')
        head = "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Encoding: gzip\r\n"
        writer.write(f"{head}Content-Length: {len(packed)}\r\n\r\n".encode() + packed)

    async with served(answer) as url, client() as http:
        response = await http.get(url)
    assert (response.status_code, response.json()) == (307, {"a": 1})
    assert response.headers["location"] == "http://127.0.0.1:9/"


async def test_nobody_there_is_nothing_sent() -> None:
    """A port without a server."""
    async with client() as http:
        with pytest.raises(NOTHING_SENT):
            await http.post(f"http://127.0.0.1:{free_port()}/", json={})


async def test_waiting_in_vain_for_a_free_connection_is_nothing_sent() -> None:
    """While all of them are held by a slow server."""
    asked, held = asyncio.Event(), asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        asked.set()
        await held.wait()
        writer.write(FINE)

    limits = httpx.Timeout(60, connect=0.05, pool=0.05)
    async with served(hold) as url, client(connections=1) as http:
        first = asyncio.create_task(http.post(url, json={}))
        await wait_until(asked.is_set, what="the only connection is in use")
        with pytest.raises(NOTHING_SENT):
            await http.post(url, json={}, timeout=limits)
        held.set()
        assert (await first).status_code == 200


async def gone_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def gone_after_the_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await request_of(reader)


async def gone_within_the_answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await request_of(reader)
    writer.write(FINE[:-1])


async def no_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"SSH-2.0-x\r\n\r\n")


@pytest.mark.parametrize(
    "handle", [gone_at_once, gone_after_the_request, gone_within_the_answer, no_answer, no_http]
)
async def test_what_broke_after_it_began_may_have_been_sent(handle: Handle) -> None:
    """Never told as nothing sent: a message would come twice."""
    limits = httpx.Timeout(60, read=0.2)
    async with served(handle) as url, client() as http:
        with pytest.raises(MAY_HAVE_BEEN_SENT):
            await http.post(url, json={}, timeout=limits)


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again() -> None:
    """The next call gets one of its own."""
    ended = asyncio.Semaphore(0)

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(FINE)
        writer.close()
        await writer.wait_closed()
        ended.release()

    async with served(once) as url, client() as http:
        for _ in range(3):
            assert (await http.post(url, json={})).status_code == 200
            await ended.acquire()
            await asyncio.sleep(0.01)  # a turn of the loop, in which the caller reads that end


async def test_a_proxy_of_the_environment_is_used_but_not_for_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As for every other cloud; a proxy that refuses has sent nothing on."""
    asked: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, _, _ = await request_of(reader)
        asked.append(first)
        writer.write(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(FINE)

    async with served(proxy) as through, served(answer) as url:
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
            monkeypatch.setenv(name, through)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with client() as http:
            assert (await http.get(url)).status_code == 200
            with pytest.raises(NOTHING_SENT):
                await http.post("https://smba.example.com/teams/v3", json={})
    assert asked == ["CONNECT smba.example.com:443 HTTP/1.1"]
