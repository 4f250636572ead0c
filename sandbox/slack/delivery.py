"""How the pretend Slack sends to the bot: signed, within three seconds, events again on failure.

Sources: docs.slack.dev, "Verifying requests from Slack" and "Events API".
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from sandbox.slack.socket import SocketMode


@dataclass(frozen=True)
class Delivery:
    """One request Slack made to the bot, and what came of it.

    `failure` is empty, or the reason as `X-Slack-Retry-Reason` names it; `response` is None when
    there was no answer in time.
    """

    what: str
    seconds: float
    failure: str
    response: httpx.Response | None = field(repr=False)

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer."""
        return None if self.response is None else self.response.status_code


@dataclass
class SlackDelivery:
    """Sends signed requests to `events_url`, the bot's one request URL, or over `socket` if given.

    `timeout` and `retry_delays` are in seconds and as Slack documents them: nearly at once, after
    a minute, after five.
    """

    signing_secret: str = field(repr=False)
    client: httpx.AsyncClient
    changed: Callable[[], None]
    """Called after every request."""
    events_url: str = ""
    socket: SocketMode | None = None
    timeout: float = 3.0
    retry_delays: tuple[float, ...] = (0.5, 60.0, 300.0)
    deliveries: list[Delivery] = field(default_factory=list)

    async def event(self, body: bytes, what: str) -> None:
        """Deliver an event; again, with number and reason, while the bot does not take it."""
        reason = ""
        for retry, delay in enumerate((0.0, *self.retry_delays)):
            await asyncio.sleep(delay)
            headers = (
                {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason} if retry else {}
            )
            delivery = await self.request(what, body, headers)
            reason = delivery.failure
            stop = delivery.response and delivery.response.headers.get("x-slack-no-retry") == "1"
            if not reason or stop:
                return

    async def request(
        self, what: str, body: bytes, headers: dict[str, str] | None = None
    ) -> Delivery:
        """Send the body to the bot, signed, and wait as long as Slack does."""
        started = time.monotonic()
        retry = int((headers or {}).get("X-Slack-Retry-Num", 0))
        if self.socket is not None:
            taken = await self.socket.send(body, retry)
            failure = "" if taken else "http_timeout"
            return self._ended(Delivery(what, time.monotonic() - started, failure, None))
        kind = "application/json" if body[:1] == b"{" else "application/x-www-form-urlencoded"
        stamp = str(int(time.time()))
        signed = {
            "Content-Type": kind,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(self.signing_secret, stamp, body),
            **(headers or {}),
        }
        response, failure = None, ""
        try:
            async with asyncio.timeout(self.timeout):
                response = await self.client.post(self.events_url, content=body, headers=signed)
                failure = "" if response.is_success else "http_error"
        except TimeoutError:
            failure = "http_timeout"
        except (httpx.TransportError, httpx.UnsupportedProtocol):
            failure = "connection_failed"
        return self._ended(Delivery(what, time.monotonic() - started, failure, response))

    def _ended(self, delivery: Delivery) -> Delivery:
        self.deliveries.append(delivery)
        self.changed()
        return delivery


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's `X-Slack-Signature` of the body."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
