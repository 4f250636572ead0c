"""What the doctor sees of the bot's public address, from this machine."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import httpx

from adapters.http.answers import wrapped
from adapters.http.client import open_http
from adapters.http.tls import ends
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import AddressSeen

PAGE = "/privacy"
"""A page of the bot's own that every installation has, and anybody may see."""
MARK = b"o365bot"


class AddressProbe:
    """Implements `bot.ports.doctor.Probe`."""

    def __init__(self, public_url: str) -> None:
        self._url = public_url

    async def probe(self) -> AddressSeen:
        parts = urlsplit(self._url)
        where = parts.hostname or self._url
        local = parts.scheme == "http"  # which the settings take for loopback alone
        certificate_ends: datetime | None = None
        try:
            async with open_http() as http, http.stream("GET", f"{self._url}{PAGE}") as response:
                stream = response.extensions.get("network_stream")
                if stream is not None:
                    certificate_ends = ends(stream.get_extra_info("ssl_object"))
                body = await response.aread()
        except httpx.RequestError as error:
            failure = Failure.of(wrapped(error, where, f"GET {PAGE}"))
            return AddressSeen(self._url, local, failure)
        is_bot = response.status_code == 200 and MARK in body
        return AddressSeen(self._url, local, None, is_bot, certificate_ends)
