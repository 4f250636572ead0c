"""Who was asked and can do it no more is asked no longer: after a look, the next one is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.notices import RequestChanged
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.gaps import AdminGap, Gap
from bot.domain.people.admins import GlobalAdmin
from bot.domain.people.news import NewsKind
from bot.domain.people.policy import AccountNote, AccountRule
from bot.errors import ChatThrottled
from tests import person
from tests.examples import ADA, APP, BEN, NOW, OPERATOR, REQUEST, TENANT
from tests.person import ASKED
from tests.there import there

TAKEN_ON, SAVED = (replace(ASKED, stage=one) for one in (Stage.ACKNOWLEDGED, Stage.SAVED))
NO_PERMISSION = AdminGap(Gap.PERMISSION, "GET eligible", "refused")
NO_P2 = AdminGap(Gap.NO_P2, "GET eligible", "no licence")
DISABLED = replace(ADA, enabled=False)
ADAS_OTHER = replace(ADA, object_id="adm-ada", upn="adm-ada@contoso.com", mail="ada@contoso.com")


def note(said: AccountRule, account: str = "ada", owner: str = "") -> AccountNote:
    return AccountNote(account, said, "Olga", NOW, owner)


@pytest.fixture
async def world() -> person.Asked:
    return person.Asked()


@pytest.mark.parametrize(
    ("request_", "admins", "gaps", "notes", "asked"),
    [
        (ASKED, (ADA, BEN), (), (), ["ada"]),
        (ASKED, None, (), (), ["ada"]),
        (ASKED, (BEN,), (), (), ["ben"]),
        (ASKED, (BEN,), (NO_PERMISSION,), (), ["ada"]),
        (ASKED, (BEN,), (NO_P2,), (), ["ben"]),
        (ASKED, (DISABLED, BEN), (NO_PERMISSION,), (), ["ben"]),
        (ASKED, (replace(ADA, enabled=None), BEN), (), (), ["ada"]),
        (ASKED, (), (), (), []),
        (ASKED, (DISABLED,), (), (), []),
        (ASKED, (ADA, BEN), (), (note(AccountRule.DENIED),), ["ben"]),
        (ASKED, (ADA, BEN), (), (note(AccountRule.OWNER),), ["ben"]),
        (ASKED, (ADA, BEN), (), (note(AccountRule.DENIED, "ben"),), ["ada"]),
        (
            ASKED,
            (ADA, BEN),
            (),
            (
                note(AccountRule.OWNER, owner="eve@contoso.com"),
                note(AccountRule.DENIED, "eve@contoso.com"),
            ),
            ["ben"],
        ),
        (TAKEN_ON, (BEN,), (), (), ["ben"]),
        (TAKEN_ON, (ADA, BEN), (), (note(AccountRule.DENIED),), ["ada"]),
        (SAVED, (BEN,), (), (), ["ada"]),
        (SAVED, (DISABLED, BEN), (), (), ["ada"]),
    ],
)
async def test_after_a_look_only_those_are_asked_who_can_still_do_it(
    world: person.Asked,
    request_: ConsentRequest,
    admins: tuple[GlobalAdmin, ...] | None,
    gaps: tuple[AdminGap, ...],
    notes: tuple[AccountNote, ...],
    asked: list[str],
) -> None:
    """The role is gone, the account disabled, somebody said never to ask them; done once."""
    await world.set(request_)
    if admins is not None:
        await world.ledger.save_global_admins(TENANT.id, admins, gaps)
    await world.ledger.commit(Changes(notes=notes))
    await world.reassign.review("fabrikam")
    assert (await world.request()).stage is request_.stage
    await world.reassign.review("contoso")
    await world.reassign.review("contoso")
    open_ones = await world.ledger.open_requests()
    assert [request.admin_object_id for request in open_ones] == asked
    assert there(await world.ledger.app(APP.ref)).request_id == (open_ones[0].id if asked else "")
    told: dict[str, list[NewsKind]] = {
        "ada": [],
        "ben": [NewsKind.PASSED_ON],
        "": [NewsKind.WITHDRAWN],
    }
    assert [happened for happened, _ in world.news] == told[asked[0] if asked else ""]
    if asked != ["ada"]:
        assert (await world.request()).stage is Stage.REVOKED
        assert len(world.ledger.planned(RequestChanged)) == 1


@pytest.mark.parametrize("before", [ASKED, TAKEN_ON, SAVED])
async def test_an_app_that_leads_to_another_tenant_is_asked_of_its_people(
    world: person.Asked, before: ConsentRequest
) -> None:
    """Whoever was asked is no administrator there, and what they say is saved was elsewhere."""
    await world.set(before)
    there_now = replace(TENANT, id="tenant-2", domain="fabrikam.onmicrosoft.com")
    await world.ledger.save_global_admins(TENANT.id, (ADA, BEN))
    await world.ledger.save_global_admins("tenant-2", (replace(BEN, tenant_id="tenant-2"),))
    record = there(await world.ledger.app(APP.ref))
    moved = replace(record, tenant=there_now, revision=record.revision + 1)
    await world.ledger.commit(Changes(apps=(moved,)))
    await world.reassign.review("contoso")
    (request,) = await world.ledger.open_requests()
    assert (request.tenant_id, request.admin_object_id) == ("tenant-2", "ben")


@pytest.mark.parametrize("done", [True, False])
async def test_what_is_done_or_cannot_be_looked_into_stays_as_it_is(
    world: person.Asked, done: bool
) -> None:
    """A chat that is away ends nothing: the next look tries again."""
    await world.set(ASKED)
    await world.ledger.save_global_admins(TENANT.id, (BEN,))
    record = there(await world.ledger.app(APP.ref))
    if done:
        off = (Evidence(EvidenceKind.CONNECTION_OFF, NOW),)
        changed = replace(record, evidence=off, revision=record.revision + 1)
        await world.ledger.commit(Changes(apps=(changed,)))
    else:
        world.slack.hidden = ChatThrottled("slow down", retry_after=30)
    await world.reassign.review("contoso")
    assert (await world.request()).stage is Stage.DELIVERED
    assert world.news == []


@pytest.mark.parametrize(
    ("past", "silent", "expected"),
    [
        ({}, frozenset(), "ada"),
        ({"stage": Stage.DECLINED}, frozenset(), "ben"),
        ({"stage": Stage.DECLINED, "admin_object_id": "adm-ada"}, frozenset(), "ben"),
        ({}, frozenset({"ada"}), "ben"),
        ({"stage": Stage.EXPIRED, "admin_object_id": "adm-ada"}, frozenset({"adm-ada"}), "ben"),
        ({}, frozenset({"ben"}), "ada"),
    ],
)
async def test_one_human_with_two_accounts_answers_for_both(
    world: person.Asked, past: dict[str, Any], silent: frozenset[str], expected: str
) -> None:
    """Who said "not me", or nothing, is not asked again under the name of another account."""
    await world.set(replace(ASKED, **past) if past else replace(ASKED, stage=Stage.REVOKED))
    await world.ledger.save_global_admins(TENANT.id, (ADA, ADAS_OTHER, BEN))
    record = there(await world.ledger.app(APP.ref))
    choice = await world.candidates.of(record, silent=silent)
    chosen = there(choice.chosen)
    assert chosen.admin.object_id == expected
    asked = await world.ask.send(APP.ref, OPERATOR, silent=silent)
    assert asked.request.admin_object_id == expected
    assert asked.request.id != REQUEST.id
