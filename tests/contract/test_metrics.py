"""What Prometheus is told, read from a real store and counted by the real adapters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from adapters.http.client import open_http
from adapters.http.counts import Api
from adapters.okta.calls.pacing import BUCKETS, bucket_of
from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.store import connect
from adapters.redis.shared.rate import RedisRateBudget
from adapters.redis.upkeep.figures import RedisFigures
from adapters.web.monitoring.metrics import Metrics
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage, Step, step
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.incidents import Incident
from bot.domain.delivery.notices import Channel, ChannelReminder
from bot.domain.inventory.records import OrgScan
from bot.domain.people.admins import Platform
from bot.errors import StoreUnavailable
from bot.ports.store.figures import Figures
from bot.ports.store.limits import RateWindow
from tests.examples import RECORD, REQUEST


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """The product's own."""
    async with connect(redis_url) as client:
        yield client


@pytest.fixture
def ledger(client: Redis) -> RedisLedger:
    return RedisLedger(client, Keys())


def figures(client: Redis, ledger: RedisLedger) -> RedisFigures:
    return RedisFigures(client, Keys(), ledger, ("contoso", "fabrikam"), BUCKETS)


@pytest.mark.parametrize(("key", "unit"), [(Keys().tasks_due(), 1000), (Keys().due(), 1)])
async def test_what_is_late_is_the_oldest_of_work_and_messages(
    client: Redis, ledger: RedisLedger, key: str, unit: int
) -> None:
    """What is due in the future is not late."""
    assert await figures(client, ledger).late() == 0
    now = time.time()
    await client.zadd(key, {"soon": (now + 60) * unit})
    assert await figures(client, ledger).late() == 0
    await client.zadd(key, {"old": (now - 300) * unit, "older": (now - 600) * unit})
    assert 600 <= await figures(client, ledger).late() < 660


async def test_an_empty_store_has_figures_too(client: Redis, ledger: RedisLedger) -> None:
    """Noughts for every org, state and stage: an alert must tell none from no news."""
    found = await figures(client, ledger).read()
    assert found.orgs["contoso"].apps["needs_consent"] == 0
    assert found.orgs["contoso"].scanned_at is None
    assert found.orgs["fabrikam"].budget == 1.0
    assert set(found.requests.values()) == {0}
    assert found.tasks.waiting == found.deliveries.due == 0
    assert found.memory > 0


async def test_everything_is_counted_where_it_belongs(client: Redis, ledger: RedisLedger) -> None:
    """Apps by state, requests by stage, what is due and how late, incidents, the last look."""
    now = datetime.now(UTC)
    record = replace(RECORD, revision=1)
    request = replace(REQUEST, revision=1)
    late = Delivery(
        ChannelReminder(Channel(Platform.SLACK, "C1"), "x"), now - timedelta(minutes=5), "test"
    )
    later = Delivery(
        ChannelReminder(Channel(Platform.SLACK, "C1"), "y"), now + timedelta(hours=5), "test"
    )
    incident = Incident("slack:C1", "x", "archived", now)
    await ledger.commit(
        Changes(apps=(record,), requests=(request,), planned=(late, later), incidents=(incident,))
    )
    await ledger.save_scan(OrgScan("contoso", now, now, failure="no"))
    found = await figures(client, ledger).read()
    of = found.orgs[record.app.ref.org]
    assert of.apps[record.verdict.state.value] == 1
    assert sum(of.apps.values()) == 1
    assert (of.scanned_at, of.scan_failed) == (now, True)
    assert found.requests[request.stage] == 1
    assert sum(found.requests.values()) == 1
    assert (found.deliveries.waiting, found.deliveries.due) == (2, 1)
    assert 290 < found.deliveries.late < 400
    assert found.incidents == {"slack": 1}

    await ledger.commit(Changes(requests=(replace(step(request, Step.REVOKE, now)),)))
    assert sum((await figures(client, ledger).read()).requests.values()) == 0


