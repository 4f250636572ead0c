"""Deliveries that follow a request on its way: changes in place, "later", notes, introductions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.links import check_link, link_digest
from bot.domain.consent.requests import LinkBinding, Stage
from bot.domain.consent.snooze import Snooze
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.notices import Introduction, OperatorNote, PersonalRound, RequestChanged
from bot.domain.people.news import NewsKind
from bot.errors import LinkRevoked, LinkSpent
from tests.examples import ADA_IN_CHAT, BEN_IN_CHAT, LETTER, NOW, OPERATOR, REQUEST
from tests.there import there
from tests.unit.delivering import Delivering

LATER = NOW + timedelta(hours=24)
PLAN = Snooze(datetime(2025, 3, 4, 9), "UTC", "the auditor")
WAKE = Delivery(
    PersonalRound(ADA_IN_CHAT, "2025-03-04", (REQUEST.id,), "snooze_ended", "overdue", "plain"),
    LATER,
    "snooze_ended",
)


class OneDelivery(Delivering):
    """One request, and what becomes of it."""

    async def carry_out(self, *planned: Delivery) -> Delivery:
        """Plan and carry out; the last one as it stands then."""
        await self.ledger.commit(Changes(planned=planned))
        for delivery in planned:
            await self.worker()(delivery.key)
        return there(await self.ledger.delivery(planned[-1].key))

    async def put(self, **changes: Any) -> None:
        """Change the request as steps would."""
        request = there(await self.ledger.request(REQUEST.id))
        moved = replace(request, revision=request.revision + 1, **changes)
        await self.ledger.commit(Changes(requests=(moved,)))


@pytest.fixture
async def delivering() -> OneDelivery:
    delivering = OneDelivery()
    await delivering.ledger.commit(Changes(requests=(REQUEST,)))
    return delivering


async def test_the_link_knows_the_message_that_carries_it(delivering: OneDelivery) -> None:
    """So that a later change finds the newest message, not the first."""
    await delivering.carry_out(LETTER)
    request = there(await delivering.ledger.request(REQUEST.id))
    assert there(request.link).letter == LETTER.key


async def test_a_change_that_overtakes_the_confirmation_waits_for_it(
    delivering: OneDelivery,
) -> None:
    """A click is faster than the platform's answer: the change is not lost."""
    sending = replace(LETTER, phase=Phase.SENDING, leased_until=NOW + timedelta(seconds=60))
    told = Delivery(RequestChanged(ADA_IN_CHAT, REQUEST.id, 2), NOW, "request_changed")
    await delivering.ledger.commit(Changes(planned=(sending, told)))
    await delivering.worker()(told.key)
    found = there(await delivering.ledger.delivery(told.key))
    assert found.phase is Phase.DUE
    assert found.due_at > NOW
    assert delivering.engine.deliveries == [(told.key, found.due_at)]


async def test_later_brings_a_fresh_link_and_ends_the_former(delivering: OneDelivery) -> None:
    """A message of its own, at its time and not before."""
    await delivering.carry_out(LETTER)
    await delivering.put(snooze=PLAN)
    delivering.clock.forward(timedelta(hours=1))
    assert (await delivering.carry_out(WAKE)).phase is Phase.DUE
    delivering.clock.forward(timedelta(hours=24))
    assert (await delivering.carry_out(WAKE)).phase is Phase.SENT
    request = there(await delivering.ledger.request(REQUEST.id))
    assert (request.stage, request.snooze) == (Stage.DELIVERED, None)
    assert there(request.link).letter == WAKE.key
    with pytest.raises(LinkRevoked):
        check_link(request, link_digest("token-1"), delivering.clock.now())
    assert check_link(request, link_digest("token-2"), delivering.clock.now()) == request
    assert len(delivering.slack.posted) == 2


@pytest.mark.parametrize("stage", [Stage.DONE, Stage.DECLINED, Stage.REVOKED])
async def test_later_is_not_told_about_what_is_over(delivering: OneDelivery, stage: Stage) -> None:
    """Whatever happened in between settles it."""
    await delivering.carry_out(LETTER)
    await delivering.put(snooze=PLAN, stage=stage)
    delivering.clock.forward(timedelta(hours=25))
    assert (await delivering.carry_out(WAKE)).failure == "nothing_to_tell"


