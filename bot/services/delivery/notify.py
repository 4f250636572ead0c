"""What is told when a request has moved: the person's message changes in place.

The deliveries are part of the same commit as the step, so none is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import RequestChanged
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.news import News
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import ScheduleEntry, operator
from bot.ports.store.ledger import Ledger


def changed(request: ConsentRequest, now: datetime) -> Delivery:
    """The person's message about `request`, as it stands after its last step."""
    notice = RequestChanged(request.chat, request.id, request.revision)
    return Delivery(notice, now, "request_changed")


async def with_news(
    ledger: Ledger,
    changes: Changes,
    to: Iterable[ChatIdentity],
    news: Iterable[News],
    now: datetime,
) -> Changes:
    """`changes`, and with them what these operators hear in their next digest."""
    heard = tuple(news)
    if not heard:
        return changes
    known = [await ledger.recipient(one) or Recipient(one) for one in to]
    return replace(
        changes,
        recipients=(*changes.recipients, *(one.hears(heard) for one in known)),
        schedule=(*changes.schedule, *(ScheduleEntry(operator(one.chat), now) for one in known)),
    )
