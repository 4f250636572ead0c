"""Mail that came back: nobody is reached at that address, so somebody else is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from attrs import define

from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Step, allowed, step
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import PersonalRound
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.recipients import Recipient
from bot.errors import ChatUnreachable
from bot.ports.chat import BounceMailbox
from bot.ports.store.ledger import Ledger
from bot.services.unit_of_work import write

EVERY = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@define(kw_only=True, eq=False)
class Bounces:
    """Looks into the mailbox that undeliverable mail comes back to."""

    _ledger: Ledger
    _mailbox: BounceMailbox
    _ask_another: Callable[[ConsentRequest], Awaitable[object]]

    async def poll(self, now: datetime) -> datetime:
        """Note what came back; says when (UTC) to look again. A report read twice is noted once."""
        try:
            reports = await self._mailbox.returned()
            for report in reports:
                sent = await self._ledger.delivery(report.key) if report.key else None
                # The id is known to whoever has the mail, and to nobody else.
                if sent is not None and sent.message_id == report.message_id:
                    await self._came_back(sent, now)
            if reports:
                await self._mailbox.noted(reports)
        except ChatUnreachable as error:
            log.warning("cannot read returned mail", reason=error.message)
        return now + EVERY

    async def _came_back(self, sent: Delivery, now: datetime) -> None:
        to = sent.notice.to
        if not isinstance(to, ChatIdentity) or to.platform is not Platform.MAIL:
            return

        async def decide() -> tuple[Changes, tuple[ConsentRequest, ...]]:
            moved = await self._undelivered(sent, now)
            known = await self._ledger.recipient(to) or Recipient(to)
            detail = {"delivery": sent.key}
            entry = AuditEntry(now, "o365bot", Action.MAIL_CAME_BACK, str(to), detail)
            return Changes(requests=moved, recipients=(known.lost(now),), audit=(entry,)), moved

        for request in await write(self._ledger, decide):
            await self._ask_another(request)

    async def _undelivered(self, sent: Delivery, now: datetime) -> tuple[ConsentRequest, ...]:
        """The requests that the mail was about, as far as nothing came of them by another way."""
        if not isinstance(sent.notice, PersonalRound):
            return ()
        found = [await self._ledger.request(one) for one in sent.notice.links_to]
        return tuple(
            step(request, Step.FAIL_DELIVERY, now)
            for request in found
            if request is not None and Step.FAIL_DELIVERY in allowed(request.stage)
        )
