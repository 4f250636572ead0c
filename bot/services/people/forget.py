"""Forget one person: what is kept of them is removed, or stands without their name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Step, step
from bot.domain.forgetting import (
    identifiers_of,
    is_about,
    note_without,
    record_without,
    request_without,
)
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.pseudonyms import Somebody
from bot.ports.store.ledger import Ledger
from bot.ports.store.personal_data import Known, PersonalData


@dataclass(frozen=True, slots=True)
class Found:
    """What names somebody, their requests that are open, and all requests that there are."""

    identifiers: tuple[str, ...]
    open: tuple[ConsentRequest, ...]
    theirs: tuple[ConsentRequest, ...]
    requests: tuple[ConsentRequest, ...]


async def find(ledger: Ledger, person: str) -> Found:
    """Who that is: an account (`slack:U…`), an address, or an object id. Raises StoreError."""
    requests: list[ConsentRequest] = []
    for ref, _ in await ledger.names():
        requests += await ledger.requests_for(ref)
    named = Somebody([person, f"entra:{person}", f"teams:{person}", f"mail:{person}"])
    theirs = tuple(request for request in requests if is_about(request, named))
    identifiers = dict.fromkeys([person, f"mail:{person}"] if "@" in person else [person])
    for request in theirs:
        identifiers |= dict.fromkeys(identifiers_of(request))
    waiting = tuple(request for request in theirs if request.stage.is_open)
    return Found(tuple(identifiers), waiting, theirs, tuple(requests))


async def forget(
    ledger: Ledger, personal_data: PersonalData, found: Found, alias: str, by: str, now: datetime
) -> Mapping[str, int]:
    """Do it; open requests are ended. Returns how much there was of what. Raises StoreError."""
    for request in found.open:
        entry = AuditEntry(now, by, Step.REVOKE, str(request.app), {"request": request.id})
        ended = step(request, Step.REVOKE, now)
        await ledger.commit(Changes(requests=(ended,), audit=(entry,)))
    if found.open:
        again = {request.id: request for request in found.open}
        current = [await ledger.request(one.id) for one in found.requests if one.id in again]
        kept = [one for one in found.requests if one.id not in again]
        requests = [*kept, *(one for one in current if one is not None)]
    else:
        requests = list(found.requests)
    somebody = Somebody(found.identifiers)
    counts = {
        "requests": await personal_data.rewrite(
            requests, lambda one: request_without(one, somebody, alias)
        )
    }
    counts["apps"] = 0
    for record in await ledger.apps():
        changed = record_without(record, somebody, alias)
        if changed is not record:
            await ledger.commit(Changes(apps=(changed,)))
            counts["apps"] += 1
    notes = [(one, note_without(one, somebody, alias)) for one in await ledger.account_notes()]
    changes = tuple(new for old, new in notes if new is not old)
    await ledger.commit(Changes(notes=changes))
    counts["notes"] = len(changes)
    deliveries = await personal_data.deliveries(somebody)
    counts["deliveries"] = len(deliveries)
    counts["traces"] = await personal_data.remove(_known(found), deliveries)
    counts["administrators"] = await personal_data.forget_administrators(somebody)
    told = AuditEntry(now, by, Action.FORGET, alias, {k: str(v) for k, v in counts.items()})
    audit = await personal_data.forget_in_audit(somebody, told)
    return counts | {"audit names": audit["names"], "audit rows": audit["rows"]}


def _known(found: Found) -> Known:
    accounts = {str(request.chat): request.chat for request in found.theirs}
    for one in found.identifiers:
        platform, _, user_id = one.partition(":")
        if user_id and platform in list(Platform):
            accounts.setdefault(one, ChatIdentity(Platform(platform), user_id))
    return Known(
        tuple(accounts.values()),
        tuple(dict.fromkeys(request.admin_object_id for request in found.theirs)),
        tuple(dict.fromkeys(request.person for request in found.theirs)),
    )
