"""Somebody as decisions see them: what they were told, and what waits for them now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.domain.campaign.intents import Open, Policy, Worklist
from bot.domain.campaign.rehearsal import Outlook, outlook
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.evidence.verdict import State
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.unit_of_work import NO_CHANGE, write


async def worklist_of(
    ledger: Ledger, chat: ChatIdentity, now: datetime, accounts: Iterable[ChatIdentity] = ()
) -> Worklist:
    """One person, and everything that waits for them at `now` (UTC), on other `accounts` too."""
    requests = await ledger.requests_of(chat)
    recipient = await ledger.recipient(chat)
    if recipient is None:
        recipient = Recipient(requests[-1].chat if requests else chat)
    others = [one for one in accounts if str(one) != str(chat)]
    if others:
        known = [await ledger.recipient(one) for one in others]
        recipient = recipient.joined(one for one in known if one is not None)
        requests += tuple([each for one in others for each in await ledger.requests_of(one)])
    items = [Open(request, await _state_of(ledger, request, now)) for request in requests]
    return Worklist(recipient, tuple(items))


async def outlooks(
    ledger: Ledger, requests: Iterable[ConsentRequest], now: datetime, policy: Policy
) -> dict[str, Outlook]:
    """When each of these that waits for its first message is sent, by id."""
    waiting = [request for request in requests if request.stage is Stage.REQUESTED]
    chats = {str(request.chat): request.chat for request in waiting}
    people = {name: await worklist_of(ledger, chat, now) for name, chat in chats.items()}
    return {r.id: outlook(people[str(r.chat)], r.id, now, policy) for r in waiting}


async def _state_of(ledger: Ledger, request: ConsentRequest, now: datetime) -> State:
    record = await ledger.app(request.app)
    return record.state(now) if record is not None else State.NOT_APPLICABLE


async def answered(ledger: Ledger, chat: ChatIdentity, now: datetime) -> tuple[Recipient, ...]:
    """Somebody who did something about one of their apps: to be written with that."""
    known = await ledger.recipient(chat) or Recipient(chat)
    return (known.answered(now),)


async def is_there(ledger: Ledger, chat: ChatIdentity, clock: Clock) -> None:
    """Note that somebody for whom something waits reacted, whatever came of it: no silence."""

    async def decide() -> tuple[Changes, None]:
        if not await ledger.requests_of(chat):
            return NO_CHANGE, None
        return Changes(recipients=await answered(ledger, chat, clock.now())), None

    await write(ledger, decide)
