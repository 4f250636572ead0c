"""The ledger: one contract, held by the one on a real Valkey and by the one in memory."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from dataclasses import is_dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from structlog.testing import capture_logs

from adapters.redis.keys import Keys
from adapters.redis.records import codec
from adapters.redis.records.commit import AT_A_TIME
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.writing import DAY
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import ConsentRequest, LinkBinding, Stage, Step, step
from bot.domain.delivery import deliveries
from bot.domain.delivery.deliveries import LEASE, Delivery
from bot.domain.delivery.incidents import Incident
from bot.domain.delivery.notices import PersonalLink
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.people.prospects import Prospect
from bot.errors import Conflict, RecordUnreadable, StoreError, StoreUnavailable
from bot.ports.chat import ConversationRef
from bot.ports.store.ledger import Ledger
from bot.wiring.base import open_base
from tests import strategies as some
from tests.examples import (
    ADA,
    ADA_IN_CHAT,
    APP,
    BEN,
    DELIVERED,
    LETTER,
    NOW,
    RECORD,
    REQUEST,
    TOKEN,
)
from tests.expiry import lasting_keys
from tests.there import there
from tests.wiring import settings as bot_settings

KEYS = Keys()
ENTRY = AuditEntry(NOW, "slack:U9", "ask", "contoso/0oa1", {"to": "slack:U1"})


# ------------------------------------------------------------------ one atomic step


async def test_what_is_committed_is_read_back(ledger: Ledger) -> None:
    """App, request, delivery and audit line of one commit."""
    await ledger.commit(
        Changes(apps=(RECORD,), requests=(REQUEST,), planned=(LETTER,), audit=(ENTRY,))
    )
    assert await ledger.app(APP.ref) == RECORD
    assert await ledger.apps() == (RECORD,)
    assert await ledger.request(REQUEST.id) == REQUEST
    assert await ledger.delivery(LETTER.key) == LETTER
    assert await ledger.audit() == (ENTRY,)


async def test_what_was_never_written_is_none(ledger: Ledger) -> None:
    """Every read has an answer for an empty store."""
    assert await ledger.app(APP.ref) is None
    assert await ledger.apps() == await ledger.apps("contoso") == ()
    assert await ledger.request("r1") is None
    assert await ledger.request_by_link(link_digest(TOKEN)) is None
    assert await ledger.open_requests() == await ledger.requests_for(APP.ref) == ()
    assert await ledger.delivery(LETTER.key) is None
    assert await ledger.due(NOW, 10) == ()
    assert await ledger.global_admins("t") is None
    assert await ledger.okta_admins("o") is None
    assert await ledger.scans() == {}
    assert await ledger.audit() == ()


async def test_a_commit_of_nothing_does_nothing(ledger: Ledger) -> None:
    """An empty set of changes is no error."""
    await ledger.commit(Changes())
    assert await ledger.audit() == ()


STALE = {
    "an app skips a revision": Changes(apps=(replace(RECORD, revision=3),)),
    "an app is new again": Changes(apps=(RECORD,)),
    "a request skips a revision": Changes(requests=(replace(REQUEST, revision=3),)),
    "a request is new again": Changes(requests=(REQUEST,)),
    "a delivery skips a revision": Changes(deliveries=(replace(LETTER, revision=3),)),
    "a delivery is new again": Changes(deliveries=(LETTER,)),
}


@pytest.mark.parametrize("stale", STALE.values(), ids=STALE)
async def test_one_stale_revision_among_many_changes_writes_nothing(
    ledger: Ledger, stale: Changes
) -> None:
    """Not the good records before it, not those after it, no plan and no audit line."""
    await ledger.commit(Changes(apps=(RECORD,), requests=(REQUEST,), planned=(LETTER,)))
    others = tuple(
        AppRecord(replace(APP, ref=AppRef("fabrikam", f"0oa{n}")), revision=1) for n in range(30)
    )
    more = replace(LETTER, notice=PersonalLink(ADA_IN_CHAT, "r2"))
    asked = replace(REQUEST, id="r2", link=LinkBinding("d" * 64, NOW))
    with pytest.raises(Conflict):
        await ledger.commit(
            Changes(
                apps=(*others[:15], *stale.apps, *others[15:]),
                requests=(asked, *stale.requests),
                deliveries=stale.deliveries,
                planned=(more,),
                audit=(ENTRY,),
            )
        )
    assert await ledger.apps() == (RECORD,)
    assert await ledger.open_requests() == (REQUEST,)
    assert await ledger.request_by_link("d" * 64) is None
    assert await ledger.delivery(more.key) is None
    assert await ledger.due(NOW, 10) == (LETTER.key,)
    assert await ledger.delivery(LETTER.key) == LETTER
    assert await ledger.audit() == ()


async def test_of_fifty_commits_over_one_revision_exactly_one_wins(ledger: Ledger) -> None:
    """And the audit has the winner's line alone."""
    await ledger.commit(Changes(requests=(DELIVERED,)))

    async def take(number: int) -> int:
        taken = replace(DELIVERED, stage=Stage.ACKNOWLEDGED, code=str(number), revision=2)
        await ledger.commit(Changes(requests=(taken,), audit=(replace(ENTRY, actor=str(number)),)))
        return number

    results = await asyncio.gather(*map(take, range(50)), return_exceptions=True)
    (winner,) = [result for result in results if isinstance(result, int)]
    assert sum(isinstance(result, Conflict) for result in results) == 49
    assert there(await ledger.request(REQUEST.id)).code == str(winner)
    assert [entry.actor for entry in await ledger.audit()] == [str(winner)]


