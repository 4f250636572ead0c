"""A real uvicorn on loopback around an app, for as long as a test needs it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from adapters.web.connections import ConnectionLimit
from adapters.web.server import make_server
from tests.waiting import wait_until


@asynccontextmanager
async def served(
    make_app: Callable[[str], ASGIApp],
    connection_limit: ConnectionLimit | None = None,
    trusted_proxies: Sequence[str] = (),
) -> AsyncIterator[str]:
    """Serve `make_app(url)` the way the bot is served; gives its url, `http://127.0.0.1:port`."""
    # With its protocol, as in `sandbox.http.serving`.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        server = make_server(make_app(url), f"127.0.0.1:{port}", connection_limit, trusted_proxies)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        await wait_until(lambda: server.started or running.done(), what="the server has started")
        try:
            yield url
        finally:
            server.should_exit = True
            await running
