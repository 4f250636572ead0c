"""What reminding costs: finding what is due, sending thousands, keeping the limits, being idle."""

from __future__ import annotations

import asyncio
import heapq
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect
from adapters.redis.shared.pace import RedisPace
from bot.domain.changes import Changes
from bot.domain.delivery import limits
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.limits import Call, Window
from bot.domain.delivery.notices import Channel, ChannelReminder, Notice, PersonalLink
from bot.domain.people.admins import ChatIdentity, Platform
from bot.services.delivery.deliver import Deliver
from bot.services.delivery.incidents import Incidents
from bot.services.delivery.requeue import requeue
from bot.services.delivery.send import Send
from tests.bench import deciding
from tests.bench.running import bot_with, cpu_seconds
from tests.bench.slack import SLACK
from tests.chaos.chat_server import chat_server, seen
from tests.delivery_worker import kill, started
from tests.examples import LINK_FOR, NOW, POLICY, REQUEST
from tests.fake_ledger import FakeLedger
from tests.fakes import CountingSecrets, FakeClock, FakeEngine, FakeMessenger, PlainComposer
from tests.figures import Figure, at_most, measures
from tests.waiting import wait_until


@measures("reminders")
async def reminders(tiny: bool) -> list[Figure]:
    """Each on an empty store of its own."""
    figures = deciding.decisions(tiny)
    async with a_store() as (_, client):
        figures += await deciding.people_ticks(RedisLedger(client, Keys()), tiny)
    figures += await _ticks(tiny)
    figures += await _sending(tiny)
    figures += await _within_limits(tiny)
    figures += await _idle(tiny)
    return figures


# ------------------------------------------------------------------ a tick


async def _ticks(tiny: bool) -> list[Figure]:
    """Queue ten due deliveries beside more and more that are not due."""
    sizes = (100, 200) if tiny else (1_000, 10_000, 100_000)
    took = {}
    later = NOW + timedelta(days=30)
    async with a_store() as (_, client):
        ledger = RedisLedger(client, Keys())
        there = 0
        for size in sizes:
            while there < size:
                batch = range(there, min(there + 500, size))
                await ledger.commit(Changes(planned=tuple(_letter(n, later) for n in batch)))
                there = batch.stop
            took[size] = await _ten_due(ledger, size, 3 if tiny else 30)
    first, *others = sizes
    return [
        at_most(
            f"reminders: tick, 10 due of {size:,}, against {first:,}",
            took[size] / took[first],
            2,
            "x",
        )
        for size in others
    ] + [at_most(f"reminders: tick, 10 due of {sizes[-1]:,}", 1000 * took[sizes[-1]], 50, "ms")]


async def _ten_due(ledger: RedisLedger, size: int, times: int) -> float:
    """Seconds of the fastest tick: the machine's noise only ever adds."""
    best = float("inf")
    for turn in range(times):
        due = [_letter(f"{size}-{turn}-{n}", NOW) for n in range(10)]
        await ledger.commit(Changes(planned=tuple(due)))
        engine = FakeEngine()
        began = time.perf_counter()
        await requeue(ledger, engine, NOW)
        best = min(best, time.perf_counter() - began)
        assert sum(map(len, engine.batches)) == 10
        for delivery in due:  # out of the way of the next turn
            await ledger.set_aside(delivery.key, NOW + timedelta(days=30))
    return best


def _letter(name: object, due_at: datetime) -> Delivery:
    return Delivery(PersonalLink(ChatIdentity(Platform.SLACK, "U1"), f"r{name}"), due_at, "bench")


# ------------------------------------------------------------------ sending


async def _sending(tiny: bool) -> list[Figure]:
    """Thousands that are due, through engine, store and adapter to a chat server without limits."""
    many = 50 if tiny else 6_000
    async with a_store() as (url, client), chat_server() as port:
        ledger = RedisLedger(client, Keys())
        now = datetime.now(UTC)
        for start in range(0, many, 100):
            numbers = range(start, min(start + 100, many))
            people = [ChatIdentity(Platform.SLACK, f"U{n}", "Ada") for n in numbers]
            requests = tuple(
                replace(REQUEST, id=f"r{n}", chat=who, requested_at=now)
                for n, who in zip(numbers, people, strict=True)
            )
            planned = tuple(
                Delivery(PersonalLink(who, request.id), now, "bench")
                for who, request in zip(people, requests, strict=True)
            )
            await ledger.commit(Changes(requests=requests, planned=planned))
        # They are ready to work before anything is measured.
        workers = [started(url, port, hasty=False) for _ in range(2)]
        try:
            began = time.perf_counter()
            await wait_until(lambda: _none_due(client), within=300, what="all are sent")
            seconds = time.perf_counter() - began
            cpu = sum(cpu_seconds(worker.pid) for worker in workers if worker.pid is not None)
        finally:
            for worker in workers:
                kill(worker)
        found, _ = await asyncio.to_thread(seen, port)
    assert sum(found.values()) == many, "every message is there once"
    each = 1000 * cpu / many
    return [
        at_most(f"reminders: {many:,} due deliveries sent", seconds, 10, "s"),
        # What two cores have for one in that time; store and chat server need a part of it too.
        at_most("reminders: a worker's CPU for one", each, 3.3 if not tiny else 100, "ms"),
    ]


