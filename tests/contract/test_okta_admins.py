"""Who may change an app in Okta: roles, targets, groups, and refusals."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.domain.people.admins import OktaAdmin
from bot.errors import CloudAnswerInvalid, CloudRefused
from tests.contract.okta_org import ASSIGNEES, HQ, Org
from tests.contract.pretend_okta import error, says

pytestmark = pytest.mark.usefixtures("no_waiting")


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


async def listed(org: Org) -> list[OktaAdmin]:
    """Those who are named."""
    return [admin for admin in await org.client.app_admins() if admin.user_id]


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
    assert [admin.user_id for admin in await listed(org)] == ["anna", "berta"]


async def test_a_member_has_every_role_of_every_group(org: Org) -> None:
    """Of a group with two roles, and of two groups: the rights add up."""
    second = {"_links": {"assignee": {"href": "https://contoso.okta.com/api/v1/groups/00g2"}}}
    another = {"name": "office365", "id": "0oaanother"}
    third = {"name": "office365", "id": "0oathird"}
    has_users(
        org,
        anna=[
            role("APP_ADMIN", ONE, **GROUP),
            role("APP_ADMIN", another, **GROUP),
            role("APP_ADMIN", third, **second),
        ],
    )
    has_profile(org, "berta")
    for group in ("00g1", "00g2"):
        org.okta.resources[f"/api/v1/groups/{group}/users"] = says([{"id": "berta"}])
    admins = {admin.user_id: admin.app_ids for admin in await listed(org)}
    assert admins["berta"] == admins["anna"] == frozenset({HQ, "0oaanother", "0oathird"})


async def test_a_group_that_does_not_list_its_members_costs_nobody(org: Org) -> None:
    """Some built-in groups refuse; the assignees are known, and that there may be more of them."""
    has_users(org, anna=[role("SUPER_ADMIN", **GROUP)])
    org.okta.resources["/api/v1/groups/00g1/users"] = lambda request: error(403, "E0000006")
    anna, others = await org.client.app_admins()
    assert (anna.user_id, anna.untold) == ("anna", False)
    assert (others.user_id, others.email, others.untold) == ("", "", True)
    assert not others.may_change(HQ)


async def test_a_list_without_a_super_administrator_is_not_whole(org: Org) -> None:
    """Every org has one: a reader whose role does not reach them sees a part."""
    has_users(org, anna=[role("APP_ADMIN", ONE)])
    assert [(a.user_id, a.untold) for a in await org.client.app_admins()] == [
        ("anna", False),
        ("", True),
    ]
    org.okta.resources[ASSIGNEES] = says({"value": [], "_links": {}})
    assert [admin.untold for admin in await org.client.app_admins()] == [True]


async def test_a_role_that_is_not_documented_for_this_is_untold(org: Org) -> None:
    """A custom role that manages apps, an Organization Administrator, a role that is new."""
    custom = {"type": "CUSTOM", "status": "ACTIVE", "id": "irb1", "assignmentType": "USER"}
    has_users(
        org,
        anna=[role("SUPER_ADMIN")],
        berta=[{**custom, "role": "cr0apps"}],
        carla=[{**custom, "role": "cr0users"}],
        dora=[{**custom, "role": "cr0hidden"}],
        emma=[role("ORG_ADMIN")],
        frida=[role("SOMETHING_NEW")],
        gerda=[role("APP_ADMIN", ONE), role("ORG_ADMIN")],
        hanna=[{**custom, "role": "cr0apps"}, role("READ_ONLY_ADMIN")],
    )
    for name, label in (("cr0apps", "okta.apps.manage"), ("cr0users", "okta.users.manage")):
        listing = {"permissions": [{"label": "okta.apps.read"}, {"label": label}]}
        org.okta.resources[f"/api/v1/iam/roles/{name}/permissions"] = says(listing)
    org.okta.resources["/api/v1/iam/roles/cr0hidden/permissions"] = lambda r: error(403, "E0000006")
    admins = {admin.user_id: admin for admin in await org.client.app_admins()}
    assert {name for name, admin in admins.items() if admin.untold} == {
        "berta",
        "dora",
        "emma",
        "frida",
        "gerda",
        "hanna",
    }
    assert "carla" not in admins
    assert {name for name, admin in admins.items() if admin.may_change(HQ)} == {"anna", "gerda"}
    assert org.okta.calls.count("/api/v1/iam/roles/cr0apps/permissions") == 1


async def test_targets_that_may_have_been_cut_short_are_listed(org: Org) -> None:
    """As many came along as a page of them holds by default: there may be more."""
    many = [{"name": "slack", "id": f"0oa{n}"} for n in range(20)]
    has_users(org, anna=[role("APP_ADMIN", *many)], berta=[role("SUPER_ADMIN")])
    path = "/api/v1/users/anna/roles/ra1/targets/catalog/apps"
    org.okta.resources[path] = says([*many, ONE])
    admins = {admin.user_id: admin.app_ids for admin in await org.client.app_admins()}
    assert admins["anna"] == frozenset({HQ})


async def test_a_groups_role_is_never_for_all_because_nothing_came_along(org: Org) -> None:
    """An empty expansion of a group's role says nothing; the group's own list does, once."""
    has_users(
        org,
        anna=[role("APP_ADMIN", **GROUP)],
        berta=[role("APP_ADMIN", **GROUP)],
        carla=[role("SUPER_ADMIN")],
    )
    org.okta.resources["/api/v1/groups/00g1/users"] = says([{"id": "anna"}, {"id": "berta"}])
    path = "/api/v1/groups/00g1/roles/ra1/targets/catalog/apps"
    org.okta.resources[path] = says([ONE])
    admins = {admin.user_id: admin for admin in await org.client.app_admins()}
    assert admins["anna"].app_ids == admins["berta"].app_ids == frozenset({HQ})
    assert org.okta.calls.count(path) == 1
    del org.okta.resources[path]
    admins = {admin.user_id: admin for admin in await org.client.app_admins()}
    assert admins["anna"].untold, "the group does not know the role by this id"


@pytest.mark.parametrize(("group", "holder"), [({}, "users/anna"), (GROUP, "groups/00g1")])
async def test_targets_that_did_not_come_along_are_asked_for(
    org: Org, group: dict[str, Any], holder: str
) -> None:
    """A missing expansion never turns one app into all."""
    has_users(org, anna=[role("APP_ADMIN", _embedded=None, **group)])
    org.okta.resources["/api/v1/groups/00g1/users"] = says([])
    org.okta.resources[f"/api/v1/{holder}/roles/ra1/targets/catalog/apps"] = says([ONE])
    [admin] = await listed(org)
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
    assert await listed(org) == []


async def test_body_paging_that_loops_is_stopped(org: Org) -> None:
    """The list of assignees pages in its body; the same guard holds."""
    link = {"next": {"href": f"{org.okta.url}{ASSIGNEES}?after=1"}}
    org.okta.resources[ASSIGNEES] = says({"value": [], "_links": link})
    with pytest.raises(CloudAnswerInvalid, match="read before"):
        await org.client.app_admins()
