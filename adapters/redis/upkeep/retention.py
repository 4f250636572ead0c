"""Removes what was kept long enough and expires not by itself: audit rows, days of the history.

Some at a time, once an hour, by one replica. What a pseudonym stands for goes with the last row
that has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from attrs import define
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.commit import text
from adapters.redis.records.trail import Trail
from adapters.redis.server.store import errors
from adapters.redis.shared.once import RedisOnce
from bot.errors import StoreError

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
STEPS = 20
"""So many steps of the audit's `AT_A_TIME` rows in one round."""


@define(eq=False)
class Retention:
    """`run` goes on until it is cancelled. Days of None: for ever. `clock` is real time, in UTC."""

    _client: Redis
    _keys: Keys
    _trail: Trail
    _audit_days: int | None
    _history_days: int | None
    _clock: Callable[[], datetime]

    async def run(self) -> None:
        """Remove what is too old, once an hour."""
        while True:
            try:
                if await RedisOnce(self._client, self._keys).first_time(
                    "tidy", EVERY - timedelta(minutes=5)
                ):
                    await self.purge()
            except StoreError as error:
                log.warning("tidying up waits for the store", reason=error.message)
            await asyncio.sleep(EVERY.total_seconds())

    async def purge(self) -> int:
        """One round; returns how many audit rows went."""
        now, gone = self._clock(), 0
        if self._audit_days is not None:
            before = now - timedelta(days=self._audit_days)
            for _ in range(STEPS):
                removed = await self._trail.trim(before, now)
                gone += removed
                if not removed:
                    break
            if gone:
                await self._trail.drop_unused_names()
                log.info("audit rows were kept long enough and are removed", count=gone)
        if self._history_days is not None:
            await self._shorten(now - timedelta(days=self._history_days))
        return gone

    async def _shorten(self, before: datetime) -> None:
        with errors():
            days = await self._client.hgetall(self._keys.history())
            old = [text(day) for day in days if text(day) < before.date().isoformat()]
            if old:
                await self._client.hdel(self._keys.history(), *old)
