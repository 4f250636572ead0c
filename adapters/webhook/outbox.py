"""Tells of the audit's rows, one after another, at least once, in their order.

Where it stands is kept in the store, and one replica at a time goes on from there. A receiver that
does not answer holds up nothing but this: the next try waits longer each time, and what happens
meanwhile is told once it answers again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from attrs import define
from prometheus_client import Counter

from adapters.webhook.post import EventRejected
from bot.domain.audit import Row
from bot.domain.changes import Changes
from bot.domain.delivery.incidents import Incident, alarms
from bot.domain.events import payload, type_of
from bot.domain.people.admins import ChatIdentity
from bot.errors import Conflict, StoreError
from bot.ports.store.audit import AuditTrail
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock

log = structlog.get_logger(__name__)

EVENTS = Counter("o365bot_webhook_events", "Events posted to the webhook, by result.", ["result"])
PLACE = "webhook"
POLL = 2.0
"""Seconds between two looks at what is new."""
AT_A_TIME = 50
TOLD_AFTER = 4
"""Tries in vain, some three minutes: then operators are told. A receiver may be restarted."""
WAITS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600))
for _result in ("sent", "failed"):
    EVENTS.labels(_result)


class WebhookPosition(Protocol):
    """Where the webhook stands, over all replicas. Raises StoreError."""

    async def take(self) -> tuple[str, int, datetime | None] | None:
        """Position of the last row that was told, tries of the next so far, and when (UTC) to try.

        None while another replica does; else it is this one's turn for longer than a post takes.
        """
        ...

    async def save(self, after: str, tries: int, next_at: datetime | None) -> bool:
        """Move on, and keep the turn; False, and nothing changes, once it is another's turn."""
        ...


@define(kw_only=True, eq=False)
class Outbox:
    """`run` goes on until it is cancelled; `pump` is one look. `name` tells one bot from others."""

    _trail: AuditTrail
    _ledger: Ledger
    _position: WebhookPosition
    _post: Callable[[str, bytes], Awaitable[None]]
    _clock: Clock
    _name: str
    _operators: tuple[ChatIdentity, ...] = ()

    async def run(self) -> None:
        """Look again and again; while the store is away, later."""
        while True:
            try:
                await self.pump()
            except StoreError as error:
                log.warning("the webhook waits for the store", reason=error.message)
            await asyncio.sleep(POLL)

    async def pump(self) -> int:
        """Tell what is new, some at a time; returns how many were taken."""
        mark = await self._position.take()
        if mark is None or (mark[2] is not None and self._clock.now() < mark[2]):
            return 0
        after, tries, _ = mark
        rows: list[Row] = []
        async for row in self._trail.rows(after):
            rows.append(row)
            if len(rows) == AT_A_TIME:
                break
        names = await self._trail.names(f"{r.actor} {r.subject} {r.detail}" for r in rows)
        taken = 0
        for row in rows:
            if row.number and type_of(row):
                try:
                    await self._post(self._id_of(row), payload(row, names))
                except EventRejected as error:
                    await self._failed(after, tries, str(error))
                    return taken
                EVENTS.labels("sent").inc()
                taken += 1
                if tries:
                    await self._ledger.commit(Changes(solved=(PLACE,)))
                    tries = 0
            after = row.position
            if not await self._position.save(after, tries, None):
                return taken
        return taken

    def _id_of(self, row: Row) -> str:
        """The same each time the row is told of, and another one for every other row."""
        return f"{self._name}-{row.number}-{row.seal[-12:]}"

    async def _failed(self, after: str, tries: int, reason: str) -> None:
        now = self._clock.now()
        EVENTS.labels("failed").inc()
        wait = WAITS[min(tries, len(WAITS) - 1)]
        await self._position.save(after, tries + 1, now + wait)
        incident = Incident(PLACE, "webhook_failed", f"The webhook: {reason}.", now)
        new = () if PLACE in await self._ledger.incidents() else (incident,)
        told = self._operators if tries + 1 == TOLD_AFTER else ()
        planned = alarms(PLACE, incident.code, now, told, after=timedelta())
        if new:
            log.warning("the webhook does not take events", reason=reason)
        if new or planned:
            with suppress(Conflict):  # another replica told of it just now
                await self._ledger.commit(Changes(incidents=new, planned=planned))
