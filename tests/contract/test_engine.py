"""The engine on a real Valkey: work is run, once while it waits, at its time, and never lost."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from adapters.engine.engine import QueueEngine, Work
from adapters.engine.worker import Kind, Timing, Worker
from adapters.redis.keys import Keys
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect
from adapters.redis.shared.queue import RedisQueue
from bot.domain.inventory.apps import AppRef
from bot.errors import StoreUnavailable
from bot.ports.engine import Held
from tests.waiting import wait_until

REF = AppRef("contoso", "0oa1")


class Done:
    """What was carried out, in order."""

    def __init__(self) -> None:
        self.delivered: list[str] = []
        self.delivered_at: list[datetime] = []
        self.scanned: list[str] = []
        self.verified: list[AppRef] = []
        self.ticks = 0
        self.fails = 0
        self.work = Work(self.deliver, self.deliver_all, self.scan, self.verify, self.tick)

    async def deliver(self, key: str) -> None:
        if self.fails:
            self.fails -= 1
            raise StoreUnavailable("not now")
        self.delivered.append(key)
        self.delivered_at.append(datetime.now(UTC))

    async def deliver_all(self, keys: Sequence[str]) -> None:
        for key in keys:
            await self.deliver(key)

    async def scan(self, org: str) -> None:
        self.scanned.append(org)

    async def verify(self, ref: AppRef) -> None:
        self.verified.append(ref)

    async def tick(self) -> None:
        self.ticks += 1


@asynccontextmanager
async def an_engine(
    url: str,
    done: Done,
    orgs: tuple[str, ...] = ("contoso", "fabrikam"),
    every: timedelta = timedelta(hours=1),
    **timing: Any,
) -> AsyncIterator[QueueEngine]:
    """An engine to add work to; nothing is carried out yet."""
    async with connect(url) as client:
        engine = QueueEngine(RedisQueue(client, Keys()), orgs, every, Timing(**timing))
        engine.register(done.work)
        yield engine


@asynccontextmanager
async def running(engine: QueueEngine | Worker) -> AsyncIterator[None]:
    """A worker that carries out what the engine holds; drained at the end."""
    worker = asyncio.create_task(engine.run())
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.wait([worker])


def now() -> datetime:
    return datetime.now(UTC)


async def test_work_is_carried_out_by_name_with_what_it_is_about(redis_url: str) -> None:
    """A delivery's key, an org's name and an app's reference arrive as they were given."""
    done = Done()
    async with an_engine(redis_url, done) as engine, running(engine):
        await engine.deliver("link:r1:slack:U1", now())
        await engine.verify(REF, now())
        await wait_until(lambda: bool(done.delivered and done.verified))
    assert done.delivered == ["link:r1:slack:U1"]
    assert done.verified == [REF]


async def test_a_batch_arrives_as_one_and_is_tried_again_as_one(redis_url: str) -> None:
    """Its keys are in their order; when it fails all of them come again."""
    done = Done()
    done.fails = 1
    async with an_engine(redis_url, done) as engine, running(engine):
        await engine.deliver_all(("a", "b", "c"))
        await wait_until(lambda: len(done.delivered) == 3)
    assert done.delivered == ["a", "b", "c"]


async def test_work_added_again_while_it_waits_is_done_once(redis_url: str) -> None:
    """Every tick re-adds what is due: the queue does not grow by it."""
    done = Done()
    async with an_engine(redis_url, done) as engine:
        for _ in range(20):
            await engine.deliver("a", now())
            await engine.verify(REF, now())
        await engine.deliver("b", now())
        async with running(engine):
            await wait_until(lambda: "b" in done.delivered and bool(done.verified))
            await engine.deliver("c", now())
            await wait_until(lambda: "c" in done.delivered)
    assert sorted(done.delivered) == ["a", "b", "c"]
    assert done.verified == [REF]


