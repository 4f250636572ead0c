"""The audit in a real store: a chain that many write, and that nobody bends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.commit import Commit
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.trail import Trail
from adapters.redis.server.store import connect
from bot.domain.audit import Finding, Head, Wrong
from bot.domain.changes import AuditEntry, Changes
from bot.domain.inventory.apps import AppRef
from bot.domain.pseudonyms import Somebody
from bot.errors import Conflict
from tests.audits import findings
from tests.examples import APP, NOW, RECORD, REQUEST

KEYS = Keys()
KEY = b"k" * 32


def entry(n: int, who: str = "slack:U1") -> AuditEntry:
    return AuditEntry(NOW + timedelta(seconds=n), who, "ask", "contoso/0oa1", {"n": str(n)})


async def rows(store: Redis) -> list[tuple[str, dict[str, str]]]:
    found: Any = await store.xrange(KEYS.audit())
    return [(str(position), fields) for position, fields in found]


async def change(store: Redis, which: int, **columns: str) -> None:
    """As somebody would who can write to the store: the row's neighbours stay as they are."""
    everything = await rows(store)
    await store.delete(KEYS.audit())
    for number, (position, fields) in enumerate(everything):
        changed: dict[Any, Any] = fields | (columns if number == which else {})
        await store.xadd(KEYS.audit(), changed, id=position)


async def test_many_replicas_write_one_chain(redis_url: str, store: Redis) -> None:
    """Three at a time, each with several commits under way: no row lost, none twice."""
    async with connect(redis_url) as second, connect(redis_url) as third:
        ledgers = [RedisLedger(client, KEYS) for client in (store, second, third)]
        await asyncio.gather(
            *(
                ledger.commit(Changes(audit=(entry(100 * i + n, f"slack:U{n % 7}"),)))
                for i, ledger in enumerate(ledgers)
                for n in range(40)
            )
        )
        said = await ledgers[0].audit(1000)
    assert await findings(store) == []
    numbers = [int(fields["n"]) for _, fields in await rows(store)]
    assert numbers == list(range(1, 121))
    assert {one.detail["n"] for one in said} == {
        str(100 * i + n) for i in range(3) for n in range(40)
    }
    assert {one.actor for one in said} == {f"slack:U{n}" for n in range(7)}


async def test_one_account_has_one_pseudonym_over_all_replicas(
    redis_url: str, store: Redis
) -> None:
    """However many meet it at the same moment."""
    async with connect(redis_url) as second:
        one, two = RedisLedger(store, KEYS), RedisLedger(second, KEYS)
        for n in range(10):
            await asyncio.gather(
                one.commit(Changes(audit=(entry(n, f"slack:U{n}"),))),
                two.commit(Changes(audit=(entry(n, f"slack:U{n}"),))),
            )
    assert len(await store.hgetall(KEYS.audit_names())) == 10
    assert "slack:U" not in str(await rows(store))


async def test_a_commit_whose_answer_was_lost_is_written_once(store: Redis) -> None:
    """The driver tries again: the script knows the head that it wrote."""
    driver: Any = Unsure(store)
    ledger = RedisLedger(store, KEYS, trail=Trail(driver, KEYS))
    await ledger.commit(Changes(audit=(entry(1),)))
    await ledger.commit(Changes(apps=(RECORD,), audit=(entry(2),)))
    assert [one.detail["n"] for one in await ledger.audit()] == ["2", "1"]
    assert await findings(store) == []
    others = [
        replace(RECORD, app=replace(APP, ref=AppRef("contoso", f"0oa{n}"))) for n in range(3, 9)
    ]
    await asyncio.gather(
        *(
            ledger.commit(Changes(apps=(other,), audit=(entry(n),)))
            for n, other in enumerate(others, start=3)
        )
    )
    assert sorted(one.detail["n"] for one in await ledger.audit()) == list("12345678")
    assert await findings(store) == []


