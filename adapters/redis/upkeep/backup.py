"""The store as a whole: read at one moment, and restored into another one.

One script reads all keys but the audit, so that what it reads is of one moment; the audit only ever
grows, and is read up to where it stood. That takes the store some tenths of a second at the load
this is built for (docs/store.md). What is of use for minutes only is left out: it is about the
moment, not about the past.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records import schema
from adapters.redis.records.commit import SCHEMA, text
from adapters.redis.server import store
from adapters.redis.server.installation import others, refuse_another
from adapters.redis.server.store import errors
from bot.errors import BackupUnusable, StoreUnavailable
from bot.ports.store.backup import Snapshot, StoredKey

AT_A_TIME = 500
_LEAST = timedelta(milliseconds=1)

_READ = """
local time = redis.call('TIME')
local before, skipped = ARGV[1], cjson.decode(ARGV[2])
local seen, found, cursor = {}, {}, '0'
local function wanted(name)
  for _, part in ipairs(skipped) do
    if name == part or string.sub(name, 1, #part + 1) == part .. ':' then return false end
  end
  return true
end
local function content(key, kind)
  if kind == 'string' then return redis.call('GET', key) end
  if kind == 'hash' then return redis.call('HGETALL', key) end
  if kind == 'set' then return redis.call('SMEMBERS', key) end
  if kind == 'list' then return redis.call('LRANGE', key, 0, -1) end
  if kind == 'zset' then return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end
end
repeat
  local some = redis.call('SCAN', cursor, 'MATCH', before .. '*', 'COUNT', 1000)
  cursor = some[1]
  for _, key in ipairs(some[2]) do
    local name = string.sub(key, #before + 1)
    if key ~= KEYS[1] and not seen[key] and wanted(name) then
      seen[key] = true
      local kind = redis.call('TYPE', key).ok
      local held = content(key, kind)
      if held then found[#found + 1] = {name, kind, redis.call('PTTL', key), held} end
    end
  end
until cursor == '0'
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
return {time, found, last and last[1] or '', redis.call('XLEN', KEYS[1])}
"""


def left_out(keys: Keys) -> tuple[str, ...]:
    """Names, without the prefix, of what a backup does not have; also of all that begin so.

    Sign-ins and sessions (people sign in again), counts, pauses and pace of the moment, and the
    engine's queue, which is made anew from what is due.
    """
    some = (
        keys.sign_in(""),
        keys.session(""),
        keys.session_of(""),
        keys.pause(""),
        keys.conversation_pace(""),
        keys.shared_pace(""),
        keys.shared_run(""),
        keys.rate("", ""),
        keys.limit("", 0),
        keys.once(""),
        keys.settled(),
        keys.probe(),
        keys.migrating(),
        keys.webhook_turn(),
        keys.restoring(),
        keys.tasks(),
        keys.tasks_due(),
        keys.tasks_aside(),
    )
    names = (key.partition(":")[2] for key in some)
    return tuple(name.removesuffix(":0").rstrip(":") for name in names)


class RedisBackup:
    """Implements `bot.ports.store.backup.BackupStore`.

    `own`: what this installation is known by; `replicas`: how many an acknowledgement needs.
    """

    newest = SCHEMA

    def __init__(
        self, client: Redis, keys: Keys, own: frozenset[str] = frozenset(), replicas: int = 0
    ) -> None:
        self._client = client
        self._keys = keys
        self._own = own
        self._replicas = replicas
        self._before = keys.schema().removesuffix("schema")
        self._read = client.register_script(_READ)

    async def snapshot(self) -> Snapshot:
        version = await schema.check(self._client, self._keys)
        skipped = json.dumps(left_out(self._keys))
        with errors():
            time, found, last, rows = await self._read(
                keys=[self._keys.audit()], args=[self._before, skipped]
            )
        at = int(time[0]) * 1000 + int(time[1]) // 1000
        kept = self._kept(found, at, text(last), int(rows))
        return Snapshot(_moment(at), version, kept)

    async def _kept(
        self, found: list[Any], at: int, last: str, rows: int
    ) -> AsyncIterator[StoredKey]:
        for name, kind, left, held in found:
            until = _moment(at + int(left)) if int(left) >= 0 else None
            for part in _parts(kind, held):
                yield StoredKey(name, kind, part, until)
        after, read = "-", 0
        while last and after != f"({last}":
            with errors():
                some: Any = await self._client.xrange(
                    self._keys.audit(), after, last, count=AT_A_TIME
                )
            if not some:
                break
            after, read = f"({some[-1][0]}", read + len(some)
            yield StoredKey(self._name(self._keys.audit()), "stream", [list(row) for row in some])
        if read != rows:
            raise StoreUnavailable(
                "Rows of the audit were removed while it was read.", hint="Please try again."
            )

    async def accept(self, mark: str) -> None:
        if strangers := others(mark, self._own):
            raise BackupUnusable(
                f"The backup is of a bot with other Okta orgs and another address: {strangers}.",
                hint="Restore it with an org or the public_url that it knows; they can change "
                "after that, but not all at once.",
            )
        await refuse_another(self._client, self._keys, self._own)
        await store.await_replicas(self._client, self._replicas)

    async def is_empty(self) -> bool:
        with errors():
            async for key in self._client.scan_iter(match=f"{self._before}*", count=1000):
                if text(key) != self._keys.probe():
                    return False
        return True

    async def is_whole(self) -> bool:
        with errors():
            return await self._client.get(self._keys.restoring()) is None

    async def clear(self, *, since: bool) -> None:
        stays = {self._keys.restoring()} | ({self._keys.webhook()} if since else set())
        with errors():
            await self._client.set(self._keys.restoring(), schema.RESTORING)
            async for key in self._client.scan_iter(match=f"{self._before}*", count=1000):
                if text(key) not in stays:
                    await self._client.delete(key)

    async def write(self, kept: StoredKey) -> None:
        key = self._before + kept.key
        if kept.expires_at is not None and kept.expires_at <= datetime.now(UTC):
            return
        with errors():
            async with self._client.pipeline(transaction=False) as pipe:
                match kept.kind:
                    case "string":
                        pipe.set(key, kept.holds, nx=key == self._keys.webhook())
                    case "hash":
                        pipe.hset(key, mapping=kept.holds)
                    case "set":
                        pipe.sadd(key, *kept.holds)
                    case "list":
                        pipe.rpush(key, *kept.holds)
                    case "zset":
                        pipe.zadd(key, dict(kept.holds))
                    case "stream":
                        for position, fields in kept.holds:
                            pipe.xadd(key, fields, id=position)
                if kept.expires_at is not None:
                    pipe.pexpire(key, max(kept.expires_at - datetime.now(UTC), _LEAST))
                await pipe.execute()

    async def finish(self) -> None:
        """A bot may start on it now."""
        with errors():
            await self._client.delete(self._keys.restoring())

    def _name(self, key: str) -> str:
        return key.removeprefix(self._before)


def _parts(kind: str, held: Any) -> Iterator[Any]:
    """What a key holds, in pieces of which none is big."""
    if kind == "string":
        yield held
    elif kind in ("hash", "zset"):
        pairs = zip(held[::2], held[1::2], strict=True)
        for some in _some(list(pairs)):
            yield dict(some) if kind == "hash" else [[m, float(score)] for m, score in some]
    else:
        yield from map(list, _some(held))


def _some(everything: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(everything), AT_A_TIME):
        yield everything[start : start + AT_A_TIME]


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
