"""The Okta client against servers on loopback that check what it sends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.http.client import open_http
from adapters.okta.client import OktaClient
from adapters.okta.console import admin_address
from adapters.okta.pacing import OktaPace, bucket_of
from adapters.okta.system_log import EVENT_TYPES, evidence_in
from bot.domain.apps import AppStatus, ConnectionStatus, Office365App, ProvisioningConnection
from bot.domain.evidence import EvidenceKind
from bot.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudNotFound,
    CloudRefused,
    CloudThrottled,
    CloudUnreachable,
    SettingsInvalid,
)
from bot.ports.clouds import OktaOrg
from bot.settings import OktaSettings, load
from sandbox.keys import SigningKey
from sandbox.world import World
from tests.contract.loopback import SteppingClock, answering, http_bytes
from tests.contract.pretend_okta import CLIENT_ID, CLIENT_PEM, PretendOkta, error, in_pages, says
from tests.serving import served

APPS = "/api/v1/apps"
LOGS = "/api/v1/logs"
ASSIGNEES = "/api/v1/iam/assignees/users"
HQ = "0oaws5pwpwkusGK6P1d7"


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Repeats happen as often as in reality, but at once."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@dataclass
class Org:
    """A client, the org it reads, and the clock that its pace goes by."""

    client: OktaClient
    okta: PretendOkta
    clock: SteppingClock

    async def apps(self) -> list[Office365App]:
        return [app async for app in self.client.apps()]


def settings_for(url: str, **more: Any) -> OktaSettings:
    credential = {
        "client_id": CLIENT_ID,
        "private_key": SecretStr(CLIENT_PEM),
        "key_id": "kid1",
    }
    return OktaSettings(**{"name": "contoso", "url": url, **credential, **more})


def client_for(url: str, clock: SteppingClock, **more: Any) -> OktaClient:
    return OktaClient(
        settings_for(url, **more), open_http(), clock, pace=OktaPace(clock, sleep=clock.sleep)
    )


@pytest.fixture
async def org() -> AsyncIterator[Org]:
    """An org that wants DPoP with a nonce, read with a service app."""
    made: list[PretendOkta] = []

    def make(url: str) -> PretendOkta:
        made.append(PretendOkta(url))
        return made[0]

    async with served(make) as url:
        clock = SteppingClock()
        made[0].leeway = 7200  # tests let time pass for the client alone
        client = client_for(url, clock)
        yield Org(client, made[0], clock)
        await client.aclose()


def app_json(app_id: str = HQ, **more: Any) -> dict[str, Any]:
    """An app as Okta answers it; the settings are a recorded answer's."""
    return {
        "id": app_id,
        "name": "office365",
        "label": "Office 365 HQ",
        "status": "ACTIVE",
        "features": [],
        "settings": {
            "app": {
                "tenantType": None,
                "wsFedConfigureType": "AUTO",
                "domain": "contoso.example",
                "msftTenant": "contoso",
                "requireAdminConsent": False,
            }
        },
        **more,
    }


# ------------------------------------------------------------------ signing in


async def test_the_client_is_an_okta_org(org: Org) -> None:
    """It implements the port."""
    port: OktaOrg = org.client
    assert port.name == "contoso"


async def test_the_first_token_request_carries_a_proof_and_answers_the_nonce_challenge(
    org: Org,
) -> None:
    """The server has checked assertion, proof, binding and that nothing is used twice."""
    org.okta.resources[APPS] = says([app_json()])
    await org.apps()
    await org.apps()
    assert org.okta.tokens == ["okta.apps.read"], "the second look used the same token"
    assert org.okta.bare_token_requests == 0


async def test_a_nonce_challenge_of_an_api_call_is_answered(org: Org) -> None:
    """The call is repeated once with the nonce, and later calls bring it along."""
    org.okta.nonces["api"] = "nonce-a1"
    org.okta.resources[APPS] = says([app_json()])
    assert len(await org.apps()) == 1
    org.okta.nonces["api"] = "nonce-a2"
    assert len(await org.apps()) == 1


async def test_an_org_without_proofs_gets_a_bearer_token(org: Org) -> None:
    """The token's type decides how it is sent."""
    org.okta.scheme = "Bearer"
    org.okta.resources[APPS] = says([app_json()])
    assert len(await org.apps()) == 1


