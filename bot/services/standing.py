"""Somebody as decisions see them: what they were told, and what waits for them now."""

from __future__ import annotations

from datetime import datetime

from bot.domain.consent import ConsentRequest
from bot.domain.intents import Open, Standing
from bot.domain.people import ChatIdentity
from bot.domain.recipients import Recipient
from bot.domain.verdict import State
from bot.ports.ledger import Ledger


async def standing_of(ledger: Ledger, chat: ChatIdentity, now: datetime) -> Standing:
    """One person, and everything that waits for them at `now` (UTC)."""
    requests = await ledger.requests_of(chat)
    recipient = await ledger.recipient(chat)
    if recipient is None:
        recipient = Recipient(requests[-1].chat if requests else chat)
    items = [Open(request, await _state_of(ledger, request, now)) for request in requests]
    return Standing(recipient, tuple(items))


async def _state_of(ledger: Ledger, request: ConsentRequest, now: datetime) -> State:
    record = await ledger.app(request.app)
    return record.state(now) if record is not None else State.NOT_APPLICABLE
