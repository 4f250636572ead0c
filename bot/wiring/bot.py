"""The wiring: the one place that knows both the services and the adapters.

`open_bot` builds everything from the settings, in order, and closes it in the reverse order; the
services themselves are put together in `bot.wiring.services`. Nothing here decides anything.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette

from adapters.charts.painter import PillowCharts
from adapters.engine.engine import QueueEngine, Work
from adapters.entra.signing_in.sign_in import EntraSignIn
from adapters.http.client import open_http
from adapters.okta.calls.pacing import BUCKETS
from adapters.okta.hooks import OktaHooks
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.lists import VERSION
from adapters.redis.records.schema import watch_for_newer_release
from adapters.redis.shared.limits import RedisLimits
from adapters.redis.shared.memberships import RedisMemberships
from adapters.redis.shared.once import RedisOnce
from adapters.redis.shared.pace import RedisPace
from adapters.redis.shared.presence import RedisPresence
from adapters.redis.shared.queue import RedisQueue
from adapters.redis.shared.sign_ins import RedisSignIns
from adapters.redis.shared.webhook_position import RedisWebhookPosition
from adapters.redis.upkeep.figures import RedisFigures
from adapters.redis.upkeep.retention import Retention
from adapters.slack.incoming.socket import SlackSocket
from adapters.system.rehearsal import OnRealTime
from adapters.web.app import build_app
from adapters.web.context import ForOperators
from adapters.web.context import Services as PageServices
from adapters.web.monitoring.metrics import Metrics
from adapters.web.monitoring.probes import Probes, build_probe_app
from adapters.webhook.outbox import Outbox
from adapters.webhook.post import Post
from bot.chat.words import Words
from bot.domain.consent.requests import ProofKind
from bot.domain.people.admins import Platform
from bot.errors import SettingsInvalid
from bot.ports.engine import Engine
from bot.ports.system import Clock
from bot.role import Role
from bot.services import counts
from bot.services.delivery.monitor import Monitor
from bot.services.delivery.scheduled_doctor import ScheduledDoctor
from bot.services.inventory.scan import Scan
from bot.settings.policies import operator_accounts
from bot.settings.sections.clouds import SignInSettings
from bot.settings.sections.mail import MailSettings
from bot.settings.sections.webhook import WebhookSettings
from bot.settings.settings import Settings
from bot.wiring.base import Base, SystemSecrets, open_base, reminding_policy, store_place
from bot.wiring.chats import open_chats
from bot.wiring.health import health, ready
from bot.wiring.reloading import (
    CurrentConversation,
    CurrentPages,
    Difference,
    Reload,
    difference,
    merged,
)
from bot.wiring.services import Outside, Services, assemble
from bot.wiring.terminal.check import ends
from bot.wiring.terminal.doctor import make_doctor

if TYPE_CHECKING:
    from adapters.mail.bounces import ImapBounces

log = structlog.get_logger(__name__)


def tune_gc() -> None:
    """For a process that works: look for cycles less often than at every 700 new objects.

    Looking was up to a fifth of what a message costs. Still more seldom spares no more, and keeps
    some 8 MiB of what could go (docs/benchmarks.md).
    """
    gc.set_threshold(5_000)


@dataclass(frozen=True, slots=True)
class Bot:
    """The running bot: its pages, its worker, and what they stand on.

    `watch_for_newer_release` runs until one has taken the store over, and raises StoreNewer then.
    """

    app: CurrentPages
    engine: QueueEngine
    ledger: RedisLedger
    scan: Scan
    reload: Reload
    watch_for_newer_release: Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def open_bot(settings: Settings, role: Role = Role.ALL) -> AsyncIterator[Bot]:
    """Everything built from the settings, closed in the reverse order at the end.

    A worker's `app` has the probes alone. What only a worker needs is cheap to build, so the other
    one has it, too.

    Raises StoreUnavailable or StoreUnsafe when the store cannot be used, SettingsInvalid when a
    key or certificate cannot.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing(settings))
        base = await stack.enter_async_context(open_base(settings))
        clock: Clock = base.rehearsal or base.clock
        once = RedisOnce(base.redis, base.keys)
        limits = RedisLimits(base.redis, base.keys)
        engine = QueueEngine(
            RedisQueue(base.redis, base.keys),
            tuple(base.orgs),
            scan_every=timedelta(minutes=settings.scan_every_minutes),
        )
        timed: Engine = engine if base.rehearsal is None else OnRealTime(engine, base.rehearsal)
        http = open_http()
        stack.push_async_callback(http.aclose)
        chats = await open_chats(settings, base, http, once, stack)
        outside = Outside(
            ledger=base.ledger,
            orgs=base.orgs,
            entra=base.entra,
            messengers=chats.messengers,
            engine=timed,
            pace=RedisPace(base.redis, base.keys),
            limits=limits,
            sign_in=EntraSignIn(
                settings.entra, settings.sign_in, settings.public_url, http, base.clock
            )
            if settings.entra
            else None,
            sign_ins=RedisSignIns(base.redis, base.keys),
            chart_renderer=PillowCharts(),
            clock=clock,
            secrets=SystemSecrets(),
            doctor=make_doctor(settings, base.redis),
            directories=chats.directories,
            memberships=RedisMemberships(base.redis, base.keys),
            presence=RedisPresence(base.redis, base.keys) if len(chats.messengers) > 1 else None,
            returned_mail=_bounces(settings.mail),
        )
        expiring = ends(settings)
        overview = RedisFigures(base.redis, base.keys, base.ledger, tuple(base.orgs), BUCKETS)

        def put_together(settings: Settings) -> Services:
            """The services by these settings, and the engine's work with them."""
            doctor = make_doctor(settings, base.redis)
            services = assemble(
                settings, replace(outside, doctor=doctor), base.scan, reminding_policy(settings)
            )
            monitor = Monitor(
                ledger=base.ledger,
                engine=timed,
                clock=base.clock,
                operators=operator_accounts(settings),
            )
            inspection = ScheduledDoctor(doctor, monitor, base.clock, expiring)

            async def look(org: str) -> None:
                scan = await base.scan.org(org)
                await monitor.scanned(scan, base.scan.tenants(org))
                await inspection.run()
                await services.candidates.review(await base.ledger.summaries(org))
                await services.actors.review(org)
                await services.reassign.review(org)

            async def tick() -> None:
                await services.remind.tick()
                await monitor.report_delay(await overview.late())

            engine.register(
                Work(
                    deliver=services.deliver,
                    deliver_all=services.deliver.batch,
                    scan=look,
                    verify=services.request_steps.verify,
                    tick=tick,
                )
            )
            return services

        talk = CurrentConversation(put_together(settings))
        counts.expect(tuple(base.orgs))
        slack, teams = chats.slack(talk), chats.teams(talk)
        hooks = OktaHooks(
            {org.name: org.hook_secret for org in settings.okta if org.hook_secret},
            ledger=base.ledger,
            engine=timed,
            clock=clock,
        )
        for inbound in (slack, teams):
            if inbound is not None:
                stack.push_async_callback(inbound.drain, DRAIN)
        if settings.webhook is not None and role.works:
            _tell_others(settings.webhook, settings, base, stack)
        if role.works:
            _keep_retention(settings, base, stack)
        probes = Probes(
            health=partial(
                health,
                base.redis,
                base.keys,
                base.ledger,
                overview,
                tuple(base.orgs),
                tuple(chats.messengers),
            ),
            ready=partial(ready, base.redis, base.keys),
            alive=engine.stuck,
            metrics=Metrics(
                overview,
                (str(platform) for platform in chats.messengers),
                version=VERSION,
                role=str(role),
                expiring={what: at.timestamp() for what, at in expiring.items()},
            ).text,
            token=told.get_secret_value() if (told := settings.monitoring.token) else "",
        )

        def pages() -> Starlette:
            return build_app(
                services=_for_pages(settings, talk.services, limits),
                words=cache(Words),
                public_url=settings.public_url,
                slack=slack.endpoint if slack else None,
                teams=teams.endpoint if teams else None,
                okta=hooks.endpoint,
                probes=probes,
                pictures=base.ledger.picture,
                kept_days=(settings.retention.requests_days, settings.retention.deliveries_days),
            )

        first = pages() if role.serves else build_probe_app(probes)
        app, now = CurrentPages(first, first.state), settings

        async def reload(new: Settings) -> Difference:
            nonlocal now
            found = difference(now, new)
            if found.taken:
                now = merged(now, new)
                talk.services = put_together(now)
                if role.serves:
                    app.app = pages()
                await talk.services.remind.start()
            return found

        if slack is not None and settings.slack and settings.slack.app_token and role.serves:
            socket = SlackSocket(settings.slack, slack)
            await socket.open()
            stack.push_async_callback(socket.close)
        await talk.services.remind.start()
        _say_what_runs(settings, role, chats.messengers, base.server)
        newer = partial(watch_for_newer_release, base.redis, base.keys)
        yield Bot(app, engine, base.ledger, base.scan, reload, newer)