async def test_planning_the_same_delivery_again_changes_nothing(ledger: Ledger) -> None:
    """Found twice, carried out once: neither its phase nor its time is reset."""
    await ledger.commit(Changes(planned=(LETTER,)))
    claimed = there(deliveries.claim(LETTER, NOW))
    await ledger.commit(Changes(deliveries=(claimed,)))
    await ledger.commit(Changes(planned=(LETTER, replace(LETTER, why="again"))))
    assert await ledger.delivery(LETTER.key) == claimed
    assert await ledger.due(NOW, 10) == ()
    sent = deliveries.confirm(claimed, "m1", NOW)
    await ledger.commit(Changes(deliveries=(sent,)))
    await ledger.commit(Changes(planned=(LETTER,)))
    assert await ledger.delivery(LETTER.key) == sent
    assert await ledger.due(NOW + timedelta(days=9), 10) == ()


# ------------------------------------------------------------------ indexes


async def test_apps_are_listed_by_org(ledger: Ledger) -> None:
    """One org, or all of them; a second write of an app is no second app."""
    other = AppRecord(replace(APP, ref=AppRef("fabrikam", "0oa1")), revision=1)
    await ledger.commit(Changes(apps=(RECORD, other)))
    changed = replace(RECORD, request_id="r1", revision=2)
    await ledger.commit(Changes(apps=(changed,)))
    assert await ledger.apps("contoso") == (changed,)
    assert set(await ledger.apps()) == {changed, other}


