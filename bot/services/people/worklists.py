"""Somebody as decisions see them: what they were told, and what waits for them now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.domain.campaign import planned_messages
from bot.domain.campaign.intents import Open, Policy, Worklist
from bot.domain.campaign.planned_messages import NextMessage
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
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
    states = await _states(ledger, requests, now)
    items = [Open(one, states.get(one.app, State.NOT_APPLICABLE)) for one in requests]
    return Worklist(recipient, tuple(items))


async def next_messages(
    ledger: Ledger, requests: Iterable[ConsentRequest], now: datetime, policy: Policy
) -> dict[str, NextMessage]:
    """When each of these that waits for its first message is sent, by id."""
    waiting: dict[str, list[ConsentRequest]] = {}
    for request in requests:
        if request.stage is Stage.REQUESTED:
            waiting.setdefault(str(request.chat), []).append(request)
    found: dict[str, NextMessage] = {}
    for theirs in waiting.values():
        worklist = await worklist_of(ledger, theirs[0].chat, now)
        found |= planned_messages.next_messages(worklist, [one.id for one in theirs], now, policy)
    return found


async def _states(
    ledger: Ledger, requests: Iterable[ConsentRequest], now: datetime
) -> dict[AppRef, State]:
    """What these apps need at `now`: by their summaries, as long as those hold."""
    found = {}
    for summary in await ledger.summaries_of({request.app for request in requests}):
        found[summary.ref] = summary.state
        if summary.holds_until is not None and summary.holds_until <= now:
            record = await ledger.app(summary.ref)
            if record is not None:
                found[summary.ref] = record.state(now)
    return found


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
