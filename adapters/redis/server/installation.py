"""Whose records these are: a mark in the store, so that two bots do not share one by mistake.

An installation is known by its Okta orgs and its public address. Whoever has one of them in common
with the mark is the same installation, whose settings changed; so orgs come and go, and the bot may
move, but not all of it at once.
"""

from __future__ import annotations

import structlog
from pydantic import TypeAdapter
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.codec import Codec
from adapters.redis.records.commit import text
from adapters.redis.server.store import errors
from bot.errors import RecordUnreadable, StoreUnsafe

log = structlog.get_logger(__name__)

MARK = Codec(TypeAdapter(tuple[str, ...]))


async def claim(client: Redis, keys: Keys, own: frozenset[str]) -> None:
    """Put this installation's mark there, or renew it. `own`: what it is known by.

    Raises StoreUnsafe where the mark is another one's, StoreUnavailable.
    """
    key, mark = keys.installation(), MARK.dump(tuple(sorted(own)))
    with errors():
        if await client.set(key, mark, nx=True):
            return
    stored = await refuse_another(client, keys, own)
    if stored != mark:
        with errors():
            await client.set(key, mark)


async def refuse_another(client: Redis, keys: Keys, own: frozenset[str]) -> str:
    """Raises StoreUnsafe where the mark is another one's. Returns the mark; "" for none."""
    key = keys.installation()
    with errors():
        stored = text(await client.get(key) or "")
    if strangers := others(stored, own):
        raise StoreUnsafe(
            f"The store is used by a bot with other Okta orgs and another address: {strangers}.",
            hint="Give this one a redis.prefix of its own, or a store. Where it is the same bot, "
            f"and all of that changed at once, delete the key {key} first.",
        )
    return stored


def others(mark: str, own: frozenset[str]) -> str:
    """What the mark of another installation knows that by, to be shown; "" where it is this one."""
    try:
        known = frozenset(MARK.load(mark)) if mark else own
    except RecordUnreadable:
        log.error("the mark of whose records these are cannot be read and counts for nothing")
        return ""
    return "" if known & own else ", ".join(sorted(known))[:500]
