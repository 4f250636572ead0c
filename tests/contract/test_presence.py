"""When accounts were last heard of, on the real store."""

from __future__ import annotations

from datetime import timedelta

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.shared.presence import KEPT, RedisPresence
from tests.examples import ADA_IN_CHAT, BEN_IN_CHAT, NOW


async def test_the_last_word_of_each_account_is_kept_for_a_while(store: Redis) -> None:
    """To the second; whoever said nothing is left out."""
    presence = RedisPresence(store, Keys())
    assert await presence.last_seen(()) == {}
    assert await presence.last_seen((ADA_IN_CHAT,)) == {}
    for days in range(2):
        await presence.seen(ADA_IN_CHAT, NOW + timedelta(days=days))
    assert await presence.last_seen((BEN_IN_CHAT, ADA_IN_CHAT)) == {
        str(ADA_IN_CHAT): NOW + timedelta(days=1)
    }
    assert 0 < await store.ttl(Keys().seen(str(ADA_IN_CHAT))) <= KEPT.total_seconds()
