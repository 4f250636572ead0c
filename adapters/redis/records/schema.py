"""The version of the form in which the store keeps its records, and the way up from each other one.

Version 1 was never written down: a store without a version has it. `MIGRATIONS` has a step from
each version to the next. A step works in small batches, each written only over what was read, and
does nothing to what is in its new form; so one that died is begun anew, and one that stalled does
no harm. A version is noted when its step is through.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records import codec
from adapters.redis.records.codec import LONGEST
from adapters.redis.records.commit import AT_A_TIME, SCHEMA, Commit, batches, newer, split, text
from adapters.redis.records.packed import MARK, unpack
from adapters.redis.records.trail import Trail
from adapters.redis.records.writing import Writing
from adapters.redis.server.store import errors
from bot.domain.consent.requests import ConsentRequest
from bot.domain.inventory.apps import AppRef
from bot.errors import Conflict, StoreUnavailable, StoreUnsafe

log = structlog.get_logger(__name__)

LEASE = 30_000
"""Milliseconds after which a replica that stopped migrating is taken to be dead."""
POLL = 0.5
WATCH = 5.0
"""Seconds between two looks at whether a newer release took the store over."""
RESTORING = "1"
"""What stands under `restoring` while a backup is restored; anything else is none of ours."""

Hold = Callable[[], Awaitable[None]]
"""To be called between two batches."""

# Without an end, or with one beyond a lease, it is nobody of ours.
_HOLD = """
local holder, left = redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])
if holder and holder ~= ARGV[1] and left > 0 and left <= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_LET_GO = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""
# ARGV: of each record its field, how it stood, and how it is to stand.
_REPLACE = """
for i = 1, #ARGV, 3 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
  end
end
"""


class TakenOver(Exception):
    """Another replica goes on with the migration."""


async def check(client: Redis, keys: Keys, *, restoring: bool = False) -> int:
    """The version of the store. Raises StoreUnavailable, and StoreNewer for a newer release's.

    StoreUnsafe is raised where a backup was not restored completely, unless that is being done.
    """
    with errors():
        stored, begun = await client.mget(keys.schema(), keys.restoring())
    if begun == RESTORING and not restoring:
        raise StoreUnsafe(
            "A backup was not restored completely in this store.",
            hint="Run o365bot restore --over again.",
        )
    if stored is None:
        return 1
    try:
        version = int(text(stored)[:9])
    except ValueError:
        log.error("the store's version cannot be read and is taken for the oldest")
        return 1
    if version > SCHEMA:
        raise newer(version)
    return max(version, 1)


async def watch_for_newer_release(client: Redis, keys: Keys) -> None:
    """Look every few seconds. Raises StoreNewer once a newer release runs on this store."""
    while True:
        await asyncio.sleep(WATCH)
        with suppress(StoreUnavailable):
            await check(client, keys, restoring=True)


async def migrate(client: Redis, keys: Keys, trail: Trail, *, restoring: bool = False) -> None:
    """Bring the store into this release's form. One replica does; the others wait for it.

    One in which nothing is yet has that form from the start. Raises StoreUnsafe, StoreUnavailable.
    """
    with errors():
        if not await client.smembers(keys.orgs()) and not await trail.newest(1):
            await client.set(keys.schema(), SCHEMA, nx=True)
    me, waiting = secrets.token_hex(8), False
    take, let_go = client.register_script(_HOLD), client.register_script(_LET_GO)

    async def hold() -> None:
        with errors():
            if not await take([keys.migrating()], [me, LEASE]):
                raise TakenOver

    while await check(client, keys, restoring=restoring) < SCHEMA:
        try:
            await hold()
            await _climb(client, keys, trail, hold)
        except TakenOver:
            if not waiting:
                log.info("waiting for the replica that brings the store into a newer form")
            waiting = True
            await asyncio.sleep(POLL)
        finally:
            with errors():
                await let_go([keys.migrating()], [me])


