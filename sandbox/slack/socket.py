"""The pretend Slack's Socket Mode: addresses with a ticket, envelopes, acknowledgements.

Each envelope goes to one of the open connections, and counts as failed when it is not acknowledged
within three seconds. Source: docs.slack.dev, "Using Socket Mode".
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from sandbox.http.serving import HOST

Json = dict[str, Any]

MOST_CONNECTIONS = 10


class SocketMode:
    """Slack's side of it; an async context manager that listens on loopback."""

    def __init__(self, app_token: str, app_id: str, timeout: float = 3.0) -> None:
        self.app_token = app_token
        self.connections: list[web.WebSocketResponse] = []
        self.connected = asyncio.Event()
        self._app_id = app_id
        self._timeout = timeout
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._transports: set[asyncio.Transport] = set()
        self._address = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/link", self._link)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self._address = f"ws://{HOST}:{self._runner.addresses[0][1]}/link"
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in list(self.connections):
            await connection.close()
        await self._runner.cleanup()

    def new_address(self) -> str:
        """For one connection, as `apps.connections.open` gives it."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return f"{self._address}?ticket={ticket}&app_id={self._app_id}"

    async def send(self, body: bytes, retry: int = 0, reason: str = "") -> bool:
        """Hand what HTTP would have as a body to one connection; whether it was acknowledged."""
        if not self.connections:
            return False
        kind, payload = _payload(body)
        envelope = secrets.token_hex(16)
        message: Json = {"envelope_id": envelope, "type": kind, "payload": payload}
        message["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            message |= {"retry_attempt": retry, "retry_reason": reason}
        self._waiting[envelope] = acknowledged = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._timeout):
                await random.choice(self.connections).send_json(message)
                await acknowledged
        except (TimeoutError, ConnectionError):
            return False
        finally:
            del self._waiting[envelope]
        return True

    async def refresh(self) -> None:
        """Ask every connection to come anew, as Slack does every few hours."""
        for connection in list(self.connections):
            await connection.send_json({"type": "disconnect", "reason": "refresh_requested"})

    async def cut(self) -> None:
        """Drop every connection without a word."""
        for transport in list(self._transports):
            transport.abort()

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or len(self.connections) >= MOST_CONNECTIONS:
            return web.Response(status=404)
        self._tickets.remove(ticket)
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        self._transports.add(transport)
        self.connections.append(connection)
        self.connected.set()
        try:
            await connection.send_json(
                {
                    "type": "hello",
                    "num_connections": len(self.connections),
                    "connection_info": {"app_id": self._app_id},
                    "debug_info": {"host": "applink-1", "approximate_connection_time": 18060},
                }
            )
            async for message in connection:
                if message.type is WSMsgType.TEXT:
                    self._acknowledged(json.loads(message.data).get("envelope_id", ""))
        finally:
            self.connections.remove(connection)
            self._transports.discard(transport)
            if not self.connections:
                self.connected.clear()
        return connection

    def _acknowledged(self, envelope: str) -> None:
        waiting = self._waiting.get(envelope)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


def _payload(body: bytes) -> tuple[str, Json]:
    """The envelope's type and payload for what HTTP carries as JSON or as a form."""
    if body[:1] == b"{":
        return "events_api", json.loads(body)
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    if "command" in fields:
        return "slash_commands", fields
    return "interactive", json.loads(fields["payload"])
