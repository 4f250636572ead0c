"""What is kept of one person beside their requests, found and removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records import codec
from adapters.redis.records.commit import text
from adapters.redis.records.trail import Trail
from adapters.redis.server.store import errors
from adapters.redis.shared.conversations import RedisConversations
from bot.domain import schedule
from bot.domain.changes import AuditEntry
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import ConsentRequest
from bot.domain.normalization import exact
from bot.domain.pseudonyms import Somebody, shown
from bot.ports.store.personal_data import Known

_REWRITE = """
local revision = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+)|')
if revision ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
"""


class RedisPersonalData:
    """Implements `bot.ports.store.personal_data.PersonalData`; knows these `tenants` and `orgs`."""

    def __init__(
        self,
        client: Redis,
        keys: Keys,
        trail: Trail,
        tenants: Iterable[str],
        orgs: Iterable[str],
    ) -> None:
        self._client = client
        self._keys = keys
        self._trail = trail
        self._tenants = tuple(tenants)
        self._orgs = tuple(orgs)
        self._rewrite = client.register_script(_REWRITE)

    async def rewrite(
        self, requests: Iterable[ConsentRequest], change: Callable[[ConsentRequest], ConsentRequest]
    ) -> int:
        count = 0
        for request in requests:
            changed = change(request)
            if changed is request:
                continue
            stored = f"{changed.revision}|{codec.REQUEST.dump(changed)}"
            with errors():
                count += await self._rewrite(
                    keys=[self._keys.request(request.id)], args=[request.revision, stored]
                )
        return count

    async def deliveries(self, somebody: Somebody) -> Sequence[str]:
        found: dict[str, None] = {}
        with errors():
            names = await self._client.hgetall(self._keys.audit_names())
            waiting = await self._client.zrange(self._keys.due(), 0, -1)
        known = {text(one): text(name) for one, name in names.items()}
        async for row in self._trail.rows():
            key = shown(str(row.told.get("delivery", "")), known)
            if key and somebody.is_in(key):
                found[key] = None
        found |= dict.fromkeys(key for key in map(text, waiting) if somebody.is_in(key))
        return tuple(found)

    async def remove(self, known: Known, deliveries: Sequence[str]) -> int:
        keys = self._keys
        gone = [keys.recipient(str(one)) for one in known.accounts]
        gone += [keys.seen(str(one)) for one in known.accounts]
        gone += [keys.requests_of(str(one)) for one in known.accounts]
        signs = {sign for one in known.accounts for sign in one.signs}
        signs.update(map(exact, known.object_ids))
        gone += map(keys.requests_by_sign, sorted(signs))
        gone += [keys.delivery(key) for key in deliveries]
        conversations = RedisConversations(self._client, keys)
        with errors():
            for object_id in known.object_ids:
                conversation = await conversations.personal(object_id)
                if conversation is not None:
                    gone.append(keys.conversation(conversation.conversation_id))
                gone.append(keys.personal(object_id))
            async for key in self._client.scan_iter(match=keys.address("*"), count=1000):
                if text(await self._client.get(key) or "") in known.object_ids:
                    gone.append(text(key))
            count = 0
            for key in gone:
                count += int(await self._client.delete(key))
            if deliveries:
                await self._client.zrem(keys.due(), *deliveries)
            for account in known.accounts:
                entries = (schedule.person(account), schedule.operator(account))
                await self._client.zrem(keys.schedule(), *entries)
            for person in known.people:
                pointer = keys.session_of(link_digest(person))
                session = await self._client.get(pointer)
                sessions = (keys.session(text(session)),) if session else ()
                count += int(await self._client.delete(pointer, *sessions))
            for key in await self._tasks(known, deliveries):
                count += int(await self._client.hdel(keys.tasks(), key))
                await self._client.zrem(keys.tasks_due(), key)
        return count

    async def _tasks(self, known: Known, deliveries: Sequence[str]) -> list[str]:
        """Queued work that names an account or one of the deliveries."""
        accounts = Somebody(map(str, known.accounts))
        tasks = await self._client.hgetall(self._keys.tasks())
        return [
            text(key)
            for key, task in tasks.items()
            if accounts.is_in(f"{text(key)} {text(task)}")
            or any(delivery in text(task) for delivery in deliveries)
        ]

    async def forget_administrators(self, somebody: Somebody) -> int:
        count = 0
        with errors():
            for org in self._orgs:
                prospects = await self._client.hgetall(self._keys.prospects(org))
                for app_id, stored in prospects.items():
                    if somebody.is_in(text(stored)):
                        count += int(await self._client.hdel(self._keys.prospects(org), app_id))
                count += int(await self._client.delete(self._keys.okta_admins(org)))
            for tenant in self._tenants:
                count += int(await self._client.delete(self._keys.global_admins(tenant)))
        return count

    async def forget_in_audit(self, somebody: Somebody, entry: AuditEntry) -> Mapping[str, int]:
        return await self._trail.forget(somebody, entry)
