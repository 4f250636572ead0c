"""What was read of groups, in the real store: shared, forgotten, and never older than a change."""

from __future__ import annotations

from datetime import UTC, datetime

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.shared.memberships import RedisMemberships
from bot.ports.access import Known, Memberships
from tests.fakes import MembershipsInMemory

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
GROUP = "slack:user_group:S1"


def replicas(client: Redis) -> tuple[RedisMemberships, RedisMemberships]:
    return RedisMemberships(client, Keys()), RedisMemberships(client, Keys())


async def known(memberships: Memberships, member: str) -> Known:
    (found,) = await memberships.known((GROUP,), member)
    return found


async def test_what_one_replica_read_another_knows(store: Redis) -> None:
    """Members and when; of a group that nobody read nothing is known."""
    here, there = replicas(store)
    unknown = await known(here, "U1")
    assert (unknown.member, unknown.read_at) == (False, None)
    await here.keep(GROUP, {f"U{number}" for number in range(20_000)}, NOW, unknown.revision)
    kept = await known(there, "U19999")
    assert (kept.member, kept.read_at) == (True, NOW)
    assert not (await known(there, "U20000")).member


async def test_who_left_is_in_no_later_reading(store: Redis) -> None:
    """A reading replaces the one before."""
    here, there = replicas(store)
    await here.keep(GROUP, {"U1", "U2"}, NOW, "0")
    await here.keep(GROUP, {"U2"}, NOW, "0")
    assert not (await known(there, "U1")).member


async def test_a_change_is_told_to_every_replica(store: Redis) -> None:
    """And a reading that began before it is not kept, however late it ends."""
    here, there = replicas(store)
    before = (await known(here, "U1")).revision
    await here.keep(GROUP, {"U1"}, NOW, before)
    await there.forget(GROUP)
    assert (await known(here, "U1")).read_at is None
    await here.keep(GROUP, {"U1"}, NOW, before)
    assert (await known(there, "U1")).read_at is None
    after = (await known(here, "U1")).revision
    await here.keep(GROUP, {"U1"}, NOW, after)
    assert (await known(there, "U1")).member


async def test_nothing_of_it_stays(store: Redis) -> None:
    """Each key ends by itself."""
    here, _ = replicas(store)
    await here.keep(GROUP, {"U1"}, NOW, "0")
    await here.forget("slack:channel:C1")
    keys = [key async for key in store.scan_iter()]
    assert len(keys) == 2
    assert all([await store.ttl(key) > 0 for key in keys])


async def test_the_one_in_memory_behaves_alike() -> None:
    """So what is tested with it holds."""
    memory = MembershipsInMemory()
    await memory.keep(GROUP, {"U1"}, NOW, "0")
    assert (await known(memory, "U1")).member
    await memory.forget(GROUP)
    await memory.keep(GROUP, {"U1"}, NOW, "0")
    assert (await known(memory, "U1")).read_at is None
