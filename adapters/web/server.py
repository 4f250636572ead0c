"""Serving the app with uvicorn."""

from __future__ import annotations

import logging

import uvicorn
from starlette.types import ASGIApp

DRAIN_SECONDS = 20


def make_server(app: ASGIApp, listen: str) -> uvicorn.Server:
    """A server for `listen` (`host:port`), to be run with `await server.serve()`.

    uvicorn's access log stays off: it would write whole addresses, and a personal link's address is
    a secret. What was asked is logged by `adapters.web.middleware.RequestLog`.
    """
    host, _, port = listen.rpartition(":")
    # `access_log=False` alone gives way to any handler that is attached to this logger later.
    logging.getLogger("uvicorn.access").disabled = True
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host.strip("[]"),
            port=int(port),
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
