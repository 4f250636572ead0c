"""Acting once on what may arrive twice."""

from __future__ import annotations

from datetime import timedelta

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server.store import errors


class RedisOnce:
    """Implements `bot.ports.store.limits.Once`: one `SET NX EX` per question."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def first_time(self, key: str, remember: timedelta) -> bool:
        with errors():
            return bool(await self._client.set(self._keys.once(key), "1", nx=True, ex=remember))
