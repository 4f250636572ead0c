"""What comes due with time: reminders, links that lapse, deliveries that nobody carried out yet."""

from __future__ import annotations

from datetime import datetime

from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent import Stage, Step, step
from bot.domain.deliveries import Delivery
from bot.domain.notices import Channel, ChannelReminder
from bot.domain.reminders import Policy, Snapshot, decide
from bot.errors import Conflict
from bot.ports import Clock, Engine, Ledger
from bot.services.requeue import requeue


class Remind:
    """`tick` does all that is due now; `now` posts a reminder because somebody asked."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        engine: Engine,
        clock: Clock,
        channels: tuple[Channel, ...],
        policy: Policy,
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._clock = clock
        self._channels = channels
        self._policy = policy

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that follow the migration."""
        return self._channels

    async def tick(self) -> None:
        """Plan the reminders that are due, end lapsed links, re-add unsent deliveries."""
        now = self._clock.now()
        await self._plan_reminders(now)
        await self._expire_links(now)
        await requeue(self._ledger, self._engine, now)

    async def now(self, by: str) -> tuple[Delivery, ...]:
        """Remind every channel now; `by` names who asked. Twice within a minute is once."""
        now = self._clock.now()
        planned = tuple(
            Delivery(
                ChannelReminder(channel, f"asked {now:%Y-%m-%dT%H:%M}"), now, "asked_by_operator"
            )
            for channel in self._channels
        )
        await self._plan(planned, by, now)
        return planned

    async def _plan_reminders(self, now: datetime) -> None:
        open_apps = sum(record.state.is_open for record in await self._ledger.apps())
        planned = []
        for delivery in decide(Snapshot(open_apps, self._channels), now, self._policy):
            if await self._ledger.delivery(delivery.key) is None:
                planned.append(delivery)
        await self._plan(tuple(planned), "o365bot", now)

    async def _plan(self, planned: tuple[Delivery, ...], by: str, now: datetime) -> None:
        if not planned:
            return
        audit = tuple(
            AuditEntry(now, by, "remind", str(d.notice.to), {"delivery": d.key, "why": d.why})
            for d in planned
        )
        await self._ledger.commit(Changes(planned=planned, audit=audit))
        for delivery in planned:
            await self._engine.deliver(delivery.key, now)

    async def _expire_links(self, now: datetime) -> None:
        for request in await self._ledger.open_requests():
            lapsed = request.link is not None and request.link.expires_at <= now
            if request.stage is not Stage.DELIVERED or not lapsed:
                continue
            entry = AuditEntry(now, "o365bot", "expire", str(request.app), {"request": request.id})
            try:
                await self._ledger.commit(
                    Changes(requests=(step(request, Step.EXPIRE, now),), audit=(entry,))
                )
            except Conflict:
                continue  # somebody used the link just now
