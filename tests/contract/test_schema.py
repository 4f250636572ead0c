"""The form of the records: stores of each former release are brought up, newer ones refused."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from adapters.redis.keys import Keys
from adapters.redis.records import schema
from adapters.redis.records.commit import SCHEMA
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.schema import LEASE, MIGRATIONS, migrate
from adapters.redis.records.trail import Trail
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.inventory.apps import AppRef
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import StoreUnsafe
from bot.settings.sections.store import RedisSettings
from bot.settings.settings import Settings
from bot.wiring.base import open_base
from tests.audits import findings
from tests.stores import lay_down, picked_up, recorded
from tests.terminal import Terminal, settings_file
from tests.there import there
from tests.waiting import wait_until
from tests.wiring import settings as bot_settings

KEYS = Keys()


def apps_of(store: Mapping[str, Any]) -> dict[str, Any]:
    """Each app's record, as it is stored."""
    return {app: json.loads(one[2:]) for app, one in store["apps:contoso"]["holds"].items()}


def at(redis_url: str) -> Settings:
    """Settings of a bot with this store."""
    return bot_settings().model_copy(update={"redis": RedisSettings(url=SecretStr(redis_url))})


@pytest.mark.parametrize("former", range(1, SCHEMA))
async def test_a_store_of_each_former_form_is_brought_up(store: Redis, former: int) -> None:
    """Every app, request, note and delivery is there, and reads as it did."""
    await lay_down(store, former)
    await migrate(store, KEYS, Trail(store, KEYS))
    ledger = RedisLedger(store, KEYS)
    assert await schema.check(store, KEYS) == SCHEMA
    assert {str(app.app.ref) for app in await ledger.apps()} == {
        f"contoso/0oa{n}" for n in (1, 2, 3, 4)
    }
    (request,) = await ledger.open_requests()
    assert (request.stage, request.admin_name) == (Stage.DELIVERED, "Ada Moreau")
    assert len(await ledger.account_notes()) == 2
    assert await ledger.delivery("round:2026-11-20:slack:U1") is not None
    actions = [entry.action for entry in await ledger.audit()]
    assert actions == ["audit_sealed", "fail_delivery", "deliver", "assess", "ask"]
    assert await findings(store) == []


async def test_records_become_plain_json_and_nothing_else_changes(store: Redis) -> None:
    """At the same revision, so that their summaries still stand; all other keys as they were."""
    await lay_down(store, 1)
    await migrate(store, KEYS, Trail(store, KEYS))
    before, after = recorded(1), await picked_up(store)
    records = apps_of(after)
    assert records["0oa2"]["app"]["label"] == "Fabrikam „Büro“ | O365"
    assert {"schema"} <= after.keys() - before.keys()
    assert after["audit"]["holds"][:4] == before["audit"]["holds"]
    untouched = before.keys() - {"apps:contoso", "audit"}
    assert {key: after[key] for key in untouched} == {key: before[key] for key in untouched}


async def test_whoever_is_asked_is_found_by_what_they_go_by_elsewhere(store: Redis) -> None:
    """The index has what is open, and nothing else of the store changes. A step that died, too."""
    await lay_down(store, 2)
    ledger, trail = RedisLedger(store, KEYS), Trail(store, KEYS)
    (request,) = await ledger.open_requests()
    in_teams = ChatIdentity(Platform.TEAMS, request.admin_object_id)

    async def dies() -> None:
        raise ConnectionError("killed")

    with pytest.raises(ConnectionError):
        await MIGRATIONS[2](store, KEYS, trail, dies)
    assert await ledger.requests_elsewhere(in_teams) == ()
    await migrate(store, KEYS, trail)
    assert await ledger.requests_elsewhere(in_teams) == (request,)
    before, after = recorded(2), await picked_up(store)
    found = [[request.id, request.requested_at.timestamp()]]
    made: dict[str, Any] = {f"requests:by:{sign}": found for sign in ("ada", "ada@contoso.com")}
    made |= {"tenants:contoso": ["tenant-1"]}
    assert {key: after[key]["holds"] for key in after.keys() - before.keys()} == made
    assert {key: after[key] for key in before.keys() - {"schema"}} == {
        key: before[key] for key in before.keys() - {"schema"}
    }


