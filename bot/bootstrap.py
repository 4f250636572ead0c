"""The wiring: the one place that knows both the services and the adapters.

`Bot` builds everything from the settings, in order, and closes it in the reverse order. Nothing
here decides anything.
"""

from __future__ import annotations

import gc
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from prometheus_client import generate_latest
from redis.asyncio import Redis
from starlette.applications import Starlette

from adapters.calendar.days_off import days_off, territories
from adapters.engine.engine import DocketEngine, Work
from adapters.entra.sign_in import EntraSignIn
from adapters.http.client import open_http
from adapters.okta.hooks import OktaHooks
from adapters.picture.burn_down import PillowPainter
from adapters.redis import store
from adapters.redis.conversations import RedisConversations
from adapters.redis.ledger import RedisLedger
from adapters.redis.limits import RedisLimits
from adapters.redis.once import RedisOnce
from adapters.redis.pace import RedisPace
from adapters.redis.sign_ins import RedisSignIns
from adapters.slack.calls import open_web
from adapters.slack.inbound import SlackInbound
from adapters.slack.outbound import SlackMessenger
from adapters.teams.connector import Connector, TeamsMessenger
from adapters.teams.inbound import TeamsInbound
from adapters.web.app import build_app
from adapters.web.desk import Services
from adapters.web.health import Health, Part
from bot import policies
from bot.chat.conversation import CampaignParts, Conversation
from bot.chat.letters import Letters
from bot.chat.reminding import Reminding
from bot.chat.words import Words
from bot.domain.calendar import Calendars
from bot.domain.consent import ProofKind
from bot.domain.intents import Policy
from bot.domain.people import Platform
from bot.errors import StoreError
from bot.foundation import open_foundation
from bot.ports.chat import Messenger
from bot.ports.engine import Engine
from bot.ports.system import Clock
from bot.rehearsal import OnRealTime
from bot.services.acknowledge import Acknowledge
from bot.services.ask import Ask
from bot.services.boards import Boards
from bot.services.deliver import Deliver
from bot.services.digest import Digests
from bot.services.follow import Follow
from bot.services.introduce import Introduce
from bot.services.onboard import Onboard
from bot.services.postpone import Postpone
from bot.services.prove import Prove
from bot.services.rehearse import Rehearse
from bot.services.remind import Remind
from bot.services.scan import Scan
from bot.services.send import Send
from bot.services.tell import Tell
from bot.services.visit import Visits
from bot.settings import Settings, SignInSettings


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
    """The wired bot: what the terminal and the server use."""

    settings: Settings
    ledger: RedisLedger
    scan: Scan
    ask: Ask
    remind: Remind
    acknowledge: Acknowledge
    visits: Visits
    prove: Prove
    follow: Follow
    introduce: Introduce
    onboard: Onboard | None
    limits: RedisLimits
    rehearse: Rehearse
    conversation: Conversation
    engine: DocketEngine
    app: Starlette


