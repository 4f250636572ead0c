"""Slack by Socket Mode: a connection that the bot opens, for where Slack cannot reach it.

slack_sdk keeps the connection: it asks for an address with the app-level token, answers pings, and
comes back when Slack moves it. What comes in goes the way of a signed request (`inbound`); it is
acknowledged once it is marked, and not at all where it cannot be. Every replica opens a connection
of its own, and Slack gives each event to one of them (at most ten: docs.slack.dev, "Using Socket
Mode").
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from prometheus_client import Gauge
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.incoming.verification import Refused, opened
from adapters.slack.outgoing.calls import quiet
from bot.settings.sections.chat import SlackSettings

log = structlog.get_logger(__name__)

PING_EVERY = 10.0
"""Seconds; after four without an answer the connection counts as lost."""
_CONNECTED = Gauge("o365bot_slack_socket_connected", "1 while Slack's Socket Mode is connected")


class SlackSocket:
    """One replica's connection."""

    def __init__(self, settings: SlackSettings, inbound: SlackInbound) -> None:
        assert settings.app_token is not None
        self._token = settings.app_token.get_secret_value()
        self._address = settings.api_url + "/"
        self._inbound = inbound
        self._client: SocketModeClient | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to connect; goes on by itself until `close`, whatever Slack answers."""
        self._client = client = SocketModeClient(
            self._token,
            logger=quiet,
            web_client=AsyncWebClient(base_url=self._address, logger=quiet, retry_handlers=[]),
            ping_interval=PING_EVERY,
        )
        client.socket_mode_request_listeners.append(self._taken)
        _CONNECTED.set_function(
            lambda: float(client.current_session is not None and not client.current_session.closed)
        )
        connecting = client.connect()  # type: ignore[no-untyped-call]  # the SDK says nothing of it
        self._connecting = asyncio.create_task(connecting, name="slack socket mode")

    async def close(self) -> None:
        """Take nothing more. What is under way is the inbound's to end."""
        if self._client is None or self._connecting is None:
            return
        self._connecting.cancel()
        with suppress(asyncio.CancelledError):
            await self._connecting
        await self._client.close()  # type: ignore[no-untyped-call]  # likewise

    async def _taken(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """One envelope. What is not acknowledged Slack sends again, perhaps elsewhere."""
        try:
            accepted = opened(request.payload, request.envelope_id)
        except Refused as refused:
            log.warning("slack request refused", status=refused.status, reason=refused.reason)
        else:
            if not await self._inbound.take(accepted):
                return
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
