"""One event on its way: signed as Standard Webhooks have it, to an address that was looked at.

Headers `webhook-id`, `webhook-timestamp`, `webhook-signature` (standardwebhooks.com, the spec).
The host's address is looked up here and must be a public one, unless the settings allow others; the
connection then goes to just that address, so that no second look-up leads elsewhere. Redirects are
not followed, and of the answer only its status is read.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import httpx

from adapters.http.tls import ends, trusted
from bot.settings.sections.webhook import WebhookSettings

LIMIT = 10.0
"""Seconds for all of it."""


class EventRejected(Exception):
    """The receiver did not take the event; says why, without its answer."""


class Post:
    """Posts events to one address, `limit` seconds each. `clock` gives seconds since 1970."""

    def __init__(
        self, settings: WebhookSettings, clock: Callable[[], float], limit: float = LIMIT
    ) -> None:
        self._settings = settings
        self._limit = limit
        self._url = httpx.URL(settings.url)
        self._clock = clock
        self._tls = trusted(settings.ca_file, "webhook.ca_file")
        self._http = httpx.AsyncClient(
            verify=self._tls,
            timeout=limit,
            follow_redirects=False,
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __call__(self, event_id: str, body: bytes) -> None:
        """Raises EventRejected."""
        try:
            async with asyncio.timeout(self._limit):
                await self._send(event_id, body)
        except TimeoutError:
            raise EventRejected(f"no answer within {self._limit:.0f} s") from None
        except httpx.HTTPError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise EventRejected("its certificate is not trusted (webhook.ca_file)") from None
            raise EventRejected(f"no connection ({type(error).__name__})") from None

    async def reach(self) -> datetime | None:
        """Connect and say nothing: when its certificate ends (UTC), None without TLS.

        Raises EventRejected.
        """
        tls = self._url.scheme == "https"
        try:
            async with asyncio.timeout(self._limit):
                _, writer = await asyncio.open_connection(
                    await self._address(self._url.host),
                    self._url.port or (443 if tls else 80),
                    ssl=self._tls if tls else None,
                    server_hostname=self._url.host if tls else None,
                )
        except ssl.SSLCertVerificationError:
            raise EventRejected("its certificate is not trusted (webhook.ca_file)") from None
        except OSError as error:
            raise EventRejected(f"no connection ({type(error).__name__})") from None
        writer.close()
        return ends(writer.get_extra_info("ssl_object"))

    async def _send(self, event_id: str, body: bytes) -> None:
        host = self._url.host
        headers = self._signed(event_id, body) | {
            "content-type": "application/json",
            "host": self._url.netloc.decode(),
            "user-agent": "o365bot",
        }
        options: dict[str, Any] = {"extensions": {"sni_hostname": host}}
        url = self._url.copy_with(host=await self._address(host))
        async with self._http.stream("POST", url, content=body, headers=headers, **options) as said:
            if said.is_redirect:
                raise EventRejected("it redirects, which is not followed")
            if not said.is_success:
                raise EventRejected(f"it answers {said.status_code}")

    async def _address(self, host: str) -> str:
        """A public address of the host. Raises EventRejected where there is none."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError:
            raise EventRejected("its host has no address") from None
        addresses = [str(one[4][0]) for one in found]
        if not self._settings.allow_private:
            addresses = [one for one in addresses if ip_address(one.partition("%")[0]).is_global]
        if not addresses:
            raise EventRejected("its host leads into a private network (webhook.allow_private)")
        return addresses[0]

    def _signed(self, event_id: str, body: bytes) -> dict[str, str]:
        at = str(int(self._clock()))
        content = b".".join((event_id.encode(), at.encode(), body))
        digest = hmac.new(self._settings.key, content, hashlib.sha256).digest()
        return {
            "webhook-id": event_id,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
