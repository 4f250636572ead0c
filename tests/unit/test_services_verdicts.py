"""Verdicts are taken again when their time has come, and then alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.summaries import RANKS, Part
from bot.services.inventory.verdicts import Verdicts
from tests.examples import APP, NOW, RECORD, REQUEST
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeEngine
from tests.there import there

SHELF = timedelta(days=90)
LATER = NOW + timedelta(days=9)


class OpenApps:
    """Two open apps, of which one has somebody asked."""

    def __init__(self, at_once: int = 200) -> None:
        self.ledger, self.engine = FakeLedger(), FakeEngine()
        self.verdicts = Verdicts(ledger=self.ledger, engine=self.engine, at_once=at_once)

    async def record(self, ref: AppRef = APP.ref) -> AppRecord:
        return there(await self.ledger.app(ref))


SEEN = (
    Evidence(EvidenceKind.CONNECTION_ON, NOW),
    Evidence(EvidenceKind.SAW_REAUTHENTICATE, NOW, NOW),
)
"""Somebody's word, which is good for so long as SHELF says."""
MINE = replace(RECORD, evidence=SEEN)
OTHER = replace(
    RECORD,
    app=replace(APP, ref=AppRef("contoso", "0oa2")),
    evidence=tuple(
        replace(e, seen_at=LATER, happened_at=LATER if e.happened_at else None) for e in SEEN
    ),
    scanned_at=LATER,
)


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
    assert (entry.detail["from"], entry.detail["to"]) == ("needs_save", "needs_review")
    assert [line.name for line in await apps.ledger.due_entries(now, 10)] == ["boards"]
    shown = {app.ref: app.state for app in (await apps.ledger.page(1, 15)).shown}
    assert shown == {APP.ref: State.NEEDS_REVIEW, OTHER.app.ref: State.NEEDS_SAVE}
    await apps.verdicts.renew(now)
    assert len(await apps.ledger.audit()) == 1


async def test_a_verdict_that_only_loses_weight_ends_no_request() -> None:
    """A request ends by what was seen."""
    apps = OpenApps()
    asked = replace(MINE, request_id=REQUEST.id)
    await apps.ledger.commit(Changes(apps=(asked,), requests=(REQUEST,)))
    await apps.verdicts.renew(NOW + SHELF)
    (request,) = await apps.ledger.requests_for(APP.ref)
    assert request.stage is Stage.REQUESTED
    assert (await apps.record()).request_id == REQUEST.id


async def test_many_that_are_due_at_once_are_taken_over_several_ticks() -> None:
    """So that a tick stays short."""
    apps = OpenApps(at_once=2)
    refs = [AppRef("contoso", f"0oa{n}") for n in range(5)]
    records = tuple(replace(MINE, app=replace(APP, ref=ref)) for ref in refs)
    await apps.ledger.commit(Changes(apps=records))
    for due in (5, 3, 1, 0):
        assert len(await apps.ledger.due_verdicts(NOW + SHELF, 10)) == due
        await apps.verdicts.renew(NOW + SHELF)


def test_every_state_has_its_place_in_lists() -> None:
    """A new one would else be in none."""
    assert {state for state in RANKS if state is not None} == set(State)
    first, behind = Part.OPEN.value
    assert set(RANKS[first:behind]) == {state for state in State if state.is_open}
