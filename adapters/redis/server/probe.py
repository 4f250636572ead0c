"""What the doctor sees of the store."""

from __future__ import annotations

import time

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server import rights, store
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import StoreSeen
from bot.errors import O365BotError
from bot.settings.sections.store import RedisSettings


class StoreProbe:
    """Implements `bot.ports.doctor.Probe`. `client` may be why there is none."""

    def __init__(
        self,
        client: Redis | Failure,
        keys: Keys,
        place: str,
        settings: RedisSettings,
    ) -> None:
        self._client = client
        self._keys = keys
        self._place = place
        self._settings = settings

    async def probe(self) -> StoreSeen:
        if isinstance(self._client, Failure):
            return StoreSeen(self._client, place=self._place)
        try:
            info = await store.check(self._client)
            state = await store.probe(self._client, self._keys)
            may_not = await rights.lacking(self._client, self._keys.probe())
            with store.errors():
                seconds, micros = await self._client.time()
        except O365BotError as error:
            return StoreSeen(Failure.of(error), place=self._place)
        return StoreSeen(
            server=store.named(info),
            place=self._place,
            keeps_file=info.get("aof_enabled") == "1",
            nearly_full=state.nearly_full,
            replicas=store.replicas(info),
            wanted=self._settings.replicas,
            may_not=may_not,
            off=time.time() - (seconds + micros / 1e6),
        )
