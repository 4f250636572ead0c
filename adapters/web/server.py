"""Serving the app with uvicorn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from errno import EADDRINUSE
from socket import (
    AF_INET6,
    AI_PASSIVE,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    SO_REUSEADDR,
    SOCK_STREAM,
    SOL_SOCKET,
    getaddrinfo,
    socket,
)

import uvicorn
from starlette.types import ASGIApp

from adapters.web.connections import LARGEST_HEAD, ConnectionLimit, guarded
from bot.errors import SettingsInvalid

DRAIN_SECONDS = 20


class Server(uvicorn.Server):
    """Ends the streams before it waits for what is under way: they would not end by themselves."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event | None) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        if self._closing is not None:
            self._closing.set()
        await super().shutdown(sockets)


def listening(listen: str, key: str) -> list[socket]:
    """Sockets bound to every address of `listen` (`host:port`), which take no connection yet.

    `key` is its name in the settings. Raises SettingsInvalid, such as for a port that is taken.
    """
    host, _, port = listen.rpartition(":")
    bound: list[socket] = []
    try:
        found = getaddrinfo(host.strip("[]"), int(port), type=SOCK_STREAM, flags=AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = socket(family, kind, protocol)
            bound.append(one)
            one.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            if family is AF_INET6:
                one.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
            one.bind(address)
    except OSError as error:
        for one in bound:
            one.close()
        why = error.strerror or str(error)
        taken = "; does the bot run already?" if error.errno == EADDRINUSE else ""
        raise SettingsInvalid((f"{key}: {listen} cannot be listened on ({why}){taken}",)) from error
    return bound


def make_server(
    app: ASGIApp,
    listen: str,
    connection_limit: ConnectionLimit | None = None,
    trusted_proxies: Sequence[str] = (),
) -> Server:
    """A server for `listen` (`host:port`), to be run with `await server.serve()`.

    The caller's address is the socket's, or what one of `trusted_proxies` says of it.

    uvicorn's access log stays off: it would write whole addresses, and a personal link's address is
    a secret. What was asked is logged by `adapters.web.middleware.RequestLog`.
    """
    host, _, port = listen.rpartition(":")
    # `access_log=False` alone gives way to any handler that is attached to this logger later.
    logging.getLogger("uvicorn.access").disabled = True
    return Server(
        uvicorn.Config(
            app,
            host=host.strip("[]"),
            port=int(port),
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=list(trusted_proxies),
            http=guarded(ConnectionLimit() if connection_limit is None else connection_limit),
            h11_max_incomplete_event_size=LARGEST_HEAD,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=DRAIN_SECONDS,
        ),
        getattr(getattr(app, "state", None), "closing", None),
    )
