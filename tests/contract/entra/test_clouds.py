"""Names of tenants in Microsoft's clouds, over the real host names and no network."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from adapters.entra.directory.clouds import keeps_audits
from adapters.entra.directory.discovery import Discovery
from adapters.entra.directory.graph import Graph
from adapters.entra.directory.tokens import AppTokens
from adapters.entra.evidence.consent import read_consent
from adapters.http.client import open_http
from bot.domain.evidence.rules import EvidenceKind
from bot.domain.inventory.apps import Tenant
from bot.domain.inventory.hosts import is_initial
from bot.errors import CloudRefused, TenantUnknown
from bot.settings.sections.clouds import EntraSettings
from tests.contract.entra.microsoft import CLIENT_ID, START
from tests.contract.loopback import SteppingClock

WORLDWIDE = ("login.microsoftonline.com", "graph.microsoft.com")
GCC_HIGH = ("login.microsoftonline.us", "graph.microsoft.us")
DOD = ("login.microsoftonline.us", "dod-graph.microsoft.us")
CHINA = ("login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn")
OURS, ANOTHERS = (f"{digit * 8}-2222-4333-8444-555555555555" for digit in "15")


@dataclass
class Login:
    """The sign-in hosts of every cloud: `tenants` maps a domain to its id and its Graph host.

    The sandbox has one cloud, on loopback; here hosts are told apart by their real names.
    """

    tenants: dict[str, tuple[str, str]]
    asked: list[str] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return self._no_token(request)
        domain = request.url.path.split("/")[1]
        self.asked.append(domain)
        if domain not in self.tenants:
            error = {
                "error": "invalid_tenant",
                "error_description": "AADSTS90002: Tenant not found.",
            }
            return httpx.Response(400, json=error)
        tenant_id, graph = self.tenants[domain]
        issuer = f"https://{request.url.host}/{tenant_id}/v2.0"
        return httpx.Response(200, json={"issuer": issuer, "msgraph_host": graph})

    def _no_token(self, request: httpx.Request) -> httpx.Response:
        description = "AADSTS7000218: The request body must contain a secret."
        return httpx.Response(
            400, json={"error": "invalid_client", "error_description": description}
        )


def settings(cloud: tuple[str, str], **more: Any) -> EntraSettings:
    login, graph = (f"https://{host}" for host in cloud)
    values = {"client_id": CLIENT_ID, "client_secret": "s", "login_url": login, "graph_url": graph}
    return EntraSettings.model_validate({**values, **more})


async def found(login: Login, cloud: tuple[str, str], name: str, *domains: str) -> Tenant:
    async with open_http(httpx.MockTransport(login.answer)) as http:
        return await Discovery(settings(cloud), http, SteppingClock(START)).find_named(
            name, domains
        )


@pytest.mark.parametrize(
    ("cloud", "domain"),
    [
        (WORLDWIDE, "contoso.onmicrosoft.com"),
        (GCC_HIGH, "contoso.onmicrosoft.us"),
        (DOD, "contoso.onmicrosoft.us"),
        (CHINA, "contoso.partner.onmschina.cn"),
    ],
)
async def test_a_short_name_is_completed_as_its_cloud_does(
    cloud: tuple[str, str], domain: str
) -> None:
    """At once, and without asking for the name in another cloud's form."""
    login = Login({domain: (OURS, cloud[1])})
    tenant = await found(login, cloud, "contoso", "contoso.example")
    assert (tenant.id, tenant.domain, tenant.graph_host) == (OURS, domain, cloud[1])
    assert login.asked == [domain]


async def test_an_older_tenant_of_the_government_has_the_worldwide_form() -> None:
    """Some kept `.onmicrosoft.com`; their discovery document names their own cloud."""
    login = Login({"contoso.onmicrosoft.com": (OURS, GCC_HIGH[1])})
    tenant = await found(login, GCC_HIGH, "contoso", "contoso.example")
    assert (tenant.id, tenant.graph_host) == (OURS, GCC_HIGH[1])
    assert login.asked == ["contoso.onmicrosoft.us", "contoso.onmicrosoft.com"]


@pytest.mark.parametrize("cloud", [GCC_HIGH, DOD, CHINA])
async def test_the_companys_own_domain_wins_over_a_strangers_name(cloud: tuple[str, str]) -> None:
    """A tenant of that name in the worldwide cloud may be anybody's."""
    login = Login(
        {
            "contoso.onmicrosoft.com": (ANOTHERS, WORLDWIDE[1]),
            "contoso.example": (OURS, cloud[1]),
        }
    )
    assert (await found(login, cloud, "contoso", "contoso.example")).id == OURS
    with pytest.raises(TenantUnknown) as unknown:
        await found(login, cloud, "contoso")
    assert unknown.value.domain == "contoso"


