"""`EntraClient` against the sandbox: the company that everybody can play with, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.entra.client import EntraClient
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import Tenant
from bot.domain.people.admins import GlobalAdmin, Holding, Mfa
from bot.errors import CloudNotFound, CloudRefused
from bot.settings.sections.clouds import EntraSettings
from bot.wiring.base import SystemClock
from sandbox.company.company import Company, contoso
from sandbox.entra.graph import graph_app
from sandbox.entra.login import login_app
from tests.serving import served

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("no_waiting"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(keys: Path) -> AsyncIterator[Company]:
    """The sandbox's company with its Microsoft hosts up; pages are small, so paging is real."""
    company = contoso(key_directory=keys)
    company.graph_page = 2
    async with (
        served(lambda _: login_app(company)) as login,
        served(lambda _: graph_app(company)) as graph,
    ):
        company.addresses |= {"login": login, "graph": graph}
        yield company


@pytest_asyncio.fixture(loop_scope="module")
async def client(company: Company) -> AsyncIterator[EntraClient]:
    """A client with the certificate that the sandbox knows."""
    settings = EntraSettings.model_validate(
        {
            "client_id": company.bot.client_id,
            "certificate": company.entra_certificate_pem(),
            "login_url": company.addresses["login"],
            "graph_url": company.addresses["graph"],
        }
    )
    client = EntraClient(settings, SystemClock())
    yield client
    await client.aclose()


async def tenant_of(client: EntraClient, company: Company, name: str) -> Tenant:
    return await client.find_tenant(f"{company.tenant(name).short_name}.onmicrosoft.com")


async def test_every_tenant_is_found_by_its_domains(client: EntraClient, company: Company) -> None:
    """The initial domain and each verified one lead to the same tenant."""
    for tenant in company.tenants.values():
        for domain in tenant.domains:
            assert (await client.find_tenant(domain.name)).id == tenant.id
    with pytest.raises(CloudNotFound):
        await client.find_tenant("nobody.example.org")


async def test_contosos_administrators_are_who_they_are(
    client: EntraClient, company: Company
) -> None:
    """Direct, by group, eligible, disabled, guest, cloud-only: and no service principal."""
    found = await client.global_admins(await tenant_of(client, company, "contoso"))
    admins: dict[str, GlobalAdmin] = {admin.upn.split("@")[0]: admin for admin in found}
    assert {"gita", "greta", "dana", "nils", "elif", "bg-01", "adm-carl"} <= set(admins)
    assert "ola" not in admins
    assert (admins["gita"].holding, admins["gita"].mfa) == (Holding.ACTIVE, Mfa.YES)
    assert admins["greta"].via == "Tier 0 Administrators"
    assert admins["dana"].enabled is False
    assert admins["elif"].holding is Holding.ELIGIBLE
    assert admins["adm-carl"].other_mails == ("carl@contoso.example",)
    assert [admin.display_name for admin in found if admin.guest] == ["Guido Guest"]
    assert client.admin_gaps(await tenant_of(client, company, "contoso")) == ()


async def test_fabrikams_missing_licences_cost_only_what_they_must(
    client: EntraClient, company: Company
) -> None:
    """Without P1 and P2 the active administrators are known, their MFA is not."""
    tenant = await tenant_of(client, company, "fabrikam")
    found = await client.global_admins(tenant)
    assert [(admin.given_name, admin.mfa) for admin in found] == [
        ("Fay", Mfa.UNTOLD),
        ("Felix", Mfa.UNTOLD),
    ]
    reasons = {g.reason for g in client.admin_gaps(tenant) if isinstance(g, CloudRefused)}
    assert reasons == {
        "AadPremiumLicenseRequired",
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    }


async def test_a_consent_and_the_account_of_each_app_are_seen(
    client: EntraClient, company: Company
) -> None:
    """Fabrikam consented, and two of its apps were saved afterwards; Contoso did neither."""
    tenant = await tenant_of(client, company, "fabrikam")
    evidence = await client.tenant_evidence(tenant)
    assert evidence[0].kind is EvidenceKind.TENANT_CONSENTED
    assert "User.ReadWrite.All" in evidence[0].detail["permissions"]
    audited = [e for e in evidence if e.kind is EvidenceKind.CONSENT_AUDITED]
    assert {e.detail["by"] for e in audited} == {"fay@fabrikam.example"}

    apps = {app.id: app for app in company.org("fabrikam").apps}
    accounts = await client.account_evidence(tenant, frozenset(apps))
    assert {app.label: _only(accounts[app.id]).kind for app in apps.values()} == {
        app.label: EvidenceKind.SERVICE_ACCOUNT if app.saved else EvidenceKind.NO_SERVICE_ACCOUNT
        for app in apps.values()
    }
    elsewhere = await client.tenant_evidence(await tenant_of(client, company, "contoso"))
    assert [e.kind for e in elsewhere] == [EvidenceKind.TENANT_NOT_CONSENTED]


async def test_a_throttled_graph_is_waited_out(client: EntraClient, company: Company) -> None:
    """The next two calls are answered with 429, and nobody notices but the clock."""
    tenant = await tenant_of(client, company, "northwind")
    company.throttle_graph = 2
    assert [admin.given_name for admin in await client.global_admins(tenant)] == ["Uma"]
    assert company.throttle_graph == 0


async def test_a_tenant_that_granted_nothing_refuses(client: EntraClient, company: Company) -> None:
    """Before the admin consent for o365bot itself, every read says what is missing."""
    record = company.tenant("northwind")
    granted, record.bot_roles = record.bot_roles, None
    try:
        with pytest.raises(CloudRefused, match="has not granted o365bot access"):
            await client.global_admins(await tenant_of(client, company, "northwind"))
    finally:
        record.bot_roles = granted


def _only(evidence: tuple[Evidence, ...]) -> Evidence:
    (one,) = evidence
    return one
