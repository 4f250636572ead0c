"""The event hook's endpoint, as Okta calls it: over a real server, by the contract of its docs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from adapters.okta.hooks import ANSWER_SECONDS, SETTLE, OktaHooks
from bot.domain.changes import Changes
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.errors import StoreUnavailable
from sandbox.world import World
from tests.examples import APP, NOW, RECORD
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEngine
from tests.serving import served
from tests.waiting import wait_until

SECRET = "a-secret-of-the-admins-choice"
SECOND = replace(APP, ref=AppRef("contoso", "0oa2"))


class FailingEngine(FakeEngine):
    """An engine whose store is away when it is told to."""

    down = False

    async def verify(self, ref: AppRef, at: datetime) -> None:
        if self.down:
            raise StoreUnavailable("The engine's store does not answer.")
        await super().verify(ref, at)


class SlowLedger(FakeLedger):
    """A store that takes its time when it is told to."""

    slow = False

    async def app(self, ref: AppRef) -> AppRecord | None:
        if self.slow:
            await asyncio.Event().wait()
        return await super().app(ref)


@dataclass
class HookEndpoint:
    """The bot's web app with the hook's endpoint, and Okta's way to it."""

    okta: httpx.AsyncClient
    ledger: SlowLedger
    engine: FailingEngine

    async def deliver(
        self, body: Any, *, org: str = "contoso", secret: str | None = SECRET
    ) -> httpx.Response:
        """One POST as Okta sends it; bytes go out as they are."""
        headers = {"Content-Type": "application/json"}
        if secret is not None:
            headers["Authorization"] = secret
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.okta.post(f"/okta/events/{org}", content=content, headers=headers)

    @property
    def looks(self) -> list[str]:
        return [str(ref) for ref, _ in self.engine.verifications]


@pytest.fixture
async def endpoint() -> AsyncIterator[HookEndpoint]:
    """Two known apps in contoso; fabrikam has no hook secret."""
    ledger, engine = SlowLedger(), FailingEngine()
    await ledger.commit(Changes(apps=(RECORD, replace(RECORD, app=SECOND))))
    hooks = OktaHooks(
        {"contoso": SecretStr(SECRET)},
        ledger=ledger,
        engine=engine,
        clock=FakeClock(NOW),
    )

    routes = [Route("/okta/events/{org}", hooks.endpoint, methods=["GET", "POST"])]
    async with (
        served(lambda url: Starlette(routes=routes)) as url,
        httpx.AsyncClient(base_url=url, timeout=60) as okta,
    ):
        yield HookEndpoint(okta, ledger, engine)


def delivery(*app_ids: str, event_id: str = "event-1") -> dict[str, Any]:
    """A delivery as in the docs, with one event for each app."""
    return {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": "https://contoso.okta.com/api/v1/eventHooks/who1",
        "eventId": event_id,
        "data": {
            "events": [
                {
                    "uuid": f"uuid-{app_id}",
                    "eventType": "application.lifecycle.update",
                    "target": [
                        {"id": app_id, "type": "AppInstance"},
                        {"id": "00u1", "type": "User"},
                    ],
                }
                for app_id in app_ids
            ]
        },
    }


async def test_the_verification_challenge_is_given_back(endpoint: HookEndpoint) -> None:
    """Once, when the admin presses Verify; the secret may not be sent with it."""
    answer = await endpoint.okta.get(
        "/okta/events/contoso", headers={"x-okta-verification-challenge": "abc.DEF-123"}
    )
    assert (answer.status_code, answer.json()) == (200, {"verification": "abc.DEF-123"})


@pytest.mark.parametrize("challenge", ["", "x" * 2000])
async def test_a_challenge_that_is_none_is_refused(endpoint: HookEndpoint, challenge: str) -> None:
    """Nothing is echoed that Okta would not send."""
    answer = await endpoint.okta.get(
        "/okta/events/contoso", headers={"x-okta-verification-challenge": challenge}
    )
    assert answer.status_code == 400


async def test_just_the_app_that_is_named_is_looked_at_again(endpoint: HookEndpoint) -> None:
    """Soon: a Save makes several events, and one look answers them all."""
    answer = await endpoint.deliver(delivery("0oa1"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert endpoint.engine.verifications == [(APP.ref, NOW + SETTLE)]


async def test_several_events_about_an_app_are_one_look(endpoint: HookEndpoint) -> None:
    """Okta sends events in batches."""
    await endpoint.deliver(delivery("0oa1", "0oa2", "0oa1"))
    assert endpoint.looks == ["contoso/0oa1", "contoso/0oa2"]


async def test_a_delivery_that_failed_halfway_is_acted_on_when_it_comes_again(
    endpoint: HookEndpoint,
) -> None:
    """Okta sends what got a 503 once more, with the same `eventId`."""
    endpoint.engine.down = True
    assert (await endpoint.deliver(delivery("0oa1"))).status_code == 503
    endpoint.engine.down = False
    assert (await endpoint.deliver(delivery("0oa1"))).status_code == 200
    assert endpoint.looks == ["contoso/0oa1"]


async def test_apps_that_are_not_known_are_no_business_of_ours(endpoint: HookEndpoint) -> None:
    """Other kinds of apps, users, and apps of another org."""
    assert (await endpoint.deliver(delivery("0oaother", "../0oa1"))).status_code == 200
    assert endpoint.looks == []


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET.upper(), "näh"])
async def test_a_delivery_without_the_secret_is_refused(
    endpoint: HookEndpoint, secret: str | None
) -> None:
    """Nothing is read of it."""
    headers = [] if secret is None else [(b"authorization", secret.encode())]
    answer = await endpoint.okta.post(
        "/okta/events/contoso", json=delivery("0oa1"), headers=headers
    )
    assert answer.status_code == 401
    assert endpoint.looks == []


