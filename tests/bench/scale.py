"""A big installation for sixty days: looks at every org, then people who are asked and act.

The rules, the wiring, the store, Okta's client and Slack's are the product's own; Okta and Slack
answer in this process, Microsoft is in memory. Time jumps to whatever is due next. Everybody is in
Slack; what Okta shows once somebody acted is written as the next look writes it. The board is
looked at once a day, not as often as something changes.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from redis.asyncio import Redis

from adapters.http.client import open_http
from adapters.okta.client import OktaClient
from adapters.redis.keys import Keys
from adapters.redis.records.commit import milliseconds
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.server.store import connect
from adapters.redis.shared.presence import RedisPresence
from adapters.slack.outgoing.calls import open_web
from adapters.slack.outgoing.messenger import SlackMessenger
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign
from bot.domain.consent.requests import Stage
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import Tenant
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, Mfa
from bot.domain.people.admins import Platform as Chat
from bot.domain.schedule import BOARDS
from bot.domain.summaries import Part, Wanted
from bot.domain.time.calendar import Calendars
from bot.services.inventory.scan import Scan
from bot.services.inventory.verdicts import settled
from bot.wiring.services import assemble
from tests.bench.company import Microsoft, settings_for
from tests.bench.okta_server import Okta, app_json
from tests.bench.okta_server import Size as OrgSize
from tests.bench.talking import Json, Platform, percentile
from tests.contract.slack_stage import settings as slack_settings
from tests.fakes import (
    FakeClock,
    FakeDirectory,
    FakeEngine,
)
from tests.figures import Figure, at_least, at_most, measures
from tests.wiring import outside, settings

START = datetime(2026, 9, 7, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
STEP = 5 * MINUTE
"""What falls due within one is worked off together; the bot itself looks every ten seconds."""
OPERATOR = ChatIdentity(Chat.SLACK, "U9", "Olga", "olga@example.com", "Europe/Berlin")
HABITS = {"quick": 4 * HOUR, "slow": 3 * DAY, "never": None}
MIB = 1024 * 1024


@dataclass(frozen=True)
class Size:
    """Orgs with so many apps each, people (each in one org's tenant), days."""

    orgs: int
    apps: int
    people: int
    days: int


@measures("scale")
async def scale(tiny: bool) -> list[Figure]:
    """See docs/scale.md for what follows from it."""
    size = Size(2, 3, 6, 7) if tiny else Size(100, 100, 300, 60)
    async with _world(size) as installation:
        looks = await installation.look()
        began = time.perf_counter()
        await installation.live()
        seconds = time.perf_counter() - began
        return [*looks, *await installation.told(seconds)]


class Tenants(Microsoft):
    """Each org's tenant, with the people who may consent there; counts what it is asked."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self.calls: Counter[str] = Counter()

    async def tenant_evidence(
        self, tenant: Tenant, known_as: Collection[str] = ()
    ) -> tuple[Evidence, ...]:
        self.calls["tenant"] += 1
        return await super().tenant_evidence(tenant, known_as)

    async def global_admins(self, tenant: Tenant) -> tuple[GlobalAdmin, ...]:
        self.calls["administrators"] += 1
        org = int(tenant.domain.split(".")[0].removeprefix("org-"))
        return tuple(
            GlobalAdmin(
                tenant.id, f"p{n}", f"Person {n}", f"p{n}@example.com", enabled=True, mfa=Mfa.YES
            )
            for n in range(org, self._size.people, self._size.orgs)
        )


class Installation:
    """The installation; `okta` and `slack` count calls, by org and by method."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.okta = Okta(OrgSize(size.orgs, size.apps), _app)
        self.slack: Counter[str] = Counter()
        self.messages: list[tuple[str, datetime]] = []
        self.clock, self.engine = FakeClock(START), FakeEngine()
        self.rng = random.Random("scale")
        self.microsoft = Tenants(size)
        self._acts: list[tuple[datetime, str]] = []
        self.migrated = 0
        self._board_at = START

    # -- the platforms ---------------------------------------------------------------------

    def as_slack(self, path: str, url: str, told: Json) -> tuple[Json, str]:
        method = path.rpartition("/")[2]
        self.slack[method] += 1
        answer: Json = {"ok": True}
        if method.startswith("users."):
            name = str(told.get("user") or f"U{str(told.get('email')).split('@')[0]}")
            profile = {"real_name": name, "email": f"{name[1:]}@example.com"}
            answer["user"] = {"id": name, "profile": profile, "tz": "Europe/Berlin"}
        elif method == "chat.postMessage":
            to = str(told["channel"])
            self.messages.append((to, self.clock.now()))
            answer |= {"channel": to, "ts": f"{len(self.messages)}.000000"}
            self._may_act(to)
        elif method == "conversations.history":
            answer["messages"] = []
        return answer, ""

    def _may_act(self, person: str) -> None:
        """Two of three take it up, some at once and some days later; the third never does."""
        wait = HABITS[tuple(HABITS)[sum(map(ord, person)) % len(HABITS)]]
        if person.startswith("Up") and wait is not None:
            self._acts.append((self.clock.now() + self.rng.random() * wait + MINUTE, person))

    # -- what happens ----------------------------------------------------------------------

    async def open(self, client: Redis, slack: Platform, stack: AsyncExitStack) -> None:
        """Put it together as `bot.wiring` does."""
        self._redis, self._keys = client, Keys()
        self.ledger = RedisLedger(client, self._keys)
        orgs = {}
        for number in range(self.size.orgs):
            org = OktaClient(
                settings_for(number, f"https://org-{number}.okta.com"),
                open_http(httpx.ASGITransport(self.okta)),
                self.clock,
            )
            stack.push_async_callback(org.aclose)
            orgs[org.name] = org
        web = await stack.enter_async_context(open_web(slack_settings(f"{slack.url}/api")))
        self.scan = Scan(orgs=orgs, entra=self.microsoft, ledger=self.ledger, clock=self.clock)
        self.services = assemble(
            settings(),
            outside(
                ledger=self.ledger,
                orgs=orgs,
                entra=self.microsoft,
                messengers={Chat.SLACK: SlackMessenger(web)},
                engine=self.engine,
                clock=self.clock,
                presence=RedisPresence(client, self._keys),
                directories={Chat.SLACK: FakeDirectory()},
            ),
            self.scan,
            Policy(Campaign(), Calendars(ZoneInfo("Europe/Berlin"))),
        )

    async def look(self) -> list[Figure]:
        """At every org for the first time, and once more when nothing changed."""
        figures = []
        for what, most in (("a first look", self.size.apps + 4), ("nothing changed", 3)):
            self.okta.calls.clear()
            self.microsoft.calls.clear()
            began = time.perf_counter()
            for name in self.scan.org_names:
                done = await self.scan.org(name)
                assert (done.failure, done.done) == ("", self.size.apps)
            each = (time.perf_counter() - began) / self.size.orgs
            calls = max(self.okta.calls.values())
            tenants = self.microsoft.calls["tenant"] / self.size.orgs
            figures += [
                at_most(f"scale: {what}, an org's calls to Okta", calls, most, "calls"),
                at_most(f"scale: {what}, times its tenant is read", tenants, 1, ""),
                at_most(f"scale: {what}, an org with nobody waiting", 1000 * each, 5000, "ms"),
            ]
        return figures

    async def live(self) -> None:
        """From the operator's "send all" on."""
        self.clock.forward(9 * HOUR)
        await self.services.conversation.answer("send all", OPERATOR, private=True)
        await self.services.conversation.answer("send all sure", OPERATOR, private=True)
        end = START + self.size.days * DAY
        while (now := self.clock.now()) < end:
            for acting in [one for one in self._acts if one[0] <= now]:
                self._acts.remove(acting)
                await self._act(acting[1])
            await self._work(now)
            self.clock.forward(max(await self._next(end) - now, STEP))

    async def _work(self, now: datetime) -> None:
        """Until nothing is due; the board has its turn at nine, however much changed since."""
        while True:
            await self._put_off_the_board(now)
            await self.services.remind.tick()
            if now >= self._board_at:
                self._board_at = now.replace(hour=9, minute=0, second=0, microsecond=0) + DAY
            batches, self.engine.batches = self.engine.batches, []
            for keys in batches:
                await self.services.deliver.batch(keys)
            await self._put_off_the_board(now)
            if not batches and await self._first(self._keys.schedule(), 1000) > now:
                return

    async def _put_off_the_board(self, now: datetime) -> None:
        """What was committed since asks for it within a minute."""
        if now < self._board_at:
            at = {BOARDS: milliseconds(self._board_at)}
            await self._redis.zadd(self._keys.schedule(), at)

    async def _next(self, end: datetime) -> datetime:
        acts = (at for at, _ in self._acts)
        scheduled = await self._first(self._keys.schedule(), 1000)
        due = await self._first(self._keys.due(), 1)
        return min((end, scheduled, due, *acts))

    async def _first(self, key: str, unit: int) -> datetime:
        found = await self._redis.zrange(key, 0, 0, withscores=True)
        return (
            datetime.fromtimestamp(float(found[0][1]) / unit, UTC)
            if found
            else datetime.max.replace(tzinfo=UTC)
        )

    async def _act(self, person: str) -> None:
        """Somebody does up to four of their apps; the next look finds what shows it."""
        mine = await self.ledger.requests_of(ChatIdentity(Chat.SLACK, person))
        now = self.clock.now()
        for request in [one for one in mine if one.stage is not Stage.REQUESTED][:4]:
            old = await self.ledger.app(request.app)
            if old is None or not old.state(now).wants_consent:
                continue
            seen = (
                Evidence(EvidenceKind.CONNECTION_ON, now),
                Evidence(EvidenceKind.PROVISIONING_APP_CREATED, now, now, event_id="made"),
            )
            new = replace(old, evidence=seen, scanned_at=now, revision=old.revision + 1)
            await self.ledger.commit(await settled(self.ledger, old, new, now, by="scan"))
            self.migrated += 1

    # -- what came of it -------------------------------------------------------------------

    async def told(self, seconds: float) -> list[Figure]:
        """Messages, calls, what the store holds."""
        size, weeks = self.size, self.size.days / 7
        people = [f"Up{n}" for n in range(size.people)]
        personal = Counter(to for to, _ in self.messages)
        by_week = Counter((to, (at - START) // (7 * DAY)) for to, at in self.messages)
        worst = [
            max(by_week[person, week] for week in range(-(-size.days // 7))) for person in people
        ]
        keys = await self._redis.dbsize()
        used = int((await self._redis.info("memory"))["used_memory"])
        apps = size.orgs * size.apps
        mean = sum(personal[person] for person in people) / size.people / weeks
        calls = sum(self.slack.values())
        for method, count in self.slack.most_common():
            _note(f"Slack, {method}", count)
        _note("to the channel", personal["C1"])
        _note("to the operator", personal[OPERATOR.user_id])
        whole = await self.ledger.page(1, 1, Wanted(Part.ALL))
        _note("apps still open", whole.open)
        return [
            at_most("scale: messages a person and week, mean", mean, 3, ""),
            at_most("scale: messages of the worst week, p95", percentile(worst, 0.95), 3, ""),
            at_least("scale: apps that people did", self.migrated, 1, ""),
            at_most("scale: calls to Slack, a message", calls / len(self.messages), 2, ""),
            at_most("scale: keys in the store, an app", keys / apps, 20, ""),
            at_most("scale: the store, an app", used / apps / 1024, 64, "KiB"),
            at_most(f"scale: {size.days} days of it", seconds, 900, "s"),
        ]


def _note(what: str, count: float) -> None:
    print(f"  {what}: {count:,.0f}", file=sys.stderr)  # noqa: T201 - beside the figures


def _app(address: str, number: int) -> Json:
    org = address.removeprefix("https://").partition(".")[0]
    app = app_json(number)
    app["label"] = f"Office 365 {org} {number}"
    app["settings"]["app"] |= {"msftTenant": org, "domain": f"d{number}.{org}.example"}
    return app


@asynccontextmanager
async def _world(size: Size) -> AsyncIterator[Installation]:
    installation = Installation(size)
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(EmbeddedStore(Path(folder)))
            client = await stack.enter_async_context(connect(url))
            await client.config_set("appendfsync", "no")  # two months pass in minutes: no disk does
            slack = await stack.enter_async_context(Platform(installation.as_slack).open())
            await installation.open(client, slack, stack)
            yield installation
