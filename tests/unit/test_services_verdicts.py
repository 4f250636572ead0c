"""Verdicts are taken again when their time has come, and then alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.evidence.rules import Evidence
from bot.domain.evidence.verdict import Assessment, Confidence, State
from bot.domain.inventory import records as inventory
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.summaries import RANKS, Part
from bot.services.inventory.verdicts import Verdicts
from tests.examples import APP, NOW, RECORD, REQUEST
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeEngine

SHELF = timedelta(days=30)


class OpenApps:
    """Two open apps, of which one has somebody asked."""

    def __init__(self) -> None:
        self.ledger, self.engine = FakeLedger(), FakeEngine()
        self.verdicts = Verdicts(ledger=self.ledger, engine=self.engine)

    async def record(self, ref: AppRef = APP.ref) -> AppRecord:
        found = await self.ledger.app(ref)
        assert found is not None
        return found


@pytest.fixture
def aging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence whose weight falls with time: what it is worth by itself is not the matter here."""

    def weigh(evidence: tuple[Evidence, ...], now: object) -> Assessment:
        seen = evidence[0].seen_at
        assert isinstance(now, type(seen))
        if now < seen + SHELF:
            return Assessment(State.MIGRATED, Confidence.PROVEN, holds_until=seen + SHELF)
        return Assessment(State.NEEDS_REVIEW, Confidence.LIKELY)

    monkeypatch.setattr(inventory, "assess", weigh)


MINE = replace(RECORD)  # of its own: a record keeps its last verdict
OTHER = replace(
    RECORD,
    app=replace(APP, ref=AppRef("contoso", "0oa2")),
    evidence=tuple(replace(e, seen_at=NOW + timedelta(days=9)) for e in RECORD.evidence),
    scanned_at=NOW + timedelta(days=9),
)


@pytest.mark.usefixtures("aging")
async def test_what_is_due_is_weighed_again_and_nothing_else() -> None:
    """A new summary, an audit line, and the boards hear of it; the other app is left alone."""
    apps = OpenApps()
    await apps.ledger.commit(Changes(apps=(MINE, OTHER)))
    await apps.verdicts.renew(NOW + SHELF - timedelta(seconds=1))
    assert await apps.ledger.apps() == (MINE, OTHER)
    now = NOW + SHELF
    await apps.verdicts.renew(now)
    again = await apps.record()
    assert (again.verdict.state, again.assessed_at) == (State.NEEDS_REVIEW, now)
    assert await apps.record(OTHER.app.ref) == OTHER
    (entry,) = await apps.ledger.audit()
    assert (entry.actor, entry.action, entry.subject) == ("o365bot", "assess", str(APP.ref))
    assert (entry.detail["from"], entry.detail["to"]) == ("migrated", "needs_review")
    assert [line.name for line in await apps.ledger.due_entries(now, 10)] == ["boards"]
    assert [app.ref for app in (await apps.ledger.page(1, 15)).shown] == [APP.ref]
    await apps.verdicts.renew(now)
    assert len(await apps.ledger.audit()) == 1


@pytest.mark.usefixtures("aging")
async def test_a_verdict_that_only_loses_weight_ends_no_request() -> None:
    """A request ends by what was seen."""
    apps = OpenApps()
    asked = replace(MINE, request_id=REQUEST.id)
    await apps.ledger.commit(Changes(apps=(asked,), requests=(REQUEST,)))
    await apps.verdicts.renew(NOW + SHELF)
    (request,) = await apps.ledger.requests_for(APP.ref)
    assert request.stage is Stage.REQUESTED
    assert (await apps.record()).request_id == REQUEST.id


@pytest.mark.usefixtures("aging")
async def test_many_that_are_due_at_once_are_taken_over_several_ticks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that a tick stays short."""
    monkeypatch.setattr("bot.services.inventory.verdicts.AT_ONCE", 2)
    apps = OpenApps()
    refs = [AppRef("contoso", f"0oa{n}") for n in range(5)]
    records = tuple(replace(RECORD, app=replace(APP, ref=ref)) for ref in refs)
    await apps.ledger.commit(Changes(apps=records))
    for due in (5, 3, 1, 0):
        assert len(await apps.ledger.due_verdicts(NOW + SHELF, 10)) == due
        await apps.verdicts.renew(NOW + SHELF)


def test_every_state_has_its_place_in_lists() -> None:
    """A new one would else be in none."""
    assert {state for state in RANKS if state is not None} == set(State)
    first, behind = Part.OPEN.value
    assert set(RANKS[first:behind]) == {state for state in State if state.is_open}