async def test_of_those_sealed_together_one_that_conflicts_is_left_out_alone(store: Redis) -> None:
    """Those behind it are sealed anew; whom it would have named is named by the next."""
    ledger = RedisLedger(store, KEYS)
    await ledger.commit(Changes(requests=(REQUEST,)))
    some = [Changes(audit=(entry(n, "slack:U5" if n > 2 else "slack:U1"),)) for n in range(1, 7)]
    some[2] = replace(some[2], requests=(REQUEST,))
    answers = await asyncio.gather(*map(ledger.commit, some), return_exceptions=True)
    assert [type(answer) for answer in answers].count(Conflict) == 1
    assert isinstance(answers[2], Conflict)
    assert [one.detail["n"] for one in await ledger.audit()] == ["6", "5", "4", "2", "1"]
    assert (await ledger.audit())[0].actor == "slack:U5"
    assert len(await store.hgetall(KEYS.audit_names())) == 2
    assert await findings(store) == []


async def test_somebody_who_gives_up_waiting_holds_up_nobody(store: Redis) -> None:
    """What they wanted is written whole or not at all."""
    ledger = RedisLedger(store, KEYS)
    writing = [asyncio.ensure_future(ledger.commit(Changes(audit=(entry(n),)))) for n in range(6)]
    await asyncio.sleep(0)
    writing[0].cancel()
    await asyncio.sleep(0)
    writing[1].cancel()
    await asyncio.wait(writing)
    await ledger.commit(Changes(audit=(entry(6),)))
    assert {"2", "3", "4", "5", "6"} <= {one.detail["n"] for one in await ledger.audit()}
    assert await findings(store) == []


