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
        stored = text(await client.get(key) or mark)
    try:
        known = frozenset(MARK.load(stored))
    except RecordUnreadable:
        log.error("the store's marker cannot be read and is rewritten", key=key)
        known = own
    if not known & own:
        raise StoreUnsafe(
            "The store is used by a bot with other Okta orgs and another address: "
            f"{', '.join(sorted(known))[:500]}.",
            hint="Give this one a redis.prefix of its own, or a store. Where it is the same bot, "
            f"and all of that changed at once, delete the key {key} first.",
        )
    if stored != mark:
        with errors():
            await client.set(key, mark)