async def test_a_token_is_renewed_before_it_runs_out(org: Org) -> None:
    """Five minutes early, so that no call sets out with a token that dies on the way."""
    org.okta.resources[APPS] = says([])
    await org.apps()
    org.clock.forward(3600 - 301)
    await org.apps()
    assert len(org.okta.tokens) == 1
    org.clock.forward(2)
    await org.apps()
    assert len(org.okta.tokens) == 2


async def test_a_revoked_token_is_replaced_and_the_call_repeated(org: Org) -> None:
    """A 401 in the middle of a token's life does not reach the scan."""
    org.okta.resources[APPS] = says([app_json()])
    await org.apps()
    org.okta.revoke()
    org.clock.forward(120)
    assert len(await org.apps()) == 1


async def test_calls_at_the_same_time_share_one_token(org: Org) -> None:
    """Ten callers cost one token request."""
    for number in range(10):
        path = f"{APPS}/0oa{number}/connections/default"
        org.okta.resources[path] = says({"status": "ENABLED"})
    await asyncio.gather(*(org.client.connection(f"0oa{number}") for number in range(10)))
    assert len(org.okta.tokens) == 1


async def test_a_scope_that_is_not_granted_costs_its_own_calls_only(org: Org) -> None:
    """The error names the scope; apps can be read all the same."""
    org.okta.scopes.discard("okta.logs.read")
    org.okta.resources[APPS] = says([app_json()])
    with pytest.raises(CloudRefused) as raised:
        await org.client.read_log(frozenset({HQ}), "", datetime.now(UTC))
    assert raised.value.missing == "okta.logs.read"
    assert "okta.logs.read" in raised.value.hint
    assert len(await org.apps()) == 1


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (APPS, "okta.apps.read"),
        (f"{APPS}/{HQ}/connections/default", "okta.apps.read"),
        (LOGS, "okta.logs.read"),
        (ASSIGNEES, "okta.roles.read"),
    ],
)
async def test_a_403_names_the_scope_of_that_call_and_that_a_role_is_needed_too(
    org: Org, path: str, scope: str
) -> None:
    """Never an empty answer: what may not be read is not the same as nothing."""
    org.okta.resources[path] = lambda request: error(403, "E0000006")
    calls = {
        APPS: org.apps,
        f"{APPS}/{HQ}/connections/default": lambda: org.client.connection(HQ),
        LOGS: lambda: org.client.read_log(frozenset({HQ}), "", datetime.now(UTC)),
        ASSIGNEES: org.client.app_admins,
    }
    with pytest.raises(CloudRefused) as raised:
        await calls[path]()
    assert (raised.value.missing, raised.value.reason) == (scope, "E0000006")
    assert raised.value.call == f"GET {path}"
    assert "role" in raised.value.hint


async def test_a_wrong_key_is_refused_with_what_to_check() -> None:
    """The server does not know the key; nothing of it is in the error."""
    async with served(PretendOkta) as url:
        other = (await asyncio.to_thread(_another_pem)).strip()
        client = client_for(url, SteppingClock(), private_key=SecretStr(other))
        with pytest.raises(CloudRefused, match="private_key") as raised:
            await client.connection(HQ)
        await client.aclose()
    assert raised.value.reason == "invalid_client"
    assert other not in str(raised.value)


def _another_pem() -> str:
    return SigningKey.generate("other").private_pem()


async def test_a_clock_that_is_off_is_named_as_the_reason() -> None:
    """An assertion from next week is refused, and the hint says by how much the clock is off."""
    async with served(PretendOkta) as url:
        client = client_for(url, SteppingClock(datetime.now(UTC) + timedelta(days=7)))
        with pytest.raises(CloudRefused, match=r"clock is \+604[78]\d\d s off"):
            await client.connection(HQ)
        await client.aclose()


async def test_an_api_token_is_sent_as_ssws(org: Org) -> None:
    """The fallback needs no token endpoint."""
    org.okta.resources[APPS] = says([app_json()])
    blank = {"client_id": "", "private_key": None, "key_id": ""}
    client = client_for(org.okta.url, org.clock, api_token=SecretStr("00token"), **blank)
    assert [app.label async for app in client.apps()] == ["Office 365 HQ"]
    assert org.okta.tokens == []
    await client.aclose()