async def test_others_have_their_turn_while_thousands_of_apps_are_read(
    redis_ledger: RedisLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of ten thousand must not hold up an answer that a platform waits for."""
    many = 3 * AT_A_TIME
    apps = (replace(APP, ref=AppRef("contoso", f"0oa{n}")) for n in range(many))
    await redis_ledger.commit(Changes(apps=tuple(replace(RECORD, app=app) for app in apps)))
    turn, read_in = 0, Counter[int]()
    load = codec.APP.load

    async def others() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def noted(stored: str | bytes) -> AppRecord:
        read_in[turn] += 1
        return load(stored)

    monkeypatch.setattr(codec.APP, "load", noted)
    beside = asyncio.create_task(others())
    assert len(await redis_ledger.apps()) == many
    beside.cancel()
    assert sum(read_in.values()) >= many
    assert max(read_in.values()) < 1.5 * AT_A_TIME  # the store hands out about so many


@pytest.mark.parametrize("stage", Stage)
async def test_the_open_requests_are_those_in_an_open_stage(ledger: Ledger, stage: Stage) -> None:
    """The index follows the stage at once; an app's requests stay listed for its history."""
    await ledger.commit(Changes(requests=(REQUEST,)))
    moved = replace(REQUEST, stage=stage, revision=2)
    await ledger.commit(Changes(requests=(moved,)))
    assert await ledger.open_requests() == ((moved,) if stage.is_open else ())
    assert await ledger.requests_for(APP.ref) == (moved,)


async def test_requests_are_listed_oldest_first(ledger: Ledger) -> None:
    """By when they were made, whatever was written last."""
    later = replace(REQUEST, id="a-later", requested_at=NOW + timedelta(hours=1))
    await ledger.commit(Changes(requests=(later,)))
    await ledger.commit(Changes(requests=(REQUEST,)))
    assert await ledger.open_requests() == (REQUEST, later)
    assert await ledger.requests_for(APP.ref) == (REQUEST, later)
    assert await ledger.requests_for(AppRef("contoso", "other")) == ()


async def test_a_former_link_still_leads_to_its_request(ledger: Ledger) -> None:
    """So that whoever holds it is told that a newer one took its place."""
    await ledger.commit(Changes(requests=(DELIVERED,)))
    newer = replace(DELIVERED, link=LinkBinding(link_digest("newer"), NOW), revision=2)
    await ledger.commit(Changes(requests=(newer,)))
    for token in (TOKEN, "newer"):
        assert await ledger.request_by_link(link_digest(token)) == newer
    assert await ledger.request_by_link(TOKEN) is None


async def test_due_follows_a_delivery_through_its_phases(ledger: Ledger) -> None:
    """Due at its time, then when the lease is over, then when it was put back to, then never."""
    waiting = replace(LETTER, due_at=NOW + timedelta(minutes=1))
    await ledger.commit(Changes(planned=(waiting,)))
    assert await ledger.due(NOW + timedelta(seconds=59), 10) == ()
    now = NOW + timedelta(minutes=1)
    assert await ledger.due(now, 10) == (LETTER.key,)

    claimed = there(deliveries.claim(waiting, now))
    await ledger.commit(Changes(deliveries=(claimed,)))
    assert await ledger.due(now + LEASE - timedelta(seconds=1), 10) == ()
    assert await ledger.due(now + LEASE, 10) == (LETTER.key,)

    back = deliveries.put_back(claimed, now + timedelta(hours=1))
    await ledger.commit(Changes(deliveries=(back,)))
    assert await ledger.due(now + LEASE, 10) == ()
    assert await ledger.due(now + timedelta(hours=1), 10) == (LETTER.key,)

    await ledger.commit(Changes(deliveries=(deliveries.fail(back, "x"),)))
    assert await ledger.due(now + timedelta(days=365), 10) == ()


async def test_what_is_due_comes_oldest_first_and_no_more_than_asked_for(ledger: Ledger) -> None:
    """A tick takes a bite, and the next one goes on."""
    planned = [
        replace(
            LETTER,
            notice=PersonalLink(ADA_IN_CHAT, f"r{n}"),
            due_at=NOW - timedelta(minutes=n),
        )
        for n in range(5)
    ]
    await ledger.commit(Changes(planned=tuple(planned)))
    assert await ledger.due(NOW, 3) == tuple(d.key for d in planned[:1:-1])


async def test_what_is_due_is_handed_out_once(ledger: Ledger) -> None:
    """Two replicas that look at the same time get different deliveries; a lost one comes back."""
    many = [replace(LETTER, notice=PersonalLink(ADA_IN_CHAT, f"r{n}")) for n in range(10)]
    await ledger.commit(Changes(planned=tuple(many)))
    minute = timedelta(minutes=1)
    taken = await asyncio.gather(*(ledger.take_due(NOW, 4, minute) for _ in range(4)))
    assert sorted(len(keys) for keys in taken) == [0, 2, 4, 4]
    assert sorted(key for keys in taken for key in keys) == sorted(d.key for d in many)
    assert await ledger.take_due(NOW, 4, minute) == ()
    assert len(await ledger.take_due(NOW + minute, 20, minute)) == 10


async def test_a_delivery_that_changes_is_looked_at_by_its_own_time_again(ledger: Ledger) -> None:
    """What was handed out and put back is due when it says so, not when the hand-out ends."""
    await ledger.commit(Changes(planned=(LETTER,)))
    await ledger.take_due(NOW, 4, timedelta(hours=1))
    claimed = there(deliveries.claim(LETTER, NOW))
    await ledger.commit(Changes(deliveries=(claimed,)))
    soon = NOW + timedelta(seconds=5)
    await ledger.commit(Changes(deliveries=(deliveries.put_back(claimed, soon),)))
    assert await ledger.due(soon, 10) == (LETTER.key,)


async def test_what_cannot_be_read_is_left_out_for_a_while(ledger: Ledger) -> None:
    """Its record stays for whoever can; a key that nobody planned is not invented."""
    await ledger.commit(Changes(planned=(LETTER,)))
    later = NOW + timedelta(minutes=10)
    await ledger.set_aside(LETTER.key, later)
    await ledger.set_aside("nobody:planned:this", later)
    assert await ledger.due(NOW, 10) == ()
    assert await ledger.due(later, 10) == (LETTER.key,)


async def test_several_deliveries_are_read_together(ledger: Ledger) -> None:
    """A key that nobody planned is left out."""
    other = replace(LETTER, notice=PersonalLink(REQUEST.chat, "r2"))
    await ledger.commit(Changes(planned=(LETTER, other)))
    found = await ledger.deliveries((other.key, "nobody:planned:this", LETTER.key))
    assert found == {LETTER.key: LETTER, other.key: other}
    assert await ledger.deliveries(()) == {}


async def test_one_that_cannot_be_read_does_not_hide_the_others(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """It is left out; asked for alone, it says why."""
    await redis_ledger.commit(Changes(planned=(LETTER,)))
    await store.set(KEYS.delivery("newer"), '1|{"kind":"of tomorrow"}', ex=60)
    assert list(await redis_ledger.deliveries(("newer", LETTER.key))) == [LETTER.key]
    with pytest.raises(RecordUnreadable):
        await redis_ledger.delivery("newer")


async def test_a_trouble_is_written_once_and_ends(ledger: Ledger) -> None:
    """Of two who meet it at once one is refused; solving what is no incident is no error."""
    incident = Incident("slack:C1", "channel_unreachable", "archived", NOW)
    await ledger.commit(Changes(incidents=(incident,)))
    with pytest.raises(Conflict):
        await ledger.commit(Changes(incidents=(incident,), planned=(LETTER,)))
    assert await ledger.delivery(LETTER.key) is None
    assert await ledger.incidents() == {"slack:C1": incident}
    await ledger.commit(Changes(solved=("slack", "slack:C1")))
    assert await ledger.incidents() == {}


async def test_the_audit_is_read_newest_first(ledger: Ledger) -> None:
    """Within a commit the last line is the newest; the limit cuts off the old ones."""
    lines = [replace(ENTRY, action=str(n)) for n in range(4)]
    await ledger.commit(Changes(audit=tuple(lines[:2])))
    await ledger.commit(Changes(audit=tuple(lines[2:])))
    assert [entry.action for entry in await ledger.audit(3)] == ["3", "2", "1"]


async def test_scans_and_people_are_kept_as_last_read(ledger: Ledger) -> None:
    """The newest look takes the place of the former; nobody is an answer, too."""
    await ledger.save_scan(OrgScan("contoso", NOW))
    newer = OrgScan("contoso", NOW, NOW, 12, "")
    await ledger.save_scan(newer)
    assert await ledger.scans() == {"contoso": newer}
    await ledger.save_global_admins("t1", [ADA, BEN])
    assert await ledger.global_admins("t1") == (ADA, BEN)
    await ledger.save_global_admins("t1", [])
    assert await ledger.global_admins("t1") == ()
    await ledger.save_okta_admins("contoso", [])
    assert await ledger.okta_admins("contoso") == ()
    assert await ledger.okta_admins("fabrikam") is None


# ------------------------------------------------------------------ on Valkey alone


async def test_what_has_ended_expires_and_what_is_open_does_not(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """Requests stay 400 days after their end, deliveries 90, people's names a day."""
    await redis_ledger.commit(Changes(requests=(DELIVERED,), planned=(LETTER,)))
    await redis_ledger.save_global_admins("t1", [ADA])
    await redis_ledger.save_okta_admins("contoso", [])
    request, delivery = KEYS.request(REQUEST.id), KEYS.delivery(LETTER.key)
    assert await store.ttl(request) == await store.ttl(delivery) == -1
    assert 0 < await store.ttl(KEYS.global_admins("t1")) <= DAY
    assert 0 < await store.ttl(KEYS.okta_admins("contoso")) <= DAY
    assert 0 < await store.ttl(KEYS.link(link_digest(TOKEN))) <= 400 * DAY

    claimed = there(deliveries.claim(LETTER, NOW))
    await redis_ledger.commit(
        Changes(
            requests=(step(DELIVERED, Step.REVOKE, NOW),),
            deliveries=(claimed,),
        )
    )
    await redis_ledger.commit(Changes(deliveries=(deliveries.confirm(claimed, "m1", NOW),)))
    assert 399 * DAY < await store.ttl(request) <= 400 * DAY
    assert 89 * DAY < await store.ttl(delivery) <= 90 * DAY


async def test_the_look_at_expiry_finds_what_nobody_accounts_for(store: Redis) -> None:
    """The check that runs after every test here can fail."""
    await store.set("{o365bot}:stray", "1")
    await store.set(KEYS.request("of-nobody"), "1")
    await store.set(KEYS.link("d"), "r1")
    await store.set(KEYS.once("x"), "1", ex=60)
    assert await lasting_keys(store) == sorted(
        ["{o365bot}:stray", KEYS.request("of-nobody"), KEYS.link("d")]
    )
    await store.flushall()


async def test_no_token_is_kept_in_clear(redis_ledger: RedisLedger, store: Redis) -> None:
    """Whoever reads the whole store cannot open a link."""
    await redis_ledger.commit(Changes(requests=(DELIVERED,), planned=(LETTER,), audit=(ENTRY,)))
    keys = [str(key) async for key in store.scan_iter()]
    kept = [str(await store.get(key)) for key in keys if await store.type(key) == "string"]
    assert link_digest(TOKEN) in str(keys)
    assert DELIVERED.code in str(kept)
    assert TOKEN not in str(keys) + str(kept)


async def test_two_installations_on_one_server_do_not_meet(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """Each has its own hash tag."""
    other = RedisLedger(store, Keys("another"))
    await redis_ledger.commit(Changes(apps=(RECORD,), requests=(REQUEST,), audit=(ENTRY,)))
    assert await other.apps() == ()
    assert await other.open_requests() == ()
    assert await other.audit() == ()


async def test_an_org_that_is_in_the_settings_no_more_is_not_told_of(tmp_path: Path) -> None:
    """Renamed or given up, its apps were open for ever. All is there again if it comes back."""
    both = bot_settings().model_copy(update={"data_dir": tmp_path})
    contoso = both.okta[0]
    fabrikam = contoso.model_copy(update={"name": "fabrikam"})
    both = both.model_copy(update={"okta": (contoso, fabrikam)})
    other = replace(RECORD, app=replace(APP, ref=AppRef("fabrikam", "0oa9")))
    prospects = tuple(Prospect(one.app.ref, NOW, None, "Ada") for one in (RECORD, other))
    async with open_base(both) as base:
        await base.ledger.commit(Changes(apps=(RECORD, other), prospects=prospects))
        for org in ("contoso", "fabrikam"):
            await base.ledger.save_scan(OrgScan(org, NOW))
    for orgs in ((contoso,), (contoso, fabrikam)):
        names = {org.name for org in orgs}
        async with open_base(both.model_copy(update={"okta": orgs})) as base:
            assert {one.app.ref.org for one in await base.ledger.apps()} == names
            assert {ref.org for ref in await base.ledger.prospects()} == names
            assert set(await base.ledger.scans()) == names
            assert bool(await base.ledger.apps("fabrikam")) is ("fabrikam" in names)
            assert (await base.ledger.app(other.app.ref) is not None) is ("fabrikam" in names)


async def test_a_record_of_a_newer_version_is_an_error_that_says_so(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """It is neither skipped nor overwritten."""
    await redis_ledger.commit(Changes(requests=(REQUEST,)))
    await store.set(KEYS.request(REQUEST.id), '9|{"from": "the future"}')
    with pytest.raises(StoreError, match="newer version"):
        await redis_ledger.request(REQUEST.id)
    with pytest.raises(Conflict):
        await redis_ledger.commit(Changes(requests=(replace(REQUEST, revision=2),)))


async def test_one_record_of_a_newer_version_does_not_hide_all_others(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """Lists leave it out and say so once; it stays as it is, for replicas that can read it."""
    other = replace(RECORD, app=replace(APP, ref=AppRef("contoso", "0oa2")))
    theirs = replace(REQUEST, id="r2", app=other.app.ref, code="XYZ")
    await redis_ledger.commit(Changes(apps=(RECORD, other), requests=(REQUEST, theirs)))
    await redis_ledger.save_scan(OrgScan("contoso", NOW))
    newer = codec.APP.dump(other).replace("ACTIVE", "OF_TOMORROW")
    await store.hset(KEYS.apps("contoso"), "0oa2", f"1|{newer}")
    await store.set(
        KEYS.request("r2"), "1|" + codec.REQUEST.dump(theirs).replace("slack", "pigeon")
    )
    await store.hset(KEYS.scans(), "fabrikam", '{"of": "tomorrow"}')
    with capture_logs() as lines:
        for _ in range(2):
            assert await redis_ledger.apps() == await redis_ledger.apps("contoso") == (RECORD,)
            assert await redis_ledger.open_requests() == (REQUEST,)
            assert await redis_ledger.requests_of(REQUEST.chat) == (REQUEST,)
            assert list(await redis_ledger.scans()) == ["contoso"]
    assert [(line["of"], line["count"]) for line in lines] == [
        ("apps", 1),
        ("requests", 1),
        ("scans", 1),
    ]
    with pytest.raises(StoreError, match="newer version"):
        await redis_ledger.app(other.app.ref)
    assert (await store.hget(KEYS.apps("contoso"), "0oa2")) == f"1|{newer}"


async def test_who_may_be_asked_is_read_whole_or_not_at_all(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """Whoever declined, or must not be asked, is not asked again because a record was left out."""
    await redis_ledger.commit(Changes(requests=(REQUEST,)))
    await store.set(KEYS.request(REQUEST.id), '1|{"from": "the future"}')
    await store.hset(KEYS.account_notes(), "ada@contoso.com said", '1|{"from": "the future"}')
    with pytest.raises(StoreError, match="newer version"):
        await redis_ledger.requests_for(APP.ref)
    with pytest.raises(StoreError, match="newer version"):
        await redis_ledger.account_notes()


def every_call(ledger: Ledger) -> list[Any]:
    return [
        ledger.commit(Changes(audit=(ENTRY,))),
        ledger.app(APP.ref),
        ledger.apps(),
        ledger.apps("contoso"),
        ledger.scans(),
        ledger.save_scan(OrgScan("contoso", NOW)),
        ledger.global_admins("t"),
        ledger.save_global_admins("t", ()),
        ledger.okta_admins("o"),
        ledger.save_okta_admins("o", ()),
        ledger.request("r"),
        ledger.request_by_link("d"),
        ledger.open_requests(),
        ledger.requests_for(APP.ref),
        ledger.delivery("k"),
        ledger.due(NOW, 1),
        ledger.audit(),
    ]


async def test_a_server_that_is_gone_is_told_in_our_own_words(tmp_path: Path) -> None:
    """Every method raises StoreUnavailable, with the driver's error as its cause."""
    server = EmbeddedStore(tmp_path)
    async with connect(await server.start(), tries=1) as client:
        ledger = RedisLedger(client, KEYS)
        await ledger.commit(Changes(audit=(ENTRY,)))
        await server.stop()
        results = await asyncio.gather(*every_call(ledger), return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailable] * len(results)
    assert all(isinstance(r, BaseException) and r.__cause__ is not None for r in results)


# ------------------------------------------------------------------ any record


@given(some.app_records)
def test_any_app_record_survives_its_json(record: AppRecord) -> None:
    """Undocumented settings, evidence and dates come back as they were."""
    assert codec.APP.load(codec.APP.dump(record)) == record


@given(some.deliveries)
def test_any_delivery_survives_its_json_with_its_kind_of_notice(delivery: Delivery) -> None:
    """A letter never comes back as a thank-you, though they look alike."""
    back = codec.DELIVERY.load(codec.DELIVERY.dump(delivery))
    assert back == delivery
    assert type(back.notice) is type(delivery.notice)


@given(some.requests, some.org_scans, some.conversation_refs)
def test_any_other_record_survives_its_json(
    request: ConsentRequest, scan: OrgScan, conversation: ConversationRef
) -> None:
    """Stages, proofs, links and moments come back as they were."""
    assert codec.REQUEST.load(codec.REQUEST.dump(request)) == request
    assert codec.SCAN.load(codec.SCAN.dump(scan)) == scan
    assert codec.CONVERSATION.load(codec.CONVERSATION.dump(conversation)) == conversation


@given(
    st.lists(some.global_admins, max_size=3).map(tuple),
    st.lists(some.okta_admins, max_size=3).map(tuple),
)
def test_any_people_survive_their_json(globals_: Any, oktas: Any) -> None:
    """An untold account state stays untold, "every app" stays every app."""
    assert codec.GLOBAL_ADMINS.load(codec.GLOBAL_ADMINS.dump(globals_)) == globals_
    assert codec.OKTA_ADMINS.load(codec.OKTA_ADMINS.dump(oktas)) == oktas


def of_tomorrow(record: Any, written: Any) -> Any:
    """What is written of `record`, with a field more in it and in all that it consists of."""
    if is_dataclass(record):
        known = {name: of_tomorrow(getattr(record, name), part) for name, part in written.items()}
        return {**known, "since_the_next_version": ["something"]}
    if isinstance(record, tuple):
        return [of_tomorrow(*each) for each in zip(record, written, strict=True)]
    return written


@given(
    st.tuples(st.just(codec.APP), some.app_records)
    | st.tuples(st.just(codec.DELIVERY), some.deliveries)
    | st.tuples(st.just(codec.REQUEST), some.requests)
    | st.tuples(st.just(codec.SCAN), some.org_scans)
    | st.tuples(st.just(codec.CONVERSATION), some.conversation_refs)
)
def test_fields_of_a_newer_version_are_no_error(one: tuple[codec.Codec[Any], Any]) -> None:
    """In a rolling deploy the former release reads what the next one writes, without its news."""
    ours, record = one
    written = json.loads(ours.dump(record))
    assert ours.load(json.dumps(of_tomorrow(record, written))) == record


NUMBERS = itertools.count()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.app_records, some.requests, some.deliveries, some.audit_entries)
async def test_anything_survives_the_script_and_the_store(
    store: Redis, record: Any, request: Any, delivery: Any, entry: AuditEntry
) -> None:
    """Quotes, bars, control characters and any script of the world pass through Lua unharmed."""
    ledger = RedisLedger(store, Keys(f"example-{next(NUMBERS)}"))
    record, request = replace(record, revision=1), replace(request, revision=1)
    delivery = replace(delivery, revision=1)
    await ledger.commit(
        Changes(apps=(record,), requests=(request,), planned=(delivery,), audit=(entry,))
    )
    assert await ledger.app(record.app.ref) == record
    assert await ledger.request(request.id) == request
    assert await ledger.delivery(delivery.key) == delivery
    assert await ledger.audit() == (entry,)
