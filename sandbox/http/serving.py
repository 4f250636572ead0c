"""Serves several ASGI apps in one process, each on a loopback port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"


@contextlib.asynccontextmanager
async def serve(
    apps: Mapping[str, ASGIApp], ports: Mapping[str, int] | None = None
) -> AsyncIterator[dict[str, str]]:
    """Serve the apps; gives the base URL of each, without a slash at the end.

    `ports` are wishes: a port that is taken, and one not named, is replaced by a free one.
    """
    addresses: dict[str, str] = {}
    servers: list[_Server] = []
    running: list[asyncio.Task[None]] = []
    for name, app in apps.items():
        listener = _listen((ports or {}).get(name, 0))
        addresses[name] = f"http://{HOST}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        servers.append(server)
        running.append(asyncio.create_task(server.serve(sockets=[listener])))
    try:
        async with asyncio.timeout(30):
            await asyncio.gather(*(server.ready.wait() for server in servers))
        yield addresses
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*running)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the program it is part of, and says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def _listen(port: int) -> socket.socket:
    """A listening socket on loopback; on a free port when the wanted one is taken."""
    # The protocol is named because asyncio switches Nagle's delay off for nothing else: without,
    # an answer in two pieces takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        if port == 0:
            raise
        listener.bind((HOST, 0))
    listener.listen(100)
    return listener
