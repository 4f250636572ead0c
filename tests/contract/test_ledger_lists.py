"""What lists are made from: on the real store and on the one in memory."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records import codec, lists
from adapters.redis.records.ledger import RedisLedger
from bot.domain.changes import Changes
from bot.domain.consent.requests import Step, Stuck, step
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.waivers import Waiver
from bot.domain.people.choice import Nobody
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import AppSummary, By, Part, Wanted, by_urgency, summary_of
from bot.ports.store.ledger import Ledger
from bot.ports.store.lists import Asked
from tests.examples import APP, NOW, ON_A_PASSWORD, RECORD, REQUEST, TENANT
from tests.pages import page_of

MIGRATED = (
    Evidence(EvidenceKind.CONNECTION_ON, NOW),
    Evidence(EvidenceKind.PROVISIONING_APP_CREATED, NOW, NOW, event_id="e2"),
)
OFF = (Evidence(EvidenceKind.CONNECTION_OFF, NOW),)
UNREAD = (Evidence(EvidenceKind.READ_FAILED, NOW),)


def record(org: str, number: int, evidence: tuple[Evidence, ...], label: str = "") -> AppRecord:
    app = replace(APP, ref=AppRef(org, f"0oa{number}"), label=label or f"Office {number}")
    return replace(RECORD, app=app, evidence=evidence)


def some_records() -> list[AppRecord]:
    """Forty of three orgs, in every section of the list, in no order."""
    draw = random.Random(7)
    kinds = (ON_A_PASSWORD, MIGRATED, OFF, UNREAD, ())
    records = [
        record(draw.choice(("contoso", "fabrikam", "adatum")), number, draw.choice(kinds))
        for number in range(40)
    ]
    records[::7] = [waiving(one, 9) for one in records[::7]]
    draw.shuffle(records)
    return records


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("rows", [1, 7, 15, 100])
async def test_the_pages_together_are_the_list_in_order(
    ledger: Ledger, rows: int, part: Part
) -> None:
    """Each app once, the most pressing first, over orgs; each page tells the counts of all."""
    records = some_records()
    await ledger.commit(Changes(apps=tuple(records)))
    everything = sorted(map(summary_of, records), key=by_urgency)
    expected = [app for app in everything if part.holds(app)]
    first = await ledger.page(1, rows, Wanted(part))
    shown: list[AppSummary] = []
    for number in range(1, first.pages + 1):
        page = await ledger.page(number, rows, Wanted(part))
        assert (page.number, page.pages, page.counts) == (number, first.pages, first.counts)
        shown += page.shown
    assert shown == expected
    whole = page_of(records, rows=rows, wanted=Wanted(part))
    assert (first.counts, first.pages, first.open) == (whole.counts, whole.pages, whole.open)
    assert list(await ledger.summaries()) == everything


async def test_counts_are_those_of_all_the_pages(ledger: Ledger) -> None:
    """By org and state, the waived ones apart; an org that is not in the settings has none."""
    assert await ledger.counts() == {}
    records = some_records()
    await ledger.commit(Changes(apps=tuple(records)))
    expected: dict[str, Counter[State | None]] = {}
    for app in map(summary_of, records):
        expected.setdefault(app.ref.org, Counter())[None if app.is_waived else app.state] += 1
    assert await ledger.counts() == expected
    assert set(expected) == {"adatum", "contoso", "fabrikam"}
    done = replace(records[0], evidence=MIGRATED, waiver=None, revision=2)
    before = await ledger.counts()
    await ledger.commit(Changes(apps=(done,)))
    after = await ledger.counts()
    org = done.app.ref.org
    assert after[org][State.MIGRATED] == before[org].get(State.MIGRATED, 0) + 1
    assert sum(map(sum, (one.values() for one in after.values()))) == len(records)


async def test_the_tenants_of_each_org_are_known(ledger: Ledger) -> None:
    """Whichever its apps are of."""
    first, second = record("contoso", 1, MIGRATED), record("contoso", 2, MIGRATED)
    elsewhere = replace(record("fabrikam", 1, ()), tenant=None)
    other = replace(TENANT, id="other")
    apps = (replace(first, tenant=TENANT), replace(second, tenant=other), elsewhere)
    await ledger.commit(Changes(apps=apps))
    assert await ledger.tenants() == {"contoso": {TENANT.id, "other"}, "fabrikam": set()}


async def test_open_requests_are_also_had_by_org(ledger: Ledger) -> None:
    """The oldest first; what has ended is none."""
    orgs = ("contoso", "contoso", "contoso", "fabrikam")
    made = [
        replace(
            REQUEST,
            id=f"r{n}",
            code=f"C{n}",
            app=AppRef(org, f"0oa{n}"),
            requested_at=NOW - timedelta(hours=n),
        )
        for n, org in enumerate(orgs)
    ]
    await ledger.commit(Changes(requests=tuple(made)))
    await ledger.commit(Changes(requests=(step(made[1], Step.DECLINE, NOW),)))
    assert await ledger.open_requests("contoso") == (made[2], made[0])
    assert await ledger.open_requests("fabrikam") == (made[3],)
    assert await ledger.open_requests("adatum") == ()


async def test_what_stands_still_is_found_by_the_last_request_of_each_app(ledger: Ledger) -> None:
    """Stuck, or ended without its person, the newest last; until somebody else is asked."""
    apps = tuple(record("contoso", n, ON_A_PASSWORD) for n in (1, 2, 3))
    await ledger.commit(Changes(apps=apps))
    first, second, third = (
        replace(REQUEST, id=f"r{n}", app=one.app.ref, code=f"C{n}") for n, one in enumerate(apps)
    )
    await ledger.commit(Changes(requests=(first, second, third)))
    assert await ledger.still() == ()
    why = Stuck(NOW + timedelta(hours=2), "ignored")
    stuck = step(first, Step.HAND_OVER, NOW + timedelta(hours=2), stuck=why)
    await ledger.commit(Changes(requests=(stuck,)))
    declined = step(second, Step.DECLINE, NOW + timedelta(hours=1))
    await ledger.commit(Changes(requests=(declined,)))
    assert await ledger.still() == (second.app, first.app)
    again = replace(second, id="again", code="C9", requested_at=NOW + timedelta(hours=3))
    await ledger.commit(Changes(requests=(again,)))
    assert await ledger.still() == (first.app,)
    # One commit ends a request and makes the next, in whatever order.
    ended = step(again, Step.DECLINE, NOW + timedelta(hours=4))
    anew = replace(second, id="anew", code="C8", requested_at=NOW + timedelta(hours=5))
    await ledger.commit(Changes(requests=(anew, ended)))
    assert await ledger.still() == (first.app,)
    await ledger.commit(Changes(requests=(step(stuck, Step.REVOKE, NOW + timedelta(hours=6)),)))
    assert await ledger.still() == ()


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("org", ["", "contoso", "fabrikam", "nowhere"])
async def test_a_list_can_be_narrowed_to_an_org_and_a_state(
    ledger: Ledger, org: str, state: State | None
) -> None:
    """What is shown is of both; the counts are of the org, whatever its state."""
    records = some_records()
    await ledger.commit(Changes(apps=tuple(records)))
    wanted = Wanted(Part.ALL, org, state)
    page, whole = await ledger.page(1, 100, wanted), page_of(records, rows=100, wanted=wanted)
    assert page.shown == whole.shown
    assert all(org in ("", app.ref.org) for app in page.shown)
    assert all(state in (None, app.state) for app in page.shown)
    assert (page.counts, page.pages) == (whole.counts, whole.pages)


@pytest.mark.parametrize("rows", [1, 7, 100])
@pytest.mark.parametrize("part", Part)
async def test_a_list_by_org_has_each_org_in_one_piece(
    ledger: Ledger, rows: int, part: Part
) -> None:
    """The most pressing first within each, over pages; how many each has of what is wanted."""
    records = some_records()
    await ledger.commit(Changes(apps=tuple(records)))
    wanted = Wanted(part, by=By.ORG)
    first = await ledger.page(1, rows, wanted)
    numbers = range(1, first.pages + 1)
    shown = [app for n in numbers for app in (await ledger.page(n, rows, wanted)).shown]
    listed = [app for app in sorted(map(summary_of, records), key=by_urgency) if part.holds(app)]
    assert shown == sorted(listed, key=lambda app: app.ref.org)
    of_orgs = Counter(app.ref.org for app in listed)
    assert {org: size for org, size in first.sizes.items() if size} == of_orgs
    assert first.counts == (await ledger.page(1, rows, Wanted(part))).counts


async def all_of(ledger: Ledger, wanted: Wanted, rows: int) -> list[AppSummary]:
    return [app async for page in ledger.pages(rows, wanted) for app in page.shown]


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("said", ["OFFICE 1", "0oa3", "fabrikam/0oa", "adatum.example", "nothing"])
async def test_a_list_can_be_searched(ledger: Ledger, said: str, part: Part) -> None:
    """By label, domain and reference, in the order of the list; counts are of all of it."""
    records = some_records()
    for number, one in enumerate(records):
        if one.app.ref.org == "adatum":
            app = replace(one.app, domain="Mail.Adatum.example")
            records[number] = replace(one, app=app)
    await ledger.commit(Changes(apps=tuple(records)))
    wanted = Wanted(part, text=said)
    expected = sorted(filter(wanted.holds, map(summary_of, records)), key=by_urgency)
    assert bool(expected) is (said != "nothing")
    page, whole = await ledger.page(1, 7, wanted), await ledger.page(1, 7, Wanted(part))
    assert list(page.shown) == expected[:7]
    assert (page.pages, page.counts) == (max(1, -(-len(expected) // 7)), whole.counts)
    last = (await ledger.page(99, 7, wanted)).shown
    assert list(last) == expected[(page.pages - 1) * 7 :]
    assert await all_of(ledger, wanted, 3) == expected


async def test_a_search_follows_what_changes(ledger: Ledger) -> None:
    """A state, a label, an app that is new: in the commit that changes it, at every replica."""
    await ledger.commit(Changes(apps=(RECORD, record("fabrikam", 2, ON_A_PASSWORD, "Zeta"))))
    assert [a.app.label for a in await all_of(ledger, Wanted(text="t"), 9)] == [APP.label, "Zeta"]
    done = replace(RECORD, evidence=MIGRATED, revision=2)
    await ledger.commit(Changes(apps=(done,)))
    assert [a.app.label for a in await all_of(ledger, Wanted(text="t"), 9)] == ["Zeta"]
    renamed = replace(done, app=replace(APP, label="Eta"), evidence=ON_A_PASSWORD, revision=3)
    await ledger.commit(Changes(apps=(renamed, record("fabrikam", 3, ON_A_PASSWORD, "Beta"))))
    found = (await ledger.page(1, 9, Wanted(text="eta"))).shown
    assert [a.app.label for a in found] == ["Eta", "Beta", "Zeta"]


async def test_a_search_goes_past_what_is_not_ours(redis_ledger: RedisLedger, store: Redis) -> None:
    """Somebody else wrote into the order of the list."""
    await redis_ledger.commit(Changes(apps=(RECORD,)))
    strange = ("", "x", "99\ta\t0oa8", "0", "0\tx\ty\tz\t0oa9")
    await store.zadd(Keys().places("contoso"), dict.fromkeys(strange, 0))
    assert [app.ref for app in await all_of(redis_ledger, Wanted(text=""), 9)] == [APP.ref]


async def test_a_whole_list_has_each_app_once_whatever_moves_meanwhile(ledger: Ledger) -> None:
    """Also one that goes to another place while it is read."""
    records = tuple(record("contoso", n, ON_A_PASSWORD) for n in range(30))
    await ledger.commit(Changes(apps=records))
    shown: list[str] = []
    async for page in ledger.pages(7, Wanted(Part.ALL)):
        shown += [app.ref.app_id for app in page.shown]
        if len(shown) == 7:
            moved = [replace(records[n], evidence=MIGRATED, revision=2) for n in (0, 1, 20)]
            await ledger.commit(Changes(apps=tuple(moved)))
    assert sorted(shown) == sorted(one.app.ref.app_id for one in records)


async def test_open_requests_come_by_the_page(ledger: Ledger) -> None:
    """The oldest first; those that ended are on none."""
    some = [
        replace(REQUEST, id=f"r{n}", app=AppRef("contoso", f"0oa{n}"), code=f"ABC-DE{n}", link=None)
        for n in range(5)
    ]
    some = [replace(one, requested_at=NOW + timedelta(hours=n)) for n, one in enumerate(some)]
    await ledger.commit(Changes(requests=tuple(some)))
    await ledger.commit(Changes(requests=(step(some[1], Step.REVOKE, NOW),)))
    assert await ledger.requests(1, 3) == Asked(1, 2, (some[0], *some[2:4]))
    assert await ledger.requests(9, 3) == Asked(2, 2, (some[4],))


async def test_a_page_beyond_the_last_is_the_last(ledger: Ledger) -> None:
    """Somebody leafs on while apps are done; with none at all there is one empty page."""
    assert (await ledger.page(9, 15)).pages == 1
    await ledger.commit(Changes(apps=(RECORD,)))
    page = await ledger.page(9, 15)
    assert (page.number, page.pages, page.shown) == (1, 1, (summary_of(RECORD),))


async def test_a_changed_app_moves_to_its_new_place(ledger: Ledger) -> None:
    """With its state and its label, in the commit that changes the record; never twice."""
    await ledger.commit(Changes(apps=(RECORD, record("contoso", 2, ON_A_PASSWORD, "Zeta"))))
    done = replace(RECORD, evidence=MIGRATED, revision=2)
    await ledger.commit(Changes(apps=(done,)))
    page = await ledger.page(1, 15, Wanted(Part.ALL))
    assert [app.app.label for app in page.shown] == ["Zeta", APP.label]
    assert [app.app.label for app in (await ledger.page(1, 15)).shown] == ["Zeta"]
    renamed = replace(done, app=replace(APP, label="Alpha"), evidence=ON_A_PASSWORD, revision=3)
    await ledger.commit(Changes(apps=(renamed,)))
    page = await ledger.page(1, 15, Wanted(Part.ALL))
    assert [app.app.label for app in page.shown] == ["Alpha", "Zeta"]
    assert (AppRef("contoso", "0oa1"), "Alpha") in await ledger.names()
    assert len(await ledger.names()) == 2


async def test_a_page_brings_who_is_asked_and_who_would_be(ledger: Ledger) -> None:
    """Of what it shows alone; an ended request is none."""
    asked = replace(RECORD, request_id=REQUEST.id)
    other = record("fabrikam", 2, ON_A_PASSWORD)
    prospects = tuple(Prospect(one.app.ref, NOW, None, "Ben") for one in (asked, other))
    await ledger.commit(Changes(apps=(asked, other), requests=(REQUEST,), prospects=prospects))
    page = await ledger.page(1, 1)
    assert page.requests == {REQUEST.id: REQUEST}
    assert page.prospects == {asked.app.ref: prospects[0]}
    await ledger.commit(Changes(requests=(step(REQUEST, Step.REVOKE, NOW),)))
    assert (await ledger.page(1, 1)).requests == {}


async def test_what_nobody_can_be_asked_for_is_counted_as_it_changes(ledger: Ledger) -> None:
    """By the app, by the look at people, and by the request: whichever is written."""

    async def unreachable() -> int:
        count = (await ledger.page(1, 15)).unreachable
        assert len(await ledger.unreachable()) == count
        return count

    nobody = Prospect(APP.ref, NOW, Nobody.NO_TENANT)
    await ledger.commit(Changes(prospects=(nobody,)))
    assert await unreachable() == 0
    await ledger.commit(Changes(apps=(RECORD,)))
    assert await unreachable() == 1
    asked = replace(RECORD, request_id=REQUEST.id, revision=2)
    await ledger.commit(Changes(apps=(asked,), requests=(REQUEST,)))
    assert await unreachable() == 0
    await ledger.commit(Changes(requests=(step(REQUEST, Step.REVOKE, NOW),)))
    assert await unreachable() == 1
    await ledger.commit(Changes(prospects=(replace(nobody, nobody=None, admin_name="Ben"),)))
    assert await unreachable() == 0
    await ledger.commit(Changes(prospects=(nobody,)))
    await ledger.commit(Changes(apps=(replace(asked, evidence=MIGRATED, revision=3),)))
    assert await unreachable() == 0


async def test_an_org_that_is_not_in_the_settings_is_in_no_list(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """It is kept, and there again once it is in them."""
    theirs = record("fabrikam", 2, ON_A_PASSWORD)
    await redis_ledger.commit(Changes(apps=(RECORD, theirs)))
    ours = RedisLedger(store, Keys(), orgs=frozenset({"contoso"}))
    page = await ours.page(1, 15)
    assert ([app.ref for app in page.shown], page.open) == ([APP.ref], 1)
    assert await ours.summaries_of([theirs.app.ref]) == ()
    assert await ours.names() == ((APP.ref, APP.label),)


async def test_a_label_is_data_wherever_it_stands(ledger: Ledger) -> None:
    """Tabs, bars, line ends, and what sorts behind everything."""
    odd = ["a\tb", "7|{}", "\n", "\U0010ffff" * 300, "", "Ärger", '"}]']
    records = [record("contoso", n, ON_A_PASSWORD, label) for n, label in enumerate(odd)]
    await ledger.commit(Changes(apps=tuple(records)))
    found = (await ledger.page(1, 15)).shown
    assert {app.app.label for app in found} == {r.app.label for r in records}
    assert (await ledger.page(1, 15)).open == len(odd)


async def test_a_page_costs_the_same_whatever_else_there_is(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """By the store's own count of commands: none for an app that is not shown."""

    async def commands() -> int:
        async with store.client() as one:
            before = await one.info("commandstats")
            await redis_ledger.page(1, 5)
            after = await one.info("commandstats")
        skipped = ("cmdstat_info", "cmdstat_hello", "cmdstat_client|setinfo")
        return sum(
            stat["calls"] - before.get(name, {"calls": 0})["calls"]
            for name, stat in after.items()
            if name not in skipped
        )

    def some(numbers: range) -> Changes:
        return Changes(apps=tuple(record("contoso", n, ON_A_PASSWORD) for n in numbers))

    await redis_ledger.commit(some(range(10)))
    await redis_ledger.page(1, 5)  # the script is known from here on
    few = await commands()
    await redis_ledger.commit(some(range(10, 400)))
    assert await commands() == few


