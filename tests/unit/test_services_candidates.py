"""Reviewing whom to ask for many apps, and taking notes of admin accounts."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.inventory.gaps import AdminGap, Gap
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity, OktaAdmin, Platform
from bot.domain.people.choice import Nobody
from bot.domain.people.policy import AccountRule, PeoplePolicy
from bot.domain.people.weighing import Point
from bot.domain.summaries import summary_of
from bot.errors import ChatUnreachable, CloudRefused
from bot.services.people.accounts import Accounts
from bot.services.people.candidates import PARTNERS_LOOKED_UP, REVIEW_AFTER, Candidates
from tests.examples import (
    ADA,
    ADA_IN_CHAT,
    APP,
    BEN,
    BEN_IN_CHAT,
    NOW,
    OPERATOR,
    POLICY,
    RECORD,
    REQUEST,
    TENANT,
    record_of,
)
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEntra, FakeMessenger
from tests.there import there

SUE = OktaAdmin("contoso", "00u9", "Sue", "sue@contoso.com", "SUPER_ADMIN")
SUE_IN_CHAT = ChatIdentity(Platform.SLACK, "U7", "Sue", "sue@contoso.com")


class CandidateSearch:
    """Apps that need consent; Ada and Ben in Slack; Microsoft was read by a scan."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.clock = FakeClock(NOW)
        self.slack = FakeMessenger(ADA_IN_CHAT, BEN_IN_CHAT, SUE_IN_CHAT)
        self.entra = FakeEntra(TENANT)
        self.entra.admins[TENANT.id] = (ADA, BEN)
        self.candidates = self.make(PeoplePolicy())
        self.accounts = Accounts(ledger=self.ledger, clock=self.clock)

    def make(self, policy: PeoplePolicy, *, entra: bool = True) -> Candidates:
        return Candidates(
            ledger=self.ledger,
            entra=self.entra if entra else None,
            messengers={Platform.SLACK: self.slack},
            clock=self.clock,
            policy=policy,
            reminding=POLICY,
        )


@pytest.fixture
async def search() -> CandidateSearch:
    search = CandidateSearch()
    await search.ledger.commit(Changes(apps=(RECORD,)))
    await search.ledger.save_global_admins(TENANT.id, (ADA, BEN))
    await search.ledger.save_okta_admins("contoso", (SUE,))
    return search


def apps(count: int) -> list[AppRecord]:
    return [record_of(f"0oa{n}") for n in range(count)]


# ------------------------------------------------------------------ reviewing


async def test_a_review_looks_each_person_up_once_for_any_number_of_apps(
    search: CandidateSearch,
) -> None:
    """A hundred and twenty apps of one tenant cost as many lookups as one."""
    await search.candidates.review(map(summary_of, apps(120)))
    kept = await search.ledger.prospects("contoso")
    assert len(kept) == 120
    assert {(one.admin_name, one.partner_name) for one in kept.values()} == {("Ada Moreau", "Sue")}
    assert len(search.slack.searched) == 3
    assert search.entra.calls == []


async def test_what_was_looked_at_within_the_hour_is_left_alone(search: CandidateSearch) -> None:
    """Unless somebody asked for it anew."""
    await search.candidates.review([summary_of(RECORD)])
    await search.candidates.review([summary_of(RECORD)])
    assert len(search.slack.searched) == 3
    await search.candidates.review([summary_of(RECORD)], anew=True)
    assert len(search.slack.searched) == 6
    search.clock.forward(REVIEW_AFTER)
    await search.candidates.review([summary_of(RECORD)])
    assert len(search.slack.searched) == 9


@pytest.mark.parametrize(
    ("record", "entra", "known", "nobody"),
    [
        (replace(RECORD, tenant=None), True, True, Nobody.NO_TENANT),
        (RECORD, False, True, Nobody.UNREADABLE),
        (replace(RECORD, tenant=replace(TENANT, id="t2")), True, False, Nobody.UNREADABLE),
    ],
)
async def test_that_nobody_can_be_asked_is_kept_with_its_reason(
    search: CandidateSearch, record: AppRecord, entra: bool, known: bool, nobody: Nobody
) -> None:
    """And written into the audit once, when it becomes so."""
    candidates = search.make(PeoplePolicy(), entra=entra)
    for _ in range(2):
        await candidates.review([summary_of(record)], anew=True)
    assert (await search.ledger.prospects())[APP.ref].nobody is nobody
    (entry,) = await search.ledger.audit()
    assert (entry.action, entry.detail) == ("nobody_reachable", {"from": "", "to": nobody.value})


async def test_when_somebody_can_be_asked_again_that_is_told_too(search: CandidateSearch) -> None:
    """Everybody left the chat, then Ben came back."""
    people, search.slack.people = search.slack.people, ()
    await search.candidates.review([summary_of(RECORD)])
    assert (await search.ledger.prospects())[APP.ref].nobody is Nobody.ALL_RULED_OUT
    search.slack.people = people[1:]
    await search.candidates.of(RECORD)
    assert (await search.ledger.prospects())[APP.ref].admin_name == "Ben Okafor"
    actions = [entry.action for entry in await search.ledger.audit()]
    assert actions == ["somebody_reachable", "nobody_reachable"]


async def test_a_chat_platform_that_is_away_changes_nothing_that_is_kept(
    search: CandidateSearch,
) -> None:
    """ "Nobody" is said only when it was looked up."""
    await search.candidates.review([summary_of(RECORD)])
    before = await search.ledger.prospects()

    search.slack.hidden = ChatUnreachable("no answer")
    await search.candidates.review([summary_of(RECORD)], anew=True)
    assert await search.ledger.prospects() == before


