""" "Nobody" holds the role: what each source can and cannot know, one test for each."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.people.admins import Holding
from bot.errors import CloudError, CloudRefused
from tests.contract.entra.microsoft import (
    DENIED,
    ELIGIBLE,
    GROUP_ELIGIBLE,
    ROLES,
    Microsoft,
    admins,
    graph_error,
    held,
    listed,
    user,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_P2 = graph_error(400, "AadPremiumLicenseRequired", "The tenant needs an AAD Premium 2 license.")
MEMBERS = "/groups/g1/transitiveMembers"


def group(group_id: str = "g1", **more: Any) -> dict[str, Any]:
    """A role assignment of a group, as `$expand=principal` shows it."""
    row = held(group_id, "group")
    row["principal"] |= {"displayName": "Tier 0", "visibility": "Private", **more}
    return row


def may_join(principal_id: str, kind: str = "user", **more: Any) -> dict[str, Any]:
    """An eligibility of Privileged Identity Management for Groups."""
    principal = {"@odata.type": f"#microsoft.graph.{kind}", "id": principal_id}
    return {
        "accessId": "member",
        "principalId": principal_id,
        "principal": principal,
        "memberType": "Direct",
        **more,
    }


def member(member_id: str, kind: str = "user", **more: Any) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": member_id, **more}


async def test_whoever_may_activate_a_groups_membership_is_eligible(microsoft: Microsoft) -> None:
    """A group holds the role and is empty: its people are eligible through PIM for Groups alone."""
    admins(microsoft, user("u1"), user("u2"))
    microsoft.graph |= {
        ROLES: listed(group()),
        MEMBERS: listed(),
        GROUP_ELIGIBLE: listed(may_join("u1"), may_join("u2", accessId="owner")),
    }
    (found,) = await microsoft.read_admins()
    assert (found.object_id, found.holding, found.via) == ("u1", Holding.ELIGIBLE, "Tier 0")
    assert microsoft.gaps() == ()
    asked = [seen.query for seen in microsoft.seen if seen.path == GROUP_ELIGIBLE]
    assert asked == [{"$filter": "groupId eq 'g1'", "$expand": "principal"}]
    assert await microsoft.client.holding(microsoft.tenant(), "u1") is Holding.ELIGIBLE
    assert await microsoft.client.holding(microsoft.tenant(), "u2") is None


async def test_a_group_that_may_join_the_group_brings_its_people(microsoft: Microsoft) -> None:
    """Eligible groups of groups, in a circle too; each group is asked about once."""
    admins(microsoft, user("u1"), user("u2"))
    microsoft.graph |= {
        ROLES: listed(group()),
        MEMBERS: listed(),
        "/groups/g2/transitiveMembers": listed(member("u1")),
        GROUP_ELIGIBLE: lambda query: listed(
            *([may_join("g2", "group")] if "g1" in query["$filter"] else []),
            *([may_join("g1", "group"), may_join("u2")] if "g2" in query["$filter"] else []),
        ),
    }
    found = await microsoft.read_admins()
    assert [(a.object_id, a.holding) for a in found] == [
        ("u1", Holding.ELIGIBLE),
        ("u2", Holding.ELIGIBLE),
    ]
    assert microsoft.paths().count(GROUP_ELIGIBLE) == 2


async def test_without_the_permission_for_it_an_empty_group_is_not_nobody(
    microsoft: Microsoft,
) -> None:
    """The refusal names the permission; beside somebody who is known it is kept as a gap."""
    microsoft.graph |= {
        ROLES: listed(group()),
        ELIGIBLE: listed(),
        MEMBERS: listed(),
        GROUP_ELIGIBLE: DENIED,
    }
    with pytest.raises(CloudRefused) as refused:
        await microsoft.read_admins()
    assert refused.value.missing == "PrivilegedEligibilitySchedule.Read.AzureADGroup"
    admins(microsoft, user("u1"))
    microsoft.graph[ROLES] = listed(held("u1"), group())
    assert [a.object_id for a in await microsoft.read_admins()] == ["u1"]
    (gap,) = microsoft.gaps()
    assert isinstance(gap, CloudRefused)
    assert gap.missing == "PrivilegedEligibilitySchedule.Read.AzureADGroup"


async def test_without_the_licence_nobody_is_eligible_for_a_group_either(
    microsoft: Microsoft,
) -> None:
    """It is the same licence, so nothing is asked that is known to be refused."""
    microsoft.graph |= {ROLES: listed(group()), ELIGIBLE: NO_P2, MEMBERS: listed()}
    assert await microsoft.read_admins() == ()
    assert GROUP_ELIGIBLE not in microsoft.paths()


async def test_no_eligibilities_of_groups_are_asked_for_where_no_group_has_the_role(
    microsoft: Microsoft,
) -> None:
    """Most tenants have none: the look costs them no call."""
    admins(microsoft, user("u1"))
    await microsoft.read_admins()
    assert GROUP_ELIGIBLE not in microsoft.paths()


@pytest.mark.parametrize(
    ("principal", "missing"),
    [
        pytest.param({"visibility": "HiddenMembership"}, "Member.Read.Hidden", id="hidden"),
        pytest.param(
            {"displayName": None, "visibility": None}, "GroupMember.ReadBasic.All", id="only an id"
        ),
    ],
)
async def test_an_empty_group_that_hides_its_members_is_not_nobody(
    microsoft: Microsoft, principal: dict[str, Any], missing: str
) -> None:
    """An empty list says nothing where the membership, or the group, may not be seen."""
    microsoft.graph |= {
        ROLES: listed(group(**principal)),
        ELIGIBLE: listed(),
        MEMBERS: listed(),
    }
    with pytest.raises(CloudRefused) as refused:
        await microsoft.read_admins()
    assert refused.value.missing == missing


async def test_a_nested_group_with_hidden_members_is_looked_into(microsoft: Microsoft) -> None:
    """The flat list shows the group, not those whom it hides."""
    admins(microsoft, user("u1"))
    nested = {"displayName": "Inner circle", "visibility": "HiddenMembership"}
    microsoft.graph |= {
        ROLES: listed(group()),
        MEMBERS: listed(member("u1"), member("g2", "group", **nested)),
        "/groups/g2/transitiveMembers": listed(),
    }
    assert [a.object_id for a in await microsoft.read_admins()] == ["u1"]
    (gap,) = microsoft.gaps()
    assert isinstance(gap, CloudRefused)
    assert gap.missing == "Member.Read.Hidden"


async def test_a_principal_that_was_left_out_may_be_a_group(microsoft: Microsoft) -> None:
    """What it is shows when it is read: as a user, and as a group."""
    admins(microsoft, user("u1"))
    microsoft.graph |= {
        ROLES: listed(held("g1") | {"principal": None}, held("sp") | {"principal": None}),
        MEMBERS: listed(member("u1")),
    }
    assert [a.object_id for a in await microsoft.read_admins()] == ["u1"]
    assert await microsoft.client.holding(microsoft.tenant(), "u1") is Holding.ACTIVE
    microsoft.graph[MEMBERS] = DENIED
    with pytest.raises(CloudRefused):
        await microsoft.client.holding(microsoft.tenant(), "u1")


@pytest.mark.parametrize(
    "row",
    [{"principalId": "u1", "directoryScopeId": None}, {"directoryScopeId": "/"}, {}],
)
async def test_an_assignment_that_does_not_say_whose_or_how_wide_is_not_nobody(
    microsoft: Microsoft, row: dict[str, Any]
) -> None:
    """It gives nobody the role, and no certainty either."""
    microsoft.graph |= {ROLES: listed(row), ELIGIBLE: listed()}
    with pytest.raises(CloudError, match="does not tell whose"):
        await microsoft.read_admins()


async def test_an_assignment_for_an_administrative_unit_is_nobodys_role_for_the_tenant(
    microsoft: Microsoft,
) -> None:
    """That one is told, and told to be too small."""
    scoped = {"directoryScopeId": "/administrativeUnits/a1"}
    microsoft.graph |= {ROLES: listed(held("u1", **scoped)), ELIGIBLE: listed(group() | scoped)}
    assert await microsoft.read_admins() == ()
    assert await microsoft.client.holding(microsoft.tenant(), "u1") is None


async def test_the_account_of_a_program_is_no_person(microsoft: Microsoft) -> None:
    """`agentUser` derives from user, and nobody sits behind it."""
    microsoft.graph |= {ROLES: listed(held("u1", "agentUser")), ELIGIBLE: listed()}
    assert await microsoft.read_admins() == ()


@pytest.mark.parametrize(
    ("told", "holding"),
    [
        ({}, Holding.ACTIVE),
        ({"accountEnabled": True}, Holding.ACTIVE),
        ({"accountEnabled": None}, Holding.ACTIVE),
        ({"accountEnabled": False}, None),
    ],
)
async def test_a_disabled_account_holds_no_role_whoever_assigned_it(
    microsoft: Microsoft, told: dict[str, Any], holding: Holding | None
) -> None:
    """Asked at every step after the sign-in, which a session may outlive by an hour."""
    row = held("u1")
    row["principal"] |= told
    for roles, members in ((row, ()), (group(), (member("u1", **told),))):
        microsoft.graph |= {ROLES: listed(roles), MEMBERS: listed(*members), ELIGIBLE: listed()}
        microsoft.graph[GROUP_ELIGIBLE] = listed()
        assert await microsoft.client.holding(microsoft.tenant(), "u1") is holding


async def test_people_of_a_partner_are_none_of_the_tenants_own(microsoft: Microsoft) -> None:
    """A role may be of somebody whom the tenant does not know as a user: nobody asks them."""
    admins(microsoft, user("u1"))
    partners = held("p1", principalOrganizationId="22222222-2222-4222-8222-222222222222")
    microsoft.graph[ROLES] = listed(held("u1"), partners | {"principal": None})
    microsoft.graph["/users/p1"] = graph_error(404, "Request_ResourceNotFound")
    microsoft.graph["/groups/p1/transitiveMembers"] = graph_error(404, "Request_ResourceNotFound")
    assert [a.object_id for a in await microsoft.read_admins()] == ["u1"]


@pytest.mark.parametrize("unread", [ELIGIBLE, GROUP_ELIGIBLE, MEMBERS])
async def test_a_role_is_never_gone_while_something_that_may_hold_it_is_hidden(
    microsoft: Microsoft, unread: str
) -> None:
    """Whoever signs in is told that it cannot be told, not that they are no administrator."""
    microsoft.graph |= {ROLES: listed(group()), ELIGIBLE: listed(), MEMBERS: listed()}
    assert await microsoft.client.holding(microsoft.tenant(), "u1") is None
    microsoft.graph[unread] = DENIED
    with pytest.raises(CloudRefused):
        await microsoft.client.holding(microsoft.tenant(), "u1")


async def test_a_list_that_is_cut_short_is_no_list(microsoft: Microsoft) -> None:
    """A next page that is named and cannot be followed fails the read."""
    microsoft.graph |= {ROLES: {**listed(), "@odata.nextLink": {"href": "…"}}, ELIGIBLE: listed()}
    with pytest.raises(CloudError, match="next page"):
        await microsoft.read_admins()