async def test_stopping_need_not_wait_for_long_work(redis_url: str) -> None:
    """Told once, the worker drains; told again, it leaves what is under way to the next one."""
    under_way = asyncio.Event()

    async def endless(org: str) -> None:
        under_way.set()
        await asyncio.Event().wait()

    done = Done()
    done.work = replace(done.work, scan=endless)
    async with an_engine(redis_url, done) as engine:
        await engine.scan("contoso")
        worker = asyncio.create_task(engine.run())
        await asyncio.wait_for(under_way.wait(), 30)
        worker.cancel()
        _, draining = await asyncio.wait([worker], timeout=0.5)
        assert draining
        worker.cancel()
        ended, _ = await asyncio.wait([worker], timeout=30)
        assert ended


async def test_work_may_be_added_again_after_it_was_done(redis_url: str) -> None:
    """A key is not used up: a delivery that comes due again is carried out again.

    While the former run is being put away its key still counts as taken, so it is asked again, as
    the reconciler does.
    """
    done = Done()
    async with an_engine(redis_url, done) as engine, running(engine):

        async def asked_and_done_again() -> bool:
            await engine.deliver("a", now())
            return len(done.delivered) >= 3

        await wait_until(asked_and_done_again)
    assert set(done.delivered) == {"a"}


async def test_work_waits_for_its_time(redis_url: str) -> None:
    """Not before, and not much later."""
    done = Done()
    async with an_engine(redis_url, done) as engine, running(engine):
        at = now() + timedelta(seconds=1)
        await engine.deliver("later", at)
        await wait_until(lambda: bool(done.delivered))
    assert done.delivered_at[0] >= at


async def test_a_delivery_that_puts_itself_off_runs_again_at_its_time(redis_url: str) -> None:
    """While it runs it names a later time under its own key; that is no repeat to be dropped."""
    done = Done()
    put_off_to: list[datetime] = []

    async def deliver(key: str) -> None:
        await done.deliver(key)
        if not put_off_to:
            put_off_to.append(now() + timedelta(seconds=0.7))
            await engine.deliver(key, put_off_to[0])

    done.work = replace(done.work, deliver=deliver)
    async with an_engine(redis_url, done) as engine, running(engine):
        await engine.deliver("throttled", now())
        await wait_until(lambda: len(done.delivered) == 2)
    assert done.delivered_at[1] >= put_off_to[0]


async def test_a_later_time_takes_the_place_of_the_former_one(redis_url: str) -> None:
    """Put off twice, it runs once, at the last time that was named."""
    done = Done()
    async with an_engine(redis_url, done) as engine:
        # No worker before both are named: on a slow machine the first time may be over by then.
        await engine.deliver("a", now() + timedelta(seconds=0.3))
        last = now() + timedelta(seconds=1)
        await engine.deliver("a", last)
        async with running(engine):
            await wait_until(lambda: bool(done.delivered))
    assert len(done.delivered) == 1
    assert done.delivered_at[0] >= last


async def test_a_delivery_that_breaks_is_tried_again(redis_url: str) -> None:
    """The store was away for a moment: the task is not lost."""
    done = Done()
    done.fails = 1
    async with an_engine(redis_url, done) as engine, running(engine):
        await engine.deliver("a", now())
        await wait_until(lambda: done.delivered == ["a"])


async def test_time_passes_and_every_org_is_scanned_from_the_start(
    redis_url: str,
) -> None:
    """`tick` fires again and again by itself; each org is looked at without being asked for."""
    done = Done()
    tick = timedelta(milliseconds=300)
    async with an_engine(redis_url, done, tick=tick) as engine, running(engine):
        await wait_until(lambda: done.ticks >= 3 and len(done.scanned) >= 2)
    assert sorted(done.scanned) == ["contoso", "fabrikam"]


