"""Spacing the reports of Microsoft Graph.

"Identity and access reports": 5 requests in 10 seconds per app and tenant ("Microsoft Graph
service-specific throttling limits"). The parts of a batch count one by one.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx

from adapters.http.answers import Answer
from bot.ports.system import Clock

REPORTS_AT_ONCE = 5
WINDOW = timedelta(seconds=10)


class ReportPace:
    """At most five requests in any ten seconds, in the order they came. One for each tenant."""

    def __init__(self, clock: Clock, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[datetime] = deque(maxlen=REPORTS_AT_ONCE)
        self._queue = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, request: httpx.Request) -> AsyncIterator[None]:
        """Waits until the request may go out; a batch waits until all its parts may."""
        parts = _parts(request)
        async with self._queue:
            await self._wait_for_room(parts)
            self._sent.extend([self._clock.now()] * parts)
        yield

    def learn(self, request: httpx.Request, answer: Answer) -> None:
        """Nothing: these endpoints say nothing about what is left."""

    async def _wait_for_room(self, parts: int) -> None:
        too_many = len(self._sent) + parts - REPORTS_AT_ONCE
        if too_many <= 0:
            return
        # A clock that was set back must not make anybody wait longer than the window.
        wait = min(self._sent[too_many - 1] + WINDOW - self._clock.now(), WINDOW)
        if wait > timedelta(0):
            await self._sleep(wait.total_seconds())


def _parts(request: httpx.Request) -> int:
    """How many reads it makes: a batch is a POST of up to five, everything else is one."""
    if request.method != "POST":
        return 1
    return len(json.loads(request.content)["requests"])
