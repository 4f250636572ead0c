"""Carrying out a delivery while others change the same records, or replicas are behind."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Proof, ProofKind, Stage
from bot.domain.consent.snooze import Snooze
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.incidents import Incident
from bot.domain.people.recipients import Recipient
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    MessageRefused,
    NotDurable,
    PersonUnreachable,
)
from tests.examples import ADA_IN_CHAT, LETTER, NOW, REQUEST
from tests.fake_ledger import FakeLedger
from tests.unit.delivering import REMINDER, ROUND, Delivering


class Overtaken(FakeLedger):
    """Before the `turn`-th commit from now on, somebody else changes `what` it is about."""

    turn = 0
    what: type[ConsentRequest | Delivery | Recipient | Incident] = Delivery

    async def commit(self, changes: Changes) -> None:
        self.turn -= 1
        if self.turn == 0:
            for request in changes.requests if self.what is ConsentRequest else ():
                self.all_requests[request.id] = replace(
                    self.all_requests[request.id], revision=request.revision
                )
            for delivery in changes.deliveries if self.what is Delivery else ():
                self.all_deliveries[delivery.key] = replace(
                    self.all_deliveries[delivery.key], revision=delivery.revision
                )
            for recipient in changes.recipients if self.what is Recipient else ():
                self.all_recipients[str(recipient.chat)] = recipient
            for incident in changes.incidents if self.what is Incident else ():
                self._incidents[incident.place] = incident
        await super().commit(changes)


class Lagging(FakeLedger):
    """Its replicas do not say in time that they have what is written about a proven request."""

    async def commit(self, changes: Changes) -> None:
        await super().commit(changes)
        if any(request.proof is not None for request in changes.requests):
            raise NotDurable("Only 0 of 1 replicas have it yet.")


async def test_a_replica_that_is_behind_holds_up_no_message() -> None:
    """Nobody was promised anything about a fresh link: it is written, and the message is sent."""
    taken_on = replace(
        REQUEST,
        stage=Stage.ACKNOWLEDGED,
        proof=Proof(ProofKind.PERSONAL_LINK, str(ADA_IN_CHAT), NOW),
        snooze=Snooze(NOW.replace(tzinfo=None), "UTC"),
    )
    delivering = Delivering()
    delivering.ledger = Lagging()
    with pytest.raises(NotDurable):
        await delivering.ledger.commit(Changes(requests=(taken_on,), planned=(ROUND,)))
    await delivering.worker()(ROUND.key)
    assert (await delivering.delivery(ROUND.key)).phase is Phase.SENT


ERRORS: tuple[ChatError | None, ...] = (
    *(None, ChatThrottled("slow down", retry_after=5), ChatUnreachable("no answer")),
    *(ChatMisconfigured("token_revoked"), PersonUnreachable("gone")),
    *(ChannelUnreachable("archived"), MessageRefused("too long")),
)


@pytest.mark.parametrize("what", [ConsentRequest, Delivery, Recipient, Incident])
@pytest.mark.parametrize("turn", range(1, 6))
async def test_whoever_is_overtaken_at_any_commit_tells_the_engine_of_no_conflict(
    turn: int, what: type[ConsentRequest | Delivery | Recipient | Incident]
) -> None:
    """It decides again, or leaves it to who was faster: the engine has nothing to retry."""
    for error, delivery in product(ERRORS, (LETTER, REMINDER, ROUND)):
        delivering = Delivering()
        delivering.ledger = ledger = Overtaken()
        request = replace(REQUEST, stage=Stage.DELIVERED) if delivery is ROUND else REQUEST
        await delivering.ledger.commit(Changes(requests=(request,), planned=(delivery,)))
        if error is not None:
            delivering.slack.refuses.append(error)
        ledger.what, ledger.turn = what, turn
        await delivering.worker()(delivery.key)
        assert len(delivering.slack.posted) <= 1, (error, delivery)
