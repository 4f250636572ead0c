"""What every command needs: the store and its ledger, the clouds, and the scan that reads them.

Part of the wiring, apart from `bot.wiring.bot` so that a command in the terminal does not load what
only the running bot needs (the chat platforms, the web server, the engine).
"""

from __future__ import annotations

import secrets
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from redis.asyncio import Redis

from adapters.entra.client import EntraClient
from adapters.http.client import open_http
from adapters.http.counts import Api
from adapters.okta.client import OktaClient
from adapters.redis.keys import Keys
from adapters.redis.records import schema
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.trail import Trail
from adapters.redis.records.writing import DAY, Lifetimes
from adapters.redis.server import store, urls
from adapters.redis.server.durability import Durability
from adapters.redis.server.installation import claim
from adapters.redis.server.waiting import said
from adapters.redis.shared.rate import RedisRateBudget
from adapters.redis.upkeep.backup import RedisBackup
from adapters.system.rehearsal import RehearsalClock
from bot.domain.campaign.intents import Policy
from bot.domain.inventory.scanning import ScanPolicy
from bot.domain.time.calendar import Calendars
from bot.errors import SettingsInvalid, StoreUnavailable
from bot.ports.clouds import OktaOrg
from bot.services.inventory.scan import Scan
from bot.settings.sections.store import RedisSettings, Weakness
from bot.settings.settings import Settings


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemSecrets:
    """The operating system's randomness."""

    LETTERS = sorted({*string.ascii_uppercase, *string.digits} - {*"0O1ILU"})
    """Without those that sound or look like others: people read codes to each other."""

    def token(self) -> str:
        return secrets.token_urlsafe(32)

    def identifier(self) -> str:
        return secrets.token_hex(8)

    def code(self) -> str:
        letters = [secrets.choice(self.LETTERS) for _ in range(6)]
        return "".join(letters[:3]) + "-" + "".join(letters[3:])


@dataclass(frozen=True, kw_only=True)
class Records:
    """The wired store. `redis` is its client, `server` what it is ("Valkey 8.1.0").

    `clock` is the real time, `rehearsal` what the services live by instead, in a rehearsal.
    """

    settings: Settings
    clock: SystemClock
    rehearsal: RehearsalClock | None
    redis: Redis
    server: str
    keys: Keys
    trail: Trail
    ledger: RedisLedger


@dataclass(frozen=True, kw_only=True)
class Base(Records):
    """The wired lower half: the store, and the clouds."""

    orgs: Mapping[str, OktaOrg]
    entra: EntraClient | None
    scan: Scan


@asynccontextmanager
async def open_base(settings: Settings) -> AsyncIterator[Base]:
    """As `open_records`. Raises SettingsInvalid, too, when a key or certificate cannot be used."""
    async with open_records(settings) as records, AsyncExitStack() as stack:
        orgs = _okta(records, stack)
        entra = _entra(records, stack)
        scan = Scan(
            orgs=orgs,
            entra=entra,
            ledger=records.ledger,
            clock=records.clock,
            lived=records.rehearsal,
            policy=_scan_policy(settings),
        )
        yield Base(**vars(records), orgs=orgs, entra=entra, scan=scan)


@asynccontextmanager
async def open_records(settings: Settings, *, restoring: bool = False) -> AsyncIterator[Records]:
    """Built from the settings, closed in the reverse order at the end.

    The embedded store is shared with whoever names the same `data_dir`, so this works beside a
    running bot. An older store is brought into this release's form. Raises StoreUnavailable or
    StoreUnsafe when the store cannot be used.
    """
    clock = SystemClock()
    ahead = settings.rehearsal.clock_file
    rehearsal = RehearsalClock(clock, ahead) if ahead is not None else None
    async with AsyncExitStack() as stack:
        address = await _store_address(settings, stack)
        client = await stack.enter_async_context(store.open_client(address))
        keys = Keys(settings.redis.prefix)
        async with store.awaited(address):
            await schema.check(client, keys, restoring=restoring)
            await store.writable(client, keys)
            info = await store.check(client)
            durability = Durability.of(info, settings.redis.replicas)
            await claim(client, keys, _known_by(settings))
        await store.await_replicas(client, settings.redis.replicas)
        trail = Trail(client, keys, settings.audit.sealing_key)
        await schema.migrate(client, keys, trail, restoring=restoring)
        names = frozenset(org.name for org in settings.okta)
        kept = settings.retention
        lifetimes = Lifetimes(kept.requests_days * DAY, kept.deliveries_days * DAY)
        ledger = RedisLedger(client, keys, durability, names, trail, lifetimes)
        with said("bringing the lists up to date"):
            await ledger.bring_lists_up_to_date()
        yield Records(
            settings=settings,
            clock=clock,
            rehearsal=rehearsal,
            redis=client,
            server=store.named(info),
            keys=keys,
            trail=trail,
            ledger=ledger,
        )


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Redis]:
    """The store's client alone, before it was ever asked. Raises as `open_base`."""
    async with AsyncExitStack() as stack:
        address = await _store_address(settings, stack)
        yield await stack.enter_async_context(store.open_client(address))


