"""The wiring: the one place that knows both the services and the adapters.

`open_bot` builds everything from the settings, in order, and closes it in the reverse order; the
services themselves are put together in `bot.wiring.services`. Nothing here decides anything.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from starlette.applications import Starlette

from adapters.calendar.days_off import days_off, territories
from adapters.engine.engine import QueueEngine, Work
from adapters.entra.signing_in.sign_in import EntraSignIn
from adapters.http.client import open_http
from adapters.http.counts import Api
from adapters.http.many import ManyConnections
from adapters.mail.bounces import Bounces
from adapters.mail.messenger import MailMessenger
from adapters.okta.hooks import OktaHooks
from adapters.okta.pacing import BUCKETS
from adapters.picture.burn_down import PillowPainter
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.lists import VERSION
from adapters.redis.server import store
from adapters.redis.shared.conversations import RedisConversations
from adapters.redis.shared.limits import RedisLimits
from adapters.redis.shared.marks import RedisMarks
from adapters.redis.shared.memberships import RedisMemberships
from adapters.redis.shared.once import RedisOnce
from adapters.redis.shared.pace import RedisPace
from adapters.redis.shared.presence import RedisPresence
from adapters.redis.shared.queue import RedisQueue
from adapters.redis.shared.sign_ins import RedisSignIns
from adapters.redis.upkeep.figures import RedisFigures
from adapters.redis.upkeep.tidy import Tidy
from adapters.slack.directory import SlackDirectory
from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.incoming.socket import SlackSocket
from adapters.slack.outgoing.calls import open_web
from adapters.slack.outgoing.outbound import SlackMessenger
from adapters.teams.directory import TeamsDirectory
from adapters.teams.incoming.inbound import TeamsInbound
from adapters.teams.outgoing.connector import CONNECTIONS, Connector
from adapters.teams.outgoing.installing import Installer, OwnApp
from adapters.teams.outgoing.messenger import TeamsMessenger
from adapters.web.app import build_app
from adapters.web.desk import ForOperators
from adapters.web.desk import Services as PageServices
from adapters.web.monitoring.metrics import Metrics
from adapters.web.monitoring.probes import Probes, build_probe_app
from adapters.webhook.outbox import Outbox
from adapters.webhook.post import Post
from bot.chat.words import Words
from bot.domain.campaign.board import week_of
from bot.domain.campaign.intents import Policy
from bot.domain.consent.requests import ProofKind
from bot.domain.delivery.deliveries import Delivery
from bot.domain.people.admins import Platform
from bot.domain.time.calendar import Calendars
from bot.ports.access import Directory
from bot.ports.chat import Messenger
from bot.ports.engine import Engine
from bot.ports.ledger import Ledger
from bot.ports.system import Clock
from bot.role import Role
from bot.services import counts
from bot.services.campaign import restored
from bot.services.campaign.rehearse import Rehearse
from bot.services.delivery.inspection import Inspection
from bot.services.delivery.monitor import Monitor
from bot.services.inventory.scan import Scan
from bot.services.inventory.waive import Waive
from bot.settings.clouds import SignInSettings
from bot.settings.webhook import WebhookSettings
from bot.settings.whole import Settings
from bot.wiring.base import Base, open_base, store_place
from bot.wiring.check import ends
from bot.wiring.doctor import make_doctor
from bot.wiring.health import health, ready
from bot.wiring.policies import operator_accounts
from bot.wiring.rehearsal import OnRealTime
from bot.wiring.reloading import Difference, Reload, Switch, Talk, difference, merged
from bot.wiring.services import Outside, Services, assemble, rehearsal, waiver

log = structlog.get_logger(__name__)


class SystemSecrets:
    """The operating system's randomness."""

    # Without 0/O, 1/I/L and U: people read codes to each other.
    LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"

    def token(self) -> str:
        return secrets.token_urlsafe(32)

    def identifier(self) -> str:
        return secrets.token_hex(8)

    def code(self) -> str:
        letters = [secrets.choice(self.LETTERS) for _ in range(6)]
        return "".join(letters[:3]) + "-" + "".join(letters[3:])


def collect_rarely() -> None:
    """For a process that works: look for cycles less often than at every 700 new objects.

    Messages leave hardly any behind, and looking was some 7 % of their cost (docs/benchmarks.md).
    """
    gc.set_threshold(50_000)


@dataclass(frozen=True, slots=True)
class Bot:
    """The running bot: its pages, its worker, and what they stand on."""

    app: Switch
    engine: QueueEngine
    ledger: RedisLedger
    scan: Scan
    reload: Reload


