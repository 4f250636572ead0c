"""What is said where the app was just installed, and what is looked at again because of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat.answering.welcome import Welcome
from bot.domain.changes import Changes
from bot.domain.people.access import AccessPolicy
from bot.domain.people.admins import ChatIdentity, OktaAdmin, Platform
from bot.domain.people.choice import Nobody
from bot.domain.people.policy import PeoplePolicy
from bot.domain.summaries import summary_of
from bot.errors import StoreUnavailable
from bot.message import Buttons, Message
from bot.services.consent.installations import Installations, Waiting
from bot.services.people.access import Access
from bot.services.people.candidates import Candidates
from tests.examples import ADA, APP, BEN, NOW, POLICY, RECORD, REQUEST, TENANT, record_of
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeDirectory, FakeEntra, FakeMessenger, MembershipsInMemory

ADA_IN_TEAMS = ChatIdentity(Platform.TEAMS, ADA.object_id, "Ada", ADA.addresses[0])
OTHER = record_of("0oa9", org="fabrikam", tenant=replace(TENANT, id="t9"))
SUE = OktaAdmin("fabrikam", "00u9", "Sue", "sue@contoso.com", "SUPER_ADMIN")


class BeforeTeams:
    """An app of Ada's tenant and one of another; nobody has Teams yet."""

    def __init__(self, policy: PeoplePolicy | None = None) -> None:
        self.ledger = FakeLedger()
        self.teams = FakeMessenger()
        policy = policy or PeoplePolicy()
        self.candidates = Candidates(
            ledger=self.ledger,
            entra=FakeEntra(TENANT),
            messengers={Platform.TEAMS: self.teams},
            clock=FakeClock(NOW),
            policy=policy,
            reminding=POLICY,
        )
        self.installations = Installations(
            ledger=self.ledger, candidates=self.candidates, policy=policy
        )

    async def fill(self) -> None:
        await self.ledger.commit(Changes(apps=(RECORD, OTHER)))
        await self.ledger.save_global_admins(TENANT.id, (ADA,))
        await self.ledger.save_global_admins("t9", ())
        await self.ledger.save_okta_admins("fabrikam", (SUE,))
        await self.candidates.review([summary_of(RECORD), summary_of(OTHER)])

    async def nobody(self) -> Nobody | None:
        return (await self.ledger.prospects())[RECORD.app.ref].nobody

    def welcome(self, operator: str = "") -> Welcome:
        policy = AccessPolicy((ChatIdentity(Platform.TEAMS, operator.removeprefix("teams:")),))
        access = Access(
            policy=policy,
            directories={Platform.TEAMS: FakeDirectory()},
            memberships=MembershipsInMemory(),
            clock=FakeClock(NOW),
        )
        return Welcome(self.installations, access=access, language="en")


@pytest.fixture
async def waiting() -> BeforeTeams:
    waiting = BeforeTeams()
    await waiting.fill()
    return waiting


def said(message: Message) -> str:
    return message.words


async def test_whom_an_installation_makes_reachable_is_shown_at_once(waiting: BeforeTeams) -> None:
    """And whom a removal takes away: no list says otherwise for an hour."""
    assert await waiting.nobody() is Nobody.ALL_RULED_OUT
    waiting.teams.people = (ADA_IN_TEAMS,)
    assert await waiting.installations(ADA_IN_TEAMS) == Waiting((), 1)
    assert await waiting.nobody() is None
    waiting.teams.people = ()
    await waiting.welcome().moved(ADA_IN_TEAMS)
    assert await waiting.nobody() is Nobody.ALL_RULED_OUT


async def test_only_what_concerns_the_person_is_looked_at_again(waiting: BeforeTeams) -> None:
    """Somebody of whom nothing is known costs no look at anybody."""
    searched = len(waiting.teams.searched)
    stranger = ChatIdentity(Platform.TEAMS, "eve", "Eve", "eve@contoso.com")
    assert await waiting.installations(stranger) == Waiting()
    assert len(waiting.teams.searched) == searched


