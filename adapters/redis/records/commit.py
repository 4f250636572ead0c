"""One atomic step: a list of writes with the revisions they expect, carried out by one Lua script.

A stored record is its revision, a bar, and its JSON (`7|{...}`), so the script compares revisions
without reading JSON; it is given records beside the list of writes, not within. All expectations
are checked before anything is written. The head of the audit is one of them: it names the commit
that wrote it, so a commit whose answer was lost knows itself again. Nothing at all is written to a
store that a newer release brought into its form.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, cast

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from adapters.redis.keys import Keys
from bot.domain.inventory.apps import AppRef
from bot.domain.schedule import ScheduleEntry
from bot.errors import Conflict, StoreNewer

SCHEMA = 5
"""The version of the form in which this release reads and writes records: see `schema`."""

_SCRIPT = """
local form = tonumber(redis.call('GET', KEYS[#KEYS]) or '')
if form and form > tonumber(ARGV[#ARGV]) then return -form end

local writes = cjson.decode(ARGV[1])

for _, write in ipairs(writes) do
  if write.value then write.value = ARGV[write.value] end
end

local function stored(write)
  if write.field then return redis.call('HGET', KEYS[write.key], write.field) end
  return redis.call('GET', KEYS[write.key])
end

local function read(key, field)
  local found = redis.call('HGET', key, field)
  return found and cjson.decode(string.match(found, '^[^|{]*|(.*)$') or found) or nil
end

-- A summary, its place, its app's name, and when it ends to hold.
local function list(write, key)
  local old = read(key, write.app)
  if not old or old.place ~= write.place then
    if old then redis.call('ZREM', KEYS[write.places], old.place) end
    redis.call('HINCRBY', KEYS[write.moved], write.org, 1)
  end
  redis.call('HSET', key, write.app, ARGV[write.summary])
  redis.call('ZADD', KEYS[write.places], 0, write.place)
  if write['until'] then redis.call('ZADD', KEYS[write.verdicts], write['until'], write.app)
  else redis.call('ZREM', KEYS[write.verdicts], write.app) end
  if redis.call('HGET', KEYS[write.names], write.ref) ~= write.label then
    redis.call('HSET', KEYS[write.names], write.ref, write.label)
    redis.call('HINCRBY', KEYS[write.names], '', 1)
  end
end

-- Which request of an app is open.
local function ask(write, key)
  if write.open then redis.call('HSET', key, write.app, write.request)
  elseif redis.call('HGET', key, write.app) == write.request then
    redis.call('HDEL', key, write.app)
  end
end

-- Whether somebody should be asked for an app, nobody is, and nobody can be.
local function reach(write)
  local app, summary = write.reach, read(KEYS[write.summaries], write.reach)
  local prospect = read(KEYS[write.prospects], app)
  local open = redis.call('HGET', KEYS[write.asked], app)
  local asked = summary and open and open == summary.summary.request_id
  if summary and summary.wants and not asked and prospect and prospect.nobody then
    redis.call('SADD', KEYS[write.unreachable], app)
  else redis.call('SREM', KEYS[write.unreachable], app) end
end

local moved
for _, write in ipairs(writes) do
  if write.was then
    local head = redis.call('GET', KEYS[write.key]) or ''
    local number, mark = string.match(head, '^(%d+)|%S* (%S*)')
    if mark == write.mark and tonumber(number) >= write.number then return 1 end
    if head ~= ARGV[write.was] then moved = head end
  elseif write.expects then
    local now = stored(write)
    local revision = now and tonumber(string.match(now, '^(%d+)|')) or 0
    if revision ~= write.expects then return 0 end
  end
end
if moved then return moved end

for _, write in ipairs(writes) do
  local key = KEYS[write.key]
  local skip = write.absent and stored(write)
  if not skip then
    if write.value then
      if write.field then redis.call('HSET', key, write.field, write.value)
      elseif write.ttl then redis.call('SET', key, write.value, 'EX', write.ttl)
      else redis.call('SET', key, write.value) end
    end
    if write.index then
      if write.score then redis.call('ZADD', KEYS[write.index], write.score, write.member)
      else redis.call('ZREM', KEYS[write.index], write.member) end
    end
    if write.gone then redis.call('HDEL', key, write.gone) end
    if write.due then
      local at = redis.call('ZSCORE', key, write.due)
      if not write.held then redis.call('ZADD', key, 'LT', write.score, write.due)
      elseif at and tonumber(at) == write.held then
        if write.score then redis.call('ZADD', key, write.score, write.due)
        else redis.call('ZREM', key, write.due) end
      end
    end
    if write.set then redis.call('SADD', KEYS[write.set], write.member) end
    if write.trim then redis.call('XTRIM', key, 'MINID', write.trim) end
    if write.drop then redis.call('XDEL', key, write.drop) end
    if write.entry then redis.call('XADD', key, '*', unpack(write.entry)) end
    if write.place then list(write, key) end
    if write.request then ask(write, key) end
  end
end

for _, write in ipairs(writes) do
  if write.reach then reach(write) end
end
return 1
"""


class Commit:
    """Collects writes, then carries them out at once with `run`."""

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}
        self._values: list[str] = []
        self._writes: list[dict[str, Any]] = []

    def copy(self) -> Commit:
        """One that can go on in another way."""
        other = Commit()
        other._keys = dict(self._keys)
        other._values = list(self._values)
        other._writes = list(self._writes)
        return other

    def _key(self, name: str) -> int:
        return self._keys.setdefault(name, len(self._keys) + 1)

    def _value(self, text: str) -> int:
        """Where the script finds it: behind the list of writes."""
        self._values.append(text)
        return len(self._values) + 1

    def put(
        self,
        key: str,
        text: str,
        revision: int,
        *,
        field: str | None = None,
        ttl: int | None = None,
    ) -> None:
        """Write a record whose stored revision must be the one before (0: absent)."""
        value = self._value(f"{revision}|{text}")
        self._write(key=key, value=value, expects=revision - 1, field=field, ttl=ttl)

    def add(
        self, key: str, text: str, revision: int, *, index: str, member: str, score: float
    ) -> None:
        """Write a record and its index entry unless the record exists."""
        self._writes.append(
            {
                "key": self._key(key),
                "value": self._value(f"{revision}|{text}"),
                "absent": True,
                "index": self._key(index),
                "member": member,
                "score": score,
            }
        )

    def set(self, key: str, value: str, ttl: int) -> None:
        """Write a plain value that lives `ttl` seconds."""
        self._write(key=key, value=self._value(value), ttl=ttl)

    def field(self, key: str, field: str, value: str) -> None:
        """Write a plain value into a hash."""
        self._write(key=key, value=self._value(value), field=field)

    def index(self, key: str, member: str, score: float | None) -> None:
        """Put `member` into a sorted set, or take it out (None)."""
        self._writes.append(
            {"key": self._key(key), "index": self._key(key), "member": member}
            | ({} if score is None else {"score": score})
        )

    def entry(self, key: str, entry: ScheduleEntry) -> None:
        """Write a schedule entry, by its own rules."""
        self._write(
            key=key,
            due=entry.name,
            score=None if entry.at is None else milliseconds(entry.at),
            held=None if entry.held_until is None else milliseconds(entry.held_until),
        )

    def member(self, key: str, member: str) -> None:
        """Put `member` into a set."""
        self._writes.append({"key": self._key(key), "set": self._key(key), "member": member})

    def remove(self, key: str, field: str) -> None:
        """Take a record out of a hash, whether it is there or not."""
        self._writes.append({"key": self._key(key), "gone": field})

    def expect(self, key: str, field: str | None, revision: int) -> None:
        """Write nothing at all when a record (of a hash, by `field`) is not at this revision."""
        self._write(key=key, field=field, expects=revision)

    def summary(
        self,
        value: str,
        *,
        ref: AppRef,
        label: str,
        summaries: str,
        place: str,
        places: str,
        moved: str,
        verdicts: str,
        until: int | None,
        names: str,
    ) -> None:
        """Write what lists show of an app; `until` (ms) it holds."""
        self._write(
            key=summaries,
            summary=self._value(value),
            app=ref.app_id,
            org=ref.org,
            ref=str(ref),
            label=label,
            place=place,
            places=self._key(places),
            moved=self._key(moved),
            verdicts=self._key(verdicts),
            until=until,
            names=self._key(names),
        )

    def request(self, key: str, app: str, request_id: str, *, is_open: bool) -> None:
        """Note which request of an app is open; one that is not says nothing of another."""
        self._write(key=key, request=request_id, app=app, open=is_open)

    def reach(
        self, app: str, *, unreachable: str, summaries: str, prospects: str, asked: str
    ) -> None:
        """Note whether somebody can be asked for an app, once all else is written."""
        self._write(
            key=unreachable,
            reach=app,
            unreachable=self._key(unreachable),
            summaries=self._key(summaries),
            prospects=self._key(prospects),
            asked=self._key(asked),
        )

    def head(self, key: str, was: str, now: str, number: int, mark: str) -> None:
        """Move the head of the audit on, if it still is what it was.

        One of this mark and no smaller number was moved there by this commit, or by one behind it.
        """
        write = {"key": self._key(key), "value": self._value(now), "was": self._value(was)}
        self._writes.insert(0, write | {"number": number, "mark": mark})

    def trim(self, key: str, position: str) -> None:
        """Take what was appended to a stream before that position out of it."""
        self._write(key=key, trim=position)

    def drop(self, key: str, position: str) -> None:
        """Take one entry out of a stream."""
        self._write(key=key, drop=position)

    def append(self, key: str, entry: dict[str, str]) -> None:
        """Append an entry to a stream."""
        flat = [part for pair in entry.items() for part in pair]
        self._writes.append({"key": self._key(key), "entry": flat})

    def _write(self, *, key: str, **parts: Any) -> None:
        self._writes.append(
            {"key": self._key(key), **{k: v for k, v in parts.items() if v is not None}}
        )

    async def run(self, script: AsyncScript, keys: Keys) -> str | None:
        """Carry it out. Raises Conflict, with nothing written, when a revision differs, and
        StoreNewer when the store has a newer form.

        Returns None, or where the head of the audit stands now: then nothing is written either.
        """
        if not self._writes:
            return None
        args = [json.dumps(self._writes), *self._values, str(SCHEMA)]
        answer = await script(keys=[*self._keys, keys.schema()], args=args)
        if isinstance(answer, int) and answer < 0:
            raise newer(-answer)
        if answer == 0:
            raise Conflict("A record changed since it was read.")
        return None if answer == 1 else text(answer)


def register(client: Redis) -> AsyncScript:
    """The script on this client."""
    return client.register_script(_SCRIPT)


def newer(version: int) -> StoreNewer:
    """What is raised for a store of a newer form."""
    return StoreNewer(
        f"The store is of a newer release (its records have form {version}, this one knows "
        f"up to {SCHEMA}). Nothing was changed.",
        hint="Run that release, or restore a backup that was made before into an empty store.",
    )


def milliseconds(at: datetime) -> int:
    """A moment as the schedule keeps it: whole numbers stay what they are on their way."""
    return int(at.timestamp() * 1000)


def split(stored: str | bytes) -> str:
    """The JSON of a stored record."""
    return text(stored).partition("|")[2]


def text(value: object) -> str:
    """An answer of redis-py as text; its types allow for bytes, `decode_responses` does not."""
    if not isinstance(value, str):
        raise TypeError("expected text: is decode_responses on?")
    return value


AT_A_TIME = 100
"""So many records are read before others have a turn."""


async def batches(client: Redis, key: str) -> AsyncIterator[dict[str, str]]:
    """A hash, some fields at a time (about `AT_A_TIME`); one may come twice."""
    cursor: int | None = None
    while cursor != 0:
        cursor, found = await client.hscan(key, cursor or 0, count=AT_A_TIME)
        yield cast("dict[str, str]", found)


LONGEST_NAME = 1000


def is_name(found: str) -> bool:
    """Whether what an index holds can name a record of ours: text, and not endless."""
    try:
        return 0 < len(found.encode()) <= LONGEST_NAME
    except UnicodeEncodeError:  # bytes that are no text come as lone surrogates
        return False