async def test_orgs_are_looked_at_as_often_as_the_settings_say_now(redis_url: str) -> None:
    """A look that was put off for a day, before that was changed, is not waited for."""

    async def scans_with(every: timedelta) -> None:
        done = Done()
        lease = timedelta(seconds=1)
        contoso = an_engine(redis_url, done, ("contoso",), every, lease=lease)
        async with contoso as engine, running(engine):
            await wait_until(lambda: bool(done.scanned))

    await scans_with(timedelta(days=1))
    await scans_with(timedelta(seconds=1))


async def test_replicas_share_one_tick(redis_url: str) -> None:
    """Three workers do not tick three times as often."""
    replicas = [Done() for _ in range(3)]
    tick = timedelta(milliseconds=500)
    async with (
        an_engine(redis_url, replicas[0], tick=tick) as one,
        an_engine(redis_url, replicas[1], tick=tick) as two,
        an_engine(redis_url, replicas[2], tick=tick) as three,
        running(one),
        running(two),
        running(three),
    ):
        began = now()
        await wait_until(lambda: sum(done.ticks for done in replicas) >= 4)
        assert now() - began >= timedelta(seconds=1)


async def test_an_org_that_left_the_settings_is_not_scanned(redis_url: str) -> None:
    """A task that was queued before the change ends quietly."""
    done = Done()
    async with an_engine(redis_url, done) as engine, running(engine):
        await engine.scan("gone")
        await engine.deliver("after", now())
        await wait_until(lambda: bool(done.delivered) and len(done.scanned) >= 2)
    assert "gone" not in done.scanned


async def test_a_task_of_a_newer_version_stays_for_whoever_knows_it(
    redis_url: str, redis_client: Redis
) -> None:
    """A rolling deployment loses nothing: the old replica puts it back, the new one runs it.

    What the newer version wrote into it besides is still there.
    """
    newer = '{"name":"shiny_new","arguments":["hello"],"id":"1","attempt":1,"colour":"red"}'
    await redis_client.hset(Keys().tasks(), "from-the-future", newer)
    await redis_client.zadd(Keys().tasks_due(), {"from-the-future": 1})
    ran: list[str] = []

    async def shiny_new(word: str) -> None:
        ran.append(word)

    with capture_logs() as logs:
        again = timedelta(milliseconds=300)
        async with an_engine(redis_url, Done(), unknown_again=again) as older, running(older):
            await wait_until(lambda: "unknown task in this version" in [e["event"] for e in logs])
    assert await redis_client.hget(Keys().tasks(), "from-the-future") == newer.encode()
    async with connect(redis_url) as client:
        kinds = {"shiny_new": Kind(shiny_new, timedelta(minutes=1))}
        async with running(Worker(RedisQueue(client, Keys()), kinds, Timing())):
            await wait_until(lambda: ran == ["hello"], what="the new replica has run it")
            await wait_until_gone(redis_client, "from-the-future")


async def wait_until_gone(client: Redis, key: str) -> None:
    """The queue holds nothing under the key any more."""

    async def gone() -> bool:
        known = await client.hexists(Keys().tasks(), key)
        return not known and await client.zscore(Keys().tasks_due(), key) is None

    await wait_until(gone, what=f"{key} is gone")


async def test_what_was_done_leaves_nothing_behind(redis_url: str, redis_client: Redis) -> None:
    """Only what fires by itself stays in the queue."""
    done = Done()
    async with an_engine(redis_url, done) as engine, running(engine):
        await engine.deliver("a", now())
        await engine.deliver_all(("b", "c"))
        await engine.verify(REF, now())
        await wait_until(lambda: len(done.delivered) == 3 and bool(done.verified))

        async def nothing_else() -> bool:
            return set(await redis_client.hkeys(Keys().tasks())) == {b"tick", b"scan_all"}

        await wait_until(nothing_else, what="all that was done is gone")


