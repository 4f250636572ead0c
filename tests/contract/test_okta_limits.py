"""Okta's rate limits: kept, waited for, and never used up."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.client import open_http
from adapters.okta.calls.pacing import OktaPace, bucket_of
from adapters.okta.client import OktaClient
from bot.errors import CloudThrottled
from tests.contract.loopback import SteppingClock
from tests.contract.okta_org import APPS, LOGS, Org, app_json, settings_for
from tests.contract.pretend_okta import says

pytestmark = pytest.mark.usefixtures("no_waiting")


def limits(left: int, limit: int = 50, seconds: int = 30) -> dict[str, str]:
    """Okta's headers for a window that ends in so many seconds."""
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(left),
        "x-rate-limit-reset": str(int(time.time()) + seconds),
    }


async def test_after_a_429_nothing_is_sent_before_the_reset(org: Org) -> None:
    """The wait is the server's own, with a second to spare, and then the answer is there."""

    def apps(request: Request) -> Response:
        if len(org.okta.calls) == 1:
            return says({"errorCode": "E0000047"}, 429, limits(0))(request)
        return says([app_json()], headers=limits(49, seconds=90))(request)

    org.okta.resources[APPS] = apps
    assert len(await org.apps()) == 1
    [slept] = org.clock.slept
    assert 20 <= slept <= 32


async def test_a_limit_that_stays_is_a_typed_error_with_the_wait(org: Org) -> None:
    """After three windows the caller is told, and when to come back."""
    busy = {"errorCode": "E0000047"}
    org.okta.resources[APPS] = lambda request: says(busy, 429, limits(0))(request)
    with pytest.raises(CloudThrottled) as raised:
        await org.apps()
    assert 20 <= raised.value.retry_after <= 32
    assert len(org.okta.calls) == 3


async def test_a_share_of_each_limit_is_left_to_others(org: Org) -> None:
    """With 10 of 50 left, the next call waits for the next window; another bucket does not."""
    org.okta.resources[APPS] = says([], headers=limits(10))
    org.okta.resources[LOGS] = says([], headers=limits(60, limit=60))
    await org.apps()
    await org.client.read_log(frozenset(), "", datetime.now(UTC))
    assert org.clock.slept == []
    await org.apps()
    assert len(org.clock.slept) == 1


async def test_no_more_than_four_calls_are_under_way_at_once() -> None:
    """Okta counts calls at once too, for the whole org."""
    running = most = 0

    async def slow(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        if request.url.path == "/oauth2/v1/token":
            return httpx.Response(200, json={"access_token": "a", "token_type": "Bearer"})
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return httpx.Response(200, json={"status": "ENABLED"})

    http = open_http(httpx.MockTransport(slow))
    client = OktaClient(settings_for("https://contoso.okta.com"), http, SteppingClock())
    await asyncio.gather(*(client.connection(f"0oa{number}") for number in range(20)))
    await client.aclose()
    assert most == 4


async def test_a_thousand_calls_take_no_longer_than_the_limit_demands() -> None:
    """50 a minute with 10 of them left free is 40 a minute: within 5 % of that bound.

    The server counts as Okta does; the clock is a simulated one.
    """
    clock = SteppingClock(datetime(2026, 1, 5, 9, 0, tzinfo=UTC))
    ends, used, refused, started = clock.now(), 0, 0, clock.now()

    def count(request: httpx.Request) -> httpx.Response:
        nonlocal ends, used, refused
        if request.url.path == "/oauth2/v1/token":
            return httpx.Response(200, json={"access_token": "a", "token_type": "Bearer"})
        if clock.now() >= ends:
            ends, used = clock.now() + timedelta(seconds=60), 0
        used += 1
        refused += used > 50
        headers = {
            "x-rate-limit-limit": "50",
            "x-rate-limit-remaining": str(max(0, 50 - used)),
            "x-rate-limit-reset": str(int(ends.timestamp())),
            "date": clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        status = 429 if used > 50 else 200
        return httpx.Response(status, headers=headers, json={"status": "ENABLED"})

    http = open_http(httpx.MockTransport(count))
    pace = OktaPace(clock, sleep=clock.sleep, at_once=1)  # one sleeper moves the clock
    client = OktaClient(settings_for("https://contoso.okta.com"), http, clock, pace=pace)
    for number in range(1000):
        await client.connection(f"0oa{number}")
    await client.aclose()
    took = (clock.now() - started).total_seconds()
    assert refused == 0
    assert took <= 1000 / 40 * 60 * 1.05


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/v1/apps", "/api/v1/apps"),
        ("/api/v1/apps/0oa1", "/api/v1/apps/{id}"),
        ("/api/v1/apps/0oa1/connections/default", "/api/v1/apps"),
        ("/api/v1/iam/assignees/users", "/api/v1/iam"),
        ("/api/v1/users/00u1/roles", "/api/v1/users"),
        ("/api/v1/eventHooks", "/api/v1"),
        ("/oauth2/v1/token", "/oauth2/v1/token"),
    ],
)
def test_a_call_counts_in_the_bucket_that_okta_counts_it_in(path: str, bucket: str) -> None:
    """An app's sub-resources share the small limit of the list."""
    assert bucket_of(path) == bucket