async def test_a_private_key_that_is_none_is_a_wrong_setting() -> None:
    """Said at start, with its name, not at the first call."""
    async with open_http() as http:
        with pytest.raises(SettingsInvalid, match=r"okta\.contoso\.private_key"):
            OktaClient(
                settings_for("https://contoso.okta.com", private_key=SecretStr("nothing")),
                http,
                SteppingClock(),
            )


TOKEN_ANSWERS: dict[str, Any] = {
    "no token": {"token_type": "Bearer", "expires_in": 3600},
    "a token that is no text": {"access_token": 7, "token_type": "Bearer"},
    "a token with a line break": {"access_token": "a\r\nX: y", "token_type": "Bearer"},
    "an unknown kind of token": {"access_token": "a", "token_type": "mac"},
    "a list": [],
}


@pytest.mark.parametrize("name", TOKEN_ANSWERS)
async def test_a_strange_answer_of_the_token_endpoint_is_a_typed_error(name: str) -> None:
    """Nothing that is no token is ever sent as one."""

    async def token(request: Request) -> Response:
        return JSONResponse(TOKEN_ANSWERS[name])

    routes = [Route("/oauth2/v1/token", token, methods=["POST"])]
    async with served(lambda url: Starlette(routes=routes)) as url:
        client = client_for(url, SteppingClock())
        with pytest.raises(CloudAnswerInvalid) as raised:
            await client.connection(HQ)
        await client.aclose()
    assert raised.value.call == "POST /oauth2/v1/token"


# ------------------------------------------------------------------ apps and connections


async def test_every_page_of_apps_is_read_with_200_a_page(org: Org) -> None:
    """Inactive apps are asked for too; `next` is followed as it stands."""
    org.okta.resources[APPS] = in_pages(
        org.okta.url, APPS, [app_json("0oa1"), app_json("0oa2")], [app_json("0oa3")]
    )
    assert [app.ref.app_id for app in await org.apps()] == ["0oa1", "0oa2", "0oa3"]
    first, second = org.okta.queries
    assert first == "filter=name+eq+%22office365%22&limit=200&includeNonDeleted=true"
    assert second == "after=1&limit=2"


async def test_an_app_keeps_what_is_not_documented(org: Org) -> None:
    """Domain and tenant are named, the rest of the settings is kept as it came."""
    org.okta.resources[APPS] = says([app_json()])
    [app] = await org.apps()
    assert str(app.ref) == f"contoso/{HQ}"
    assert (app.domain, app.msft_tenant, app.status) == (
        "contoso.example",
        "contoso",
        AppStatus.ACTIVE,
    )
    assert app.other == {
        "tenantType": None,
        "wsFedConfigureType": "AUTO",
        "requireAdminConsent": False,
    }


async def test_odd_apps_are_tolerated_and_nameless_ones_left_out(org: Org) -> None:
    """One strange app never costs the others."""
    org.okta.resources[APPS] = says(
        [
            {"id": "0oa1"},
            app_json("0oa2", status="HIBERNATING", label=None, settings={"app": None}),
            app_json("0oa3", settings=[], features="?"),
            {"name": "office365", "label": "no id"},
            "not an app",
            None,
            app_json("0oa4", name="bookmark"),
        ]
    )
    apps = await org.apps()
    assert [app.ref.app_id for app in apps] == ["0oa1", "0oa2", "0oa3"]
    assert [app.status for app in apps][:2] == [AppStatus.UNKNOWN, AppStatus.UNKNOWN]
    assert (apps[1].label, apps[1].tenant_domain) == ("0oa2", "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"status": "ENABLED", "profile": {"authScheme": "OAUTH2"}, "_links": {}},
            ProvisioningConnection(ConnectionStatus.ENABLED, "OAUTH2"),
        ),
        (
            {"status": "UNKNOWN", "profile": {"authScheme": "UNKNOWN"}},
            ProvisioningConnection(ConnectionStatus.UNKNOWN, "UNKNOWN"),
        ),
        (
            {"authScheme": "TOKEN", "status": "DISABLED"},
            ProvisioningConnection(ConnectionStatus.DISABLED, "TOKEN"),
        ),
        (
            {"status": "PAUSED", "profile": None},
            ProvisioningConnection(ConnectionStatus.UNKNOWN, "UNKNOWN"),
        ),
        ({}, ProvisioningConnection(ConnectionStatus.UNKNOWN, "UNKNOWN")),
    ],
)
async def test_a_connection_is_read_in_every_recorded_form(
    org: Org, body: Any, expected: ProvisioningConnection
) -> None:
    """Without profile, without links, with new words: never a crash, never a guess."""
    org.okta.resources[f"{APPS}/{HQ}/connections/default"] = says(body)
    assert await org.client.connection(HQ) == expected


