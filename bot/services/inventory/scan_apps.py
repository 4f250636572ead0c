"""Scan some apps of one org, and commit each as soon as it has been read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from bot.domain.changes import Changes
from bot.domain.evidence.history import consents_of, registration_of
from bot.domain.evidence.rules import Evidence
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.scanning import AppReading, ScanJob, scanned
from bot.errors import RecordUnreadable
from bot.ports.clouds import Entra, OktaOrg
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.inventory.reading import MicrosoftReader, read_connection
from bot.services.inventory.verdicts import settled
from bot.services.unit_of_work import write

Done = Callable[[int], Awaitable[None]]

AT_ONCE = 25  # apps: how many calls that makes is up to the pace towards each cloud

logger = structlog.get_logger(__name__)  # `log` is Okta's here


class ScanApps:
    """Carries out what `bot.domain.inventory.scanning.plan` found to be done.

    What was seen is dated by `clock`, as the clouds date theirs; what follows from it for people
    (audit, requests, messages) by `lived`, the clock that the other services live by.
    """

    def __init__(self, *, entra: Entra | None, ledger: Ledger, clock: Clock, lived: Clock) -> None:
        self._entra = entra
        self._ledger = ledger
        self._clock = clock
        self._lived = lived

    async def run(
        self,
        org: OktaOrg,
        todos: Sequence[ScanJob],
        log: Mapping[str, tuple[Evidence, ...]],
        done: Done,
    ) -> Mapping[str, str]:
        """Read and write every app. `done` is told how many are through, one by one.

        Returns the Microsoft tenants that were asked, and why one could not be read ("": it was).
        """
        of_microsoft = [todo.app for todo in todos if todo.microsoft]
        queue = iter(todos)
        finished = 0

        async def work(queue: Iterator[ScanJob]) -> None:
            nonlocal finished
            for todo in queue:
                await self._look(org, todo, log.get(todo.app.ref.app_id, ()), microsoft)
                finished += 1
                await done(finished)

        made = {todo.app.ref.app_id: _registration(todo, log) for todo in todos}
        known_as = consents_of(e for todo in todos if todo.record for e in todo.record.evidence)
        async with MicrosoftReader(
            self._entra, self._ledger, self._clock, of_microsoft, made, known_as
        ) as microsoft:
            workers = [asyncio.create_task(work(queue)) for _ in range(min(AT_ONCE, len(todos)))]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
        return microsoft.failures

    async def _look(
        self,
        org: OktaOrg,
        todo: ScanJob,
        log: tuple[Evidence, ...],
        microsoft: MicrosoftReader,
    ) -> None:
        connection = await read_connection(org, todo.app, self._clock) if todo.connection else None
        tenant, told = await microsoft.of(todo.app) if todo.microsoft else (None, None)
        try:
            await self.write(todo, AppReading(connection, log, told, tenant), self._clock.now())
        except RecordUnreadable:
            # A newer replica wrote it, and looks at it as well.
            logger.error("app cannot be read and is left out", app=str(todo.app.ref))

    async def write(self, todo: ScanJob, seen: AppReading, now: datetime) -> None:
        """Commit one app, its request when evidence settles it, and the change of state."""
        known: AppRecord | None = todo.record or AppRecord(todo.app)

        async def decide() -> tuple[Changes, None]:
            nonlocal known
            old, known = known or await self._ledger.app(todo.app.ref) or AppRecord(todo.app), None
            lived = self._lived.now()
            new = replace(scanned(old, todo.app, seen, now), assessed_at=lived)
            return await settled(self._ledger, old, new, lived, by="scan"), None

        await write(self._ledger, decide)


def _registration(todo: ScanJob, log: Mapping[str, tuple[Evidence, ...]]) -> str:
    """The client id of the app registration that Okta made for the app, "" while none is known."""
    known = todo.record.evidence if todo.record is not None else ()
    return registration_of((*known, *log.get(todo.app.ref.app_id, ())))
