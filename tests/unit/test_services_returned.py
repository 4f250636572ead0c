"""Mail that came back: who it was for counts as not reachable, and somebody else is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Proof, ProofKind, Stage
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.notices import PersonalRound
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.recipients import LOST_FOR
from bot.errors import ChatUnreachable
from bot.ports.chat import Bounce
from bot.services.delivery.bounces import EVERY, Bounces
from tests.examples import DELIVERED, NOW
from tests.fake_ledger import FakeLedger
from tests.there import there

ADA = ChatIdentity(Platform.MAIL, "ada@contoso.com")
ASKED = replace(DELIVERED, chat=ADA, revision=DELIVERED.revision + 1)
ROUND = PersonalRound(ADA, "2025-03-03", (ASKED.id,), "first", "far", "calm")
MAIL_ID = "<named.random@contoso.com>"
PLANNED = Delivery(ROUND, NOW, "first")
SENT = replace(
    PLANNED, phase=Phase.SENT, message_id=MAIL_ID, sent_at=NOW, revision=PLANNED.revision + 1
)


class Mailbox:
    """What lies in it, until it is noted."""

    def __init__(self, *reports: Bounce) -> None:
        self.reports = reports
        self.away = False

    async def returned(self) -> tuple[Bounce, ...]:
        if self.away:
            raise ChatUnreachable("away", nothing_sent=True)
        return self.reports

    async def noted(self, returned: Sequence[Bounce]) -> None:
        self.reports = tuple(one for one in self.reports if one not in returned)


class BounceMailboxInMemory:
    def __init__(self, *reports: Bounce) -> None:
        self.ledger = FakeLedger()
        self.mailbox = Mailbox(*reports)
        self.asked_again: list[str] = []
        self.returns = Bounces(
            ledger=self.ledger, mailbox=self.mailbox, ask_another=self._ask_another
        )

    async def _ask_another(self, request: ConsentRequest) -> None:
        self.asked_again.append(request.id)

    async def request(self) -> ConsentRequest:
        return there(await self.ledger.request(ASKED.id))

    async def is_lost(self) -> bool:
        known = await self.ledger.recipient(ADA)
        return known is not None and known.is_lost(NOW)


BACK = Bounce("7", MAIL_ID, SENT.key)


@pytest.fixture
async def mail() -> BounceMailboxInMemory:
    mail = BounceMailboxInMemory(BACK)
    await mail.ledger.commit(Changes(requests=(DELIVERED,), planned=(PLANNED,)))
    await mail.ledger.commit(Changes(requests=(ASKED,), deliveries=(SENT,)))
    return mail


async def test_somebody_else_is_asked_and_the_address_is_left_alone(
    mail: BounceMailboxInMemory,
) -> None:
    """For a month: then a mailbox may have been made."""
    assert await mail.returns.poll(NOW) == NOW + EVERY
    assert (await mail.request()).stage is Stage.UNDELIVERED
    assert mail.asked_again == [ASKED.id]
    known = there(await mail.ledger.recipient(ADA))
    assert known.is_lost(NOW)
    assert not known.is_lost(NOW + LOST_FOR)
    assert not mail.mailbox.reports


async def test_a_report_that_is_read_again_changes_nothing_more(
    mail: BounceMailboxInMemory,
) -> None:
    """As when the bot died before it could note it."""
    await mail.returns.poll(NOW)
    mail.mailbox.reports = (BACK,)
    await mail.returns.poll(NOW + timedelta(minutes=5))
    assert mail.asked_again == [ASKED.id]


@pytest.mark.parametrize(
    "report",
    [
        Bounce("7", "<named.guessed@contoso.com>", SENT.key),
        Bounce("7", MAIL_ID, ""),
        Bounce("7", MAIL_ID, "round:2025-03-03:mail:somebody@contoso.com"),
        Bounce("7", "", ""),
    ],
)
async def test_nobody_can_call_a_mail_undeliverable_without_having_it(
    mail: BounceMailboxInMemory, report: Bounce
) -> None:
    """Anybody may write to the mailbox; what is no report of ours is noted and forgotten."""
    mail.mailbox.reports = (report,)
    await mail.returns.poll(NOW)
    assert (await mail.request()).stage is Stage.DELIVERED
    assert not await mail.is_lost()
    assert not mail.mailbox.reports


async def test_whoever_acted_meanwhile_stays_asked(mail: BounceMailboxInMemory) -> None:
    """They had the link from somewhere, such as from an earlier mail."""
    proof = Proof(ProofKind.SIGNED_IN, "entra:1", NOW)
    taken = replace(
        ASKED, stage=Stage.ACKNOWLEDGED, proof=proof, revision=ASKED.revision + 1, changed_at=NOW
    )
    await mail.ledger.commit(Changes(requests=(taken,)))
    await mail.returns.poll(NOW)
    assert (await mail.request()).stage is Stage.ACKNOWLEDGED
    assert mail.asked_again == []


async def test_a_mailbox_that_is_away_holds_nothing_up(mail: BounceMailboxInMemory) -> None:
    """It is looked into the next time."""
    mail.mailbox.away = True
    assert await mail.returns.poll(NOW) == NOW + EVERY
    assert len(mail.mailbox.reports) == 1