async def test_an_unknown_app_is_not_found(org: Org) -> None:
    """Okta says 404."""
    with pytest.raises(CloudNotFound):
        await org.client.connection("0oagone")


async def test_an_id_cannot_lead_to_another_path() -> None:
    """Whatever stands in it is one segment of the path."""
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json={"access_token": "a", "token_type": "Bearer"})

    http = open_http(httpx.MockTransport(answer))
    client = OktaClient(settings_for("https://contoso.okta.com"), http, SteppingClock())
    await client.connection("../../users/me?x")
    await client.aclose()
    assert asked[-1] == b"/api/v1/apps/..%2F..%2Fusers%2Fme%3Fx/connections/default"


# ------------------------------------------------------------------ paging that goes wrong


async def test_a_loop_of_next_links_is_stopped(org: Org) -> None:
    """A cursor that comes back is an error, not an endless scan."""
    link = f'<{org.okta.url}{APPS}?after=1>; rel="next"'
    org.okta.resources[APPS] = says([], headers={"link": link})
    with pytest.raises(CloudAnswerInvalid, match="read before"):
        await org.apps()


async def test_paging_without_end_is_stopped(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ever new cursors end too."""
    monkeypatch.setattr("adapters.okta.paging.MAX_PAGES", 20)
    org.okta.resources[APPS] = lambda request: JSONResponse(
        [],
        headers={"link": f'<{org.okta.url}{APPS}?after={len(org.okta.calls)}>; rel="next"'},
    )
    with pytest.raises(CloudAnswerInvalid, match="more than 20 pages"):
        await org.apps()


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.com/api/v1/apps?after=1",
        "http://localhost:1/api/v1/apps?after=1",
        "{url}/oauth2/v1/authorize",
        "http://[",
    ],
)
async def test_a_next_link_that_leads_elsewhere_is_refused(org: Org, link: str) -> None:
    """Tokens never follow: to another host, or to another resource."""
    target = link.replace("{url}", org.okta.url)
    org.okta.resources[APPS] = says([app_json()], headers={"link": f'<{target}>; rel="next"'})
    with pytest.raises(CloudAnswerInvalid):
        await org.apps()
    assert org.okta.calls == [APPS]


async def test_a_redirect_to_another_host_is_refused(org: Org) -> None:
    """Nothing is asked of the other host."""
    async with answering(http_bytes(b"[]")) as (elsewhere, seen):
        org.okta.resources[APPS] = says(None, 302, {"location": f"{elsewhere}{APPS}"})
        with pytest.raises(CloudAnswerInvalid, match="redirect"):
            await org.apps()
    assert seen == []


async def test_an_org_that_is_down_is_unreachable_after_retries(org: Org) -> None:
    """Three tries, then a typed error with the org's name."""
    org.okta.resources[APPS] = lambda request: error(503, "E0000009")
    with pytest.raises(CloudUnreachable) as raised:
        await org.apps()
    assert raised.value.where == "contoso"
    assert len(org.okta.calls) == 3


# ------------------------------------------------------------------ rate limits


def limits(left: int, limit: int = 50, seconds: int = 30) -> dict[str, str]:
    """Okta's headers for a window that ends in so many seconds."""
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(left),
        "x-rate-limit-reset": str(int(time.time()) + seconds),
    }


async def test_after_a_429_nothing_is_sent_before_the_reset(org: Org) -> None:
    """The wait is the server's own, with a second to spare, and then the answer is there."""
    busy = says({"errorCode": "E0000047"}, 429, limits(0))
    good = says([app_json()], headers=limits(49, seconds=90))
    org.okta.resources[APPS] = lambda request: (busy if len(org.okta.calls) == 1 else good)(request)
    assert len(await org.apps()) == 1
    [slept] = org.clock.slept
    assert 29 <= slept <= 32


