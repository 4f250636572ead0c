"""How often something happens, counted over all replicas in fixed windows of time.

A window's counter is one key that expires with it. Around the turn of two windows up to twice as
many get through, which is fine for what this guards: guessing 256 bits is hopeless anyway, the
limits spare the store and the people.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server.store import errors
from bot.domain.consent.links import link_digest

# Of one command, where a transaction has four.
_HIT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""


class RedisLimits:
    """Implements `bot.ports.store.limits.Limits`.

    `clock` gives seconds since 1970, alike on all replicas.
    """

    def __init__(self, client: Redis, keys: Keys, clock: Callable[[], float] = time.time) -> None:
        self._hit = client.register_script(_HIT)
        self._keys = keys
        self._clock = clock

    async def hit(self, what: str, most: int, per: timedelta) -> float:
        seconds = per.total_seconds()
        now = self._clock()
        window = int(now // seconds)
        key = self._keys.limit(link_digest(what), window)
        with errors():
            count = await self._hit(keys=[key], args=[int(seconds) + 1])
        return 0.0 if int(count) <= most else (window + 1) * seconds - now
