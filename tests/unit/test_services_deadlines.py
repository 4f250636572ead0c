"""The dates that what is open runs against, and what it costs to know them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.domain.campaign.windows import Campaign, Deadline, Scope
from bot.domain.changes import Changes
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.waivers import Waiver
from bot.services.campaign.deadlines import deadlines, open_deadlines
from tests.examples import APP, NOW, RECORD, TENANT
from tests.fake_ledger import FakeLedger

COMMON = Deadline("target", date(2026, 5, 1), "ours")
THEIRS = Deadline("target", date(2026, 3, 6), "ours", Scope(org="fabrikam"))
ONE_APP = Deadline("target", date(2026, 4, 3), "ours", Scope(app="contoso/0oa2"))
ONE_TENANT = Deadline("target", date(2026, 4, 9), "ours", Scope(tenant=TENANT.id))
OFF = (Evidence(EvidenceKind.CONNECTION_OFF, NOW),)


def record(org: str, app_id: str) -> AppRecord:
    return replace(RECORD, app=replace(APP, ref=AppRef(org, app_id)), tenant=None)


FIRST, SECOND, ELSEWHERE = (
    record("contoso", "0oa1"),
    record("contoso", "0oa2"),
    record("fabrikam", "0oa1"),
)
IN_TENANT = replace(FIRST, tenant=TENANT)
DONE, DONE_ELSEWHERE = replace(SECOND, evidence=OFF), replace(ELSEWHERE, evidence=OFF)
LATER = NOW + timedelta(9)
WAIVED = replace(
    ELSEWHERE, waiver=Waiver(LATER.date(), LATER, "soon shut down", "slack:U1", "Ola", NOW)
)


@pytest.mark.parametrize(
    ("records", "targets", "org", "found", "read"),
    [
        ((FIRST, ELSEWHERE), (COMMON, THEIRS), "", (THEIRS, COMMON), 0),
        ((FIRST, ELSEWHERE), (COMMON, THEIRS), "contoso", (COMMON,), 0),
        ((FIRST, DONE_ELSEWHERE), (COMMON, THEIRS), "", (COMMON,), 0),
        ((FIRST, WAIVED), (COMMON, THEIRS), "", (COMMON,), 0),
        ((FIRST, SECOND), (COMMON, ONE_APP), "", (ONE_APP, COMMON), 0),
        ((FIRST, DONE), (COMMON, ONE_APP), "", (COMMON,), 0),
        ((DONE_ELSEWHERE, SECOND), (THEIRS, ONE_APP), "", (ONE_APP,), 0),
        ((IN_TENANT, SECOND), (COMMON, ONE_TENANT), "", (ONE_TENANT, COMMON), 1),
        ((IN_TENANT,), (COMMON, ONE_TENANT), "", (ONE_TENANT,), 1),
        ((FIRST, SECOND), (COMMON, ONE_TENANT), "", (COMMON,), 0),
        ((DONE, DONE_ELSEWHERE), (COMMON, THEIRS), "", (), 0),
        ((), (COMMON,), "", (), 0),
    ],
)
async def test_the_dates_of_what_is_open(
    records: tuple[AppRecord, ...],
    targets: tuple[Deadline, ...],
    org: str,
    found: tuple[Deadline, ...],
    read: int,
) -> None:
    """Each once, the earliest first. All of an org is read only where a tenant of it has one."""
    ledger = FakeLedger()
    await ledger.commit(Changes(apps=records))
    campaign = Campaign(targets=targets)
    assert await open_deadlines(ledger, campaign, await ledger.counts(), org) == found
    assert ledger.called["summaries"] == read


async def test_when_all_is_done_the_dates_of_all_apps_are_left() -> None:
    """A board goes on to say what it ran against."""
    ledger = FakeLedger()
    await ledger.commit(Changes(apps=(DONE, DONE_ELSEWHERE)))
    campaign = Campaign(targets=(COMMON, THEIRS))
    assert await deadlines(ledger, campaign, await ledger.counts()) == (THEIRS, COMMON)