async def test_a_limit_that_stays_is_a_typed_error_with_the_wait(org: Org) -> None:
    """After three windows the caller is told, and when to come back."""
    org.okta.resources[APPS] = says({"errorCode": "E0000047"}, 429, limits(0))
    with pytest.raises(CloudThrottled) as raised:
        await org.apps()
    assert 29 <= raised.value.retry_after <= 32
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


# ------------------------------------------------------------------ the System Log


def event(kind: str, **more: Any) -> dict[str, Any]:
    """A System Log event about the HQ app."""
    return {
        "uuid": f"uuid-{kind}",
        "published": "2026-03-01T10:00:00.123Z",
        "eventType": kind,
        "outcome": {"result": "SUCCESS", "reason": None},
        "actor": {"displayName": "Oskar Okta", "alternateId": "oskar@contoso.example"},
        "target": [{"id": HQ, "type": "AppInstance"}],
        "debugContext": {"debugData": {}},
        **more,
    }


def debug(**data: str) -> dict[str, Any]:
    return {"debugContext": {"debugData": data}}


REJECTED = "app.office365.api.error.validate.creds"
PUSHED = "app.office365.api.error.push.profile"
FAILED = {"result": "FAILURE", "reason": None}
HUMAN = "admin@contoso.onmicrosoft.com"
SERVICE = f"svc_OKTA_sync_{HQ}@contoso.onmicrosoft.com"

TOLD: list[tuple[str, dict[str, Any], EvidenceKind | None]] = [
    (REJECTED, debug(adminUserName=HUMAN), EvidenceKind.ADMIN_PASSWORD_REJECTED),
    (REJECTED, debug(admin_user_name=HUMAN), EvidenceKind.ADMIN_PASSWORD_REJECTED),
    (
        REJECTED,
        {"outcome": {"result": "FAILURE", "reason": f"AADSTS50076 Account: {HUMAN}"}},
        EvidenceKind.ADMIN_PASSWORD_REJECTED,
    ),
    (REJECTED, debug(adminUserName=SERVICE), EvidenceKind.SERVICE_ACCOUNT_USED),
    (REJECTED, debug(errorMessage=f"AADSTS50079 {SERVICE}."), EvidenceKind.SERVICE_ACCOUNT_USED),
    (REJECTED, debug(adminUserName="svc_OKTA_sync_0oaAnotherApp1234567@x.example"), None),
    (REJECTED, {}, None),
    (PUSHED, debug(adminUserName=HUMAN), EvidenceKind.ADMIN_PASSWORD_USED),
    (PUSHED, debug(errorMessage="could not push jane@contoso.example"), None),
    ("application.lifecycle.update", {}, EvidenceKind.SETTINGS_SAVED),
    ("application.lifecycle.update", {"outcome": FAILED}, None),
    (
        "application.lifecycle.update",
        {"target": [{"id": HQ, "changeDetails": {"from": {"label": "a"}, "to": {"label": "b"}}}]},
        None,
    ),
    (
        "application.lifecycle.update",
        {"target": [{"id": HQ, "changeDetails": {"to": {"app_instance_properties": {}}}}]},
        EvidenceKind.SETTINGS_SAVED,
    ),
    (
        "app.office365.provisioning_app.create",
        {},
        EvidenceKind.PROVISIONING_APP_CREATED,
    ),
    ("app.office365.provisioning_app.create", {"outcome": FAILED}, None),
    (
        "app.office365.provisioning_app_credential.rotate",
        {},
        EvidenceKind.PROVISIONING_APP_CREATED,
    ),
    ("app.office365.provisioning_app_credential.rotate", {"outcome": FAILED}, None),
    (REJECTED, {"target": None, **debug(adminUserName=HUMAN)}, None),
    (REJECTED, {"published": "yesterday", **debug(adminUserName=HUMAN)}, None),
    (REJECTED, {"uuid": None, **debug(adminUserName=HUMAN)}, None),
    (REJECTED, {"debugContext": "?", "outcome": 7}, None),
]


