"""Reading Graph: pages, batches, throttling, bad answers, missing permissions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudNotFound,
    CloudRefused,
    CloudThrottled,
    CloudUnreachable,
)
from sandbox.company.records import Reply
from tests.contract.entra.microsoft import (
    APP,
    DENIED,
    ELIGIBLE,
    GROUP_ELIGIBLE,
    REPORT,
    ROLES,
    TENANT_ID,
    Microsoft,
    admins,
    graph_error,
    held,
    user,
)
from tests.contract.loopback import SteppingClock

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("no_waiting"),
]


async def test_every_page_is_read(microsoft: Microsoft) -> None:
    """Links to the next page are followed as they are."""
    admins(microsoft, user("u1"))

    def assignments(query: dict[str, str]) -> dict[str, Any]:
        page = int(query.get("$skiptoken", "0"))
        more = {"@odata.nextLink": f"{microsoft.graph_url}/v1.0{ROLES}?$skiptoken={page + 1}"}
        return {"value": [held(f"u{page}")], **(more if page < 4 else {})}

    microsoft.graph[ROLES] = assignments
    for number in range(5):
        microsoft.graph[f"/users/u{number}"] = {"id": f"u{number}", "accountEnabled": True}
    found = await microsoft.read_admins()
    assert [admin.object_id for admin in found] == ["u0", "u1", "u2", "u3", "u4"]


async def test_a_loop_of_pages_is_an_invalid_answer(microsoft: Microsoft) -> None:
    """A next link that was followed already ends the reading."""
    link = f"{microsoft.graph_url}/v1.0{ROLES}?$skiptoken=again"
    microsoft.graph[ROLES] = {"value": [], "@odata.nextLink": link}
    with pytest.raises(CloudAnswerInvalid, match="without end"):
        await microsoft.read_admins()
    assert len(microsoft.seen) == 2


async def test_pages_without_end_are_given_up(microsoft: Microsoft) -> None:
    """New links for ever end at a limit."""

    def endless(query: dict[str, str]) -> dict[str, Any]:
        page = int(query.get("$skiptoken", "0")) + 1
        link = f"{microsoft.graph_url}/v1.0{ROLES}?$skiptoken={page}"
        return {"value": [], "@odata.nextLink": link}

    microsoft.graph[ROLES] = endless
    with pytest.raises(CloudAnswerInvalid, match="without end"):
        await microsoft.read_admins()
    assert len(microsoft.seen) == 201


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param(Reply(200, "<!doctype html><p>Busy"), CloudAnswerInvalid, id="a web page"),
        pytest.param(Reply(200, '{"value": [{"id":'), CloudAnswerInvalid, id="truncated"),
        pytest.param(Reply(200, {}), CloudAnswerInvalid, id="no value"),
        pytest.param(Reply(200, {"value": "none"}), CloudAnswerInvalid, id="a value of no list"),
        pytest.param(
            Reply(200, b'{"value": ["' + b"x" * 10_500_000), CloudAnswerInvalid, id="10 MB"
        ),
        pytest.param(Reply(503, "<html>"), CloudUnreachable, id="unavailable"),
        pytest.param(graph_error(404, "ResourceNotFound"), CloudNotFound, id="unknown"),
        pytest.param(graph_error(400, "BadRequest"), CloudRefused, id="a bad request"),
        pytest.param(Reply(403, "<html>"), CloudRefused, id="forbidden by a page"),
        pytest.param(Reply(403, {"error": "no"}), CloudRefused, id="an error of another shape"),
    ],
)
async def test_a_bad_answer_is_one_typed_error_with_tenant_and_call(
    microsoft: Microsoft, reply: Reply, kind: type[CloudError]
) -> None:
    """Every way in which Graph may fail is told apart."""
    microsoft.graph[ROLES] = reply
    with pytest.raises(kind) as caught:
        await microsoft.read_admins()
    assert type(caught.value) is kind
    assert caught.value.where == "contoso.example"
    assert caught.value.call == f"GET {ROLES}"


async def test_only_the_throttled_parts_of_a_batch_are_asked_again(
    microsoft: Microsoft, clock: SteppingClock
) -> None:
    """The wait is the longest that a part named; parts that were answered are left alone."""
    admins(microsoft, user("u1"))
    microsoft.graph[ROLES] = {"value": [held("u1"), held("u2"), held("u3")]}
    microsoft.graph["/users/u2"] = [
        Reply(429, {"error": {"code": "TooManyRequests"}}, {"Retry-After": "7"}),
        {"id": "u2", "accountEnabled": True},
    ]
    microsoft.graph["/users/u3"] = [Reply(504, {}), {"id": "u3", "accountEnabled": False}]
    found = await microsoft.read_admins()
    assert [(a.object_id, a.enabled) for a in found] == [("u1", True), ("u2", True), ("u3", False)]
    users = [path for path in microsoft.paths() if path.startswith("/users/")]
    assert sorted(users) == ["/users/u1", "/users/u2", "/users/u2", "/users/u3", "/users/u3"]
    assert clock.slept == [7.0]


@pytest.mark.parametrize(("retry_after", "asked"), [("1", 3), ("3600", 1)])
async def test_a_part_that_stays_throttled_ends_in_a_typed_error(
    microsoft: Microsoft, retry_after: str, asked: int
) -> None:
    """Waiting is bounded: by the number of tries, and by how long one wait may be."""
    admins(microsoft, user("u1"))
    microsoft.graph["/users/u1"] = Reply(429, {}, {"Retry-After": retry_after})
    with pytest.raises(CloudThrottled) as caught:
        await microsoft.read_admins()
    assert caught.value.retry_after == float(retry_after)
    assert microsoft.paths().count("/users/u1") == asked


async def test_a_part_that_is_throttled_without_a_time_is_waited_for_longer_each_time(
    microsoft: Microsoft, clock: SteppingClock
) -> None:
    """The reports of Graph name no time; asking every second would only keep the limit shut."""
    admins(microsoft, user("u1"))
    busy = Reply(429, {"error": {"code": "TooManyRequests"}})
    microsoft.graph["/users/u1"] = [busy, busy, {"id": "u1", "accountEnabled": True}]
    assert len(await microsoft.read_admins()) == 1
    assert clock.slept == [5.0, 10.0]


async def test_a_throttled_list_is_asked_again(microsoft: Microsoft) -> None:
    """A 429 outside of a batch is waited out as well."""
    admins(microsoft, user("u1"))
    microsoft.graph[ROLES] = [Reply(429, {}, {"Retry-After": "0"}), {"value": [held("u1")]}]
    assert len(await microsoft.read_admins()) == 1


async def test_more_than_twenty_reads_go_in_several_batches(microsoft: Microsoft) -> None:
    """Graph takes twenty parts at most; the loopback server insists on it."""
    people = [f"u{number}" for number in range(45)]
    admins(microsoft, *(user(person) for person in people))
    found = await microsoft.read_admins()
    assert [admin.object_id for admin in found] == people
    assert microsoft.batches == 3


async def test_a_batch_that_leaves_a_part_out_is_an_invalid_answer(microsoft: Microsoft) -> None:
    """A part without a status is not taken for an empty one."""
    admins(microsoft, user("u1"))
    microsoft.graph["/users/u1"] = Reply("strange", {})  # type: ignore[arg-type]  # what Graph must not send
    with pytest.raises(CloudAnswerInvalid, match="missing in the batch"):
        await microsoft.read_admins()


async def test_reports_are_spaced_to_five_in_ten_seconds(microsoft: Microsoft) -> None:
    """All reports share the budget of a tenant; parts of a batch count one by one."""
    admins(microsoft, *(user(f"u{number}") for number in range(12)))
    microsoft.graph["/servicePrincipals"] = {
        "value": [{"id": "sp1", "appId": "a1", "displayName": "Okta Microsoft Graph Client"}]
    }
    microsoft.graph["/auditLogs/directoryAudits"] = {"value": []}
    microsoft.graph[REPORT] = graph_error(400, "BadRequest")
    await microsoft.read_admins()
    await microsoft.read_consent()
    reports = [s.at for s in microsoft.seen if s.path.startswith((REPORT, "/auditLogs"))]
    assert len(reports) == 2 + 12 + 1
    for early, late in zip(reports, reports[5:], strict=False):
        assert late - early >= timedelta(seconds=10)


async def test_reports_of_different_tenants_do_not_wait_for_each_other(
    microsoft: Microsoft, clock: SteppingClock
) -> None:
    """The limit holds per app and tenant."""
    admins(microsoft, user("u1"))
    for digit in "23456789":
        await microsoft.client.global_admins(microsoft.tenant(TENANT_ID.replace("1", digit)))
    assert clock.slept == []


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        (ROLES, "RoleManagement.Read.Directory"),
        (ELIGIBLE, "RoleEligibilitySchedule.Read.Directory"),
        ("/users/u1", "User.Read.All"),
        (REPORT, "AuditLog.Read.All"),
        ("/groups/g1/transitiveMembers", "GroupMember.ReadBasic.All"),
        (GROUP_ELIGIBLE, "PrivilegedEligibilitySchedule.Read.AzureADGroup"),
        ("/domains", "Domain.Read.All"),
        ("/servicePrincipals", "Application.Read.All"),
        ("/servicePrincipals/sp1/appRoleAssignments", "Application.Read.All"),
        ("/oauth2PermissionGrants", "Directory.Read.All"),
        ("/auditLogs/directoryAudits", "AuditLog.Read.All + Directory.Read.All"),
        ("/users", "User.Read.All"),
    ],
)
async def test_a_refused_read_names_the_permission_that_is_missing(
    microsoft: Microsoft, path: str, permission: str
) -> None:
    """Whether it is raised, kept beside the admins, or told as evidence."""
    admins(microsoft, user("u1"), capable=False)
    group = held("g1", "group")
    group["principal"]["displayName"] = "Tier 0"
    microsoft.graph[ROLES] = {"value": [held("u1"), group]}
    microsoft.graph["/groups/g1/transitiveMembers"] = {"value": []}
    microsoft.graph["/servicePrincipals"] = {"value": [{"id": "sp1"}]}
    microsoft.graph[path] = DENIED
    tenant, missing = microsoft.tenant(), set()
    try:
        await microsoft.client.global_admins(tenant)
    except CloudRefused as refused:
        missing.add(refused.missing)
    missing |= {
        g.missing for g in microsoft.client.admin_gaps(tenant) if isinstance(g, CloudRefused)
    }
    accounts = await microsoft.client.account_evidence(tenant, frozenset({APP}))
    for evidence in (*await microsoft.client.tenant_evidence(tenant), *accounts[APP]):
        missing.add(evidence.detail.get("missing", ""))
    assert missing - {""} == {permission}
