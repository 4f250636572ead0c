"""Apps and connections as the Okta client reads them, page by page, from whatever comes."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.http.client import CloudClient, open_http
from adapters.okta.calls.paging import pages
from adapters.okta.client import OktaClient
from bot.domain.inventory.apps import AppStatus, ConnectionStatus, ProvisioningConnection
from bot.errors import CloudAnswerInvalid, CloudNotFound, CloudUnreachable
from tests.contract.loopback import SteppingClock, answering, http_bytes
from tests.contract.okta_org import (
    APPS,
    HQ,
    Org,
    app_json,
    client_for,
    settings_for,
)
from tests.contract.pretend_okta import PretendOkta, error, in_pages, says
from tests.serving import served

pytestmark = pytest.mark.usefixtures("no_waiting")

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
    assert (apps[1].label, apps[1].tenant_name) == ("0oa2", "")


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


async def test_paging_without_end_is_stopped() -> None:
    """Ever new cursors end too."""
    read = itertools.count(1)

    def endless(request: httpx.Request) -> httpx.Response:
        link = f'<https://contoso.okta.com{APPS}?after={next(read)}>; rel="next"'
        return httpx.Response(200, json=[], headers={"link": link})

    async with httpx.AsyncClient(transport=httpx.MockTransport(endless)) as http:
        client = CloudClient(http, "https://contoso.okta.com", where="contoso")
        with pytest.raises(CloudAnswerInvalid, match="more than 20 pages"):
            async for _ in pages(client, APPS, {}, most=20):
                pass
    assert next(read) == 21


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


async def test_every_name_of_the_settings_counts_as_office_365() -> None:
    """Okta's filter takes one expression, so each is listed by itself; the link names it, too."""
    made: list[PretendOkta] = []
    clock = SteppingClock()

    def make(url: str) -> PretendOkta:
        made.append(PretendOkta(url, clock.seconds))
        return made[0]

    def listed(request: Request) -> Response:
        name = request.query_params["filter"].split('"')[1]
        apps = [app_json(f"0oa{n}", name=n) for n in ("office365", "office365_gcc", "slack")]
        return JSONResponse([app for app in apps if app["name"] == name])

    async with served(make) as url:
        names = ("office365", "office365_gcc")
        client = client_for(
            url, clock, catalog_names=names, admin_url="https://contoso-admin.okta.com"
        )
        made[0].resources[APPS] = listed
        found = [app.ref.app_id async for app in client.apps()]
        assert found == ["0oaoffice365", "0oaoffice365_gcc"]
        assert "/app/office365_gcc/instance/" in await client.integration_tab("0oaoffice365_gcc")
        await client.aclose()
        again = client_for(
            url, clock, catalog_names=names, admin_url="https://contoso-admin.okta.com"
        )
        gcc = app_json("0oaoffice365_gcc", name="office365_gcc")
        made[0].resources[f"{APPS}/0oaoffice365_gcc"] = says(gcc)
        assert "/app/office365_gcc/instance/" in await again.integration_tab("0oaoffice365_gcc")
        await again.aclose()