@pytest.mark.parametrize(("kind", "more", "expected"), TOLD)
def test_an_event_tells_what_it_proves_and_no_more(
    kind: str, more: dict[str, Any], expected: EvidenceKind | None
) -> None:
    """Both spellings are read; without an account that is named, nothing is concluded."""
    found = list(evidence_in(event(kind, **more), frozenset({HQ}), datetime.now(UTC)))
    assert [evidence.kind for _, evidence in found] == ([expected] if expected else [])
    assert kind in EVENT_TYPES


async def test_the_log_is_polled_once_and_each_event_counted_once(org: Org) -> None:
    """One query for all kinds and apps; a poll's eternal `next` ends with an empty page."""
    used = event(REJECTED, **debug(adminUserName=HUMAN))
    saved = event("application.lifecycle.update", published="2026-03-02T10:00:00Z")
    other = event("application.lifecycle.update", uuid="x", target=[{"id": "0oaother"}])

    def page(request: Request) -> Response:
        place = int(request.query_params.get("after", "0"))
        pages: list[list[Any]] = [[saved, used], [used, other, "?"], []]
        link = f'<{org.okta.url}{LOGS}?after={place + 1}>; rel="next"'
        return JSONResponse(pages[place], headers={"link": link})

    org.okta.resources[LOGS] = page
    since = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    told = await org.client.read_log(frozenset({HQ, "0oaquiet"}), "", since)
    evidence = told.evidence
    assert list(evidence) == [HQ]
    first, second = evidence[HQ]
    assert (first.kind, second.kind) == (
        EvidenceKind.ADMIN_PASSWORD_REJECTED,
        EvidenceKind.SETTINGS_SAVED,
    )
    assert first.event_id == f"uuid-{REJECTED}"
    assert first.detail == {"account": HUMAN}
    assert second.detail == {"by": "Oskar Okta"}
    assert first.happened_at == datetime(2026, 3, 1, 10, 0, 0, 123000, tzinfo=UTC)
    assert len(org.okta.calls) == 3
    query = httpx.QueryParams(org.okta.queries[0])
    assert query["since"] == "2026-03-01T08:50:00.000Z"
    assert query["filter"].count("eventType eq") == len(EVENT_TYPES)


# ------------------------------------------------------------------ who may do it


def role(kind: str, *targets: dict[str, str], **more: Any) -> dict[str, Any]:
    """A role assignment with its app targets expanded."""
    return {
        "id": "ra1",
        "type": kind,
        "status": "ACTIVE",
        "assignmentType": "USER",
        "_embedded": {"targets": {"catalog": {"apps": list(targets)}}},
        **more,
    }


ALL = {"name": "office365"}
ONE = {"name": "office365", "id": HQ}
OTHER = {"name": "slack", "id": "0oaslack"}
GROUP = {"_links": {"assignee": {"href": "https://contoso.okta.com/api/v1/groups/00g1"}}}


def has_users(org: Org, **roles: list[Any]) -> None:
    """Users with these roles, one on each page of the list of assignees."""
    names = sorted(roles)

    def assignees(request: Request) -> Response:
        place = int(request.query_params.get("after", "0"))
        link = {"next": {"href": f"{org.okta.url}{ASSIGNEES}?after={place + 1}&limit=1"}}
        more = place + 1 < len(names)
        return JSONResponse({"value": [{"id": names[place]}], "_links": link if more else {}})

    org.okta.resources[ASSIGNEES] = assignees
    for name, assigned in roles.items():
        has_profile(org, name)
        org.okta.resources[f"/api/v1/users/{name}/roles"] = says(assigned)


def has_profile(org: Org, name: str, status: str = "ACTIVE") -> None:
    profile = {"firstName": name.title(), "lastName": "Admin", "email": f"{name}@contoso.example"}
    org.okta.resources[f"/api/v1/users/{name}"] = says({"status": status, "profile": profile})