# ------------------------------------------------------------------ until when a verdict holds


async def test_what_ends_to_hold_is_due_then(ledger: Ledger) -> None:
    """The longest overdue first, no more than asked for; without an end never."""
    assert await ledger.due_verdicts(NOW + timedelta(days=999), 10) == ()
    waived = [waiving(record("contoso", n, ON_A_PASSWORD), n) for n in (3, 1, 2)]
    await ledger.commit(Changes(apps=tuple(waived)))
    soon = NOW + timedelta(days=20)
    refs = [AppRef("contoso", f"0oa{n}") for n in (1, 2, 3)]
    assert await ledger.due_verdicts(NOW, 10) == ()
    assert await ledger.due_verdicts(soon, 10) == tuple(refs)
    assert await ledger.due_verdicts(soon, 2) == tuple(refs[:2])
    again = replace(waived[1], assessed_at=soon, revision=2)
    await ledger.commit(Changes(apps=(again,)))
    assert await ledger.due_verdicts(soon, 10) == tuple(refs[1:])


def waiving(found: AppRecord, days: int) -> AppRecord:
    """The same, waived for some days."""
    ends = NOW + timedelta(days=days)
    waiver = Waiver(ends.date(), ends, "retired", "slack:U9", "Olga", NOW, warned=True)
    return replace(found, waiver=waiver, assessed_at=NOW)


