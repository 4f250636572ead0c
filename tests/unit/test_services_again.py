"""Nobody was left to ask: whoever returns is asked, within a day or as soon as that is seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.domain.campaign.intents import Escalate, Reason
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage, Step, Stuck, step
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.people.admins import ChatIdentity, GlobalAdmin
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import again
from bot.errors import CloudUnreachable
from bot.services.consent.actors import ByChat
from tests import person
from tests.examples import ADA, ADA_IN_CHAT, APP, BEN, BEN_IN_CHAT, NOW, OPERATOR, POLICY, TENANT
from tests.person import ASKED
from tests.there import there

CHAT = ByChat(ADA_IN_CHAT, ASKED.code)
DAY = timedelta(days=1)


class World(person.Asked):
    """Ada was asked; what became of it is up to each test."""

    async def asked(self) -> list[str]:
        """Who is asked now."""
        return [request.admin_object_id for request in await self.ledger.open_requests()]

    async def after(self, days: int) -> list[str]:
        """Who is asked so many days later, with a tick on each."""
        for _ in range(days):
            self.clock.forward(DAY)
            await self.remind.tick()
        return await self.asked()

    async def at_once(self) -> list[str]:
        """Who is asked after the next tick."""
        await self.remind.tick()
        return await self.asked()

    async def declines(self) -> None:
        """Ada says "not me"."""
        await self.request_steps.not_me(CHAT)

    async def is_silent(self, why: Reason = Reason.IGNORED) -> None:
        """Ada was named twice without an answer, and was the last one: it is noted as stuck."""
        told = (NOW - 4 * DAY, NOW - 2 * DAY)
        stuck = replace(ASKED, requested_at=told[0], told=told, stuck=Stuck(NOW, why.value))
        await self.set_request(stuck)
        ada = Recipient(ADA_IN_CHAT, told, revision=1)
        await self.ledger.commit(Changes(recipients=(ada,)))
        await self.remind.start()

    async def are_admins(self, *admins: GlobalAdmin) -> None:
        """A scan reads that it is these."""
        self.entra.admins[TENANT.id] = admins
        await self.ledger.save_global_admins(TENANT.id, admins)
        await self.candidates.review(await self.ledger.summaries(APP.ref.org))

    async def is_away(self, chat: ChatIdentity, days: int) -> None:
        """They say so: with today, so many days."""
        until = (self.clock.now() + (days - 1) * DAY).date()
        await self.conversation.answer(f"away {until}", chat, private=True)


@pytest.fixture
async def world() -> World:
    world = World()
    world.entra.admins[TENANT.id] = (ADA,)
    await world.set()
    return world


async def test_a_new_administrator_is_asked_as_soon_as_a_scan_has_seen_them(world: World) -> None:
    """The first message about it comes in their own hours, like any other."""
    await world.declines()
    assert await world.after(5) == []
    world.clock.forward(timedelta(hours=2))
    await world.are_admins(ADA, BEN)
    assert await world.at_once() == ["ben"]
    (request,) = await world.ledger.open_requests()
    assert request.stage is Stage.REQUESTED
    assert [e.action for e in await world.ledger.audit()].count("nobody_left") == 1


async def test_the_next_look_finds_an_administrator_of_whom_nothing_told(world: World) -> None:
    """Such as a role that came back in Entra, before any scan."""
    await world.declines()
    assert await world.after(3) == []
    world.entra.admins[TENANT.id] = (ADA, BEN)
    await world.ledger.save_global_admins(TENANT.id, (ADA, BEN))
    assert await world.after(1) == ["ben"]


async def test_who_may_be_asked_again_by_command_is(world: World) -> None:
    """Denied, and no longer."""
    world.entra.admins[TENANT.id] = (ADA, BEN)
    await world.conversation.answer(f"deny {BEN.upn}", OPERATOR)
    await world.declines()
    assert await world.after(2) == []
    await world.conversation.answer(f"allow {BEN.upn}", OPERATOR)
    assert await world.at_once() == ["ben"]


async def test_who_ignored_it_keeps_it_until_somebody_returns(world: World) -> None:
    """Ben is away while Ada does not answer; he says that he is back."""
    await world.is_silent()
    await world.are_admins(ADA, BEN)
    await world.is_away(BEN_IN_CHAT, 9)
    assert await world.after(3) == ["ada"]
    await world.conversation.answer("back", BEN_IN_CHAT, private=True)
    assert await world.at_once() == ["ben"]
    assert (await world.request()).stage is Stage.EXPIRED


async def test_an_absence_that_just_ends_is_noticed_within_a_day(world: World) -> None:
    """Nobody says so; he is there again."""
    await world.is_silent()
    await world.are_admins(ADA, BEN)
    await world.is_away(BEN_IN_CHAT, 3)
    assert await world.after(2) == ["ada"]
    assert await world.after(2) == ["ben"]


async def test_who_has_answered_meanwhile_keeps_it(world: World) -> None:
    """An answer about any of their apps is one for all of them."""
    await world.is_silent()
    recipient = there(await world.ledger.recipient(ADA_IN_CHAT))
    await world.ledger.commit(Changes(recipients=(recipient.answered(NOW),)))
    await world.are_admins(ADA, BEN)
    assert await world.at_once() == ["ada"]


@pytest.mark.parametrize(("back_after", "asked"), [(9, ["ben"]), (1, ["ada"])])
async def test_what_waits_for_somebody_away_goes_to_who_is_there(
    world: World, back_after: int, asked: list[str]
) -> None:
    """Unless they are back first: then it is theirs."""
    await world.is_silent(Reason.AWAY)
    await world.is_away(ADA_IN_CHAT, back_after)
    assert await world.after(2) == ["ada"]
    await world.are_admins(ADA, BEN)
    assert await world.at_once() == asked


async def test_what_was_saved_and_is_not_seen_goes_to_nobody(world: World) -> None:
    """Another administrator could do no more about it."""
    await world.is_silent(Reason.NOT_SEEN)
    await world.are_admins(ADA, BEN)
    assert await world.after(2) == ["ada"]


@pytest.mark.parametrize(("heard", "days"), [(True, 1), (False, 7)])
async def test_who_could_not_be_written_to_is_tried_again(
    world: World, heard: bool, days: int
) -> None:
    """Once something was heard of them, or after a week."""
    await world.ledger.commit(Changes(requests=(step(ASKED, Step.DECLINE, NOW),)))
    lost = replace(ASKED, id="r2", code="B", chat=BEN_IN_CHAT, admin_object_id="ben")
    lost = replace(lost, stage=Stage.UNDELIVERED, requested_at=NOW, changed_at=NOW)
    await world.ledger.commit(Changes(requests=(lost,)))
    record = there(await world.ledger.app(APP.ref))
    await world.ledger.commit(
        Changes(apps=(replace(record, request_id="r2", revision=record.revision + 1),))
    )
    await world.ledger.save_global_admins(TENANT.id, (ADA, BEN))
    await world.remind.start()
    assert await world.at_once() == []
    if heard:
        await world.presence.seen(BEN_IN_CHAT, NOW + timedelta(hours=1))
    assert await world.after(days - 1) == []
    assert await world.after(1) == ["ben"]


async def test_a_look_that_cannot_be_taken_is_taken_soon(world: World) -> None:
    """Nobody knows whether somebody is left while Microsoft is away."""
    await world.declines()
    await world.after(1)
    world.ledger.all_global_admins.clear()
    world.entra.admins[TENANT.id] = CloudUnreachable("Down.", where="contoso", call="GET roles")
    assert await world.after(1) == []
    world.entra.admins[TENANT.id] = (ADA, BEN)
    world.clock.forward(timedelta(minutes=5))
    assert await world.at_once() == ["ben"]


async def test_looking_ends_once_nothing_is_to_be_asked(world: World) -> None:
    """And while it goes on it costs one look a day, and leaves no word of its own."""
    await world.declines()
    lines = len(await world.ledger.audit())
    assert await world.after(5) == []
    assert len(await world.ledger.audit()) == lines
    assert world.ledger.schedule[again(APP.ref)] == world.clock.now() + DAY
    now = world.clock.now()
    record = there(await world.ledger.app(APP.ref))
    done = Evidence(EvidenceKind.CONNECTION_OFF, now)
    await world.ledger.commit(
        Changes(apps=(replace(record, evidence=(done,), revision=record.revision + 1),))
    )
    await world.after(1)
    assert again(APP.ref) not in world.ledger.schedule


async def test_a_plan_says_when_who_did_not_answer_is_asked_once_more() -> None:
    """After "not me" of the last one: to the minute, and by the name of whom it will be."""
    summer = Campaign(targets=(Deadline("target", date(2025, 7, 1), "ours"),))
    world = World(policy=replace(POLICY, campaign=summer))
    await world.set()
    await world.scan.org("contoso")
    told = (NOW - 9 * DAY, NOW - 7 * DAY)
    ben = replace(ASKED, id="r0", code="B", chat=BEN_IN_CHAT, admin_object_id="ben")
    ben = replace(ben, admin_name="Ben Okafor", stage=Stage.EXPIRED, told=told, link=None)
    await world.ledger.commit(Changes(requests=(replace(ben, requested_at=told[0]),)))
    await world.declines()
    assert await world.after(1) == []
    plan = await world.read.plan()
    assert (plan.unasked, plan.left) == (0, 1)
    (line,) = (one for one in plan.lines if isinstance(one, Escalate))
    assert (line.to, line.reason, line.at) == (BEN_IN_CHAT, Reason.AGAIN, NOW + 4 * 7 * DAY)
    answer = await world.conversation.answer("plan", OPERATOR)
    for told_so in ("Ben Okafor", "asked once more: Contoso O365", "Nobody is left to ask for one"):
        assert told_so in str(answer)
    assert await world.after(26) == []
    assert await world.after(1) == ["ben"]