async def test_super_and_app_admins_are_found_with_what_they_may_change(org: Org) -> None:
    """All apps, the catalogue's entry, or one instance; other roles and targets do not count."""
    has_users(
        org,
        anna=[role("SUPER_ADMIN")],
        berta=[role("APP_ADMIN")],
        carla=[role("APP_ADMIN", ALL)],
        dora=[role("APP_ADMIN", ONE, OTHER)],
        emma=[role("APP_ADMIN", OTHER)],
        frida=[role("HELP_DESK_ADMIN")],
        gerda=[role("APP_ADMIN", status="INACTIVE"), "?"],
        hanna=[role("APP_ADMIN", ONE), role("SUPER_ADMIN")],
    )
    admins = {admin.user_id: admin for admin in await org.client.app_admins()}
    assert {name: admin.app_ids for name, admin in admins.items()} == {
        "anna": None,
        "berta": None,
        "carla": None,
        "dora": frozenset({HQ}),
        "hanna": None,
    }
    assert (admins["hanna"].role, admins["dora"].role) == ("SUPER_ADMIN", "APP_ADMIN")
    assert (admins["dora"].display_name, admins["dora"].email) == (
        "Dora Admin",
        "dora@contoso.example",
    )


async def test_members_of_a_group_with_the_role_are_added(org: Org) -> None:
    """Whoever is an admin through a group alone may be missing from the list of assignees."""
    has_users(org, anna=[role("APP_ADMIN", ONE, **GROUP)])
    has_profile(org, "berta")
    has_profile(org, "carla", "DEPROVISIONED")
    members = [{"id": "anna"}, {"id": "berta"}, {"id": "carla"}]
    org.okta.resources["/api/v1/groups/00g1/users"] = says(members)
    assert [admin.user_id for admin in await org.client.app_admins()] == ["anna", "berta"]


async def test_a_group_that_does_not_list_its_members_costs_nobody(org: Org) -> None:
    """Some built-in groups refuse; the assignees themselves are still known."""
    has_users(org, anna=[role("SUPER_ADMIN", **GROUP)])
    org.okta.resources["/api/v1/groups/00g1/users"] = lambda request: error(403, "E0000006")
    assert [admin.user_id for admin in await org.client.app_admins()] == ["anna"]


@pytest.mark.parametrize(("group", "holder"), [({}, "users/anna"), (GROUP, "groups/00g1")])
async def test_targets_that_did_not_come_along_are_asked_for(
    org: Org, group: dict[str, Any], holder: str
) -> None:
    """A missing expansion never turns one app into all."""
    has_users(org, anna=[role("APP_ADMIN", _embedded=None, **group)])
    org.okta.resources["/api/v1/groups/00g1/users"] = says([])
    org.okta.resources[f"/api/v1/{holder}/roles/ra1/targets/catalog/apps"] = says([ONE])
    [admin] = await org.client.app_admins()
    assert admin.app_ids == frozenset({HQ})


@pytest.mark.parametrize("path", ["/api/v1/users/anna/roles", "/api/v1/users/berta"])
async def test_roles_or_profiles_that_may_not_be_read_are_never_nobody(org: Org, path: str) -> None:
    """One refusal anywhere means that it cannot be told."""
    has_users(org, anna=[role("SUPER_ADMIN")], berta=[role("SUPER_ADMIN")])
    org.okta.resources[path] = lambda request: error(403, "E0000006")
    with pytest.raises(CloudRefused):
        await org.client.app_admins()


async def test_a_user_who_was_deleted_meanwhile_is_left_out(org: Org) -> None:
    """Between two calls the world moves on."""
    has_users(org, anna=[role("SUPER_ADMIN")], berta=[role("SUPER_ADMIN")])
    del org.okta.resources["/api/v1/users/anna/roles"]
    del org.okta.resources["/api/v1/users/berta"]
    assert await org.client.app_admins() == ()


async def test_body_paging_that_loops_is_stopped(org: Org) -> None:
    """The list of assignees pages in its body; the same guard holds."""
    link = {"next": {"href": f"{org.okta.url}{ASSIGNEES}?after=1"}}
    org.okta.resources[ASSIGNEES] = says({"value": [], "_links": link})
    with pytest.raises(CloudAnswerInvalid, match="read before"):
        await org.client.app_admins()


# ------------------------------------------------------------------ the way to the Admin Console


