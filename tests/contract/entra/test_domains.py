"""Whether an app's domain is the tenant's, and where it signs in; as Microsoft Graph tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from adapters.entra.client import EntraClient
from bot.domain.evidence.rules import EvidenceKind
from bot.domain.inventory.apps import Office365App
from tests.contract.entra.microsoft import Microsoft, graph_error, listed
from tests.examples import APP

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = replace(APP, domain="mail.contoso.example")
ROOT = "contoso.example"
FEDERATION = f"/domains/{ROOT}/federationConfiguration"
DOMAINS = listed(
    {"id": ROOT, "authenticationType": "Federated", "isRoot": True, "isVerified": True},
    {"id": HERE.domain, "authenticationType": "Federated", "isRoot": False, "isVerified": True},
    {"id": "managed.example", "authenticationType": "Managed", "isVerified": True},
)
SIGNS_IN_HERE = listed({"passiveSignInUri": "https://contoso.okta.com/app/office365/x/sso"})


async def read(microsoft: Microsoft, *apps: Office365App) -> Mapping[str, set[EvidenceKind]]:
    """By a client that knows the org's address."""
    settings, clock = microsoft.settings(), microsoft.clock
    orgs = {"contoso": "https://contoso.okta.com"}
    client = EntraClient(settings, clock, org_urls=orgs, sleep=clock.sleep)
    found = await client.domain_evidence(microsoft.tenant(), apps)
    await client.aclose()
    return {app_id: {item.kind for item in items} for app_id, items in found.items()}


async def test_a_subdomain_signs_in_where_its_root_does(microsoft: Microsoft) -> None:
    """Two calls tell it for any number of apps."""
    microsoft.graph |= {"/domains": DOMAINS, FEDERATION: SIGNS_IN_HERE}
    managed = replace(APP, ref=replace(APP.ref, app_id="0oa2"), domain="MANAGED.example")
    strange = replace(APP, ref=replace(APP.ref, app_id="0oa3"), domain="fabrikam.example")
    assert await read(microsoft, HERE, managed, strange) == {
        "0oa1": {EvidenceKind.DOMAIN_IN_TENANT, EvidenceKind.FEDERATED_WITH_OKTA},
        "0oa2": {EvidenceKind.DOMAIN_IN_TENANT},
        "0oa3": {EvidenceKind.DOMAIN_NOT_IN_TENANT},
    }
    assert len(microsoft.paths()) == 2


@pytest.mark.parametrize(
    "federation",
    [
        graph_error(403, "Authorization_RequestDenied"),
        graph_error(404, "Request_ResourceNotFound"),
        listed(),
        listed({"passiveSignInUri": 7}),
        {"value": "nonsense"},
    ],
)
async def test_a_federation_that_is_not_told_is_no_mismatch(
    microsoft: Microsoft, federation: Any
) -> None:
    """Nothing rests on it, so nothing is made of its absence."""
    microsoft.graph |= {"/domains": DOMAINS, FEDERATION: federation}
    assert await read(microsoft, HERE) == {"0oa1": {EvidenceKind.DOMAIN_IN_TENANT}}


async def test_domains_that_may_not_be_read_are_left_out(microsoft: Microsoft) -> None:
    """Not "not verified": it was not read."""
    microsoft.graph["/domains"] = graph_error(403, "Authorization_RequestDenied")
    assert await read(microsoft, HERE) == {}


async def test_an_app_without_a_domain_costs_no_call(microsoft: Microsoft) -> None:
    """There is nothing to compare."""
    assert await read(microsoft, replace(APP, domain="")) == {}
    assert microsoft.paths() == []