class Unsure:
    """A driver that hears no answer, and sends everything twice."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def register_script(self, source: str) -> Any:
        script = self._client.register_script(source)

        async def run(*args: Any, **options: Any) -> Any:
            await script(*args, **options)
            return await script(*args, **options)

        return run


async def test_two_who_write_the_same_words_both_write(redis_url: str, store: Redis) -> None:
    """The same row behind the same one is no sign of having written it oneself."""
    async with connect(redis_url) as second:
        one, two = RedisLedger(store, KEYS), RedisLedger(second, KEYS)
        await one.commit(Changes(audit=(entry(0),)))
        await two.audit()
        other = replace(RECORD, app=replace(APP, ref=AppRef("contoso", "0oa2")))
        await asyncio.gather(
            one.commit(Changes(apps=(RECORD,), audit=(entry(1),))),
            two.commit(Changes(apps=(other,), audit=(entry(1),))),
        )
        assert len(await one.apps()) == 2
    assert len(await rows(store)) == 3


async def test_a_conflict_appends_nothing(store: Redis) -> None:
    """And the next commit goes on from where the chain stands."""
    ledger = RedisLedger(store, KEYS)
    await ledger.commit(Changes(requests=(REQUEST,), audit=(entry(1),)))
    with pytest.raises(Conflict):
        await ledger.commit(Changes(requests=(REQUEST,), audit=(entry(2, "slack:U5"),)))
    await ledger.commit(Changes(audit=(entry(3, "slack:U5"),)))
    assert [one.detail["n"] for one in await ledger.audit()] == ["3", "1"]
    assert (await ledger.audit())[0].actor == "slack:U5"
    assert await findings(store) == []


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "detail"])
async def test_a_row_that_was_changed_in_the_store_is_named(store: Redis, column: str) -> None:
    """Whatever of it."""
    trail = Trail(store, KEYS, KEY)
    await trail.commit(Commit(), tuple(entry(n) for n in range(5)))
    assert await findings(store, KEY) == []
    await change(store, 2, **{column: "{}"})
    assert await findings(store, KEY) == [Finding(Wrong.CHANGED, "3")]


async def test_rows_that_were_removed_are_named(store: Redis) -> None:
    """In between, and at the end, where the head still names them."""
    trail = Trail(store, KEYS)
    await trail.commit(Commit(), tuple(entry(n) for n in range(5)))
    kept = await trail.head()
    everything = await rows(store)
    await store.xdel(KEYS.audit(), everything[1][0], everything[4][0])
    assert await findings(store) == [Finding(Wrong.MISSING, "2"), Finding(Wrong.MISSING, "5")]
    fourth = everything[3][1]
    await store.set(KEYS.audit_head(), f"4|{fourth['seal']} x x")
    assert await findings(store) == [Finding(Wrong.MISSING, "2")]
    assert Finding(Wrong.MISSING, "5") in await findings(store, kept=kept)


@pytest.mark.parametrize("planted", ["", "evil", "9|x", b"\xff\xfe"])
async def test_a_head_that_was_planted_stops_nobody(store: Redis, planted: str | bytes) -> None:
    """Work goes on, and the audit is not whole."""
    ledger = RedisLedger(store, KEYS)
    await ledger.commit(Changes(audit=(entry(1),)))
    await store.set(KEYS.audit_head(), planted)
    async with asyncio.timeout(30):
        await ledger.commit(Changes(audit=(entry(2),)))
    assert [one.detail["n"] for one in await ledger.audit()] == ["2", "1"]
    assert await findings(store) != []
    await store.delete(KEYS.audit_head())
    async with asyncio.timeout(30):
        await ledger.commit(Changes(audit=(entry(3),)))


async def test_somebody_is_forgotten_and_the_chain_stays(redis_url: str, store: Redis) -> None:
    """On every replica, also for what is written after that."""
    async with connect(redis_url) as second:
        one, two = Trail(store, KEYS, KEY), Trail(second, KEYS, KEY)
        for n, who in enumerate(("slack:U1", "slack:U2", "slack:U1")):
            await one.commit(Commit(), (entry(n, who),))
        await two.commit(Commit(), (entry(9, "slack:U1"),))
        before = await rows(store)
        said = AuditEntry(NOW, "terminal:root", "forget", "person")
        assert await one.forget(Somebody(["slack:U1"]), said) == {"names": 1, "rows": 0}
        actors = [found.actor for found in await two.newest(10)]
        assert actors[0] == "terminal:root"
        assert actors.count("slack:U2") == 1
        assert "slack:U1" not in actors
        assert (await rows(store))[:4] == before
        await two.commit(Commit(), (entry(10, "slack:U1"),))
        assert [found.actor for found in await one.newest(10)].count("slack:U1") == 1
    assert await findings(store, KEY) == []


async def test_rows_that_were_kept_long_enough_go_and_the_rest_is_whole(store: Redis) -> None:
    """Twice; what is missing beyond that is found."""
    trail = Trail(store, KEYS)
    for n in range(6):
        await trail.commit(Commit(), (entry(n),))
        await next_millisecond(store)
    for first in (4, 6):
        position = {found["n"]: at for at, found in await rows(store)}[str(first)]
        before = datetime.fromtimestamp(int(position.partition("-")[0]) / 1000, UTC)
        assert await trail.trim(before, NOW) > 0
        assert int((await rows(store))[0][1]["n"]) == first
        assert await findings(store) == []
        assert await trail.trim(before, NOW) == 0
    everything = await rows(store)
    await store.xdel(KEYS.audit(), everything[0][0])
    assert await findings(store) == [Finding(Wrong.MISSING, "1 to 6")]


async def next_millisecond(store: Redis) -> None:
    """Wait for the store's clock: rows of one millisecond go together."""

    async def now() -> int:
        seconds, micros = await store.time()
        return int(seconds) * 1000 + int(micros) // 1000

    began = await now()
    while await now() == began:
        pass


async def test_a_head_is_read_as_it_is_told(store: Redis) -> None:
    """What `audit export` prints is what `audit verify --head` takes."""
    trail = Trail(store, KEYS)
    await trail.commit(Commit(), (entry(1),))
    head = await trail.head()
    assert Head.parse(str(head)) == head
    assert await findings(store, kept=head) == []