def _bounces(mail: MailSettings | None) -> ImapBounces | None:
    """The mailbox for undeliverable mail. What reads it is loaded by those alone who have one."""
    if mail is None or mail.bounces is None:
        return None
    from adapters.mail.bounces import ImapBounces

    return ImapBounces(mail.bounces, mail.ca_file)


def _tell_others(
    webhook: WebhookSettings, settings: Settings, base: Base, stack: AsyncExitStack
) -> None:
    """Have the webhook told of what happens, beside all other work."""
    post = Post(webhook, time.time)
    stack.push_async_callback(post.aclose)
    outbox = Outbox(
        trail=base.trail,
        ledger=base.ledger,
        position=RedisWebhookPosition(base.redis, base.keys),
        post=post,
        clock=base.clock,
        name=hashlib.sha256(settings.public_url.encode()).hexdigest()[:8],
        operators=operator_accounts(settings),
    )
    _beside(outbox.run(), stack)


def _keep_retention(settings: Settings, base: Base, stack: AsyncExitStack) -> None:
    """Have removed what was kept long enough."""
    kept = settings.retention
    retention = Retention(
        base.redis,
        base.keys,
        base.trail,
        audit_days=kept.audit_days,
        history_days=kept.history_days,
        clock=base.clock.now,
    )
    _beside(retention.run(), stack)