# ------------------------------------------------------------------ what the former release wrote


async def as_the_former_release(store: Redis, records: list[AppRecord]) -> None:
    """Records, an open request and a prospect as 1.0 wrote them: with no list beside them."""
    for one in records:
        ref = one.app.ref
        await store.hset(Keys().apps(ref.org), ref.app_id, f"{one.revision}|{codec.APP.dump(one)}")
        await store.sadd(Keys().orgs(), ref.org)


async def test_a_store_of_the_former_release_gets_its_lists_at_the_first_start(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """All of them, by a pass that is cheap the next time."""
    records = some_records()
    await as_the_former_release(store, records)
    assert (await redis_ledger.page(1, 15)).shown == ()
    await redis_ledger.bring_lists_up_to_date()
    expected = sorted(map(summary_of, records), key=by_urgency)
    assert list(await redis_ledger.summaries()) == expected
    assert (await redis_ledger.page(1, 100, Wanted(Part.ALL))).shown == tuple(expected)
    assert len(await redis_ledger.names()) == len(records)
    before = (await store.info("stats"))["total_commands_processed"]
    await redis_ledger.bring_lists_up_to_date()
    spent = (await store.info("stats"))["total_commands_processed"] - before
    assert spent < 3 * len(records) + 20, "it reads what it compares, and writes nothing"


async def test_who_is_asked_is_known_after_the_first_start(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """So that nobody counts as unreachable for whom somebody is asked."""
    asked = replace(RECORD, request_id=REQUEST.id)
    await redis_ledger.commit(
        Changes(requests=(REQUEST,), prospects=(Prospect(APP.ref, NOW, Nobody.NO_TENANT),))
    )
    await store.delete(Keys().asked("contoso"))
    await as_the_former_release(store, [asked, record("contoso", 2, ON_A_PASSWORD)])
    await redis_ledger.bring_lists_up_to_date()
    page = await redis_ledger.page(1, 15)
    assert (page.open, page.unreachable) == (2, 0)
    assert page.requests == {REQUEST.id: REQUEST}


async def test_a_pass_that_died_is_gone_on_with(redis_ledger: RedisLedger, store: Redis) -> None:
    """What it wrote before is not written again."""
    records = [record("contoso", n, ON_A_PASSWORD) for n in range(350)]
    await as_the_former_release(store, records)
    written: list[AppRecord] = []

    class Dying(RedisLedger):
        async def outdated(self, org: str, cursor: str) -> tuple[str, tuple[AppRecord, ...]]:
            if len(written) > 100:
                raise KeyboardInterrupt
            following, found = await super().outdated(org, cursor)
            written.extend(found)
            return following, found

    with pytest.raises(KeyboardInterrupt):
        await Dying(store, Keys()).bring_lists_up_to_date()
    assert 100 < len(written) < 350
    assert (await redis_ledger.page(1, 15)).open == len(written)
    await redis_ledger.bring_lists_up_to_date()
    assert (await redis_ledger.page(1, 15)).open == 350


async def test_a_record_that_the_former_release_wrote_over_is_listed_at_the_next_start(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """While replicas are replaced one by one, the former one writes on."""
    await redis_ledger.commit(Changes(apps=(RECORD,)))
    await as_the_former_release(store, [replace(RECORD, evidence=MIGRATED, revision=2)])
    await redis_ledger.bring_lists_up_to_date()
    assert (await redis_ledger.page(1, 15)).open == 0


async def test_another_release_takes_each_verdict_again(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """Its rules may be others."""
    await redis_ledger.commit(Changes(apps=(RECORD,)))
    assert await redis_ledger.outdated("contoso", "0") == ("0", ())
    summaries = Keys().summaries("contoso")
    written = await store.hget(summaries, APP.ref.app_id)
    assert written is not None
    text = written.decode() if isinstance(written, bytes) else written
    await store.hset(summaries, APP.ref.app_id, text.replace(lists.VERSION, "99.0", 1))
    assert await redis_ledger.outdated("contoso", "0") == ("0", (RECORD,))


async def test_a_record_that_cannot_be_read_is_left_out_and_stops_nothing(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """A newer release wrote it, and lists it as well."""
    await as_the_former_release(store, [RECORD])
    await store.hset(Keys().apps("contoso"), "0oa9", "3|{not ours")
    await redis_ledger.bring_lists_up_to_date()
    assert [app.ref for app in await redis_ledger.summaries()] == [APP.ref]
