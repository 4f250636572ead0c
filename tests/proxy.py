"""An address that moves: a TCP proxy on loopback whose target can be changed under its users."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import Server
from tests.there import there
from tests.waiting import wait_until


class Proxy:
    """What is connected stays connected to where it was; only new connections go to `target`."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.accepted = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        copies = [
            asyncio.create_task(_copy(reader, far_writer)),
            asyncio.create_task(_copy(far_reader, writer)),
        ]
        try:
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for copy in copies:
                copy.cancel()
            writer.close()
            far_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def moving_address(target: int) -> AsyncIterator[Proxy]:
    """A proxy in front of a port; move it by setting `target`."""
    proxy = Proxy(target)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = there(asyncio.current_task())
        serving.add(task)
        try:
            with contextlib.suppress(asyncio.CancelledError):  # the end: asyncio would log it
                await proxy._serve(reader, writer)
        finally:
            serving.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tuple(serving):
            task.cancel()
        if serving:
            await asyncio.wait(tuple(serving))


@dataclass
class Pair:
    """A primary, its replica, and the one address in front of them."""

    first: Server
    second: Server
    address: Proxy

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.address.port}"

    async def swap(self) -> None:
        """The replica takes over, the address with it; what is connected stays connected."""
        async with self.first.client() as first:
            command: Any = first.execute_command  # redis-py leaves it untyped
            await command("FAILOVER")  # hands over without losing a write

            async def handed_over() -> bool:
                return bool((await first.info("replication"))["role"] == "slave")

            await wait_until(handed_over, within=60, what="the replica has taken over")
            self.address.target = self.second.port


@asynccontextmanager
async def a_pair(folder: Path) -> AsyncIterator[Pair]:
    """Both of them in step, and the address in front of the first."""
    options = ("--repl-diskless-sync-delay", "0", "--appendonly", "yes")
    first, second = Server(folder / "first", *options), Server(folder / "second", *options)
    try:
        await first.start()
        await second.start()
        async with second.client() as client:
            await client.replicaof("127.0.0.1", str(first.port))

            async def in_step() -> bool:
                return bool((await client.info("replication"))["master_link_status"] == "up")

            await wait_until(in_step, within=60, what="the replica follows")
        async with moving_address(first.port) as address:
            yield Pair(first, second, address)
    finally:
        await first.kill()
        await second.kill()
