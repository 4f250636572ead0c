"""The platforms' limits in Redis: one script hands out times, so all replicas keep them together.

A time is kept free for a call in two books. The conversation's book is a list of when its last
messages go out: the n-th newest tells exactly whether "n within this span" would be broken. The
shared book is a row of slots, one call each; `run` remembers the stretch without a gap, so that a
full book is not read from the start. A time in the future is a promise: whoever got it comes back
then, and nobody else is given it. Who comes much later asks anew: after an hour without a worker
all who were promised a time would else go at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server.store import errors
from bot.domain.delivery.limits import Pacing

LATE = timedelta(seconds=5)
"""How long after its time a promise still holds."""

_SLOT = """
local now, held, every = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local at = now
for i = 1, 2 do
  local paused = tonumber(redis.call('GET', KEYS[i]) or 0)
  if paused > at then at = paused end
end
if held > 0 and at == now and now - held <= tonumber(ARGV[4]) then return now end

local most, longest = 0, 0
if ARGV[5] then
  local head = tonumber(redis.call('LINDEX', KEYS[5], 0) or 0)
  if head > at then at = head end  -- messages to one place keep their order
  for i = 5, #ARGV, 2 do
    local n, span = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    local nth = tonumber(redis.call('LINDEX', KEYS[5], n - 1) or 0)
    if nth > 0 and nth + span > at then at = nth + span end
    if n > most then most = n end
    if span > longest then longest = span end
  end
end

local slot = math.floor(at / every)
local run = redis.call('HMGET', KEYS[4], 'from', 'to')
local from, to = tonumber(run[1] or 0), tonumber(run[2] or 0)
if slot >= from and slot < to then slot = to end
while redis.call('ZSCORE', KEYS[3], slot) do slot = slot + 1 end
local current = math.floor(now / every)
if slot == to then to = slot + 1
elseif to <= current then from, to = slot, slot + 1 end
at = math.max(at, math.floor(slot * every))

local rest = at - now + math.ceil(every) + 1000
redis.call('ZADD', KEYS[3], slot, slot)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. current)
redis.call('HSET', KEYS[4], 'from', from, 'to', to)
for i = 3, 4 do
  if redis.call('PTTL', KEYS[i]) < rest then redis.call('PEXPIRE', KEYS[i], rest) end
end
if most > 0 then
  redis.call('LPUSH', KEYS[5], at)
  redis.call('LTRIM', KEYS[5], 0, most - 1)
  redis.call('PEXPIRE', KEYS[5], at - now + longest)
end
return at
"""

_PAUSE = """
local until_ = tonumber(redis.call('GET', KEYS[1]) or 0)
if tonumber(ARGV[1]) > until_ then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
"""


class RedisPace:
    """Implements `bot.ports.store.limits.Pace`. The clocks of the replicas are taken to agree."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._slot = client.register_script(_SLOT)
        self._pause = client.register_script(_PAUSE)

    async def slot(self, pacing: Pacing, now: datetime, held: datetime | None = None) -> datetime:
        keys = [
            self._keys.pause(pacing.platform),
            self._keys.pause(pacing.shared),
            self._keys.shared_pace(pacing.shared),
            self._keys.shared_run(pacing.shared),
        ]
        args: list[int | float] = [
            _ms(now),
            _ms(held) if held is not None else 0,
            pacing.every / timedelta(milliseconds=1),
            LATE // timedelta(milliseconds=1),
        ]
        if pacing.conversation:
            keys.append(self._keys.conversation_pace(pacing.conversation))
            for window in pacing.windows:
                args += [window.messages, int(window.span / timedelta(milliseconds=1))]
        with errors():
            at = int(await self._slot(keys=keys, args=args))
        return now if at <= _ms(now) else datetime.fromtimestamp(at / 1000, UTC)

    async def pause(self, scope: str, until: datetime) -> None:
        # By the real clock, and longer than needed: the value is what counts.
        kept = max(until - datetime.now(UTC), timedelta()) + timedelta(minutes=1)
        with errors():
            await self._pause(
                keys=[self._keys.pause(scope)],
                args=[_ms(until), int(kept / timedelta(milliseconds=1))],
            )


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