@pytest.mark.parametrize("org", ["fabrikam", "nowhere", "CONTOSO"])
async def test_which_orgs_there_are_is_told_to_nobody(endpoint: HookEndpoint, org: str) -> None:
    """One without a secret, an unknown one, a known one with a wrong secret: all the same."""
    challenge = {"x-okta-verification-challenge": "abc"}

    async def answers(named: str) -> list[tuple[int, bytes, list[tuple[str, str]]]]:
        path = f"/okta/events/{named}"
        given = [
            await endpoint.deliver(delivery("0oa1"), org=named, secret="wrong"),
            await endpoint.deliver(b"x" * 100, org=named, secret=None),
            await endpoint.okta.get(path, headers=challenge),
            await endpoint.okta.get(path),
            await endpoint.okta.put(path),
        ]
        return [
            (one.status_code, one.content, [h for h in one.headers.items() if h[0] != "date"])
            for one in given
        ]

    assert await answers(org) == await answers("contoso")
    assert (await endpoint.deliver(delivery("0oa1"), org=org)).status_code == 401
    assert endpoint.looks == []


@pytest.mark.parametrize("org", ["contoso%2f..", "", "contoso/x"])
async def test_what_is_no_address_of_a_hook_is_none(endpoint: HookEndpoint, org: str) -> None:
    """Nothing is looked at."""
    assert (await endpoint.deliver(delivery("0oa1"), org=org)).status_code == 404
    assert endpoint.looks == []


BROKEN: dict[str, Any] = {
    "nothing": b"",
    "truncated": b'{"eventId": "e", "data": {"events": [',
    "not JSON": b"<html>",
    "not UTF-8": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "a list": [],
    "no event id": {"data": {"events": []}},
    "no data": {"eventId": "e"},
    "events that are no list": {"eventId": "e", "data": {"events": {}}},
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_delivery_of_another_shape_is_refused(endpoint: HookEndpoint, name: str) -> None:
    """With a 400, which Okta does not send again."""
    assert (await endpoint.deliver(BROKEN[name])).status_code == 400
    assert endpoint.looks == []


async def test_odd_events_in_a_good_delivery_are_passed_over(endpoint: HookEndpoint) -> None:
    """Missing targets and wrong types cost nothing."""
    body = delivery("0oa1")
    body["data"]["events"] += [None, 7, {"target": None}, {"target": [None, {"id": 7}]}]
    assert (await endpoint.deliver(body)).status_code == 200
    assert endpoint.looks == ["contoso/0oa1"]


async def test_a_delivery_that_is_too_long_is_refused(endpoint: HookEndpoint) -> None:
    """Long before it is parsed."""
    assert (await endpoint.deliver(b" " * (600 * 1024))).status_code == 413


async def test_a_store_that_is_away_makes_okta_send_again(endpoint: HookEndpoint) -> None:
    """503 is repeated by Okta."""
    endpoint.ledger.down = True
    assert (await endpoint.deliver(delivery("0oa1"))).status_code == 503
    endpoint.ledger.down = False
    assert (await endpoint.deliver(delivery("0oa1"))).status_code == 200
    assert endpoint.looks == ["contoso/0oa1"]


async def test_an_answer_comes_within_three_seconds_whatever_the_store_does(
    endpoint: HookEndpoint,
) -> None:
    """Okta gives up after three."""
    endpoint.ledger.slow = True
    assert (await endpoint.deliver(delivery("0oa1"))).status_code == 503
    assert timedelta(seconds=ANSWER_SECONDS) < timedelta(seconds=3)


async def test_a_save_in_the_sandbox_reaches_the_endpoint(
    endpoint: HookEndpoint, keys: Path
) -> None:
    """The whole way: verified, then told with the secret that an administrator has saved."""
    async with World(key_directory=keys, page_port=None) as world:
        hook = world.hooks.hooks["contoso"]
        hook.secret = SECRET
        world.hooks.connect(str(endpoint.okta.base_url).rstrip("/"))
        await world.hooks.verify()
        verified = {name: one.verified for name, one in world.hooks.hooks.items()}
        assert verified == {"contoso": True, "fabrikam": True}, "alike for both"

        org = world.company.org("contoso")
        sales = next(app for app in org.apps if app.label == "Office 365 Sales")
        ref = AppRef("contoso", sales.id)
        await endpoint.ledger.commit(Changes(apps=(replace(RECORD, app=replace(APP, ref=ref)),)))
        world.company.press_authenticate("contoso", sales.id, "gita@contoso.example")
        world.company.press_save("contoso", sales.id)
        await wait_until(lambda: hook.statuses != [], what="the hook was delivered")
    assert hook.statuses == [200]
    assert endpoint.looks == [str(ref)]