async def test_what_fires_by_itself_comes_back_when_it_was_lost(
    redis_url: str, redis_client: Redis
) -> None:
    """A failover, or a slip of the hand, may take the queue away: no restart is needed."""
    done = Done()
    lease = timedelta(seconds=0.6)
    async with an_engine(redis_url, done, lease=lease) as engine, running(engine):
        await wait_until(lambda: done.ticks >= 1)
        before = done.ticks
        await redis_client.flushall()
        await wait_until(lambda: done.ticks > before)


async def test_a_delivery_that_always_breaks_is_given_up_here_and_stops_nothing(
    redis_url: str, redis_client: Redis
) -> None:
    """`tick` finds it again in the ledger; the log says what went wrong, each time."""
    done = Done()
    done.fails = 2
    with capture_logs() as logs:
        async with an_engine(redis_url, done, attempts=2) as engine, running(engine):
            await engine.deliver("a", now())
            await wait_until_gone(redis_client, "deliver:a")
    told = [entry["reason"] for entry in logs if entry["event"] == "task failed"]
    assert (done.delivered, told) == ([], ["not now", "not now"])


async def test_without_its_store_adding_work_is_an_error_of_ours(tmp_path: Path) -> None:
    """The caller is told, and the ledger's own record is what the work is found by later."""
    server = EmbeddedStore(tmp_path)
    async with an_engine(await server.start(), Done()) as engine:
        await server.stop()
        with pytest.raises(StoreUnavailable):
            await engine.deliver("a", now())


# ------------------------------------------------------------------ kill -9

A_WORKER = """
    import asyncio, sys
    from datetime import timedelta
    from adapters.engine.engine import QueueEngine, Work
    from adapters.engine.worker import Timing
    from adapters.redis.keys import Keys
    from adapters.redis.shared.queue import RedisQueue
    from adapters.redis.server.store import connect

    async def hold(key: str) -> None:
        print("holding", key, flush=True)
        await asyncio.Event().wait()

    async def nothing(*args: object) -> None:
        pass

    async def main() -> None:
        async with connect(sys.argv[1]) as client:
            queue, timing = RedisQueue(client, Keys()), Timing(lease=timedelta(seconds=2))
            engine = QueueEngine(queue, ("contoso",), timedelta(hours=1), timing)
            engine.register(Work(hold, nothing, nothing, nothing, nothing))
            await engine.run()

    asyncio.run(main())
"""


async def test_what_a_killed_worker_held_is_taken_over(redis_url: str) -> None:
    """kill -9 in the middle of a delivery: another worker carries it out after the lease."""
    done = Done()
    async with an_engine(redis_url, done, lease=timedelta(seconds=2)) as engine:
        await engine.deliver("a", now())
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            textwrap.dedent(A_WORKER),
            redis_url,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            held = await asyncio.wait_for(process.stdout.readline(), 60)
            assert held == b"holding a\n"
        finally:
            process.kill()
            await process.wait()
        async with running(engine):
            await wait_until(lambda: done.delivered == ["a"], what="it is taken over")


async def test_a_worker_that_hangs_is_noticed(redis_url: str) -> None:
    """Its queue gives no answer and no error: it is stuck, until it looks again."""
    answers = asyncio.Event()
    answers.set()

    class Silent(RedisQueue):
        async def take(self, most: int, lease: timedelta) -> tuple[Held, ...]:
            await answers.wait()
            return await super().take(most, lease)

    async with connect(redis_url) as client:
        timing = Timing(stuck=timedelta(seconds=1))
        engine = QueueEngine(Silent(client, Keys()), (), timedelta(hours=1), timing)
        engine.register(Done().work)
        assert engine.stuck() == "", "it has not begun"
        running = asyncio.create_task(engine.run())
        try:
            answers.clear()
            await wait_until(lambda: "not looked" in engine.stuck(), what="it is seen to hang")
            answers.set()
            await wait_until(lambda: engine.stuck() == "", what="it works again")
        finally:
            answers.set()
            running.cancel()
            await asyncio.wait([running])
