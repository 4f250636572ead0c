"""What the doctor sees of the store."""

from __future__ import annotations

import time
from datetime import datetime

from attrs import define
from redis.asyncio import Redis

from adapters.http.tls import ends
from adapters.redis.keys import Keys
from adapters.redis.server import rights, store
from adapters.redis.server.connections import one_of
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import StoreSeen
from bot.errors import O365BotError
from bot.settings.sections.store import RedisSettings

WRITES = ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
"""What INFO tells `ok` of, or `err` (valkey.io, "INFO", Persistence)."""


@define(eq=False)
class StoreProbe:
    """Implements `bot.ports.doctor.Probe`. `client` may be why there is none."""

    _client: Redis | Failure
    _keys: Keys
    _place: str
    _settings: RedisSettings

    async def probe(self) -> StoreSeen:
        if isinstance(self._client, Failure):
            return StoreSeen(self._client, place=self._place)
        try:
            info = await store.check(self._client)
            state = await store.probe(self._client, self._keys)
            may_not = await rights.lacking(self._client, self._keys.probe())
            with store.errors():
                seconds, micros = await self._client.time()
                certificate_ends = await _certificate(self._client)
        except O365BotError as error:
            return StoreSeen(Failure.of(error), place=self._place)
        return StoreSeen(
            server=store.named(info),
            place=self._place,
            keeps_file=info.get("aof_enabled") == 1,
            unwritten=tuple(one for one in WRITES if info.get(one, "ok") != "ok"),
            nearly_full=state.nearly_full,
            replicas=store.replicas(info),
            wanted=self._settings.replicas,
            may_not=may_not,
            off=time.time() - (seconds + micros / 1e6),
            certificate_ends=certificate_ends,
        )


async def _certificate(client: Redis) -> datetime | None:
    """When the server's certificate ends (UTC); None without TLS."""
    async with one_of(client) as connection:
        # redis-py tells nothing of the certificate; its stream does.
        return ends(connection._writer.get_extra_info("ssl_object"))
