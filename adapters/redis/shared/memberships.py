"""What was read of groups and accounts, shared by all replicas."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.commit import milliseconds, text
from adapters.redis.server.store import errors
from bot.ports.access import Known

KEPT = timedelta(hours=1)
"""Longer than anything of it counts."""

# A hash: ":revision", ":at" (ms), and a field for each member. What was forgotten keeps its
# revision alone, so that a reading that began before is not kept.
_KNOWN = """
local found = {}
for i, key in ipairs(KEYS) do
  local at, revision, member = unpack(redis.call('HMGET', key, ':at', ':revision', ARGV[1]))
  found[i] = {at or '', revision or '0', member and 1 or 0}
end
return found
"""
_KEEP = """
if (redis.call('HGET', KEYS[1], ':revision') or '0') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], ':revision', ARGV[1], ':at', ARGV[2])
for i = 4, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], '') end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
_FORGET = """
local revision = (tonumber(redis.call('HGET', KEYS[1], ':revision')) or 0) + 1
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], ':revision', revision)
redis.call('EXPIRE', KEYS[1], ARGV[1])
return revision
"""


class RedisMemberships:
    """Implements `bot.ports.access.Memberships`: one call for each question."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._keys = keys
        self._known = client.register_script(_KNOWN)
        self._keep = client.register_script(_KEEP)
        self._forget = client.register_script(_FORGET)

    async def known(self, names: Sequence[str], member: str) -> Sequence[Known]:
        with errors():
            found = await self._known([self._keys.members(name) for name in names], [member])
        return [
            Known(
                bool(is_member),
                datetime.fromtimestamp(int(at) / 1000, UTC) if at else None,
                text(revision),
            )
            for at, revision, is_member in found
        ]

    async def keep(self, name: str, members: Collection[str], at: datetime, revision: str) -> None:
        seconds = int(KEPT.total_seconds())
        args: list[str | int] = [revision, milliseconds(at), seconds, *members]
        with errors():
            await self._keep(keys=[self._keys.members(name)], args=args)

    async def forget(self, name: str) -> None:
        seconds = int(KEPT.total_seconds())
        with errors():
            await self._forget(keys=[self._keys.members(name)], args=[seconds])
