"""The pretend Microsoft Graph is as strict as the pages it cites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.entra.directory.calls import CALLS, Call
from sandbox.company.contoso import CONTOSO
from sandbox.company.records import GLOBAL_ADMINISTRATOR, EntraGroup, guid
from sandbox.entra.routes import ROUTES
from sandbox.entra.rules import RESOURCES, Unsupported, resource_of
from tests.contract.clouds_stage import GRAPH, Clouds, graph, graph_token
from tests.there import there

ROLES = "/roleManagement/directory/roleAssignments"
REPORT = "/reports/authenticationMethods/userRegistrationDetails"
GLOBAL = f"roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'"


def test_every_resource_has_rules_and_an_answer() -> None:
    """One table says what may be asked, the other what answers."""
    assert {resource.path for resource in RESOURCES} == set(ROUTES)
    assert all(resource.page and resource.opens for resource in RESOURCES)


def _resource(call: Call) -> Any:
    found = resource_of(call.name.removeprefix("GET ").replace("{id}", "x1"))
    assert found is not None, call.name
    return found[0]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_call_of_the_product_needs_what_the_page_says(call: Call) -> None:
    """The same page, the same permissions: all of the least, or one that is more."""
    resource = _resource(call)
    assert resource.page == call.page
    assert resource.report is call.report
    assert resource.is_opened_by(set(call.needs))
    for missing in call.needs:
        assert not resource.is_opened_by(set(call.needs) - {missing})
    for more in call.instead:
        assert resource.is_opened_by({more})


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_the_guide_names_the_same_permissions(call: Call) -> None:
    """docs/okta-and-entra.md is what an administrator grants by."""
    guide = (Path(__file__).parents[2] / "docs/okta-and-entra.md").read_text()
    path = call.name.removeprefix("GET ")
    row = next(
        line for line in guide.splitlines() if line.startswith("| `") and f"`{path}`" in line
    )
    least, also = (cell.strip() for cell in row.split("|")[2:4])
    assert least == " and ".join(f"`{name}`" for name in call.needs)
    assert also == (", ".join(f"`{name}`" for name in call.instead) or "none that only reads")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param(ROLES, {"$top": "5"}, id="top on role assignments"),
        pytest.param(ROLES, {"$expand": "members"}, id="an expansion that is none"),
        pytest.param(ROLES, {"$filter": "condition eq 'x'"}, id="a property without filter"),
        pytest.param(ROLES, {"$filter": f"principalId ne '{CONTOSO}'"}, id="ne"),
        pytest.param("/users", {"$filter": "accountEnabled ne true"}, id="ne, not advanced"),
        pytest.param("/users", {"$filter": "endswith(mail,'.com')"}, id="endswith"),
        pytest.param("/users", {"$filter": "displayName co 'x'"}, id="an operator of SCIM"),
        pytest.param("/users", {"$filter": 'displayName eq "x"'}, id="double quotes"),
        pytest.param("/users", {"$top": "1000"}, id="a page that is too long"),
        pytest.param("/users", {"$top": "0"}, id="a page of nothing"),
        pytest.param("/users", {"$skip": "10"}, id="skip"),
        pytest.param("/users", {"$filter": " or ".join(["id eq 'a'"] * 16)}, id="16 clauses"),
        pytest.param("/servicePrincipals", {"$filter": "verifiedPublisher eq 'x'"}, id="publisher"),
        pytest.param("/oauth2PermissionGrants", {"$filter": "scope eq 'x'"}, id="scope"),
        pytest.param(
            "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
            {},
            id="eligibilities of no group",
        ),
        pytest.param("/auditLogs/directoryAudits", {"$filter": "result eq 'success'"}, id="result"),
        pytest.param(
            "/auditLogs/directoryAudits", {"$filter": "activityDateTime gt 2026-01-01"}, id="gt"
        ),
        pytest.param("/auditLogs/directoryAudits", {"$select": "id"}, id="select on audits"),
        pytest.param(REPORT, {"$filter": "isAdmin eq true"}, id="isAdmin"),
        pytest.param(REPORT, {"$select": "id"}, id="select on the report"),
        pytest.param(f"{REPORT}/x1", {"$select": "id"}, id="select on a row of it"),
        pytest.param("/domains/x1/federationConfiguration", {"$select": "id"}, id="federation"),
        pytest.param("/groups/x1/transitiveMembers", {"$expand": "members"}, id="expand"),
    ],
)
def test_what_a_page_does_not_allow_is_refused(path: str, query: dict[str, str]) -> None:
    """Each of these is a 400 at Microsoft."""
    found = there(resource_of(path))
    with pytest.raises(Unsupported):
        found[0].check(query, eventual=False)


async def test_advanced_queries_take_the_header_and_the_count(clouds: Clouds) -> None:
    """Both of them; in a batch, the header stands in the part."""
    token = (await graph_token(clouds, CONTOSO)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    enabled = "/users?$filter=accountEnabled ne true&$count=true&$select=id"
    parts = [
        {"id": "1", "method": "GET", "url": enabled},
        {
            "id": "2",
            "method": "GET",
            "url": enabled.replace("&$count=true", ""),
            "headers": {"ConsistencyLevel": "eventual"},
        },
        {
            "id": "3",
            "method": "GET",
            "url": enabled,
            "headers": {"ConsistencyLevel": "eventual"},
        },
    ]
    body = {"requests": parts}
    answer = await clouds.http.post(f"{GRAPH}/v1.0/$batch", json=body, headers=headers)
    statuses = {part["id"]: part["status"] for part in answer.json()["responses"]}
    assert statuses == {"1": 400, "2": 400, "3": 200}


async def test_a_managed_domain_and_a_subdomain_have_no_federation(clouds: Clouds) -> None:
    """404 by its page, not an empty list."""
    for name in ("contoso.onmicrosoft.com", "sales.contoso.example", "nowhere.example"):
        answer = await graph(clouds, CONTOSO, f"/domains/{name}/federationConfiguration")
        assert answer.status_code == 404, name
    answer = await graph(clouds, CONTOSO, "/domains/contoso.example/federationConfiguration")
    assert len(answer.json()["value"]) == 1
    rows = (await graph(clouds, CONTOSO, "/domains")).json()["value"]
    roots = {row["id"]: (row["isRoot"], row["authenticationType"]) for row in rows}
    assert roots["sales.contoso.example"] == (False, "Federated")
    assert roots["contoso.example"] == (True, "Federated")
    assert roots["contoso.onmicrosoft.com"] == (True, "Managed")


async def test_members_are_flat_over_nested_groups_and_hidden_without_the_permission(
    clouds: Clouds,
) -> None:
    """`members` is direct; a hidden membership is an empty list, not a refusal."""
    tenant = clouds.company.tenants[CONTOSO]
    gita = tenant.account("gita@contoso.example")
    inner = EntraGroup(guid("inner"), "Inner", [gita.id], hidden=True)
    outer = EntraGroup(guid("outer"), "Outer", [inner.id])
    tenant.groups += [inner, outer]
    names = "displayName,visibility"

    async def listed(path: str) -> list[str]:
        rows = (await graph(clouds, CONTOSO, path, select=names)).json()["value"]
        return [row["displayName"] for row in rows]

    assert await listed(f"/groups/{outer.id}/members") == ["Inner"]
    assert await listed(f"/groups/{outer.id}/transitiveMembers") == ["Inner"]
    assert await listed(f"/groups/{inner.id}/transitiveMembers") == []
    assert tenant.bot_roles is not None
    tenant.bot_roles.add("Member.Read.Hidden")
    assert await listed(f"/groups/{outer.id}/transitiveMembers") == ["Inner", "Gita Global"]


async def test_an_assignment_may_be_for_an_administrative_unit(clouds: Clouds) -> None:
    """The list holds every scope; whoever wants the tenant's has to look."""
    answer = await graph(clouds, CONTOSO, ROLES, filter=GLOBAL)
    scopes = {row["directoryScopeId"].split("/")[1] for row in answer.json()["value"]}
    assert scopes == {"", "administrativeUnits"}