async def test_requests_of_a_former_release_are_counted(client: Redis, ledger: RedisLedger) -> None:
    """Their stage was in no index; what it ended meanwhile is counted no more."""
    await ledger.commit(Changes(requests=(replace(REQUEST, revision=1),)))
    await client.delete(Keys().stages())
    await client.zadd(Keys().stages(), {"ended": 0, "ended too": 1})
    await ledger.bring_lists_up_to_date()
    found = await figures(client, ledger).read()
    assert {stage: n for stage, n in found.requests.items() if n} == {REQUEST.stage: 1}


async def test_the_budget_is_that_of_the_tightest_limit(client: Redis, ledger: RedisLedger) -> None:
    """While its window lasts; blocked is nothing left; each org has its own."""
    now = datetime.now(UTC)
    soon = now + timedelta(seconds=50)
    budget = RedisRateBudget(client, Keys(), "okta:contoso")
    for path, left in (("/api/v1/apps", 80), ("/api/v1/logs", 10), ("/api/v1/users/00u1", 60)):
        await budget.learn(bucket_of(path), RateWindow(1, 100, left, soon), now)
    read = figures(client, ledger).read
    assert (await read()).orgs["contoso"].budget == pytest.approx(0.1)
    assert (await read()).orgs["fabrikam"].budget == 1.0
    await budget.block("/api/v1/logs", soon, now)
    assert (await read()).orgs["contoso"].budget == 0.0


@pytest.mark.parametrize("path", ["/api/v1/apps/0oa1", "/api/v1/apps/0oa1/users", "/api/v1/x/y"])
def test_every_bucket_of_the_api_is_looked_at(path: str) -> None:
    """A limit that nobody looks at would run out unseen."""
    assert bucket_of(path) in BUCKETS


async def test_without_the_store_a_process_tells_what_it_knows() -> None:
    """`o365bot_store_up` is 0, and there is no figure that could be taken for one."""

    class Away:
        async def read(self) -> Figures:
            raise StoreUnavailable("away")

    told = (await Metrics(Away(), ["slack"], version="1", role="all").text()).decode()
    assert "\no365bot_store_up 0.0\n" in told
    assert "o365bot_apps" not in told
    assert "o365bot_api_calls_total" in told


async def test_the_store_is_asked_once_however_many_ask(client: Redis, ledger: RedisLedger) -> None:
    """Metrics are open to whoever reaches the port."""
    asked = 0
    real = figures(client, ledger)

    class Counted:
        async def read(self) -> Figures:
            nonlocal asked
            asked += 1
            return await real.read()

    metrics = Metrics(Counted(), ["slack"], version="1", role="all")
    await asyncio.gather(*(metrics.text() for _ in range(20)))
    assert asked == 1


async def test_calls_are_counted_by_api_and_status() -> None:
    """An odd status is one label, however many there are; no answer is one too."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/away":
            raise httpx.ConnectError("away")
        return httpx.Response(int(request.url.path[1:]))

    def count(status: str) -> float:
        labels = {"api": "okta", "status": status}
        return REGISTRY.get_sample_value("o365bot_api_calls_total", labels) or 0.0

    before = {status: count(status) for status in ("200", "503", "other", "none")}
    async with open_http(httpx.MockTransport(answer), api=Api.OKTA) as http:
        for path in ("200", "200", "503", "777", "888"):
            await http.get(f"https://contoso.okta.com/{path}")
        with pytest.raises(httpx.ConnectError):
            await http.get("https://contoso.okta.com/away")
    counted = {status: count(status) - was for status, was in before.items()}
    assert counted == {"200": 2, "503": 1, "other": 2, "none": 1}


def test_a_stage_keeps_its_place() -> None:
    """The index holds numbers: another order would count each request as of another stage."""
    assert [stage.value for stage in Stage if stage.is_open][:4] == [
        "requested",
        "delivered",
        "acknowledged",
        "saved",
    ]
