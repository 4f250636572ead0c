"""The operators' pages among few apps and among many: two running bots, asked in turn."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median

import httpx

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.shared.sign_ins import RedisSignIns
from adapters.web.cookies import Cookie
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, ProofKind
from bot.domain.consent.sign_in import SESSION_LIFETIME, Session
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.waivers import Waiver
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.summaries import Part, Wanted
from tests.bench import running
from tests.bench.slack import SLACK
from tests.examples import DELIVERED
from tests.figures import Figure, at_most, measures
from tests.wiring import HOME_TENANT, OPERATOR_THERE

SECRET = "the-session-of-an-operator"
PEOPLE = 300
SETTINGS = f"""
[entra]
client_id = "00000000-0000-0000-0000-000000000001"
client_secret = "none"
[sign_in]
[operators_page]
tenant_id = "{HOME_TENANT}"
operators = ["{OPERATOR_THERE}"]
"""
PAGES = {
    "first page": "",
    "all": "?part=all",
    "waived": "?part=waived",
    "a state": "?state=needs_consent",
    "an org": "?org=contoso&part=all",
    "a search that fits all": "?part=all&q=office",
    "a search that fits one": "?part=all&q=d7.example",
    "the last page": "?page=9999",
    "an app": "/apps/contoso/0oa00000000000000007",
    "who was asked": "/requests",
    "what comes next": "/plan",
    "incidents": "/incidents",
}


@dataclass
class Asking:
    """A bot, and the browser of an operator."""

    bot: running.Running
    browser: httpx.AsyncClient

    async def seconds(self, path: str) -> float:
        began = time.perf_counter()
        answer = await self.browser.get(f"/operators{path}")
        took = time.perf_counter() - began
        assert answer.status_code == 200, answer.text
        return took


@measures("operators")
async def operators(tiny: bool) -> list[Figure]:
    """Each page of many apps against the same of few; the whole list as a file."""
    few, many, times = (10, 20, 2) if tiny else (100, 10_000, 40)
    free = 1000.0 if tiny else 1.0  # the tiny size shows that it runs, and no speed
    figures = []
    async with AsyncExitStack() as stack:
        small, big = [await stack.enter_async_context(_asking(size)) for size in (few, many)]
        planned = await big.seconds("/plan")
        for name, path in PAGES.items():
            took: tuple[list[float], list[float]] = ([], [])
            for _ in range(times + 1):
                for asking, found in zip((small, big), took, strict=True):
                    found.append(await asking.seconds(path))
            ratio = median(took[1][1:]) / median(took[0][1:])  # the first one warms up
            label = f"operators: {name}, {1000 * median(took[1][1:]):.0f} ms, against {few}"
            figures.append(at_most(label, ratio, 1.5 * free, "x"))
        before = running.memory_of(big.bot.bot.pid, "VmHWM")
        rows = await _rows(big)
        added = running.memory_of(big.bot.bot.pid, "VmHWM") - before
    assert rows == many
    figures.append(at_most("operators: what comes next, worked out", planned, 5, "s"))
    figures.append(at_most(f"operators: a file of {many:,} adds", added, 10, "MiB"))
    return figures


@asynccontextmanager
async def _asking(apps: int) -> AsyncIterator[Asking]:
    """Half of the apps are waived, for the others one of PEOPLE is asked."""
    slack = SLACK.format(secret="none", url="http://127.0.0.1:9", operators='["U9"]')
    async with (
        running.bot_with(apps, slack + SETTINGS) as bot,
        httpx.AsyncClient(base_url=bot.url, trust_env=False, timeout=120) as browser,
    ):
        ledger = RedisLedger(bot.redis, Keys())
        async for page in ledger.pages(100, Wanted(Part.ALL)):
            records = [await ledger.app(app.ref) for app in page.shown]
            changed = [_changed(one, n % 2 == 0) for n, one in enumerate(filter(None, records))]
            requests = tuple(request for _, request in changed if request is not None)
            apps_ = tuple(record for record, _ in changed)
            await ledger.commit(Changes(apps=apps_, requests=requests))
        person = f"operator:{HOME_TENANT}:{OPERATOR_THERE}"
        until = datetime.now(UTC) + SESSION_LIFETIME
        session = Session((), OPERATOR_THERE, ProofKind.SIGNED_IN, until, person)
        await RedisSignIns(bot.redis, Keys()).open_session(SECRET, session)
        browser.cookies.set(f"o365bot-{Cookie.OPERATOR.value}", SECRET)
        await running.at_rest(bot.bot.pid)
        yield Asking(bot, browser)


def _changed(record: AppRecord, waived: bool) -> tuple[AppRecord, ConsentRequest | None]:
    """The record, waived or asked for, and the request."""
    now, ref = datetime.now(UTC), record.app.ref
    if waived:
        ends = now + timedelta(days=30)
        waiver = Waiver(ends.date(), ends, "retired", "slack:U9", "Olga", now)
        return replace(record, waiver=waiver, revision=record.revision + 1), None
    person = f"U{int(ref.app_id[-6:]) % PEOPLE}"
    request = replace(
        DELIVERED,
        id=f"r{ref.app_id}",
        app=ref,
        app_label=record.app.label,
        chat=ChatIdentity(Platform.SLACK, person),
        code=ref.app_id[-6:],
        requested_at=now,
        changed_at=now,
        link=None,
    )
    return replace(record, request_id=request.id, revision=record.revision + 1), request


async def _rows(asking: Asking) -> int:
    """So many apps are in the file."""
    rows = -1
    async with asking.browser.stream("GET", "/operators/apps.csv?part=all") as answer:
        async for _ in answer.aiter_lines():
            rows += 1
    return rows