async def _climb(client: Redis, keys: Keys, trail: Trail, hold: Hold) -> None:
    """Step by step; whoever migrated while this one waited left nothing to do."""
    version = await check(client, keys, restoring=True)
    for step in range(version, SCHEMA):
        log.info("bringing the store into a newer form", of=step, to=step + 1)
        await MIGRATIONS[step](client, keys, trail, hold)
        await hold()
        with errors():
            await client.set(keys.schema(), step + 1)


async def _from_1(client: Redis, keys: Keys, trail: Trail, hold: Hold) -> None:
    """App records were deflated; they are plain JSON, at the same revision. The audit had no seals;
    what there is stays in front of its chain.
    """
    replace = client.register_script(_REPLACE)
    with errors():
        orgs = sorted(map(text, await client.smembers(keys.orgs())))
    for org in orgs:
        with errors():
            async for found in batches(client, keys.apps(org)):
                await hold()
                if changed := _unpacked(found):
                    await replace([keys.apps(org)], changed)
    await trail.seal_unchained(datetime.now(UTC))


def _unpacked(found: Mapping[str, str]) -> list[str]:
    """Field, former and new form of each record that is deflated and can be read."""
    changed: list[str] = []
    for field, stored in found.items():
        revision, bar, packed = stored.partition("|")
        if packed.startswith(MARK):
            try:
                changed += field, stored, revision + bar + unpack(packed, LONGEST)
            except ValueError:
                log.error("an app's record is damaged and left as it is", app=ascii(field[:100]))
    return changed


async def _from_2(client: Redis, keys: Keys, trail: Trail, hold: Hold) -> None:
    """Open requests were not to be found by what their person goes by elsewhere.

    One that a former replica makes at this very instant is found so once it moves.
    """
    writing = Writing(keys)
    with errors():
        ids = [text(one) for one in await client.zrange(keys.open_requests(), 0, -1)]
    for start in range(0, len(ids), AT_A_TIME):
        await hold()
        with errors():
            stored = await client.mget(map(keys.request, ids[start : start + AT_A_TIME]))
        for request in codec.REQUEST.readable("requests", (split(one) for one in stored if one)):
            commit = Commit()
            commit.expect(keys.request(request.id), None, request.revision)
            writing.signs(commit, request)
            with suppress(Conflict):  # whoever changed it has written this, too
                await trail.commit(commit)


async def _from_3(client: Redis, keys: Keys, trail: Trail, hold: Hold) -> None:
    """What is stuck, and which tenants there are, was looked for among all apps: now both are noted
    when a request, or an app, is written. One that changes at this very instant has it from there.
    """
    writing = Writing(keys)
    with errors():
        orgs = sorted(map(text, await client.smembers(keys.orgs())))
    for org in orgs:
        with errors():
            async for found in batches(client, keys.apps(org)):
                await hold()
                records = codec.APP.readable("apps", map(split, found.values()))
                if tenants := {one.tenant.id for one in records if one.tenant is not None}:
                    await client.sadd(keys.tenants(org), *tenants)
                for request in await _last_requests(
                    client, keys, [AppRef(org, one) for one in found]
                ):
                    commit = Commit()
                    commit.expect(keys.request(request.id), None, request.revision)
                    writing.still(commit, request)
                    with suppress(Conflict):
                        await trail.commit(commit)


async def _from_4(client: Redis, keys: Keys, trail: Trail, hold: Hold) -> None:
    """Of a person's absences one was kept, which is read as it stands. A former replica would write
    back that one alone: it must stop.
    """


async def _last_requests(
    client: Redis, keys: Keys, apps: Sequence[AppRef]
) -> Sequence[ConsentRequest]:
    pipe = client.pipeline(transaction=False)
    for ref in apps:
        pipe.zrange(keys.requests_for(ref), -1, -1)
    newest = [text(one) for ids in await pipe.execute() for one in ids]
    stored = await client.mget(map(keys.request, newest)) if newest else []
    return codec.REQUEST.readable("requests", (split(one) for one in stored if one))


MIGRATIONS: Mapping[int, Callable[[Redis, Keys, Trail, Hold], Awaitable[None]]] = {
    1: _from_1,
    2: _from_2,
    3: _from_3,
    4: _from_4,
}
"""The step from each version to the next, up to `SCHEMA`."""