@pytest.mark.parametrize(
    ("url", "admin"),
    [
        ("https://contoso.okta.com", "https://contoso-admin.okta.com"),
        ("https://contoso-admin.okta.com", "https://contoso-admin.okta.com"),
        ("https://contoso.okta-emea.com", "https://contoso-admin.okta-emea.com"),
        ("https://contoso.oktapreview.com", "https://contoso-admin.oktapreview.com"),
        ("https://contoso.okta-gov.com", "https://contoso-admin.okta-gov.com"),
        ("https://id.contoso.example", ""),
        ("https://okta.com", ""),
        ("https://a.b.okta.com", ""),
        ("http://contoso.okta.com", ""),
        ("https://contoso.okta.com.evil.example.com", ""),
    ],
)
def test_the_admin_console_is_found_from_an_okta_address(url: str, admin: str) -> None:
    """`-admin` goes before Okta's own domains only."""
    assert admin_address(url) == admin


async def test_a_custom_domain_is_resolved_once_and_without_credentials(org: Org) -> None:
    """The Admin Console is not on the custom domain; Okta says where the org is."""
    organization = {"_links": {"organization": {"href": "https://contoso.okta.com"}}}
    org.okta.resources["/.well-known/okta-organization"] = says(organization)
    for _ in range(2):
        assert await org.client.integration_tab(HQ) == (
            "https://contoso-admin.okta.com/admin/app/office365/instance/"
            f"{HQ}/#tab-user-management/api-credentials"
        )
    assert org.okta.calls == ["/.well-known/okta-organization"]
    assert org.okta.tokens == []


@pytest.mark.parametrize("href", ["https://contoso.evil.example.com", None, "javascript:x"])
async def test_an_organization_elsewhere_is_no_place_to_send_an_admin(
    org: Org, href: str | None
) -> None:
    """People sign in there with their strongest account: it must be Okta's."""
    body = {"_links": {"organization": {"href": href}}}
    org.okta.resources["/.well-known/okta-organization"] = says(body)
    with pytest.raises(CloudAnswerInvalid, match="admin_url"):
        await org.client.integration_tab(HQ)


async def test_an_admin_address_in_the_settings_wins() -> None:
    """Nothing is asked."""
    client = client_for(
        "https://id.contoso.example", SteppingClock(), admin_url="https://admin.contoso.example"
    )
    assert (await client.integration_tab("0oa/../x")).startswith(
        "https://admin.contoso.example/admin/app/office365/instance/0oa%2F..%2Fx/#tab"
    )
    await client.aclose()


# ------------------------------------------------------------------ against the sandbox


async def test_both_orgs_of_the_sandbox_are_read_in_full(tmp_path: Path) -> None:
    """With and without DPoP, five apps a page: apps, connections, log and admins."""
    async with World(page_port=None) as world:
        settings = load(world.settings_toml("http://127.0.0.1:1", tmp_path))
        clock = SteppingClock()
        clients = {org.name: OktaClient(org, open_http(), clock) for org in settings.okta}
        contoso = clients["contoso"]
        apps = {app.label: app async for app in contoso.apps()}
        assert len(apps) == len(world.company.org("contoso").apps)
        hq = apps["Office 365 HQ"].ref.app_id
        assert (await contoso.connection(hq)).status is ConnectionStatus.ENABLED
        assert (await contoso.integration_tab(hq)).startswith(str(settings.okta[0].admin_url))
        with pytest.raises(CloudError):
            await contoso.connection(apps["Office 365 Legal"].ref.app_id)

        world.company.fail_credentials("contoso", hq, HUMAN)
        log = await contoso.read_log(frozenset({hq}), "", clock.now() - timedelta(hours=1))
        assert EvidenceKind.ADMIN_PASSWORD_REJECTED in {e.kind for e in log.evidence[hq]}
        again = await contoso.read_log(frozenset({hq}), log.cursor, clock.now())
        assert (again.evidence, again.changed) == ({}, frozenset())
        world.company.press_authenticate("contoso", hq, "gita@contoso.example")
        world.company.press_save("contoso", hq)
        saved = await contoso.read_log(frozenset({hq}), again.cursor, clock.now())
        assert {e.kind for e in saved.evidence[hq]} == {EvidenceKind.SETTINGS_SAVED}

        admins = {admin.display_name: admin for admin in await contoso.app_admins()}
        sales = apps["Office 365 Sales"].ref.app_id
        assert sorted(admins) == ["Agnes App", "Gita Global", "Oskar Okta"]
        assert admins["Agnes App"].app_ids == frozenset({sales})
        assert len([app async for app in clients["fabrikam"].apps()]) == 4
        for client in clients.values():
            await client.aclose()