async def _none_due(client: Redis) -> bool:
    return not await client.zcard(Keys().due())


# ------------------------------------------------------------------ within the limits


async def _within_limits(tiny: bool) -> list[Figure]:
    """The same with the platforms' limits, by a clock that jumps to the next thing to do."""
    many = 60 if tiny else 6_000
    figures = []
    cases: dict[str, tuple[Sequence[Notice], Window]] = {
        "Slack, to people": (
            [PersonalLink(ChatIdentity(Platform.SLACK, f"U{n}"), f"r{n}") for n in range(many)],
            limits.DEFAULT.slack[Call.SEND],
        ),
        "Slack, one channel": (
            [ChannelReminder(Channel(Platform.SLACK, "C1"), f"{n}") for n in range(many // 10)],
            limits.SLACK_CHANNEL[0],
        ),
        "Teams, to people": (
            [PersonalLink(ChatIdentity(Platform.TEAMS, f"U{n}"), f"r{n}") for n in range(many)],
            limits.DEFAULT.teams,
        ),
        "Teams, one channel": (
            [
                ChannelReminder(Channel(Platform.TEAMS, "C1"), f"{n}")
                for n in range(many * 3 // 5 + 1)
            ],
            limits.TEAMS_CONVERSATION[-1],
        ),
    }
    for name, (notices, quota) in cases.items():
        if tiny and name == "Teams, one channel":
            quota = limits.TEAMS_CONVERSATION[0]  # the hour is not reached
        took = await _simulate(notices)
        bound = quota.span * (len(notices) - 1) / quota.messages
        over = took / bound
        allowed = 1.05 if not tiny else 2.0  # of few messages the first burst is a large part
        figures.append(
            at_most(f"reminders: {name}, {len(notices):,} msgs, time/bound", over, allowed, "x")
        )
    return figures


async def _simulate(notices: Sequence[Notice]) -> timedelta:
    """How long until all are sent, by the simulated clock. The limits are the real ones."""
    ledger, clock = FakeLedger(), FakeClock(NOW)
    queue: list[tuple[datetime, str]] = []

    class Queue(FakeEngine):
        async def deliver(self, key: str, at: datetime) -> None:
            heapq.heappush(queue, (at, key))

    async with a_store() as (_, client):
        chats = {platform: FakeMessenger(platform=platform) for platform in Platform}
        send = Send(
            ledger=ledger,
            messengers=chats,
            composer=PlainComposer(),
            clock=clock,
            secrets=CountingSecrets(),
            policy=POLICY,
            public_url="https://bot.example.com",
            link_lifetime=LINK_FOR,
        )
        deliver = Deliver(
            ledger=ledger,
            send=send,
            engine=Queue(),
            pace=RedisPace(client, Keys()),
            incidents=Incidents(ledger),
            clock=clock,
        )
        for notice in notices:
            if isinstance(notice, PersonalLink):
                request = replace(REQUEST, id=notice.request_id, chat=notice.to)
                await ledger.commit(Changes(requests=(request,)))
            delivery = Delivery(notice, NOW, "bench")
            await ledger.commit(Changes(planned=(delivery,)))
            heapq.heappush(queue, (NOW, delivery.key))
        runs = 0
        while queue:
            at, key = heapq.heappop(queue)
            clock.forward(max(at - clock.now(), timedelta()))
            await deliver(key)
            runs += 1
    assert sum(len(chat.posted) for chat in chats.values()) == len(notices)
    assert runs <= 2 * len(notices), "whoever is put off comes back once"
    return clock.now() - NOW


# ------------------------------------------------------------------ idle


async def _idle(tiny: bool) -> list[Figure]:
    """One replica of the bot as it is run, with nothing to do."""
    seconds = 1.0 if tiny else 20.0
    most, share = (30, 1.5) if not tiny else (1000, 100)  # tiny: it still starts
    slack = SLACK.format(secret="none", url="http://127.0.0.1:9", operators='["U9"]')
    async with bot_with(0, slack) as running:
        await wait_until(lambda: _works(running.redis), within=60, what="the bot works")
        if not tiny:
            await asyncio.sleep(15)  # the first look at the org is over
        commands, cpu = await _commands(running.redis), cpu_seconds(running.bot.pid)
        began = time.perf_counter()
        await asyncio.sleep(seconds)  # what is measured
        took = time.perf_counter() - began
        commands = await _commands(running.redis) - commands - 1
        cpu = cpu_seconds(running.bot.pid) - cpu
    return [
        at_most("reminders: idle, store commands a second", commands / took, most, "/s"),
        at_most("reminders: idle, of one core", 100 * cpu / took, share, "%"),
    ]


async def _works(client: Redis) -> bool:
    return bool(await client.hexists(Keys().tasks(), "tick"))


async def _commands(client: Redis) -> int:
    return int((await client.info("stats"))["total_commands_processed"])


@asynccontextmanager
async def a_store() -> AsyncIterator[tuple[str, Redis]]:
    """An empty store of its own, and a client."""
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedStore(Path(folder)) as url, connect(url) as client:
            yield url, client
