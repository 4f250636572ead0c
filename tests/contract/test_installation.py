"""Whose records a store holds: another bot is refused, the same one with other settings is not."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from adapters.redis.keys import Keys
from adapters.redis.server.installation import claim
from adapters.redis.server.store import connect
from bot.errors import StoreUnsafe

BOT, OTHER = "https://bot.contoso.com", "https://bot.fabrikam.com"
A, B, C = (f"https://{name}.okta.com" for name in ("contoso", "fabrikam", "adatum"))


async def start(url: str, *known_by: str, prefix: str = "o365bot") -> None:
    async with connect(url) as client:
        await claim(client, Keys(prefix), frozenset(known_by))


async def test_a_second_bot_with_other_orgs_is_refused(redis_url: str) -> None:
    """With what the store is used by, and what to do; the first one goes on."""
    await start(redis_url, BOT, A)
    with pytest.raises(StoreUnsafe, match="contoso") as caught:
        await start(redis_url, OTHER, B)
    assert "redis.prefix" in caught.value.hint
    await start(redis_url, BOT, A)


async def test_of_two_that_start_at_the_same_moment_one_is_refused(redis_url: str) -> None:
    """Whoever was second; replicas of one bot start together as they like."""
    bots = ((BOT, A), (OTHER, B))
    ended = await asyncio.gather(
        *(start(redis_url, *one) for one in bots * 5), return_exceptions=True
    )
    refused = [isinstance(error, StoreUnsafe) for error in ended]
    assert refused in ([False, True] * 5, [True, False] * 5)
    assert all(error is None for error, no in zip(ended, refused, strict=True) if not no)


async def test_with_a_prefix_of_its_own_it_may_share_the_store(redis_url: str) -> None:
    """Neither sees the other's mark."""
    await start(redis_url, BOT, A)
    await start(redis_url, OTHER, B, prefix="fabrikam")
    await start(redis_url, BOT, A)


async def test_one_installation_may_change_as_long_as_something_stays(redis_url: str) -> None:
    """An org comes, one goes, the bot moves; an old replica may start once more meanwhile."""
    for known_by in [
        (BOT, A),
        (BOT, A, B),
        (BOT, A),
        (BOT, A, B),
        (BOT, B),
        (OTHER, B),
        (OTHER, C),
    ]:
        await start(redis_url, *known_by)
    with pytest.raises(StoreUnsafe):
        await start(redis_url, BOT, A)


async def test_a_mark_that_cannot_be_read_is_written_anew_and_told(
    redis_url: str, redis_client: Redis
) -> None:
    """It must not keep the bot from its own records."""
    for broken in (b"?", b"\xff\xfe", b"[" * 100_000, b"{}"):
        await redis_client.set(Keys().installation(), broken)
        with capture_logs() as logs:
            await start(redis_url, BOT, A)
        assert [line["log_level"] for line in logs] == ["error"]
    with pytest.raises(StoreUnsafe):
        await start(redis_url, OTHER, B)