async def test_what_the_look_at_the_tenant_did_without_comes_along(search: CandidateSearch) -> None:
    """A tenant without a licence: the people are right, and the answer says what is missing."""
    refused = CloudRefused(
        "no licence", where="contoso", call="GET roles", reason="AadPremiumLicenseRequired"
    )
    search.entra.gaps[TENANT.id] = (refused,)
    other = replace(RECORD, tenant=replace(TENANT, id="t2"))
    search.entra.admins["t2"] = (ADA,)
    search.entra.gaps["t2"] = (refused,)
    choice = await search.candidates.of(other)
    assert choice.gaps == (AdminGap(Gap.NO_P2, "GET roles", "no licence", code="cloud_refused"),)
    assert await search.ledger.admin_gaps("t2") == choice.gaps


async def test_only_the_person_behind_an_account_is_written_to(search: CandidateSearch) -> None:
    """Ada's admin account is Ben's, by the settings: Ada's own address is not tried."""
    candidates = search.make(PeoplePolicy(owners={"ada": "ben@contoso.com"}))
    choice = await candidates.of(RECORD)
    by_account = {one.admin.object_id: one for one in choice.candidates}
    assert by_account["ada"].chat == BEN_IN_CHAT
    assert by_account["ada"].owner == "ben@contoso.com"
    assert ("ada@contoso.com",) not in search.slack.searched


async def test_of_many_okta_admins_only_the_nearest_are_looked_up(search: CandidateSearch) -> None:
    """A large org has dozens; the smallest roles are tried."""
    many = tuple(
        OktaAdmin("contoso", f"00u{n:02}", f"S{n}", f"s{n}@contoso.com", "SUPER_ADMIN")
        for n in range(30)
    )
    here = replace(SUE, role="APP_ADMIN", app_ids=frozenset({APP.ref.app_id}))
    await search.ledger.save_okta_admins("contoso", (*many, here))
    choice = await search.candidates.of(RECORD)
    assert len(choice.partners) == PARTNERS_LOOKED_UP
    assert there(choice.partner).admin == here


# ------------------------------------------------------------------ notes of accounts


async def test_a_note_counts_at_once_and_says_whom_it_concerns(search: CandidateSearch) -> None:
    """Denied by address: the next look asks Ben."""
    noted = await search.accounts.deny("ADA@contoso.com", OPERATOR)
    assert noted.known == ("Ada Moreau",)
    assert [record.app.ref for record in noted.affected] == [APP.ref]
    choice = await search.candidates.of(RECORD)
    assert there(choice.chosen).admin == BEN
    assert choice.notes == (noted.note,)
    (entry,) = await search.ledger.audit()
    assert (entry.actor, entry.action, entry.subject, entry.detail["said"]) == (
        "slack:U9",
        "note_account",
        "ada@contoso.com",
        "denied",
    )


async def test_what_is_said_later_takes_the_place_of_what_was_said(search: CandidateSearch) -> None:
    """Denied, then allowed: one note of the account's standing is left, and two audit lines."""
    await search.accounts.deny("ada", OPERATOR)
    await search.accounts.allow("ada", OPERATOR)
    await search.accounts.own("ada", "Ben@contoso.com", OPERATOR)
    said = {(one.said, one.owner) for one in await search.ledger.account_notes()}
    assert said == {(AccountRule.ALLOWED, ""), (AccountRule.OWNER, "ben@contoso.com")}
    details = [entry.detail["before"] for entry in await search.ledger.audit()]
    assert details == ["", "denied", ""]


async def test_a_note_of_an_account_that_nobody_knows_is_kept_all_the_same(
    search: CandidateSearch,
) -> None:
    """It counts as soon as the account is seen."""
    noted = await search.accounts.own("adm@contoso.com", "", OPERATOR)
    assert (noted.known, noted.affected) == ((), ())
    assert len(await search.ledger.account_notes()) == 1


async def test_an_okta_admin_can_be_denied_too(search: CandidateSearch) -> None:
    """Then nobody sits beside, and the answer says so."""
    noted = await search.accounts.deny("sue@contoso.com", OPERATOR)
    assert noted.known == ("Sue",)
    choice = await search.candidates.of(RECORD)
    assert choice.partner is None
    assert choice.partners[0].con == (Point.DENIED,)


async def test_whoever_said_not_me_does_not_sit_beside_somebody_else(
    search: CandidateSearch,
) -> None:
    """By their account in Okta, too, whatever their names look like there."""
    declined = replace(
        REQUEST,
        id="r-sue",
        stage=Stage.DECLINED,
        admin_upn="SUE@contoso.com",
        chat=ChatIdentity(Platform.SLACK, "U-sue", email=""),
    )
    assert (await search.candidates.of(RECORD)).partner is not None
    await search.ledger.commit(Changes(requests=(declined,)))
    assert (await search.candidates.of(RECORD)).partner is None


async def test_of_ten_who_speak_at_once_each_is_heard(search: CandidateSearch) -> None:
    """Each takes the place of the one before; none is lost from the audit."""
    await asyncio.gather(*(search.accounts.deny("ada", OPERATOR) for _ in range(10)))
    (note,) = await search.ledger.account_notes()
    assert note.revision == 10
    assert len(await search.ledger.audit()) == 10