@asynccontextmanager
async def open_bot(settings: Settings) -> AsyncIterator[Bot]:
    """Everything built from the settings, closed in the reverse order at the end.

    Raises StoreUnavailable or StoreUnsafe when the store cannot be used, SettingsInvalid when a
    key or certificate cannot.
    """
    system_secrets = SystemSecrets()
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(open_foundation(settings))
        ledger, orgs, entra, scan = base.ledger, base.orgs, base.entra, base.scan
        rehearsal = base.rehearsal
        clock: Clock = rehearsal or base.clock
        once = RedisOnce(base.redis, base.keys)
        conversations = RedisConversations(base.redis, base.keys)
        engine = await stack.enter_async_context(
            DocketEngine(
                base.url, tuple(orgs), scan_every=timedelta(minutes=settings.scan_every_minutes)
            )
        )

        timed: Engine = engine if rehearsal is None else OnRealTime(engine, rehearsal)

        http = open_http()
        stack.push_async_callback(http.aclose)
        slack_web = (
            await stack.enter_async_context(open_web(settings.slack)) if settings.slack else None
        )
        connector = Connector(settings.teams, http) if settings.teams else None
        messengers: dict[Platform, Messenger] = {}
        if slack_web is not None:
            messengers[Platform.SLACK] = SlackMessenger(slack_web)
        if settings.teams is not None and connector is not None:
            messengers[Platform.TEAMS] = TeamsMessenger(settings.teams, conversations, connector)

        sign_ins = RedisSignIns(base.redis, base.keys)
        limits = RedisLimits(base.redis, base.keys)
        sign_in = (
            EntraSignIn(settings.entra, settings.sign_in, settings.public_url, http, base.clock)
            if settings.entra
            else None
        )
        minimum = settings.minimum_proof
        tell = Tell(timed)

        ask = Ask(
            ledger=ledger,
            entra=entra,
            messengers=messengers,
            tell=tell,
            clock=clock,
            secrets=system_secrets,
            policy=policies.people_policy(settings),
        )
        channels = policies.channels(settings)
        policy = _policy(settings)
        reminding = Reminding(
            ledger=ledger,
            clock=clock,
            policy=policy,
            language=settings.language,
            secrets=system_secrets,
            painter=PillowPainter(),
            public_url=settings.public_url,
        )
        boards = Boards(
            ledger=ledger,
            messengers=messengers,
            writer=reminding,
            engine=timed,
            clock=clock,
            policy=policy,
            kept=policies.boards(settings),
        )
        remind = Remind(
            ledger=ledger,
            engine=timed,
            clock=clock,
            ask=ask,
            show_boards=boards.show,
            digests=Digests(
                ledger=ledger,
                messengers=messengers,
                engine=timed,
                policy=policy,
                operators=policies.operator_accounts(settings),
            ),
            channels=channels,
            operators=policies.operator_accounts(settings),
            policy=policy,
        )
        rehearse = Rehearse(
            ledger=ledger,
            clock=clock,
            policy=policy,
            kept=policies.boards(settings),
            operators=policies.operator_accounts(settings),
        )
        send = Send(
            ledger=ledger,
            messengers=messengers,
            composer=Letters(
                ledger=ledger,
                orgs=orgs,
                clock=clock,
                language=settings.language,
                chat_is_proof=ProofKind.CHAT_ACCOUNT.reaches(minimum) and not settings.sign_in,
                reminding=reminding,
            ),
            clock=clock,
            secrets=system_secrets,
            policy=policy,
            public_url=settings.public_url,
            link_lifetime=timedelta(hours=settings.link_hours),
        )
        acknowledge = Acknowledge(ledger=ledger, orgs=orgs, tell=tell, clock=clock, minimum=minimum)
        visits = Visits(ledger=ledger, sign_ins=sign_ins, clock=clock, secrets=system_secrets)
        prove = Prove(
            acknowledge=acknowledge,
            visits=visits,
            ledger=ledger,
            sign_in=sign_in if settings.sign_in else None,
            sign_ins=sign_ins,
            entra=entra,
            limits=limits,
            tell=tell,
            clock=clock,
            secrets=system_secrets,
            minimum=minimum,
        )
        follow = Follow(
            visits=visits,
            ledger=ledger,
            orgs=orgs,
            scan=scan,
            ask=ask,
            limits=limits,
            tell=tell,
            engine=timed,
            clock=clock,
            policy=policy,
            scan_minutes=settings.scan_every_minutes,
        )
        introduce = Introduce(
            visits=visits,
            ledger=ledger,
            orgs=orgs,
            messengers=messengers,
            tell=tell,
            clock=clock,
        )
        onboard = (
            Onboard(
                ledger=ledger,
                entra=entra,
                sign_in=sign_in,
                sign_ins=sign_ins,
                limits=limits,
                tell=tell,
                engine=timed,
                clock=clock,
                secrets=system_secrets,
                public_url=settings.public_url,
                link_lifetime=timedelta(hours=settings.link_hours),
            )
            if entra and sign_in
            else None
        )
        deliver = Deliver(
            ledger=ledger,
            send=send,
            engine=timed,
            pace=RedisPace(base.redis, base.keys),
            clock=clock,
            quotas=policies.quotas(settings),
            operators=policies.operator_accounts(settings),
            ask_another=ask.instead,
        )
        conversation = Conversation(
            ledger=ledger,
            scan=scan,
            ask=ask,
            remind=remind,
            acknowledge=acknowledge,
            prove=prove,
            follow=follow,
            onboard=onboard,
            clock=clock,
            operators=policies.operators(settings),
            language=settings.language,
            link_hours=settings.link_hours,
            campaign=CampaignParts(
                rehearse=rehearse,
                boards=boards,
                postpone=Postpone(ledger=ledger, clock=clock, policy=policy),
                sample=reminding.sample,
            ),
        )

        async def look(org: str) -> None:
            await scan.org(org)
            await ask.review(await ledger.apps(org))

        engine.register(
            Work(
                deliver=deliver,
                deliver_all=deliver.batch,
                scan=look,
                verify=follow.verify,
                tick=remind.tick,
            )
        )
        slack = (
            SlackInbound(settings.slack, conversation, once, slack_web)
            if settings.slack and slack_web
            else None
        )
        teams = (
            TeamsInbound(
                settings.teams,
                conversation,
                once,
                conversations,
                connector,
                http,
                working=Words(settings.language)("chat.working"),
            )
            if settings.teams and connector
            else None
        )
        hooks = OktaHooks(
            {org.name: org.hook_secret for org in settings.okta if org.hook_secret},
            ledger=ledger,
            once=once,
            engine=timed,
            clock=clock,
        )
        for inbound in (slack, teams):
            if inbound is not None:
                stack.push_async_callback(inbound.drain, DRAIN)
        app = build_app(
            services=Services(
                acknowledge=acknowledge,
                prove=prove,
                follow=follow,
                introduce=introduce,
                onboard=onboard,
                limits=limits,
                signs_in=settings.sign_in is not None and minimum is not ProofKind.PERSONAL_LINK,
                sign_in_origin=_origin(settings.entra.login_url) if settings.entra else "",
                callback=(settings.sign_in or SignInSettings()).redirect_path,
            ),
            words=cache(Words),
            public_url=settings.public_url,
            slack=slack.endpoint if slack else None,
            teams=teams.endpoint if teams else None,
            okta=hooks.endpoint,
            health=lambda: _health(base.redis, ledger, tuple(messengers)),
            metrics=generate_latest,
            pictures=ledger.picture,
        )
        await remind.start()
        yield Bot(
            settings=settings,
            ledger=ledger,
            scan=scan,
            ask=ask,
            remind=remind,
            acknowledge=acknowledge,
            visits=visits,
            prove=prove,
            follow=follow,
            introduce=introduce,
            onboard=onboard,
            limits=limits,
            rehearse=rehearse,
            conversation=conversation,
            engine=engine,
            app=app,
        )


