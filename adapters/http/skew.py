"""By how much this machine's clock is ahead of the servers that it speaks to."""

from __future__ import annotations

import httpx

from adapters.http.answers import http_date
from bot.ports.system import Clock


class Skew:
    """Reads the `Date` of answers (RFC 9110, section 6.6.1: whole seconds)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.off: float | None = None
        """Seconds, by the last answer; None before there was one with a date."""

    def watch(self, http: httpx.AsyncClient) -> None:
        """Look at each answer of this client from now on."""

        async def noted(response: httpx.Response) -> None:
            self.note(response.headers.get("date", ""))

        http.event_hooks = {"response": [noted]}

    def note(self, date: str) -> None:
        """Take over what one answer says."""
        told = http_date(date)
        if told is not None:
            self.off = (self._clock.now() - told).total_seconds()