@asynccontextmanager
async def open_as_it_is(settings: Settings) -> AsyncIterator[RedisLedger]:
    """The records of any store, also of one that no bot would start on; only to be read."""
    async with open_store(settings) as client:
        yield RedisLedger(client, Keys(settings.redis.prefix))


@asynccontextmanager
async def open_backup_store(settings: Settings) -> AsyncIterator[RedisBackup]:
    """The store as a whole, also one that no bot would start on. Raises as `open_base`."""
    async with open_store(settings) as client:
        await store.check(client)
        keys, wanted = Keys(settings.redis.prefix), settings.redis.replicas
        yield RedisBackup(client, keys, _known_by(settings), wanted)


async def _store_address(settings: Settings, stack: AsyncExitStack) -> urls.Found:
    """The configured store, or the embedded one, started and looked after."""
    if settings.redis.url is not None:
        return store_address(settings.redis, settings.redis.url)
    # Unix only, so it is not imported where a store is configured.
    from adapters.redis.server.embedded import EmbeddedStore

    return urls.parse(await stack.enter_async_context(EmbeddedStore(settings.data_dir / "store")))


def store_place(settings: Settings) -> str:
    """Where the store is, in words without its password."""
    if settings.redis.url is None:
        return f"embedded, in {settings.data_dir / 'store'}"
    return urls.place(store_address(settings.redis, settings.redis.url))


def store_address(redis: RedisSettings, url: SecretStr) -> urls.Found:
    """Where the store is, with every file that its address names. Raises SettingsInvalid."""
    try:
        address = urls.with_files(urls.parse(url.get_secret_value()), redis.ca_file)
    except StoreUnavailable as error:
        raise SettingsInvalid((f"redis.url: {error}",)) from error
    wrong = tuple(
        f"redis.url: {_WEAK[weakness]}; or, where that is meant, name it: "
        f'redis.allow = ["{weakness}"]'
        for weakness in urls.weaknesses(address)
        if weakness not in redis.allow
    )
    if wrong:
        raise SettingsInvalid(wrong)
    return address


_WEAK: Mapping[Weakness, str] = {
    "clear_text": "the store is on another machine and spoken to in the clear; use rediss://",
    "unchecked_certificate": "the certificate of the store is not checked; leave out "
    "ssl_cert_reqs and ssl_check_hostname, and give redis.ca_file for an authority of your own",
    "no_password": "the store is on another machine and asks for no password; give it one",
}


def _known_by(settings: Settings) -> frozenset[str]:
    return frozenset((settings.public_url, *(org.url for org in settings.okta)))


def _okta(records: Records, stack: AsyncExitStack) -> Mapping[str, OktaOrg]:
    orgs: dict[str, OktaOrg] = {}
    for org in records.settings.okta:
        budget = RedisRateBudget(records.redis, records.keys, f"okta:{org.name}")
        client = OktaClient(org, open_http(api=Api.OKTA), records.clock, budget=budget)
        stack.push_async_callback(client.aclose)
        orgs[org.name] = client
    return orgs


def _entra(records: Records, stack: AsyncExitStack) -> EntraClient | None:
    settings = records.settings
    if settings.entra is None:
        return None
    org_urls = {org.name: org.url for org in settings.okta}
    client = EntraClient(settings.entra, records.clock, org_urls=org_urls)
    stack.push_async_callback(client.aclose)
    return client


def _scan_policy(settings: Settings) -> ScanPolicy:
    return ScanPolicy(
        full_after=timedelta(hours=settings.full_scan_hours),
        microsoft_after=timedelta(minutes=settings.microsoft_minutes),
    )


def reminding_policy(settings: Settings) -> Policy:
    """How people are reminded."""
    # Loading all public holidays takes long, and most commands of the terminal need none.
    from adapters.calendar.days_off import days_off, territories

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
