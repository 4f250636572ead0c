"""The calls to a rate-limited API, counted over all replicas.

One hash per bucket: `window`, `ends`, `limit`, `left`, `blocked` (milliseconds of the epoch). The
callers bring the time along, so a bucket's key expires by itself soon after its window.
"""

from __future__ import annotations

from datetime import datetime

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server.store import errors
from bot.ports.store.limits import RateWindow

KEPT = 60_000
"""Milliseconds that a bucket stays after its window: clocks of replicas differ a little."""

_TAKE = """
local now, keep_free = tonumber(ARGV[1]), tonumber(ARGV[2])
local found = redis.call('HMGET', KEYS[1], 'blocked', 'ends', 'limit', 'left')
local blocked, ends = tonumber(found[1]), tonumber(found[2])
local limit, left = tonumber(found[3]), tonumber(found[4])
if blocked then
  if now < blocked then return blocked - now end
  redis.call('HDEL', KEYS[1], 'blocked', 'ends', 'window')
  return 0
end
if not ends or now >= ends then return 0 end
if left <= math.floor(limit * keep_free) then return ends - now end
redis.call('HINCRBY', KEYS[1], 'left', -1)
return 0
"""

_LEARN = """
local now, window, limit, left, ends =
  tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local found = redis.call('HMGET', KEYS[1], 'window', 'left', 'ends')
local known = tonumber(found[1])
if not known or window > known or tonumber(found[3]) <= now then
  redis.call('HSET', KEYS[1], 'window', window, 'left', left, 'ends', ends)
elseif window == known and left < tonumber(found[2]) then
  redis.call('HSET', KEYS[1], 'left', left)
end
redis.call('HSET', KEYS[1], 'limit', limit)
local lives = ends - now + tonumber(ARGV[6])
if redis.call('PTTL', KEYS[1]) < lives then redis.call('PEXPIRE', KEYS[1], lives) end
"""

_BLOCK = """
redis.call('HSET', KEYS[1], 'blocked', ARGV[2])
local lives = ARGV[2] - ARGV[1] + ARGV[3]
if redis.call('PTTL', KEYS[1]) < lives then redis.call('PEXPIRE', KEYS[1], lives) end
"""


class RedisRateBudget:
    """Implements `bot.ports.store.limits.RateBudget`.

    `name` says whose limits they are: `okta:contoso`.
    """

    def __init__(self, client: Redis, keys: Keys, name: str) -> None:
        self._keys = keys
        self._name = name
        self._take = client.register_script(_TAKE)
        self._learn = client.register_script(_LEARN)
        self._block = client.register_script(_BLOCK)

    async def take(self, bucket: str, keep_free: float, now: datetime) -> float:
        with errors():
            wait = await self._take(keys=[self._key(bucket)], args=[_ms(now), keep_free])
        return float(wait) / 1000

    async def learn(self, bucket: str, window: RateWindow, now: datetime) -> None:
        told = [window.number, window.limit, window.left, _ms(window.ends)]
        with errors():
            await self._learn(keys=[self._key(bucket)], args=[_ms(now), *told, KEPT])

    async def block(self, bucket: str, until: datetime, now: datetime) -> None:
        with errors():
            await self._block(keys=[self._key(bucket)], args=[_ms(now), _ms(until), KEPT])

    def _key(self, bucket: str) -> str:
        return self._keys.rate(self._name, bucket)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
