"""The primary moves while many ask at once: everybody gets their own answer, or an error."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from adapters.redis.server.store import connect
from tests.proxy import Pair, a_pair
from tests.servers import running_server
from tests.waiting import wait_until

AT_ONCE = 20
SENTINEL = """
sentinel monitor main 127.0.0.1 {port} 1
sentinel down-after-milliseconds main 1000
sentinel failover-timeout main 5000
"""
NAME = "store.example.com"
HANGS = 120.0
"""Seconds after which a command counts as never answered: each tries again for a while."""


@asynccontextmanager
async def asking(client: Redis) -> AsyncIterator[None]:
    """Inside, twenty ask without a pause, each for what it alone has written; it ends once a write
    got through. Raises TimeoutError where one was never answered.
    """
    moved = asyncio.Event()
    answered: set[int] = set()

    async def ask(number: int) -> None:
        turn = 0
        while not moved.is_set():
            turn += 1
            own = f"{number}:{turn}"
            with suppress(RedisError):
                assert await client.echo(own) == own
                assert await client.set(own, own) is True
                assert await client.get(own) in (own, None)  # None: the new primary never got it
                answered.add(number)

    async with asyncio.timeout(HANGS), asyncio.TaskGroup() as tasks:
        for number in range(AT_ONCE):
            tasks.create_task(ask(number))
        await wait_until(lambda: len(answered) == AT_ONCE, within=60, what="all are answered")
        yield
        async with asyncio.timeout(60):
            await client.set("after", "written")
        answered.clear()
        await wait_until(lambda: len(answered) == AT_ONCE, within=60, what="all are answered again")
        moved.set()
    assert await client.get("after") == "written"


async def demoted(pair: Pair) -> None:
    """The replica takes over; the former primary refuses writes, and its connections stay."""
    await pair.swap()


async def killed(pair: Pair) -> None:
    """The primary is gone in the middle of what it was asked."""
    await pair.first.kill()
    async with pair.second.client() as second:
        await second.replicaof("NO", "ONE")


@pytest.mark.parametrize("move", [demoted, killed])
async def test_behind_a_name_whose_address_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, move: Callable[[Pair], Awaitable[None]]
) -> None:
    """The name is looked up anew. On loopback the port stands for the machine."""
    async with a_pair(tmp_path) as pair:
        leads_to = pair.first.port

        real = socket.getaddrinfo

        def look_up(host: Any, port: Any, *more: Any, **options: Any) -> list[Any]:
            if host != NAME:
                return real(host, port, *more, **options)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", leads_to))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        async with connect(f"redis://{NAME}:6379") as client, asking(client):
            await move(pair)
            leads_to = pair.second.port


@pytest.mark.parametrize("is_killed", [False, True], ids=["demoted", "killed"])
async def test_behind_a_sentinel_that_names_another_primary(
    tmp_path: Path, is_killed: bool
) -> None:
    """By its own decision, or told to."""
    async with a_pair(tmp_path) as pair:
        config = SENTINEL.format(port=pair.first.port)
        async with running_server(tmp_path / "s", "--sentinel", config=config) as port:
            url = f"redis+sentinel://127.0.0.1:{port}/main"
            async with (
                Redis(port=port, decode_responses=True) as sentinel,
                connect(url) as client,
                asking(client),
            ):
                ask: Any = sentinel.execute_command  # redis-py leaves it untyped
                if is_killed:
                    await wait_until(lambda: _knows_both(ask), within=30, what="both are known")
                    await pair.first.kill()
                else:
                    await wait_until(lambda: _hands_over(ask), within=30, what="it hands over")

                async def names_the_second() -> bool:
                    named = await ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")
                    return int(named[1]) == pair.second.port

                await wait_until(names_the_second, within=60, what="the other one is named")


async def _knows_both(ask: Any) -> bool:
    return int((await ask("SENTINEL", "MASTER", "main"))["num-slaves"]) == 1


async def _hands_over(ask: Any) -> bool:
    try:
        await ask("SENTINEL", "FAILOVER", "main")
    except ResponseError:  # it does not know the replica well enough
        return False
    return True
