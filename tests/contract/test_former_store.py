"""A store that the version before wrote, whose evidence knew of no tenants: read, and lifted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from bot.domain.changes import Changes
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import Confidence, State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.scanning import AppReading, scanned
from tests.there import there

K = EvidenceKind
WRITTEN = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
STORE = json.loads((Path(__file__).parent / "former_store.json").read_text())["apps"]
PROVEN, LIKELY, UNTOLD = Confidence.PROVEN, Confidence.LIKELY, Confidence.UNTOLD
VERDICTS = {
    "migrated": (State.MIGRATED, LIKELY),  # in which tenant its account is was not written
    "used": (State.MIGRATED, LIKELY),
    "own": (State.MIGRATED, PROVEN),  # no tenant told of that
    "fell-back": (State.NEEDS_SAVE, LIKELY),
    "asked": (State.NEEDS_CONSENT, Confidence.ATTESTED),
    "said": (State.SAID_SAVED, Confidence.ATTESTED),
    "off": (State.NOT_APPLICABLE, PROVEN),
    "unread-log": (State.MIGRATED, LIKELY),
    "unread-users": (State.NEEDS_REVIEW, UNTOLD),
    "unreadable": (State.UNREADABLE, UNTOLD),
}


@pytest.fixture
async def ledger(store: Redis) -> RedisLedger:
    keys = Keys()
    for name, stored in STORE.items():
        await store.hset(keys.apps("contoso"), name, bytes.fromhex(stored))
    await store.sadd(keys.orgs(), "contoso")
    return RedisLedger(store, keys)


@pytest.mark.parametrize("name", VERDICTS)
async def test_what_the_version_before_wrote_is_read(ledger: RedisLedger, name: str) -> None:
    """Nothing of it is lost, and what has no tenant proves nothing."""
    record = there(await ledger.app(AppRef("contoso", name)))
    verdict = record.assessed(WRITTEN + timedelta(hours=1))
    assert (verdict.state, verdict.confidence) == VERDICTS[name]
    shown = (*verdict.because, *verdict.beside, *verdict.past)
    assert len(shown) == len(record.evidence) > 0


async def test_the_next_look_lifts_it(ledger: RedisLedger) -> None:
    """What is found again has a tenant, and proves as it did; the former fact is past."""
    record = there(await ledger.app(AppRef("contoso", "migrated")))
    assert record.tenant is not None
    now = WRITTEN + timedelta(days=1)
    made = now - timedelta(days=20)
    found = tuple(
        Evidence(kind, now, made, tenant=record.tenant.id)
        for kind in (K.SERVICE_ACCOUNT, K.TENANT_CONSENTED)
    )
    seen = AppReading((Evidence(K.CONNECTION_ON, now),), (), found, record.tenant)
    new = scanned(record, record.app, seen, now)
    await ledger.commit(Changes(apps=(new,)))
    verdict = there(await ledger.app(record.app.ref)).assessed(now)
    assert (verdict.state, verdict.confidence) == (State.MIGRATED, PROVEN)
    assert {e.tenant for e in verdict.past} == {""}
    assert {e.first_seen for e in verdict.because} == {WRITTEN}


async def test_a_kind_that_a_newer_version_wrote_is_kept(ledger: RedisLedger) -> None:
    """It is read, worth nothing, and written back as it was."""
    record = there(await ledger.app(AppRef("contoso", "migrated")))
    odd = Evidence(EvidenceKind("of_tomorrow"), WRITTEN, WRITTEN, {"by": "x"}, "e9")
    new = scanned(record, record.app, AppReading((), (odd,)), WRITTEN + timedelta(hours=1))
    await ledger.commit(Changes(apps=(new,)))
    kept = there(await ledger.app(record.app.ref))
    assert [(e.detail, e.event_id) for e in kept.evidence if e.kind == "of_tomorrow"] == [
        ({"by": "x"}, "e9")
    ]