def _beside(work: Coroutine[Any, Any, None], stack: AsyncExitStack) -> None:
    """Have this done beside all other work, until the bot ends."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)


def _for_pages(settings: Settings, services: Services, limits: RedisLimits) -> PageServices:
    weak = settings.minimum_proof is ProofKind.PERSONAL_LINK
    return PageServices(
        acknowledge=services.acknowledge,
        prove=services.prove,
        request_steps=services.request_steps,
        introduce=services.introduce,
        actors=services.actors,
        onboard=services.onboard,
        limits=limits,
        signs_in=settings.sign_in is not None and not weak,
        sign_in_origin=_origin(settings.entra.login_url) if settings.entra else "",
        callback=(settings.sign_in or SignInSettings()).redirect_path,
        operators=ForOperators(services.operator_sign_in, services.read)
        if services.operator_sign_in
        else None,
    )


@asynccontextmanager
async def tracing(settings: Settings) -> AsyncIterator[None]:
    """Exports spans where that is set up; only then is anything of it imported."""
    if settings.traces is None:
        yield
        return
    try:
        from adapters.otel.exporting import exporting
    except ModuleNotFoundError as error:
        what = 'traces: needs OpenTelemetry: pip install "o365bot[otel]"'
        raise SettingsInvalid((what,)) from error
    async with exporting(settings.traces, VERSION):
        yield


DRAIN = 20.0
"""Seconds that answers under way may take at shutdown."""


def _origin(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _say_what_runs(
    settings: Settings, role: Role, platforms: Iterable[Platform], server: str
) -> None:
    """The first line of a log, for whoever wonders later what it was that ran."""
    log.info(
        "o365bot is starting",
        version=VERSION,
        role=str(role),
        orgs=[org.name for org in settings.okta],
        platforms=[str(platform) for platform in platforms],
        store=server,
        where=store_place(settings),
        listen=settings.listen if role.serves else settings.worker_listen,
    )
