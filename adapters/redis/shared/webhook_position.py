"""Where the webhook stands in the audit, and whose turn it is."""

from __future__ import annotations

import secrets
from datetime import datetime

from pydantic import TypeAdapter
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.codec import Codec
from adapters.redis.records.commit import text
from adapters.redis.server.store import errors
from bot.errors import RecordUnreadable

TURN = 20_000
"""Milliseconds: longer than one post may take. Each place that is saved renews it."""
Stood = tuple[str, int, datetime | None]
MARK: Codec[Stood] = Codec(TypeAdapter(Stood))

# Its turn, and where it stands; at first behind all that the audit has.
_TAKE = """
local holder, left = redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])
if holder and holder ~= ARGV[1] and left > 0 and left <= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local mark = redis.call('GET', KEYS[2])
if mark then return mark end
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
mark = cjson.encode({last and last[1] or '0-0', 0, cjson.null})
redis.call('SET', KEYS[2], mark)
return mark
"""

# Only the one whose turn it is moves the place, and keeps its turn.
_SAVE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], ARGV[3])
return 1
"""


class RedisWebhookPosition:
    """Implements `adapters.webhook.outbox.WebhookPosition`, in plain values."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._me = secrets.token_hex(8)
        self._take = client.register_script(_TAKE)
        self._save = client.register_script(_SAVE)

    async def take(self) -> Stood | None:
        """Position, tries so far, and when to try next; None while it is another's turn."""
        keys = [self._keys.webhook_turn(), self._keys.webhook(), self._keys.audit()]
        with errors():
            found = await self._take(keys=keys, args=[self._me, TURN])
            if found == 0:
                return None
            try:
                return MARK.load(text(found))
            except RecordUnreadable:
                await self._client.delete(self._keys.webhook())
                return None

    async def save(self, after: str, tries: int, next_at: datetime | None) -> bool:
        """False, and nothing changes, once it is another's turn."""
        keys = [self._keys.webhook_turn(), self._keys.webhook()]
        with errors():
            mark = MARK.dump((after, tries, next_at))
            return bool(await self._save(keys=keys, args=[self._me, TURN, mark]))
