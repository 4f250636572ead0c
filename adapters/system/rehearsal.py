"""A clock that can be set forward, for rehearsals: `[rehearsal] clock_file`.

The services live by it. Whatever others check (sign-ins, certificates) and the engine's own timers
keep the real time, so `OnRealTime` translates a moment before it goes to the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from bot.domain.inventory.apps import AppRef
from bot.ports.engine import Engine
from bot.ports.system import Clock

log = structlog.get_logger(__name__)


class RehearsalClock:
    """The real time and what the file says: a number of seconds ahead (none or broken: none)."""

    def __init__(self, real: Clock, path: Path) -> None:
        self._real = real
        self._path = path
        self._read: tuple[int, timedelta] = (-1, timedelta())

    def now(self) -> datetime:
        return self._real.now() + self.ahead()

    def ahead(self) -> timedelta:
        """How far ahead of the real time this clock is."""
        try:
            changed = self._path.stat().st_mtime_ns
        except OSError:
            return timedelta()
        if changed != self._read[0]:
            try:
                ahead = timedelta(seconds=float(self._path.read_text()))
            except (OSError, ValueError, OverflowError) as error:
                log.warning("cannot read the rehearsal clock", reason=str(error))
                ahead = self._read[1]
            self._read = (changed, ahead)
        return self._read[1]

    def real(self, at: datetime) -> datetime:
        """When, in real time, this clock will show `at`."""
        return at.astimezone(UTC) - self.ahead()


class OnRealTime:
    """An engine for services that live by a rehearsal clock."""

    def __init__(self, engine: Engine, clock: RehearsalClock) -> None:
        self._engine = engine
        self._clock = clock

    async def deliver(self, key: str, at: datetime) -> None:
        await self._engine.deliver(key, self._clock.real(at))

    async def deliver_all(self, keys: Sequence[str]) -> None:
        await self._engine.deliver_all(keys)

    async def scan(self, org: str) -> None:
        await self._engine.scan(org)

    async def verify(self, ref: AppRef, at: datetime) -> None:
        await self._engine.verify(ref, self._clock.real(at))
