"""What is wrong with the audit of a store."""

from __future__ import annotations

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.trail import Trail
from bot.domain.audit import Finding, Head, Verifier


async def findings(
    store: Redis, *keys: bytes, kept: Head | None = None, prefix: str = "o365bot"
) -> list[Finding]:
    """As `o365bot audit verify` finds it."""
    trail = Trail(store, Keys(prefix))
    heads = (await trail.head(), *((kept,) if kept else ()))
    verifier = Verifier(keys, heads, await trail.removed())
    async for row in trail.rows():
        verifier.take(row)
    return list(verifier.findings(await trail.head()))
