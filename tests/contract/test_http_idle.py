"""A connection without a call is given up before the other side closes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from adapters.http.client import open_http
from adapters.http.pool import ConnectionPool
from adapters.http.unknown_outcome import IDLE_SECONDS
from adapters.slack.outgoing.calls import open_web
from tests.contract.slack_stage import settings
from tests.contract.test_http_many import served
from tests.waiting import wait_until

SERVERS_KEEP = 5.0
"""Seconds: uvicorn's `timeout_keep_alive`, Node's `server.keepAliveTimeout`."""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n"
ANSWER += b'{"ok":true}'

Call = Callable[[], Awaitable[object]]


@asynccontextmanager
async def httpx_pool(url: str) -> AsyncIterator[Call]:
    async with open_http() as http:
        yield lambda: http.post(url, json={})


@asynccontextmanager
async def many(url: str) -> AsyncIterator[Call]:
    async with open_http(ConnectionPool(10)) as http:
        yield lambda: http.post(url, json={})


@asynccontextmanager
async def slack(url: str) -> AsyncIterator[Call]:
    async with open_web(settings(f"{url}/api")) as web:
        yield web.api_test


@pytest.mark.parametrize("opened", [httpx_pool, many, slack])
async def test_an_idle_connection_is_not_used_again(
    opened: Callable[[str], AbstractAsyncContextManager[Call]],
) -> None:
    """Two calls in a row share one; after a pause there is a new one."""
    began, ended = 0, 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal began, ended
        began += 1
        while head := await reader.read(65_536):
            if b"\r\n\r\n" in head:
                writer.write(ANSWER)
        ended += 1

    async with served(serve) as url:
        async with opened(url) as call:
            await call()
            await call()
            assert began == 1
            await asyncio.sleep(IDLE_SECONDS + 0.1)  # the time is what is tested
            await call()
            assert began == 2
        await wait_until(lambda: ended == began)


def test_it_is_given_up_sooner_than_by_any_server() -> None:
    """Also where the clocks of both run on at different times."""
    assert IDLE_SECONDS < SERVERS_KEEP / 2