async def test_one_row_of_the_registrations_comes_wrapped(clouds: Clouds) -> None:
    """As in the example of its page."""
    gita = clouds.company.tenants[CONTOSO].account("gita@contoso.example")
    answer = await graph(clouds, CONTOSO, f"{REPORT}/{gita.id}")
    assert answer.json()["value"]["isMfaCapable"] is True


async def test_when_somebody_signed_in_takes_an_id_a_permission_and_a_licence(
    clouds: Clouds,
) -> None:
    """And is null of somebody who never did ("signInActivity resource type")."""
    tenant = clouds.company.tenants[CONTOSO]
    gita = tenant.account("gita@contoso.example")
    fields = "id,signInActivity"
    never = await graph(clouds, CONTOSO, f"/users/{gita.id}", select=fields)
    assert never.json()["signInActivity"] is None
    gita.signed_in = clouds.company.now()
    told = await graph(clouds, CONTOSO, f"/users/{gita.id}", select=fields)
    assert told.json()["signInActivity"]["lastSuccessfulSignInDateTime"]
    assert (await graph(clouds, CONTOSO, f"/users/{gita.upn}", select=fields)).status_code == 400
    tenant.premium = False
    assert (await graph(clouds, CONTOSO, f"/users/{gita.id}", select=fields)).status_code == 403
    tenant.premium = True
    assert tenant.bot_roles is not None
    tenant.bot_roles.discard("AuditLog.Read.All")
    assert (await graph(clouds, CONTOSO, f"/users/{gita.id}", select=fields)).status_code == 403
    assert (await graph(clouds, CONTOSO, f"/users/{gita.id}", select="id")).status_code == 200