@asynccontextmanager
async def open_bot(settings: Settings, role: Role = Role.ALL) -> AsyncIterator[Bot]:
    """Everything built from the settings, closed in the reverse order at the end.

    A worker's `app` has the probes alone. What only a worker needs is cheap to build, so the other
    one has it, too.

    Raises StoreUnavailable or StoreUnsafe when the store cannot be used, SettingsInvalid when a
    key or certificate cannot.
    """
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(open_base(settings))
        clock: Clock = base.rehearsal or base.clock
        once = RedisOnce(base.redis, base.keys)
        limits = RedisLimits(base.redis, base.keys)
        conversations = RedisConversations(base.redis, base.keys)
        engine = QueueEngine(
            RedisQueue(base.redis, base.keys),
            tuple(base.orgs),
            scan_every=timedelta(minutes=settings.scan_every_minutes),
        )
        timed: Engine = engine if base.rehearsal is None else OnRealTime(engine, base.rehearsal)
        http = open_http()
        stack.push_async_callback(http.aclose)
        slack_web = (
            await stack.enter_async_context(open_web(settings.slack)) if settings.slack else None
        )
        # A pool of its own: a slow Teams holds up nobody else.
        teams_http = open_http(ManyConnections(CONNECTIONS), api=Api.TEAMS)
        stack.push_async_callback(teams_http.aclose)
        connector = Connector(settings.teams, teams_http, http) if settings.teams else None
        messengers: dict[Platform, Messenger] = {}
        if slack_web is not None:
            messengers[Platform.SLACK] = SlackMessenger(slack_web)
        if settings.teams is not None and connector is not None:
            installer = (
                Installer(OwnApp(settings.teams, http), once)
                if settings.teams.install_for_people
                else None
            )
            messengers[Platform.TEAMS] = TeamsMessenger(
                settings.teams, conversations, connector, installer=installer
            )
        if settings.mail is not None:
            messengers[Platform.MAIL] = MailMessenger(
                settings.mail, cache(Words), settings.language, base.clock
            )

        memberships = RedisMemberships(base.redis, base.keys)
        directories: dict[Platform, Directory] = {}
        teams_directory: TeamsDirectory | None = None
        if slack_web is not None:
            directories[Platform.SLACK] = SlackDirectory(slack_web)
        if settings.teams is not None and connector is not None:
            teams_directory = TeamsDirectory(settings.teams, conversations, connector, base.entra)
            directories[Platform.TEAMS] = teams_directory

        outside = Outside(
            ledger=base.ledger,
            orgs=base.orgs,
            entra=base.entra,
            messengers=messengers,
            engine=timed,
            pace=RedisPace(base.redis, base.keys),
            limits=limits,
            sign_in=EntraSignIn(
                settings.entra, settings.sign_in, settings.public_url, http, base.clock
            )
            if settings.entra
            else None,
            sign_ins=RedisSignIns(base.redis, base.keys),
            painter=PillowPainter(),
            clock=clock,
            secrets=SystemSecrets(),
            doctor=make_doctor(settings, base.redis),
            directories=directories,
            memberships=memberships,
            presence=RedisPresence(base.redis, base.keys) if len(messengers) > 1 else None,
            returned_mail=Bounces(settings.mail.bounces, settings.mail.ca_file)
            if settings.mail is not None and settings.mail.bounces is not None
            else None,
        )
        expiring = ends(settings)

        def put_together(settings: Settings) -> Services:
            """The services by these settings, and the engine's work with them."""
            doctor = make_doctor(settings, base.redis)
            services = assemble(
                settings, replace(outside, doctor=doctor), base.scan, _policy(settings)
            )
            monitor = Monitor(
                ledger=base.ledger,
                engine=timed,
                clock=base.clock,
                operators=operator_accounts(settings),
            )
            inspection = Inspection(doctor, monitor, base.clock, expiring)

            async def look(org: str) -> None:
                scan = await base.scan.org(org)
                await monitor.scanned(scan, base.scan.tenants(org))
                await inspection.run()
                await services.ask.review(await base.ledger.summaries(org))
                await services.visits.review(org)

            engine.register(
                Work(
                    deliver=services.deliver,
                    deliver_all=services.deliver.batch,
                    scan=look,
                    verify=services.follow.verify,
                    tick=services.remind.tick,
                )
            )
            return services

        talk = Talk(put_together(settings))
        counts.expect(tuple(base.orgs))
        slack = (
            SlackInbound(settings.slack, talk, once, slack_web, talk)
            if settings.slack and slack_web
            else None
        )
        teams = (
            TeamsInbound(
                settings.teams,
                talk,
                talk,
                once,
                conversations,
                connector,
                http,
                directory=teams_directory,
                rights=talk,
                working=Words(settings.language)("chat.working"),
            )
            if settings.teams and connector
            else None
        )
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
            _tell_others(settings.webhook, settings.public_url, base, stack)
        if role.works:
            _tidy(settings, base, stack)
        overview = RedisFigures(base.redis, base.keys, base.ledger, tuple(base.orgs), BUCKETS)
        probes = Probes(
            health=partial(
                health,
                base.redis,
                base.keys,
                base.ledger,
                overview,
                tuple(base.orgs),
                tuple(messengers),
            ),
            ready=partial(ready, base.redis, base.keys),
            alive=engine.stuck,
            metrics=Metrics(
                overview,
                (str(platform) for platform in messengers),
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
        app, now = Switch(first, first.state), settings

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
        _say_what_runs(settings, role, messengers, await store.check(base.redis))
        yield Bot(app, engine, base.ledger, base.scan, reload)


def _tell_others(
    webhook: WebhookSettings, public_url: str, base: Base, stack: AsyncExitStack
) -> None:
    """Have the webhook told of what happens, beside all other work."""
    post = Post(webhook, time.time)
    stack.push_async_callback(post.aclose)
    outbox = Outbox(
        trail=base.trail,
        ledger=base.ledger,
        marks=RedisMarks(base.redis, base.keys),
        post=post,
        clock=base.clock,
        name=hashlib.sha256(public_url.encode()).hexdigest()[:8],
    )
    _beside(outbox.run(), stack)


def _tidy(settings: Settings, base: Base, stack: AsyncExitStack) -> None:
    """Have removed what was kept long enough."""
    kept = settings.retention
    tidy = Tidy(
        base.redis,
        base.keys,
        base.trail,
        audit_days=kept.audit_days,
        history_days=kept.history_days,
        clock=base.clock.now,
    )
    _beside(tidy.run(), stack)


def _beside(work: Coroutine[Any, Any, None], stack: AsyncExitStack) -> None:
    """Have this done beside all other work, until the bot ends."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)


@asynccontextmanager
async def open_rehearsal(settings: Settings) -> AsyncIterator[Rehearse]:
    """The store and what looks ahead in it, without anything that sends. Raises StoreError."""
    async with open_base(settings) as base:
        clock = base.rehearsal or base.clock
        yield rehearsal(settings, base.ledger, clock, _policy(settings))


@asynccontextmanager
async def open_waivers(settings: Settings) -> AsyncIterator[tuple[Ledger, Waive, Clock]]:
    """The store and what accepts apps as they are. Raises StoreError."""
    async with open_base(settings) as base:
        clock: Clock = base.rehearsal or base.clock
        waive = waiver(settings, base.ledger, clock, _policy(settings), engine=None)
        yield base.ledger, waive, clock


async def settle_restored(settings: Settings, by: str) -> tuple[Delivery, ...]:
    """Count as told what was due in a store that a backup was laid down in. Raises StoreError."""
    async with open_base(settings, restoring=True) as base:
        now = (base.rehearsal or base.clock).now()
        week = week_of(now, _policy(settings).calendars.of(""))
        return await restored.hold(base.ledger, operator_accounts(settings), week, by, now)


async def release_held(settings: Settings, keys: Iterable[str], by: str) -> int:
    """Have what was held then sent after all. Raises StoreError."""
    async with open_base(settings) as base:
        now = (base.rehearsal or base.clock).now()
        return await restored.release(base.ledger, keys, by, now)


def _for_pages(settings: Settings, services: Services, limits: RedisLimits) -> PageServices:
    weak = settings.minimum_proof is ProofKind.PERSONAL_LINK
    return PageServices(
        acknowledge=services.acknowledge,
        prove=services.prove,
        follow=services.follow,
        introduce=services.introduce,
        visits=services.visits,
        onboard=services.onboard,
        limits=limits,
        signs_in=settings.sign_in is not None and not weak,
        sign_in_origin=_origin(settings.entra.login_url) if settings.entra else "",
        callback=(settings.sign_in or SignInSettings()).redirect_path,
        operators=ForOperators(services.enter, services.read) if services.enter else None,
    )


DRAIN = 20.0
"""Seconds that answers under way may take at shutdown."""


def _origin(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _policy(settings: Settings) -> Policy:
    """How people are reminded."""
    campaign = settings.campaign
    return Policy(
        campaign=campaign.campaign(),
        calendars=Calendars(
            ZoneInfo(settings.time_zone),
            campaign.working_hours(),
            country=campaign.country,
            countries=campaign.countries,
            territories=territories(),
            days_off=days_off,
            quiet=campaign.quiet_days(),
            part_time=campaign.days_off(),
        ),
        per_week=campaign.per_week,
        early_rounds=campaign.early_rounds,
        early_every=campaign.early_every,
        ignored_rounds=campaign.ignored_rounds,
        patience=campaign.patience,
        notice=campaign.notice,
        gather=timedelta(minutes=campaign.gather_minutes),
        jitter=timedelta(minutes=campaign.jitter_minutes),
        a_day=campaign.apps_a_day,
    )


def _say_what_runs(
    settings: Settings, role: Role, platforms: Iterable[Platform], info: Mapping[str, str]
) -> None:
    """The first line of a log, for whoever wonders later what it was that ran."""
    log.info(
        "o365bot is starting",
        version=VERSION,
        role=str(role),
        orgs=[org.name for org in settings.okta],
        platforms=[str(platform) for platform in platforms],
        store=store.named(info),
        where=store_place(settings),
        listen=settings.listen if role.serves else settings.worker_listen,
    )