async def test_every_domain_of_the_apps_is_a_way_but_not_without_end() -> None:
    """A name that is spelt wrong in Okta is looked up a few times only."""
    login = Login({"second.example": (OURS, WORLDWIDE[1])})
    tenant = await found(login, WORLDWIDE, "contso", "first.example", "second.example")
    assert tenant.domain == "second.example"
    login.asked.clear()
    with pytest.raises(TenantUnknown):
        await found(login, WORLDWIDE, "contso", *(f"d{n}.example" for n in range(100)))
    assert len(login.asked) == 3 + 5


async def test_a_name_with_a_dot_is_taken_as_it_is() -> None:
    """Okta may hold the whole domain; then no other is guessed."""
    login = Login({"contoso.onmicrosoft.us": (OURS, GCC_HIGH[1])})
    assert (await found(login, GCC_HIGH, "contoso.onmicrosoft.us")).id == OURS
    login = Login({"contoso.onmicrosoft.us": (ANOTHERS, GCC_HIGH[1])})
    with pytest.raises(TenantUnknown):
        await found(login, GCC_HIGH, "contoso.onmicrosoft.com")
    assert login.asked == ["contoso.onmicrosoft.com"]


async def test_a_tenant_that_lives_in_another_cloud_is_found_and_said_to_be_there() -> None:
    """Its own name leads there, so what is missing is a registration in that cloud."""
    login = Login({"contoso.onmicrosoft.com": (OURS, GCC_HIGH[1])})
    tenant = await found(login, WORLDWIDE, "contoso")
    assert tenant.graph_host == GCC_HIGH[1]
    async with open_http(httpx.MockTransport(login.answer)) as http:
        tokens = AppTokens(settings(WORLDWIDE), http, SteppingClock(START))
        with pytest.raises(CloudRefused, match="another Microsoft cloud"):
            await tokens.token(tenant)


async def test_dod_is_told_from_gcc_high_by_the_discovery_document() -> None:
    """Both sign in at one host; a token goes to the tenant's own Graph."""
    login = Login({"contoso.onmicrosoft.us": (OURS, DOD[1])})
    assert (await found(login, GCC_HIGH, "contoso")).graph_host == DOD[1]


async def test_an_error_code_is_looked_up_in_the_cloud_it_came_from() -> None:
    """The worldwide page is out of reach in some of the others."""
    login = Login({})
    async with open_http(httpx.MockTransport(login.answer)) as http:
        tokens = AppTokens(settings(GCC_HIGH), http, SteppingClock(START))
        with pytest.raises(CloudRefused) as refused:
            await tokens.token(Tenant(OURS, "contoso.onmicrosoft.us", GCC_HIGH[1]))
    assert "https://login.microsoftonline.us/error?code=7000218" in refused.value.hint


@pytest.mark.parametrize(
    ("domain", "initial"),
    [
        ("contoso.onmicrosoft.com", True),
        ("contoso.mail.onmicrosoft.com", True),
        ("Contoso.onmicrosoft.US", True),
        ("contoso.partner.onmschina.cn", True),
        ("contoso.com", False),
        ("evilonmicrosoft.com", False),
        ("", False),
    ],
)
def test_an_initial_domain_is_told_in_every_cloud(domain: str, initial: bool) -> None:
    """It belongs to no company's mail, and cannot be federated."""
    assert is_initial(domain) is initial


@pytest.mark.parametrize(("cloud", "asked"), [(GCC_HIGH, True), (CHINA, False)])
async def test_who_consented_is_not_asked_where_no_cloud_says(
    cloud: tuple[str, str], asked: bool
) -> None:
    """At 21Vianet that read is left out, and its silence is no evidence and no gap."""
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        paths.append(request.url.path.removeprefix("/v1.0"))
        if request.url.path.endswith("/$batch"):
            asked_for = json.loads(request.content)["requests"]
            empty = [{"id": one["id"], "status": 200, "body": {"value": []}} for one in asked_for]
            return httpx.Response(200, json={"responses": empty})
        rows = [{"id": "sp1", "displayName": "Okta Microsoft Graph Client"}]
        return httpx.Response(200, json={"value": rows if "Principals" in paths[-1] else []})

    clock = SteppingClock(START)
    of_cloud = settings(cloud)
    async with open_http(httpx.MockTransport(answer)) as http:
        graph = Graph(of_cloud, http, AppTokens(of_cloud, http, clock), clock, clock.sleep)
        tenant = Tenant(OURS, "contoso.example", cloud[1])
        (found,) = await read_consent(graph, of_cloud, tenant, clock.now())
    assert found.kind is EvidenceKind.TENANT_NOT_CONSENTED
    assert ("/auditLogs/directoryAudits" in paths) is asked


def test_21vianet_alone_has_no_directory_audit() -> None:
    """Asking there would be a refusal at every look."""
    assert [keeps_audits(graph) for _, graph in (WORLDWIDE, GCC_HIGH, DOD, CHINA)] == [
        True,
        True,
        True,
        False,
    ]