async def test_what_stands_still_and_which_tenants_there_are_is_noted(store: Redis) -> None:
    """With the last request of each app, and with its summary; nothing else changes."""
    await lay_down(store, 3)
    await migrate(store, KEYS, Trail(store, KEYS))
    assert await RedisLedger(store, KEYS).still() == (AppRef("contoso", "0oa4"),)
    before, after = recorded(3), await picked_up(store)
    assert after.keys() - before.keys() == {"requests:still", "tenants:contoso"}
    assert await RedisLedger(store, KEYS).tenants() == {"contoso": {"tenant-1"}}
    assert {key: after[key] for key in before.keys() - {"schema"}} == {
        key: before[key] for key in before.keys() - {"schema"}
    }


@pytest.mark.parametrize(
    ("former", "away"),
    [
        (1, Absence(None, date(2026, 11, 27))),
        (3, Absence(None, date(2026, 11, 27))),
        (4, Absence(date(2026, 12, 7), date(2026, 12, 11))),
    ],
)
async def test_the_one_absence_that_was_kept_is_read(
    store: Redis, former: int, away: Absence
) -> None:
    """And with another one it is written in the form of now."""
    await lay_down(store, former)
    await migrate(store, KEYS, Trail(store, KEYS))
    ledger, ada = RedisLedger(store, KEYS), ChatIdentity(Platform.SLACK, "U1")
    known = there(await ledger.recipient(ada))
    assert known.absences == (away,)
    both = (away, Absence(date(2026, 12, 22), date(2027, 1, 2)))
    await ledger.commit(Changes(recipients=(known.away(both, datetime.now(UTC)),)))
    assert there(await ledger.recipient(ada)).absences == both
    stored = str(await store.get(KEYS.recipient(str(ada))))
    assert "away_until" not in stored
    assert "2027-01-02" in stored


async def test_what_is_up_to_date_is_left_alone(store: Redis) -> None:
    """A second start changes nothing."""
    await lay_down(store, 1)
    await migrate(store, KEYS, Trail(store, KEYS))
    once = await picked_up(store)
    await migrate(store, KEYS, Trail(store, KEYS))
    assert await picked_up(store) == once


async def test_a_migration_that_died_is_gone_on_with(store: Redis) -> None:
    """With apps that are through and apps that are not; what was written meanwhile stays."""
    await lay_down(store, 1)
    packed = recorded(1)["apps:contoso"]["holds"]["0oa1"]
    for number in range(2000):
        await store.hset(KEYS.apps("contoso"), f"0ob{number}", packed)
    left = [5]

    async def dies() -> None:
        left[0] -= 1
        if not left[0]:
            raise ConnectionError("killed")

    with pytest.raises(ConnectionError):
        await MIGRATIONS[1](store, KEYS, Trail(store, KEYS), dies)
    assert await schema.check(store, KEYS) == 1
    stored = await store.hvals(KEYS.apps("contoso"))
    through = sum("z1:" not in str(one) for one in stored)
    assert 0 < through < len(stored)
    await migrate(store, KEYS, Trail(store, KEYS))
    assert not any("z1:" in str(one) for one in await store.hvals(KEYS.apps("contoso")))


async def test_a_former_replica_may_go_on_writing(store: Redis) -> None:
    """In a rolling deploy it writes its own form after the migration: that is still read."""
    await lay_down(store, 1)
    await migrate(store, KEYS, Trail(store, KEYS))
    packed = recorded(1)["apps:contoso"]["holds"]["0oa1"]
    await store.hset(KEYS.apps("contoso"), "0oa1", packed)
    assert there(await RedisLedger(store, KEYS).app(AppRef("contoso", "0oa1"))).request_id == "r1"


