"""The engine's tasks in Redis: a hash of what is to be done, and a sorted set of when.

A task is JSON of texts and one number, read with a limit to its size: whoever can write to the
store can make the bot look at an app or try a delivery, and nothing else. Taking a task moves its
time to the end of a lease, so there is no list of who holds what, and a dead worker's tasks come
due by themselves. The store's own clock counts, so the clocks of the replicas need not agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import structlog
from prometheus_client import Counter
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.codec import TASK
from adapters.redis.server.store import errors
from bot.errors import RecordUnreadable
from bot.ports.engine import Held, Task

log = structlog.get_logger(__name__)

PUT_ASIDE = Counter(
    "o365bot_engine_poison_total",
    "Tasks of the engine that could not be read.",
)
LONGEST = 64 * 1024
"""Bytes of a task, or of its key, beyond which it is not even fetched."""
KEPT = 100
KEPT_FOR = 30 * 24 * 60 * 60
"""So many of the latest that could not be read are kept, for so many seconds."""

# KEYS: when, what, put aside. A script's own time is the server's, in milliseconds.
_NOW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
"""

_ADD = f"""{_NOW}
local known = redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1
  and redis.call('ZSCORE', KEYS[1], ARGV[1])
if known and ARGV[4] == '0' then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
return 1
"""

_KEEP = f"""{_NOW}
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 and redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return redis.call('ZADD', KEYS[1], 'XX', 'LT', now + ARGV[3], ARGV[1])
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
return 1
"""

_TAKE = f"""{_NOW}
local most, lease, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local found, aside = {{}}, 0
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, most)) do
  if #key > longest or redis.call('HSTRLEN', KEYS[2], key) > longest then
    redis.call('ZREM', KEYS[1], key)
    redis.call('HDEL', KEYS[2], key)
    aside = aside + 1
  else
    local task = redis.call('HGET', KEYS[2], key)
    if task then
      redis.call('ZADD', KEYS[1], now + lease, key)
      found[#found + 1] = key
      found[#found + 1] = task
    else
      redis.call('ZREM', KEYS[1], key)
    end
  end
end
return {{aside, found}}
"""

# ARGV: the wait, then of each task its key and how it stood when it was taken.
_RENEW = f"""{_NOW}
for i = 2, #ARGV, 2 do
  if redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1] then
    redis.call('ZADD', KEYS[1], 'XX', now + ARGV[1], ARGV[i])
  end
end
return 1
"""

# ARGV: the key, how it stood, and what is to stand there after which wait (if anything).
_END = f"""{_NOW}
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
  redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[1])
else
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return 1
"""

_ASIDE = """
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[3], '*', 'key', ARGV[1], 'task', ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[4])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
"""


class RedisQueue:
    """Implements `bot.ports.engine.Queue`: each method is one atomic step."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._keys = [keys.tasks_due(), keys.tasks(), keys.tasks_aside()]
        self._add = client.register_script(_ADD)
        self._keep = client.register_script(_KEEP)
        self._take = client.register_script(_TAKE)
        self._renew = client.register_script(_RENEW)
        self._end = client.register_script(_END)
        self._aside = client.register_script(_ASIDE)

    async def add(self, key: str, task: Task, wait: timedelta, *, replace: bool = False) -> None:
        with errors():
            await self._add(self._keys, [key, TASK.dump(task), _ms(wait), int(replace)])

    async def keep(self, key: str, task: Task, within: timedelta) -> None:
        with errors():
            await self._keep(self._keys, [key, TASK.dump(task), _ms(within)])

    async def take(self, most: int, lease: timedelta) -> tuple[Held, ...]:
        with errors():
            aside, found = await self._take(self._keys, [most, _ms(lease), LONGEST])
        if aside:
            PUT_ASIDE.inc(aside)
            log.error("tasks too long to be ours were dropped", count=aside)
        held = []
        for key, stored in zip(found[::2], found[1::2], strict=True):
            try:
                held.append(Held(key, TASK.load(stored), stored))
            except RecordUnreadable:
                await self._put_aside(key, stored)
        return tuple(held)

    async def renew(self, held: Sequence[Held], lease: timedelta) -> None:
        if not held:
            return
        stood = [part for one in held for part in (one.key, one.stored)]
        with errors():
            await self._renew(self._keys, [_ms(lease), *stood])

    async def finish(self, held: Held) -> None:
        with errors():
            await self._end(self._keys, [held.key, held.stored])

    async def again(self, held: Held, task: Task | None, wait: timedelta) -> None:
        stored = held.stored if task is None else TASK.dump(task)
        with errors():
            await self._end(self._keys, [held.key, held.stored, stored, _ms(wait)])

    async def _put_aside(self, key: str, stored: str) -> None:
        """Nothing is lost by it: the ledger holds the truth, and what is due is queued again."""
        with errors():
            await self._aside(self._keys, [key, stored, KEPT, KEPT_FOR])
        PUT_ASIDE.inc()
        log.error("a task cannot be read and is put aside", key=ascii(key[:100]))


def _ms(wait: timedelta) -> int:
    return math.ceil(max(wait, timedelta()) / timedelta(milliseconds=1))
