"""After a backup was restored: nothing is sent again that was sent since it was made.

The store that was replaced tells what went out since (`sent_since`), and that is taken along
(`carry_over`): it happened, whatever becomes of the store. Beyond that nothing is known, so what
was due by now counts as told (`hold`):

* deliveries that were due are held: they fail as `restored`, and whoever operates the bot may
  release one;
* a request whose first message was due counts as delivered, and everybody who has open requests as
  told just now, so what comes next keeps its distance from today;
* operators had their digest, and channels their changes and the report of the week.

Where the former store is lost, nobody knows whom it asked for the first time. So an incident stands
(`GAP`), during which a first message is sent only where the platform says that there is none
(`bot.services.delivery.send`); else it is held like those above. An operator ends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.campaign.channels.board import Board
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Stage, Step, step
from bot.domain.delivery import deliveries
from bot.domain.delivery.deliveries import LEASE, RESTORED, Delivery
from bot.domain.delivery.incidents import GAP, Incident, alarms
from bot.domain.delivery.notices import RequestChanged
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.errors import RecordUnreadable
from bot.ports.store.ledger import Ledger

AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class WrittenSince:
    """What went out after a moment, or followed from it: requests (the oldest change first), the
    apps that were looked at, what people and channels were told, and what is wrong.

    `wrong`: the places of all that is, of which `incidents` has what is new since.
    """

    requests: tuple[ConsentRequest, ...] = ()
    apps: tuple[AppRecord, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    boards: tuple[Board, ...] = ()
    incidents: tuple[Incident, ...] = ()
    wrong: frozenset[str] = frozenset()


async def sent_since(
    ledger: Ledger, at: datetime, operators: Iterable[ChatIdentity]
) -> WrittenSince:
    """What a store that is to be replaced knows of it; what cannot be read is left out."""
    requests: list[ConsentRequest] = []
    apps: list[AppRecord] = []
    for ref, _ in await ledger.names():
        with suppress(RecordUnreadable):
            changed = [one for one in await ledger.requests_for(ref) if _changed_at(one) > at]
            requests += changed
            app = await ledger.app(ref)
            if app is not None and (changed or app.told_at > at):
                apps.append(app)
    asked = (*requests, *await ledger.open_requests())
    people = {str(chat): chat for chat in (*(one.chat for one in asked), *operators)}
    recipients: list[Recipient] = []
    for chat in people.values():
        with suppress(RecordUnreadable):
            recipients += filter(None, [await ledger.recipient(chat)])
    boards: tuple[Board, ...] = ()
    with suppress(RecordUnreadable):
        boards = await ledger.boards()
    incidents = await ledger.incidents()
    return WrittenSince(
        tuple(sorted(requests, key=_changed_at)),
        tuple(apps),
        tuple(recipients),
        boards,
        tuple(one for one in incidents.values() if one.since > at),
        frozenset(incidents),
    )


async def carry_over(ledger: Ledger, since: WrittenSince, by: str, now: datetime) -> None:
    """Write it into the store into which the backup was restored, over what that has."""
    for seen in since.apps:
        app = await ledger.app(seen.app.ref)
        await ledger.commit(Changes(apps=(_as_seen(seen, app),)))
    for request in since.requests:
        there, app = await ledger.request(request.id), await ledger.app(request.app)
        changed: tuple[AppRecord, ...] = ()
        if app is not None:
            asked = request.id if request.stage.is_open else app.request_id
            changed = (replace(app, request_id=asked, revision=app.revision + 1),)
        kept = replace(request, revision=there.revision + 1 if there is not None else 1)
        entry = AuditEntry(now, by, Action.RESTORE, str(request.app), {"request": request.id})
        await ledger.commit(Changes(apps=changed, requests=(kept,), audit=(entry,)))
    for recipient in since.recipients:
        known = await ledger.recipient(recipient.chat)
        told = replace(recipient, revision=known.revision + 1 if known is not None else 1)
        await ledger.commit(Changes(recipients=(told,)))
    boards = {one.place: one.revision for one in await ledger.boards()}
    incidents = {place: one.revision for place, one in (await ledger.incidents()).items()}
    over = tuple(AuditEntry(now, by, Action.RESTORE, one) for one in {*incidents} - since.wrong)
    await ledger.commit(
        Changes(
            boards=tuple(
                replace(one, revision=boards.get(one.place, 0) + 1) for one in since.boards
            ),
            incidents=tuple(
                replace(one, revision=incidents.get(one.place, 0) + 1) for one in since.incidents
            ),
            solved=tuple(one.subject for one in over),
            audit=over,
        )
    )


def _as_seen(seen: AppRecord, app: AppRecord | None) -> AppRecord:
    """What was seen since is no news. A waiver is as in the backup: it may be what was wrong."""
    if app is None:
        return replace(seen, request_id="", revision=1)
    return replace(seen, request_id=app.request_id, waiver=app.waiver, revision=app.revision + 1)


async def open_gap(
    ledger: Ledger, at: datetime, operators: Sequence[ChatIdentity], by: str, now: datetime
) -> None:
    """Nobody knows what was sent between the backup, of `at`, and now (UTC): tell the operators."""
    reason = f"The backup is of {at:%Y-%m-%d %H:%M} UTC; what was sent from then on is not known."
    known = (await ledger.incidents()).get(GAP)
    revision = known.revision + 1 if known is not None else 1
    incident = Incident(GAP, RESTORED, reason, at, revision)
    told = alarms(GAP, incident.code, now, operators, after=timedelta())
    begun = AuditEntry(now, by, Action.INCIDENT, GAP, {"code": incident.code})
    await ledger.commit(Changes(incidents=(incident,), planned=told, audit=(begun,)))


async def close_gap(ledger: Ledger, by: str, now: datetime) -> None:
    """From now on first messages are sent, whatever was sent before."""
    if GAP in await ledger.incidents():
        over = AuditEntry(now, by, Action.INCIDENT_OVER, GAP)
        await ledger.commit(Changes(solved=(GAP,), audit=(over,)))


async def held(ledger: Ledger) -> tuple[str, ...]:
    """The keys of what is held, by the audit from the last restore on."""
    limit, entries = AT_A_TIME, await ledger.audit(AT_A_TIME)
    while len(entries) == limit and entries[-1].at >= _restored_at(entries):
        limit *= 4
        entries = await ledger.audit(limit)
    keys = [
        one.detail.get("delivery", "")
        for one in reversed(entries)
        if one.action in (Action.HOLD, "fail_delivery")
    ]
    found = await ledger.deliveries(keys)
    return tuple(dict.fromkeys(k for k in keys if k in found and found[k].failure == RESTORED))


def _restored_at(entries: Iterable[AuditEntry]) -> datetime:
    """When the last restore among these was, of which what it held has the time (UTC)."""
    rows = (one for one in entries if one.action == Action.RESTORE and one.subject == "store")
    return max((one.at for one in rows), default=datetime.min.replace(tzinfo=UTC))


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
                deliveries=tuple(deliveries.fail(one, RESTORED) for one in some),
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


def _changed_at(request: ConsentRequest) -> datetime:
    return request.changed_at or request.requested_at