async def test_one_replica_migrates_and_the_others_wait_and_say_so(store: Redis) -> None:
    """Until it is through."""
    await lay_down(store, 1)
    await store.set(KEYS.migrating(), "another", px=LEASE)
    with capture_logs() as lines:
        waiting = asyncio.create_task(migrate(store, KEYS, Trail(store, KEYS)))
        await wait_until(lambda: bool(lines), what="it is said that it waits")
        assert not waiting.done()
        await store.set(KEYS.schema(), SCHEMA)
        await asyncio.wait_for(waiting, 30)
    assert [line["event"] for line in lines] == [
        "waiting for the replica that brings the store into a newer form"
    ]


async def test_three_replicas_at_once_migrate_once(store: Redis) -> None:
    """And all of them start."""
    await lay_down(store, 1)
    with capture_logs() as lines:
        await asyncio.gather(*(migrate(store, KEYS, Trail(store, KEYS)) for _ in range(3)))
    steps = [line["to"] for line in lines if "to" in line]
    assert steps == list(range(2, SCHEMA + 1))
    assert await store.get(KEYS.migrating()) is None


async def test_a_dead_replica_holds_nobody_up_for_longer_than_its_lease(store: Redis) -> None:
    """The next one goes on; what claims to be a lease without an end is none."""
    await lay_down(store, 1)
    await store.set(KEYS.migrating(), "dead", px=700)
    await asyncio.wait_for(migrate(store, KEYS, Trail(store, KEYS)), 30)
    await store.delete(KEYS.schema())
    await store.set(KEYS.migrating(), "planted")
    await asyncio.wait_for(migrate(store, KEYS, Trail(store, KEYS)), 30)
    assert await schema.check(store, KEYS) == SCHEMA


async def test_a_new_store_has_the_newest_form_from_the_start(store: Redis, redis_url: str) -> None:
    """Without a word about a migration: there is nothing to bring up."""
    with capture_logs() as lines:
        async with open_base(at(redis_url)):
            pass
    assert not any("newer form" in line["event"] for line in lines)
    assert await store.get(KEYS.schema()) == str(SCHEMA)


def test_each_former_form_has_a_step() -> None:
    """Up to the one that this release writes."""
    assert sorted(MIGRATIONS) == list(range(1, SCHEMA))


def test_the_docs_say_what_changed_with_each_form() -> None:
    page = (Path(__file__).parents[2] / "docs" / "store.md").read_text("utf-8")
    assert re.findall(r"^\| (\d+) \|", page, re.M) == [str(form + 1) for form in range(SCHEMA)]


async def test_a_newer_store_is_refused_and_left_as_it_is(store: Redis, redis_url: str) -> None:
    """At start, before anything is written."""
    await lay_down(store, 1)
    await store.set(KEYS.schema(), SCHEMA + 1)
    before = await picked_up(store)
    with pytest.raises(StoreUnsafe, match="newer release"):
        async with open_base(at(redis_url)):
            pass
    assert await picked_up(store) == before
    await store.delete(KEYS.schema())


async def test_a_version_that_is_none_is_taken_for_the_oldest(store: Redis) -> None:
    """Each step does nothing to what is in its new form."""
    await lay_down(store, 1)
    await store.set(KEYS.schema(), "evil")
    await migrate(store, KEYS, Trail(store, KEYS))
    assert await schema.check(store, KEYS) == SCHEMA


async def test_a_newer_store_ends_the_command_with_status_2(
    store: Redis, redis_url: str, tmp_path: Path
) -> None:
    """With one message that says what to do."""
    await store.set(KEYS.schema(), SCHEMA + 1)
    terminal = Terminal(settings_file(tmp_path, redis_url))
    for command in ("apps", "run"):
        ran = await terminal.run(command)
        assert ran.status == 2
        assert "The store is of a newer release" in ran.err
        assert "Run that release" in ran.err
        assert "Traceback" not in ran.err
    assert set(await picked_up(store)) == {"schema"}