@pytest.mark.parametrize("stage", [Stage.ACKNOWLEDGED, Stage.SAVED])
async def test_who_has_taken_it_on_gets_a_link_that_cannot_be_spent_again(
    delivering: OneDelivery, stage: Stage
) -> None:
    """It leads to where they stopped; the plan ends with the message."""
    await delivering.carry_out(LETTER)
    await delivering.put(snooze=PLAN, stage=stage)
    delivering.clock.forward(timedelta(hours=25))
    assert (await delivering.carry_out(WAKE)).phase is Phase.SENT
    request = there(await delivering.ledger.request(REQUEST.id))
    assert (request.stage, request.snooze) == (stage, None)
    with pytest.raises(LinkSpent):
        check_link(request, link_digest("token-2"), delivering.clock.now())


async def test_a_change_after_later_changes_the_newest_message(delivering: OneDelivery) -> None:
    """The first one is history."""
    await delivering.carry_out(LETTER)
    await delivering.put(snooze=PLAN)
    delivering.clock.forward(timedelta(hours=25))
    await delivering.carry_out(WAKE)
    await delivering.carry_out(
        Delivery(RequestChanged(ADA_IN_CHAT, REQUEST.id, 9), NOW, "request_changed")
    )
    assert delivering.slack.updates == ["m2"]


async def test_a_reminder_of_one_request_is_what_changes_when_it_moves(
    delivering: OneDelivery,
) -> None:
    """The newest message about it; one about several requests stays as it is."""
    await delivering.carry_out(LETTER)
    other = replace(REQUEST, id="r2", code="XYZ-789", stage=Stage.DELIVERED)
    await delivering.ledger.commit(Changes(requests=(other,)))
    several, alone = (
        Delivery(
            PersonalRound(ADA_IN_CHAT, name, ids, "snooze_ended", "overdue", "plain"), NOW, "round"
        )
        for name, ids in (
            ("2025-03-03T09:30", (REQUEST.id, "r2")),
            ("2025-03-03T10:00", (REQUEST.id,)),
        )
    )
    changes = (
        Delivery(RequestChanged(ADA_IN_CHAT, REQUEST.id, number), NOW, "request_changed")
        for number in (8, 9)
    )
    await delivering.carry_out(several, next(changes))
    assert delivering.slack.updates == ["m1"]
    await delivering.carry_out(alone, next(changes))
    assert delivering.slack.updates == ["m1", "m3"]


async def test_a_round_leaves_out_what_was_put_off_meanwhile(delivering: OneDelivery) -> None:
    """ "Later" said while the round is on its way is kept."""
    await delivering.carry_out(LETTER)
    await delivering.put(snooze=PLAN)
    round = Delivery(
        PersonalRound(ADA_IN_CHAT, "2025-03-03", (REQUEST.id,), "round", "overdue", "plain"),
        NOW,
        "round",
    )
    assert (await delivering.carry_out(round)).failure == "nothing_to_tell"
    assert there(await delivering.ledger.request(REQUEST.id)).snooze == PLAN


async def test_who_says_later_once_more_while_it_is_on_its_way_is_heard(
    delivering: OneDelivery,
) -> None:
    """Also of a message that ends an earlier plan: the newer one counts, and is kept."""
    await delivering.carry_out(LETTER)
    newer = replace(PLAN, local=datetime(2025, 3, 6, 9))
    await delivering.put(snooze=newer)
    delivering.clock.forward(timedelta(hours=25))
    assert (await delivering.carry_out(WAKE)).failure == "nothing_to_tell"
    assert there(await delivering.ledger.request(REQUEST.id)).snooze == newer


async def test_notes_go_to_the_operator_and_introductions_to_both(delivering: OneDelivery) -> None:
    """Directly; once, also when carried out twice."""
    note = Delivery(
        OperatorNote(OPERATOR, NewsKind.WRONG_ACCOUNT, REQUEST.id, "hour"), NOW, "wrong_account"
    )
    pair = Delivery(Introduction(ADA_IN_CHAT, BEN_IN_CHAT, REQUEST.id), NOW, "introduce")
    await delivering.carry_out(note, pair)
    await delivering.carry_out(note, pair)
    assert [posted.to for posted in delivering.slack.posted.values()] == [OPERATOR, ADA_IN_CHAT]
    assert delivering.slack.introduced == [(ADA_IN_CHAT, BEN_IN_CHAT)]
    assert await delivering.ledger.request(REQUEST.id) == REQUEST


async def test_a_failed_change_does_not_fail_the_request(delivering: OneDelivery) -> None:
    """Only the message that asks decides whether the person was reached."""
    await delivering.put(stage=Stage.DELIVERED, link=LinkBinding("d", LATER, "link:gone"))
    told = Delivery(RequestChanged(ADA_IN_CHAT, REQUEST.id, 2), NOW, "request_changed")
    assert (await delivering.carry_out(told)).failure == "nothing_to_tell"
    assert there(await delivering.ledger.request(REQUEST.id)).stage is Stage.DELIVERED
