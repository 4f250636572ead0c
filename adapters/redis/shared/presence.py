"""When each chat account was last heard of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server.store import errors
from bot.domain.people.admins import ChatIdentity

KEPT = timedelta(days=180)


class RedisPresence:
    """Implements `bot.ports.chat.Presence`: one `SET` for each word, one `MGET` for each look."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def seen(self, account: ChatIdentity, at: datetime) -> None:
        with errors():
            await self._client.set(self._keys.seen(str(account)), int(at.timestamp()), ex=KEPT)

    async def last_seen(self, accounts: Sequence[ChatIdentity]) -> Mapping[str, datetime]:
        if not accounts:
            return {}
        with errors():
            stored = await self._client.mget([self._keys.seen(str(one)) for one in accounts])
        return {
            str(account): datetime.fromtimestamp(int(at), UTC)
            for account, at in zip(accounts, stored, strict=True)
            if at is not None
        }
