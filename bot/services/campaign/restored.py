"""After a backup was laid down: nothing is sent again that was sent since it was made.

What happened since is not known, so what was due by now counts as told:

* deliveries that were due are held: they fail as `restored`, and whoever operates the bot may
  release one;
* a request whose first message was due counts as delivered, and everybody who has open requests as
  told just now, so what comes next keeps its distance from today;
* operators had their digest, and channels their changes and the report of the week.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Stage, Step, step
from bot.domain.delivery import deliveries
from bot.domain.delivery.deliveries import LEASE, Delivery
from bot.domain.delivery.notices import RequestChanged
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.ports.ledger import Ledger

AT_A_TIME = 200


async def hold(
    ledger: Ledger, operators: Iterable[ChatIdentity], week: str, by: str, now: datetime
) -> tuple[Delivery, ...]:
    """Count what was due by now (UTC) as told; returns what is held. No bot may run meanwhile.

    `week` names the one whose report the channels had (`board.week_of`).
    """
    held = await _hold_deliveries(ledger, by, now)
    requests = await ledger.open_requests()
    await _count_requests(ledger, requests, by, now)
    people = {str(one.chat): one.chat for one in requests}
    for chat in people.values():
        known = await ledger.recipient(chat) or Recipient(chat)
        await ledger.commit(Changes(recipients=(known.told(now),)))
    for operator in operators:
        known = await ledger.recipient(operator) or Recipient(operator)
        await ledger.commit(Changes(recipients=(known.told_of_all(now),)))
    boards = tuple(
        replace(board, told_until=now, reported=week, revision=board.revision + 1)
        for board in await ledger.boards()
    )
    told = {"held": str(len(held)), "requests": str(len(requests))}
    entry = AuditEntry(now, by, Action.RESTORE, "store", told)
    await ledger.commit(Changes(boards=boards, audit=(entry,)))
    return held


async def release(ledger: Ledger, keys: Iterable[str], by: str, now: datetime) -> int:
    """Have deliveries that were held sent after all; returns how many there were."""
    count = 0
    for key in keys:
        delivery = await ledger.delivery(key)
        released = deliveries.release(delivery, now) if delivery is not None else None
        if released is None:
            continue
        entry = AuditEntry(now, by, Action.RELEASE, str(released.notice.to), {"delivery": key})
        await ledger.commit(Changes(deliveries=(released,), audit=(entry,)))
        count += 1
    return count


async def _hold_deliveries(ledger: Ledger, by: str, now: datetime) -> tuple[Delivery, ...]:
    """A change to a message that is there already is left due: made twice, it is seen once."""
    held: list[Delivery] = []
    seen: set[str] = set()
    while True:
        due = await ledger.due(now + LEASE, len(seen) + AT_A_TIME)
        keys = [key for key in due if key not in seen]
        if not keys:
            return tuple(held)
        seen.update(keys)
        found = (await ledger.deliveries(keys)).values()
        some = [one for one in found if not isinstance(one.notice, RequestChanged)]
        await ledger.commit(
            Changes(
                deliveries=tuple(deliveries.fail(one, deliveries.RESTORED) for one in some),
                audit=tuple(
                    AuditEntry(now, by, Action.HOLD, str(one.notice.to), {"delivery": one.key})
                    for one in some
                ),
            )
        )
        held += some
        seen.difference_update(one.key for one in some)


async def _count_requests(
    ledger: Ledger, requests: Iterable[ConsentRequest], by: str, now: datetime
) -> None:
    """A first message that was due may have come."""
    for request in requests:
        if request.stage is Stage.REQUESTED:
            moved = step(request, Step.DELIVER, now, snooze=request.snooze, named=True)
            entry = AuditEntry(now, by, Action.HOLD, str(request.app), {"request": request.id})
            await ledger.commit(Changes(requests=(moved,), audit=(entry,)))
