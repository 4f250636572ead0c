"""`o365bot forget`, and what is removed because it was kept long enough."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.commit import Commit
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.schema import migrate
from adapters.redis.records.trail import Trail
from adapters.redis.records.writing import Lifetimes
from adapters.redis.upkeep.retention import Retention
from bot.domain.campaign.channels.report import DayCount
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.requests import Stage
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.people.admins import Colleague
from tests.audits import findings
from tests.contract.test_trail import next_millisecond
from tests.examples import ADA_IN_CHAT, BEN, BEN_IN_CHAT, NOW, RECORD, REQUEST
from tests.stores import lay_down, picked_up
from tests.terminal import Terminal
from tests.there import there

KEYS = Keys()
ADA = ("slack:U1", "ada@contoso.com", "Ada Moreau", "entra:ada", "teams:ada")


async def filled(store: Redis) -> RedisLedger:
    """A former store, brought up; and Ada once more in each place where somebody can be named."""
    await lay_down(store, 1)
    await migrate(store, KEYS, Trail(store, KEYS))
    await store.delete(KEYS.installation())
    await store.set(KEYS.address("ada@contoso.com"), "ada", ex=60)
    ledger = RedisLedger(store, KEYS)
    bens = replace(
        REQUEST,
        id="r9",
        code="XYZ-XYZ",
        chat=BEN_IN_CHAT,
        admin_object_id=BEN.object_id,
        admin_name=BEN.display_name,
        admin_upn=BEN.upn,
        asker=ADA_IN_CHAT,
        requested_by="Ada Moreau",
        colleague=Colleague("Ada Moreau", "ada@contoso.com"),
        suggestion="ask Ada Moreau",
    )
    app = there(await ledger.app(RECORD.app.ref))
    saw = Evidence(EvidenceKind.SAW_AUTHENTICATE, NOW, NOW, {"by": "ada@contoso.com"})
    entry = AuditEntry(NOW, "slack:U1", "snooze", "contoso/0oa1", {"reason": "I am ill"})
    await ledger.commit(
        Changes(
            requests=(bens,),
            apps=(replace(app, evidence=(*app.evidence, saw), revision=app.revision + 1),),
            audit=(entry,),
        )
    )
    return ledger


@pytest.mark.parametrize("name", ["ada@contoso.com", "slack:U1", "ADA@contoso.com"])
async def test_nothing_names_somebody_who_was_forgotten(
    terminal: Terminal, store: Redis, name: str
) -> None:
    """Whichever of their names is given; apart from what is said to stay. The chain is whole."""
    ledger = await filled(store)
    ran = await terminal.run("forget", name, "--end-requests", "--yes")
    assert ran.status == 0, ran.err
    after = await picked_up(store)
    left = {
        key: one
        for key, one in after.items()
        if any(ada.casefold() in json.dumps([key, one]).casefold() for ada in ADA)
    }
    assert left.keys() == {"account-notes"}  # whose an account is
    assert "I am ill" not in json.dumps(after)
    assert "recipient:slack:U1" not in after
    assert "conversation:a:1" not in after
    assert await findings(store) == []
    (request,) = await ledger.open_requests()
    assert request.admin_upn == "ben@contoso.com"
    assert (request.suggestion, request.colleague) == ("", None)
    done = there(await ledger.request("r2"))
    assert (done.stage, done.admin_name) == (Stage.DONE, "")
    assert done.chat.user_id.startswith("forgotten-")
    assert await store.ttl(KEYS.request("r2")) < 3700
    assert there(await ledger.request("r1")).stage is Stage.REVOKED
    said = (await ledger.audit(1))[0]
    assert (said.action, said.subject) == ("forget", done.chat.user_id)
    assert len(await ledger.apps()) == 4


async def test_an_open_request_is_not_ended_unless_told(terminal: Terminal, store: Redis) -> None:
    """Nor is anything done without an answer to the question."""
    await filled(store)
    before = await picked_up(store)
    ran = await terminal.run("forget", "ada@contoso.com", "--yes")
    assert (ran.status, "--end-requests" in ran.err) == (2, True)
    ran = await terminal.run("forget", "ada@contoso.com", "--end-requests", typed="n\n")
    assert ran.status == 2
    assert "What stays, and why" in ran.out
    after = await picked_up(store)
    for key in ("listed", "installation", "probe"):
        before.pop(key, None)
        after.pop(key, None)
    assert after == before


async def test_somebody_of_whom_nothing_is_known_is_no_error(
    terminal: Terminal, store: Redis
) -> None:
    """There is nothing to remove; too short a name is refused."""
    await filled(store)
    assert (await terminal.run("forget", "nobody@contoso.com", "--yes")).status == 0
    assert (await terminal.run("forget", "x", "--yes")).status == 2
    assert await findings(store) == []


async def test_what_ended_is_kept_as_long_as_the_settings_say(store: Redis) -> None:
    """Requests, those who were written to, and deliveries."""
    ledger = RedisLedger(store, KEYS, lifetimes=Lifetimes(1000, 500))
    ended = replace(REQUEST, stage=Stage.DONE)
    await ledger.commit(Changes(requests=(ended,)))
    assert 990 < await store.ttl(KEYS.request(ended.id)) <= 1000


async def test_audit_rows_and_days_go_when_they_were_kept_long_enough(store: Redis) -> None:
    """With whom they named; what is newer stays, and the audit is whole."""
    trail, ledger = Trail(store, KEYS), RedisLedger(store, KEYS)
    await trail.commit(Commit(), (AuditEntry(NOW, "slack:U1", "ask", "a/1"),))
    await next_millisecond(store)
    today = datetime.now(UTC)
    for days in (0, 100):
        await ledger.save_day(DayCount(today.date() - timedelta(days=days)))

    def retention(ahead: timedelta, audit_days: int | None) -> Retention:
        return Retention(
            store,
            KEYS,
            trail,
            audit_days=audit_days,
            history_days=60,
            clock=lambda: today + ahead,
        )

    assert await retention(timedelta(), 60).purge() == 0
    assert [day.on for day in await ledger.history()] == [today.date()]
    assert await retention(timedelta(days=60), None).purge() == 0
    assert await store.xlen(KEYS.audit()) == 1
    assert await retention(timedelta(days=60), 60).purge() == 1
    assert [one.action for one in await ledger.audit()] == ["audit_trimmed"]
    assert await store.hgetall(KEYS.audit_names()) == {}
    assert await findings(store) == []
    await ledger.commit(Changes(audit=(AuditEntry(NOW, "slack:U1", "ask", "a/1"),)))
    assert (await ledger.audit(1))[0].actor == "slack:U1"
