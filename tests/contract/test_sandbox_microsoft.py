"""The pretend Entra and Graph answer as Microsoft's documentation has it."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from sandbox.company.contoso import CONTOSO, FABRIKAM, NORTHWIND
from sandbox.company.records import GLOBAL_ADMINISTRATOR
from tests.contract.clouds_stage import GRAPH, LOGIN, Clouds, graph, graph_token


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"aud": "https://elsewhere.example.com"}, 700023),
        ({"exp": 1}, 700024),
        ({"iss": "somebody"}, 700021),
    ],
)
async def test_microsoft_refuses_an_assertion_with_a_wrong_claim(
    clouds: Clouds, changes: dict[str, Any], number: int
) -> None:
    """Each with the number that the real login host gives."""
    answer = await graph_token(clouds, CONTOSO, **changes)
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [number])


async def test_microsoft_gives_no_token_for_a_tenant_that_has_not_consented(clouds: Clouds) -> None:
    """AADSTS700016 for such a tenant, AADSTS90002 for one that does not exist."""
    clouds.company.tenants[NORTHWIND].bot_roles = None
    assert (await graph_token(clouds, NORTHWIND)).json()["error_codes"] == [700016]
    unknown = await clouds.http.get(
        f"{LOGIN}/nowhere.example.com/v2.0/.well-known/openid-configuration"
    )
    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_tenant")


async def test_a_domain_leads_to_its_tenant_and_to_keys_that_verify_its_tokens(
    clouds: Clouds,
) -> None:
    """Discovery by domain names the GUID; the published key verifies the app-only token."""
    address = f"{LOGIN}/fabrikam.onmicrosoft.com/v2.0/.well-known/openid-configuration"
    metadata = (await clouds.http.get(address)).json()
    assert metadata["issuer"] == f"{LOGIN}/{FABRIKAM}/v2.0"
    keys = jwt.PyJWKSet.from_dict((await clouds.http.get(metadata["jwks_uri"])).json())
    token = (await graph_token(clouds, FABRIKAM)).json()["access_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]].key
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=GRAPH)
    assert claims["tid"] == FABRIKAM
    assert "Directory.Read.All" in claims["roles"]


async def test_global_administrators_are_users_groups_and_service_principals(
    clouds: Clouds,
) -> None:
    """Active ones by role assignment, eligible ones only where there is Entra ID P2."""
    only_global = f"roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'"
    path = "/roleManagement/directory/roleAssignments"
    answer = await graph(clouds, CONTOSO, path, filter=only_global, expand="principal")
    kinds = {row["principal"]["@odata.type"].rpartition(".")[2] for row in answer.json()["value"]}
    assert kinds == {"user", "group", "servicePrincipal"}

    path = "/roleManagement/directory/roleEligibilityScheduleInstances"
    eligible = await graph(clouds, CONTOSO, path, filter=only_global, expand="principal")
    assert [r["principal"]["displayName"] for r in eligible.json()["value"]] == ["Elif Eligible"]
    refused = await graph(clouds, FABRIKAM, path, filter=only_global)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "AadPremiumLicenseRequired"


async def test_a_tenant_without_a_premium_licence_has_no_registration_details(
    clouds: Clouds,
) -> None:
    """403 there; elsewhere the details tell who has no method that counts as MFA."""
    path = "/reports/authenticationMethods/userRegistrationDetails"
    refused = await graph(clouds, FABRIKAM, path)
    assert refused.status_code == 403
    rows = (await graph(clouds, CONTOSO, path, filter="isMfaCapable eq false")).json()["value"]
    assert [row["userPrincipalName"] for row in rows] == ["nils@contoso.example"]


async def test_reports_are_limited_to_five_calls_in_ten_seconds(clouds: Clouds) -> None:
    """The sixth gets 429 with the seconds to wait."""
    path = "/reports/authenticationMethods/userRegistrationDetails"
    answers = [await graph(clouds, CONTOSO, path) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 0 < int(answers[5].headers["retry-after"]) <= 11


async def test_graph_refuses_what_the_tenant_did_not_grant(clouds: Clouds) -> None:
    """`Authorization_RequestDenied` for a call whose application permission is missing."""
    tenant = clouds.company.tenants[CONTOSO]
    tenant.bot_roles = {"Application.Read.All"}
    grants = await graph(clouds, CONTOSO, "/oauth2PermissionGrants", filter="clientId eq 'x'")
    assert grants.status_code == 403
    assert grants.json()["error"]["code"] == "Authorization_RequestDenied"
    assert (await graph(clouds, CONTOSO, "/servicePrincipals")).status_code == 200


async def test_graph_pages_selects_and_answers_each_part_of_a_batch(clouds: Clouds) -> None:
    """`nextLink` leads on; without `$select` a user has no `accountEnabled`; parts fail alone."""
    clouds.company.graph_page = 5
    token = (await graph_token(clouds, CONTOSO)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    url: str | None = f"{GRAPH}/v1.0/users?$select=id,accountEnabled"
    found = []
    while url:
        page = (await clouds.http.get(url, headers=headers)).json()
        found += page["value"]
        url = page.get("@odata.nextLink")
    assert len(found) == len(clouds.company.tenants[CONTOSO].accounts)
    assert all(set(row) == {"id", "accountEnabled"} for row in found)

    parts = [
        {"id": "1", "method": "GET", "url": f"/users/{found[0]['id']}"},
        {"id": "2", "method": "GET", "url": "/users/nobody@contoso.example"},
    ]
    answer = await clouds.http.post(
        f"{GRAPH}/v1.0/$batch", json={"requests": parts}, headers=headers
    )
    first, second = sorted(answer.json()["responses"], key=lambda part: part["id"])
    assert (first["status"], second["status"]) == (200, 404)
    assert "accountEnabled" not in first["body"]
    many = [{**parts[0], "id": str(n)} for n in range(21)]
    answer = await clouds.http.post(
        f"{GRAPH}/v1.0/$batch", json={"requests": many}, headers=headers
    )
    assert answer.status_code == 400