@asynccontextmanager
async def open_rehearsal(settings: Settings) -> AsyncIterator[Rehearse]:
    """The store and what looks ahead in it, without anything that sends. Raises StoreError."""
    async with open_foundation(settings) as base:
        clock = base.rehearsal or base.clock
        yield Rehearse(
            ledger=base.ledger,
            clock=clock,
            policy=_policy(settings),
            kept=policies.boards(settings),
            operators=policies.operator_accounts(settings),
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
        ),
        per_week=campaign.per_week,
        ignored_rounds=campaign.ignored_rounds,
        patience=campaign.patience,
        notice=campaign.notice,
        jitter=timedelta(minutes=campaign.jitter_minutes),
    )


async def _health(client: Redis, ledger: RedisLedger, platforms: tuple[Platform, ...]) -> Health:
    """Whether the store answers, messages get through, and how the last look at each org went."""
    try:
        with store.errors():
            await client.ping()
        scans = await ledger.scans()
        troubles = await ledger.troubles()
    except StoreError as error:
        return Health((Part("store", ok=False, reason=error.message, vital=True),))
    working = (str(platform) for platform in platforms if platform not in troubles)
    return Health(
        (
            Part("store", ok=True, vital=True),
            *(Part(f"chat:{platform}", ok=True) for platform in working),
            *(
                Part(f"chat:{trouble.place}", ok=False, reason=trouble.reason)
                for trouble in troubles.values()
            ),
            *(
                Part(f"okta:{org}", ok=not scan.failure, reason=scan.failure)
                for org, scan in scans.items()
            ),
        )
    )
