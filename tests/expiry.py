"""Which of the product's keys may stay for ever; everything else must expire by itself."""

from __future__ import annotations

from fnmatch import fnmatchcase

from redis.asyncio import Redis

from adapters.redis.keys import Keys

KEYS = Keys()
PERMANENT = (
    KEYS.apps("*"),
    KEYS.orgs(),
    KEYS.summaries("*"),
    KEYS.places("*"),
    KEYS.moved(),
    KEYS.names(),
    KEYS.verdicts("*"),
    KEYS.asked("*"),
    KEYS.tenants("*"),
    KEYS.unreachable("*"),
    KEYS.listed(),
    KEYS.scans(),
    KEYS.account_notes(),
    KEYS.prospects("*"),
    KEYS.open_requests(),
    KEYS.stages(),
    KEYS.still(),
    KEYS._key("requests", "of", "*"),
    KEYS.due(),
    KEYS.incidents(),
    KEYS._key("requests", "for", "*"),
    KEYS._key("requests", "by", "*"),
    KEYS.schedule(),
    KEYS.boards(),
    KEYS.history(),
    KEYS.audit(),
    KEYS.audit_head(),
    KEYS.audit_names(),
    KEYS.audit_removed(),
    KEYS.installation(),
    KEYS.webhook(),
    KEYS.schema(),
    KEYS.tasks(),
    KEYS.tasks_due(),
    KEYS.conversation("*"),
    KEYS.personal("*"),
)


async def lasting_keys(client: Redis) -> list[str]:
    """The product's keys that would never expire, and should.

    A request may stay while it is open, a delivery while it is to be looked at: both are told by
    their index. `client` answers in text.
    """
    open_ones = {KEYS.request(str(i)) for i in await client.zrange(KEYS.open_requests(), 0, -1)}
    waiting = {KEYS.delivery(str(key)) for key in await client.zrange(KEYS.due(), 0, -1)}
    keys = [str(key) async for key in client.scan_iter(match="{o365bot}:*", count=1000)]
    async with client.pipeline(transaction=False) as asked:
        for key in keys:
            asked.ttl(key)
        left = await asked.execute()
    return sorted(
        key
        for key, seconds in zip(keys, left, strict=True)
        if seconds == -1
        and key not in open_ones | waiting
        and not any(fnmatchcase(key, pattern) for pattern in PERMANENT)
    )
