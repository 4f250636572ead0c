"""What the pages of the personal link cost, under many callers at once, on a real store.

Everything is ours and real but Microsoft, which answers at once: app, server, services, Valkey. A
bare Starlette route (no middleware, no log line) under the same server, asked by the same client in
the same run, is the measure; so the figures are ratios and say about the same on any machine.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server import store
from adapters.redis.server.embedded import EmbeddedStore
from adapters.redis.shared.limits import RedisLimits
from adapters.redis.shared.sign_ins import RedisSignIns
from adapters.web.app import build_app
from adapters.web.context import Services
from adapters.web.monitoring.health import Health
from adapters.web.monitoring.probes import Probes
from bot.chat.words import Words
from bot.domain.changes import Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import LinkBinding, ProofKind, Stage
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import Holding
from bot.services.consent.prove import Prove
from bot.services.consent.signing_in import GoToMicrosoft
from bot.services.inventory.scan import Scan
from bot.wiring.base import SystemClock, SystemSecrets
from bot.wiring.services import assemble
from tests.examples import DELIVERED, POLICY, RECORD, TENANT
from tests.fakes import (
    FakeEngine,
    FakeEntra,
)
from tests.figures import Figure, at_most, measures
from tests.serving import served
from tests.wiring import outside, settings

CALLERS = 100
ROUNDS = 5
BROWSER = "b" * 43


class Counting(RedisLimits):
    """Counts as ever, and lets everybody through: all callers here have one address."""

    async def hit(self, what: str, most: int, per: timedelta) -> float:
        await super().hit(what, most, per)
        return 0.0


@dataclass
class LinkedApp:
    """One app on one store, and the service that begins sign-ins."""

    url: str
    bare_url: str
    redis: Redis
    ledger: RedisLedger
    prove: Prove
    entra: FakeEntra

    async def links(self, count: int) -> list[str]:
        """So many people, each asked about an app; their tokens. The store is emptied before."""
        await self.redis.flushall()
        secrets, until = SystemSecrets(), datetime.now(UTC) + timedelta(hours=1)
        tokens = []
        for number in range(count):
            token, person = secrets.token(), f"person-{number}"
            ref = AppRef("contoso", f"0oa{number}")
            request = replace(
                DELIVERED,
                id=f"r{number}",
                app=ref,
                code=f"C{number}",
                admin_object_id=person,
                chat=replace(DELIVERED.chat, user_id=f"U{number}"),
                stage=Stage.DELIVERED,
                link=LinkBinding(link_digest(token), until),
            )
            record = replace(RECORD, app=replace(RECORD.app, ref=ref), request_id=request.id)
            await self.ledger.commit(Changes(apps=(record,), requests=(request,)))
            self.entra.holdings[person] = Holding.ACTIVE
            tokens.append(token)
        return tokens

    async def answer_to(self, token: str, number: int) -> str:
        """Begin a sign-in with the link; the path that Microsoft sends the person back to."""
        begun = await self.prove.begin(token, browser=BROWSER)
        assert isinstance(begun, GoToMicrosoft)
        state = parse_qs(urlsplit(begun.address).query)["state"][0]
        return f"/auth/callback?code=person-{number}@{TENANT.id}&state={state}"


@asynccontextmanager
async def linked_app() -> AsyncIterator[LinkedApp]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        address = await stack.enter_async_context(EmbeddedStore(Path(folder)))
        redis = await stack.enter_async_context(store.connect(address))
        keys, clock, secrets = Keys(), SystemClock(), SystemSecrets()
        ledger, engine, entra = RedisLedger(redis, keys), FakeEngine(), FakeEntra(TENANT)
        limits = Counting(redis, keys)
        around = outside(
            ledger=ledger,
            entra=entra,
            engine=engine,
            limits=limits,
            sign_ins=RedisSignIns(redis, keys),
            clock=clock,
            secrets=secrets,
        )
        scan = Scan(orgs={}, entra=entra, ledger=ledger, clock=clock)
        made = assemble(settings(ProofKind.SIGNED_IN, signs_in=True), around, scan, POLICY)
        services = Services(
            acknowledge=made.acknowledge,
            prove=made.prove,
            request_steps=made.request_steps,
            introduce=made.introduce,
            actors=made.actors,
            onboard=None,
            limits=limits,
            signs_in=True,
            sign_in_origin="https://login.example.com",
        )

        async def bare(request: Request) -> Response:
            return PlainTextResponse("hello")

        async def well() -> Health:
            return Health(())

        async def willing() -> str:
            return ""

        app = build_app(
            services=services,
            words=cache(Words),
            public_url="http://127.0.0.1",
            slack=None,
            teams=None,
            probes=Probes(health=well, ready=willing),
        )
        url = await stack.enter_async_context(served(lambda url: app))
        yardstick = Starlette(routes=[Route("/", bare)])
        bare_url = await stack.enter_async_context(served(lambda url: yardstick))
        yield LinkedApp(url, bare_url, redis, ledger, made.prove, entra)


async def fetch(url: str, paths: Sequence[str]) -> list[tuple[float, int]]:
    """Ask for all paths at once, each over a connection of its own: seconds and status of each.

    A few lines instead of an HTTP client, which would cost more than what is measured.
    """
    parts = urlsplit(url)
    connections = [
        await asyncio.open_connection(parts.hostname, parts.port) for _ in range(len(paths))
    ]

    async def ask(
        path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[float, int]:
        began = time.perf_counter()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n"
            f"Cookie: o365bot-browser={BROWSER}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await reader.read()
        took = time.perf_counter() - began
        writer.close()
        return took, int(answer.split(b" ", 2)[1])

    return await asyncio.gather(
        *(ask(path, *pair) for path, pair in zip(paths, connections, strict=True))
    )


def p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[max(0, round(len(seconds) * 0.99) - 1)]


@measures("link")
async def link(tiny: bool) -> list[Figure]:
    """p99 of the bare route, the page, a refused callback, and one that spends the link."""
    callers, rounds = (4, 1) if tiny else (CALLERS, ROUNDS)
    async with linked_app() as scene:

        async def measured(
            paths: Callable[[], Awaitable[list[str]]], status: int, url: str = scene.url
        ) -> float:
            took: list[float] = []
            for number in range(rounds + 1):
                answers = await fetch(url, await paths())
                assert {got for _, got in answers} == {status}, answers
                if number or tiny:  # the first round warms up
                    took += [seconds for seconds, _ in answers]
            return p99(took)

        async def bare() -> list[str]:
            return ["/"] * callers

        async def pages() -> list[str]:
            return [f"/c/{token}" for token in await scene.links(callers)]

        async def unknown_sign_in() -> list[str]:
            return [f"/auth/callback?code=x&state={n:043d}" for n in range(callers)]

        async def spending() -> list[str]:
            tokens = await scene.links(callers)
            return [await scene.answer_to(token, n) for n, token in enumerate(tokens)]

        yardstick = await measured(bare, 200, scene.bare_url)
        page = await measured(pages, 200)
        refused = await measured(unknown_sign_in, 400)
        spent = await measured(spending, 303)

        (token,) = await scene.links(1)
        answers = await fetch(scene.url, [await scene.answer_to(token, 0) for _ in range(callers)])
        assert {status for _, status in answers} == {303}
        entries = await scene.ledger.audit()
        once = sum(entry.action == "acknowledge" for entry in entries)
    free = 1000.0 if tiny else 1.0  # the tiny size shows that it runs, and no speed
    return [
        at_most(f"link: bare route, p99 of {callers} callers", 1000 * yardstick, 1000, "ms"),
        at_most("link: page, p99 against the bare route", page / yardstick, 30 * free, "x"),
        at_most("link: callback refused, p99 against it", refused / yardstick, 25 * free, "x"),
        at_most("link: callback that spends, p99 against it", spent / yardstick, 30 * free, "x"),
        at_most(f"link: spent by {callers} right callbacks at once", once, 1, "times"),
    ]