async def test_whom_a_team_makes_reachable_is_shown_at_once(waiting: BeforeTeams) -> None:
    """Its members are found by address. Apps for which somebody can be asked are left alone."""
    waiting.teams.people = (ADA_IN_TEAMS,)
    await waiting.welcome().in_team()
    assert await waiting.nobody() is None
    searched = len(waiting.teams.searched)
    waiting.teams.people = ()
    await waiting.welcome().in_team()
    assert await waiting.nobody() is None
    assert len(waiting.teams.searched) == searched
    waiting.ledger.broken["summaries"] = StoreUnavailable("away")
    await waiting.welcome().in_team()


async def test_the_owner_of_an_account_is_known_by_address() -> None:
    """The account has no Teams; the person behind it has."""
    waiting = BeforeTeams(PeoplePolicy(owners={ADA.addresses[0]: "ada.private@contoso.com"}))
    await waiting.fill()
    owner = ChatIdentity(Platform.TEAMS, "ada-private", "Ada", "Ada.Private@contoso.com")
    waiting.teams.people = (replace(owner, email="ada.private@contoso.com"),)
    assert (await waiting.installations(owner)).apps == 1
    assert await waiting.nobody() is None
    assert (
        await waiting.installations(ADA_IN_TEAMS) == Waiting()
    )  # the account itself is nobody's chat


async def test_an_okta_admin_who_sits_beside_is_looked_at_too(waiting: BeforeTeams) -> None:
    """They may be the partner that was missing; nothing waits for them alone."""
    ben = ChatIdentity(Platform.TEAMS, "ben", "Ben", BEN.addresses[0])
    sue = ChatIdentity(Platform.TEAMS, "sue", "Sue", SUE.email)
    await waiting.ledger.save_global_admins("t9", (replace(BEN, tenant_id="t9"),))
    waiting.teams.people = (ben, sue)
    assert await waiting.installations(sue) == Waiting()
    found = (await waiting.ledger.prospects())[OTHER.app.ref]
    assert (found.admin_name, found.partner_name) == (BEN.display_name, "Sue")


async def test_the_welcome_says_what_the_bot_does_and_what_waits(waiting: BeforeTeams) -> None:
    """For a Global Administrator, for somebody with an open request, and for anybody."""
    waiting.teams.people = (ADA_IN_TEAMS,)
    text = said(await waiting.welcome().person(ADA_IN_TEAMS))
    assert "I know which apps are left" in text
    assert "One app is waiting for a Global Administrator like you." in text
    await waiting.ledger.commit(Changes(requests=(replace(REQUEST, chat=ADA_IN_TEAMS),)))
    text = said(await waiting.welcome().person(ADA_IN_TEAMS))
    assert f"{REQUEST.app_label} is waiting for you." in text
    stranger = ChatIdentity(Platform.TEAMS, "eve", language="de-DE")
    assert "Sie müssen nichts tun." in said(await waiting.welcome().person(stranger))


async def test_an_operator_is_told_that_they_are_one(waiting: BeforeTeams) -> None:
    """With the way to what they can say."""
    olga = ChatIdentity(Platform.TEAMS, "olga", "Olga")
    message = await waiting.welcome("teams:olga").person(olga)
    assert "You are one of my operators" in said(message)
    assert any(isinstance(block, Buttons) for block in message.blocks)
    assert "nothing for you to do" not in said(message)


async def test_a_team_reads_no_more_than_what_the_bot_is(waiting: BeforeTeams) -> None:
    """Everybody sees it: no app, no person."""
    message = waiting.welcome().team()
    assert APP.label not in said(message)
    assert not message.private


async def test_a_store_that_is_away_spoils_no_welcome(waiting: BeforeTeams) -> None:
    """The review comes with the hour; the greeting now."""
    waiting.ledger.broken["summaries"] = StoreUnavailable("away")
    assert "I know which apps are left" in said(await waiting.welcome().person(ADA_IN_TEAMS))
