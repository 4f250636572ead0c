"""A worker as the bot has it, without its web: real ledger, engine and Slack adapter.

Many of them, each `started` as a process of its own, share one store and one chat server. A `hasty`
one has leases, time limits and waits at a tenth: a run that kills workers every second would else
spend its minutes waiting.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess

import structlog

from adapters.engine.engine import QueueEngine, Work
from adapters.engine.worker import Timing
from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.store import connect
from adapters.redis.shared.pace import RedisPace
from adapters.redis.shared.queue import RedisQueue
from adapters.slack.outgoing.calls import open_web
from adapters.slack.outgoing.messenger import SlackMessenger
from bot.chat.delivery.composer import NoticeComposer
from bot.domain.delivery import deliveries
from bot.domain.delivery.limits import Call, Quotas, Window
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import Platform
from bot.services.delivery import deliver as deliver_module
from bot.services.delivery import requeue as requeue_module
from bot.services.delivery.deliver import Deliver
from bot.services.delivery.incidents import Incidents
from bot.services.delivery.requeue import requeue
from bot.services.delivery.send import Send
from bot.settings.sections.chat import SlackSettings
from bot.wiring.base import SystemClock, SystemSecrets
from bot.wiring.bot import tune_gc
from tests.examples import POLICY
from tests.fakes import reminding

MINUTE = timedelta(minutes=1)
WITHOUT_LIMITS = Quotas(
    slack={call: Window(1_000_000, MINUTE) for call in Call},
    teams=Window(1_000_000, MINUTE),
    mail=Window(1_000_000, MINUTE),
)


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker process holds."""

    ledger: RedisLedger
    engine: QueueEngine
    deliver: Deliver


@asynccontextmanager
async def open_worker(
    store_url: str,
    chat_port: int,
    quotas: Quotas,
    timing: Timing = Timing(),  # noqa: B008 - frozen
) -> AsyncIterator[Worker]:
    """Wired as in `bot.wiring.bot`, for deliveries alone."""
    settings = SlackSettings.model_validate(
        {
            "bot_token": "xoxb-test",
            "signing_secret": "secret",
            "api_url": f"http://127.0.0.1:{chat_port}/api",
        }
    )
    clock, secrets = SystemClock(), SystemSecrets()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connect(store_url))
        ledger = RedisLedger(client, Keys())
        web = await stack.enter_async_context(open_web(settings))
        engine = QueueEngine(RedisQueue(client, Keys()), (), timedelta(hours=1), timing)
        send = Send(
            ledger=ledger,
            messengers={Platform.SLACK: SlackMessenger(web)},
            composer=NoticeComposer(
                ledger=ledger,
                orgs={},
                clock=clock,
                language="en",
                reminding=reminding(ledger, clock),
            ),
            clock=clock,
            secrets=secrets,
            policy=POLICY,
            public_url="https://bot.example.com",
            link_lifetime=timedelta(hours=72),
        )
        deliver = Deliver(
            ledger=ledger,
            send=send,
            engine=engine,
            pace=RedisPace(client, Keys()),
            incidents=Incidents(ledger),
            clock=clock,
            quotas=quotas,
        )

        async def nothing(_: str | AppRef) -> None:
            """There is no org to look at."""

        async def tick() -> None:
            await requeue(ledger, engine, datetime.now(UTC))

        engine.register(Work(deliver, deliver.batch, nothing, nothing, tick))
        yield Worker(ledger, engine, deliver)


def be_hasty() -> None:
    """Deliveries' leases, limits and waits at a tenth. An attempt stays shorter than its lease."""
    deliveries.LEASE = timedelta(seconds=6)
    deliver_module.ATTEMPT = 4.5
    deliveries.BACKOFF = {n: wait / 10 for n, wait in deliveries.BACKOFF.items()}
    deliveries.LONGEST_WAIT /= 10
    requeue_module.HOLD = timedelta(seconds=6)


async def run(store_url: str, chat_port: int, timing: Timing) -> None:
    """Work until the process ends."""
    async with open_worker(store_url, chat_port, WITHOUT_LIMITS, timing) as worker:
        await worker.engine.run()


def main(store_url: str, chat_port: int, hasty: bool) -> None:
    """The process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    timing = Timing()
    if hasty:
        be_hasty()
        timing = Timing(lease=timedelta(seconds=3), tick=timedelta(seconds=1))
    tune_gc()
    asyncio.run(run(store_url, chat_port, timing))


_FORKED = multiprocessing.get_context("forkserver")


def started(store_url: str, chat_port: int, *, hasty: bool) -> BaseProcess:
    """A worker's process, forked from one that has imported everything: it starts in no time."""
    _FORKED.set_forkserver_preload(["tests.delivery_worker"])
    worker = _FORKED.Process(target=main, args=(store_url, chat_port, hasty))
    worker.start()
    return worker


def kill(worker: BaseProcess) -> None:
    """kill -9, and wait until it is gone."""
    worker.kill()
    worker.join()
