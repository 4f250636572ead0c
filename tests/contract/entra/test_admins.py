"""Who is Global Administrator, and whether they can do multifactor authentication."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.people.admins import GlobalAdmin, Holding, Mfa
from bot.errors import CloudRefused, CloudUnreachable
from sandbox.company.records import Reply
from tests.contract.entra.microsoft import (
    DENIED,
    ELIGIBLE,
    REPORT,
    ROLES,
    TENANT_ID,
    Microsoft,
    add_user,
    admins,
    graph_error,
    held,
    listed,
    registered,
    user,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_P2 = graph_error(
    400,
    "AadPremiumLicenseRequired",
    "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
)
NO_P1 = graph_error(
    403,
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    "Neither tenant is B2C or tenant doesn't have premium license",
)
DOMAINS = "/domains"
FEDERATION = "/domains/contoso.example/federationConfiguration"


def domain(name: str, kind: str, *, root: bool = True) -> dict[str, Any]:
    """A domain of the tenant."""
    return {"id": name, "authenticationType": kind, "isRoot": root}


async def test_an_administrator_is_read_in_full(microsoft: Microsoft) -> None:
    """State, kind and addresses come from the user itself, not from the expanded principal."""
    gita = user(
        "u1",
        userPrincipalName="adm-gita@contoso.onmicrosoft.com",
        displayName="Gita Global (admin)",
        givenName="Gita",
        mail="gita@contoso.example",
        otherMails=["gita@example.com"],
        userType="Guest",
        onPremisesSyncEnabled=True,
        accountEnabled=False,
    )
    admins(microsoft, gita)
    methods = ["mobilePhone", "somethingNew"]
    registered(microsoft, gita, {"isMfaCapable": True, "methodsRegistered": methods})
    assert await microsoft.read_admins() == (
        GlobalAdmin(
            tenant_id=TENANT_ID,
            object_id="u1",
            display_name="Gita Global (admin)",
            upn="adm-gita@contoso.onmicrosoft.com",
            mail="gita@contoso.example",
            other_mails=("gita@example.com",),
            enabled=False,
            guest=True,
            synced=True,
            given_name="Gita",
            holding=Holding.ACTIVE,
            mfa=Mfa.YES,
            mfa_methods=("mobilePhone", "somethingNew"),
        ),
    )


async def test_only_persons_with_the_role_for_the_whole_directory_count(
    microsoft: Microsoft,
) -> None:
    """Service principals, and assignments for an administrative unit, are left out."""
    admins(microsoft, user("u1"), user("u2"))
    microsoft.graph[ROLES] = listed(
        held("u1"),
        held("u2", directoryScopeId="/administrativeUnits/a1"),
        held("sp1", "servicePrincipal"),
    )
    assert [a.object_id for a in await microsoft.read_admins()] == ["u1"]


async def test_members_of_a_role_assignable_group_are_administrators(microsoft: Microsoft) -> None:
    """They carry the group's name; who also holds the role directly does not."""
    admins(microsoft, user("u1"), user("u2"))
    group = held("g1", "group")
    group["principal"]["displayName"] = "Tier 0"
    microsoft.graph[ROLES] = listed(group, held("u1"))
    microsoft.graph["/groups/g1/transitiveMembers"] = listed(
        {"@odata.type": "#microsoft.graph.user", "id": "u1"},
        {"@odata.type": "#microsoft.graph.user", "id": "u2"},
        {"@odata.type": "#microsoft.graph.group", "id": "g2"},
        {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "sp1"},
    )
    found = await microsoft.read_admins()
    assert [(a.object_id, a.via) for a in found] == [("u1", ""), ("u2", "Tier 0")]


async def test_an_eligible_administrator_is_told_apart_and_an_active_one_wins(
    microsoft: Microsoft,
) -> None:
    """Whoever activated the role is both, and known to be; eligible groups count as eligible."""
    admins(microsoft, user("u1"), user("u2"), user("u3"))
    microsoft.graph[ROLES] = listed(held("u1"))
    microsoft.graph[ELIGIBLE] = listed(held("u1"), held("u2"), held("g1", "group"))
    microsoft.graph["/groups/g1/transitiveMembers"] = listed(
        {"@odata.type": "#microsoft.graph.user", "id": "u3"}
    )
    found = await microsoft.read_admins()
    assert [(a.object_id, a.holding, a.via, a.may_activate) for a in found] == [
        ("u1", Holding.ACTIVE, "", True),
        ("u2", Holding.ELIGIBLE, "", True),
        ("u3", Holding.ELIGIBLE, "g1", True),
    ]


@pytest.mark.parametrize("state", ["PendingAcceptance", "Accepted", None])
async def test_a_guest_who_did_not_accept_yet_is_only_invited(
    microsoft: Microsoft, state: str | None
) -> None:
    admins(microsoft, user("u1", userType="Guest", externalUserState=state))
    (admin,) = await microsoft.read_admins()
    assert admin.invited is (state == "PendingAcceptance")


async def test_an_active_group_wins_over_a_direct_eligibility(microsoft: Microsoft) -> None:
    """How it is held matters more than through what."""
    admins(microsoft, user("u1"))
    microsoft.graph[ROLES] = listed(held("g1", "group"))
    microsoft.graph[ELIGIBLE] = listed(held("u1"))
    microsoft.graph["/groups/g1/transitiveMembers"] = listed(
        {"@odata.type": "#microsoft.graph.user", "id": "u1"}
    )
    (admin,) = await microsoft.read_admins()
    assert (admin.holding, admin.via) == (Holding.ACTIVE, "g1")


@pytest.mark.parametrize("status", [400, 403])
async def test_a_tenant_without_p2_has_its_active_administrators(
    microsoft: Microsoft, status: int
) -> None:
    """Nobody can be eligible there; the reason is kept, and nothing is raised."""
    admins(microsoft, user("u1"))
    microsoft.graph[ELIGIBLE] = Reply(status, NO_P2.body)
    assert len(await microsoft.read_admins()) == 1
    (gap,) = microsoft.gaps()
    assert isinstance(gap, CloudRefused)
    assert gap.reason == "AadPremiumLicenseRequired"
    assert "P2" in gap.hint


async def test_a_tenant_without_p2_and_without_administrators_has_none(
    microsoft: Microsoft,
) -> None:
    """Without a licence there is nothing to miss, so an empty answer is an answer."""
    microsoft.graph |= {ROLES: listed(), ELIGIBLE: NO_P2}
    assert await microsoft.read_admins() == ()


@pytest.mark.parametrize("unread", [ELIGIBLE, "/groups/g1/transitiveMembers"])
async def test_nobody_is_never_said_when_somebody_could_not_be_seen(
    microsoft: Microsoft, unread: str
) -> None:
    """Where everybody there may be is hidden by a missing permission, that is raised."""
    microsoft.graph |= {
        ROLES: listed(held("g1", "group")) if "groups" in unread else listed(),
        ELIGIBLE: listed(),
        unread: DENIED,
    }
    with pytest.raises(CloudRefused, match="does not let o365bot read"):
        await microsoft.read_admins()


async def test_a_group_that_cannot_be_read_leaves_the_others(microsoft: Microsoft) -> None:
    """Those who can be seen can be asked; what is missing is kept beside them."""
    admins(microsoft, user("u1"))
    microsoft.graph[ROLES] = listed(held("u1"), held("g1", "group"))
    microsoft.graph["/groups/g1/transitiveMembers"] = DENIED
    assert [a.object_id for a in await microsoft.read_admins()] == ["u1"]
    (gap,) = microsoft.gaps()
    assert gap.call == "GET /groups/{id}/transitiveMembers"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"@odata.type": "#microsoft.graph.user", "id": "u1"}, id="only the id"),
        pytest.param(user("u1", accountEnabled=None, displayName=None), id="nulls"),
        pytest.param(DENIED, id="refused"),
    ],
)
async def test_a_user_whose_fields_are_hidden_has_an_unknown_state(
    microsoft: Microsoft, answer: Any
) -> None:
    """Hidden is neither enabled nor disabled, and certainly not absent."""
    admins(microsoft, user("u1"))
    principal = held("u1")
    principal["principal"] |= {"displayName": "Gita", "accountEnabled": True}
    microsoft.graph |= {ROLES: listed(principal), "/users/u1": answer}
    (admin,) = await microsoft.read_admins()
    assert admin.enabled is None
    assert admin.display_name == "Gita"


async def test_a_deleted_user_is_left_out(microsoft: Microsoft) -> None:
    """Assignments outlive users for a while."""
    admins(microsoft, user("u1"))
    microsoft.graph[ROLES] = listed(held("u1"), held("gone"))
    assert [a.object_id for a in await microsoft.read_admins()] == ["u1"]


@pytest.mark.parametrize(
    "row",
    [
        {"directoryScopeId": "/"},
        {"principalId": None, "directoryScopeId": "/", "principal": None},
        {"principalId": "u9", "directoryScopeId": None, "principal": {}},
        {"principalId": "u9", "directoryScopeId": "/", "principal": {"@odata.type": "#x.device"}},
        {},
    ],
)
async def test_a_strange_assignment_is_passed_over(
    microsoft: Microsoft, row: dict[str, Any]
) -> None:
    """Missing fields and kinds that are not known yet do not spoil the list."""
    admins(microsoft, user("u1"))
    microsoft.graph["/users/u9"] = user("u9")
    microsoft.graph[ROLES] = {"value": [row, "text", None, held("u1")]}
    assert [a.object_id for a in await microsoft.read_admins()] == ["u1"]


async def test_a_principal_that_is_not_expanded_is_read_as_a_user(microsoft: Microsoft) -> None:
    """Where Graph leaves the principal out, reading it tells what it is."""
    admins(microsoft, user("u1"))
    microsoft.graph[ROLES] = listed(held("u1") | {"principal": None}, held("sp") | {"principal": 1})
    assert [a.object_id for a in await microsoft.read_admins()] == ["u1"]


async def test_a_user_that_cannot_be_read_for_the_moment_fails_the_whole_list(
    microsoft: Microsoft,
) -> None:
    """A list that is kept for a day must not lack somebody because of one bad minute."""
    admins(microsoft, user("u1"))
    microsoft.graph["/users/u1"] = Reply(503, {})
    with pytest.raises(CloudUnreachable):
        await microsoft.read_admins()


# ------------------------------------------------------------------ multifactor authentication


ACCEPTS = listed({"federatedIdpMfaBehavior": "acceptIfMfaDoneByFederatedIdp"})
ENFORCES = listed({"federatedIdpMfaBehavior": "enforceMfaByFederatedIdp"})
REJECTS = listed({"federatedIdpMfaBehavior": "rejectMfaByFederatedIdp"})
MANAGED = listed(domain("contoso.example", "Managed"))
FEDERATED = listed(domain("contoso.example", "Federated"))


@pytest.mark.parametrize(
    ("upn", "domains", "federation", "expected"),
    [
        pytest.param("u1@contoso.onmicrosoft.com", DENIED, DENIED, Mfa.NO, id="cloud only"),
        pytest.param("u1@contoso.example", MANAGED, DENIED, Mfa.NO, id="managed"),
        pytest.param("u1@contoso.example", FEDERATED, REJECTS, Mfa.NO, id="Microsoft asks"),
        pytest.param("u1@contoso.example", FEDERATED, ACCEPTS, Mfa.UNTOLD, id="accepted"),
        pytest.param("u1@contoso.example", FEDERATED, ENFORCES, Mfa.UNTOLD, id="enforced there"),
        pytest.param("u1@contoso.example", FEDERATED, listed({}), Mfa.UNTOLD, id="not set"),
        pytest.param("u1@contoso.example", FEDERATED, listed(), Mfa.UNTOLD, id="no row"),
        pytest.param("u1@contoso.example", FEDERATED, DENIED, Mfa.UNTOLD, id="unreadable"),
        pytest.param("u1@contoso.example", DENIED, REJECTS, Mfa.UNTOLD, id="domains unreadable"),
        pytest.param("u1@contoso.example", listed(), DENIED, Mfa.UNTOLD, id="unknown domain"),
        pytest.param("", MANAGED, REJECTS, Mfa.UNTOLD, id="hidden name"),
    ],
)
async def test_not_registered_counts_only_where_microsoft_asks_for_the_factor(
    microsoft: Microsoft, upn: str, domains: Any, federation: Any, expected: Mfa
) -> None:
    """A person who does it at Okta looks unregistered in Microsoft's report."""
    admins(microsoft, user("u1", userPrincipalName=upn), capable=False)
    microsoft.graph |= {DOMAINS: domains, FEDERATION: federation}
    (admin,) = await microsoft.read_admins()
    assert admin.mfa is expected


async def test_a_subdomain_is_federated_as_its_root_is(microsoft: Microsoft) -> None:
    """The configuration hangs on the root domain only."""
    person = user("u1", userPrincipalName="u1@sales.contoso.example")
    admins(microsoft, person, capable=False)
    microsoft.graph |= {
        DOMAINS: listed(
            domain("contoso.example", "Federated"),
            domain("sales.contoso.example", "Federated", root=False),
        ),
        FEDERATION: REJECTS,
    }
    (admin,) = await microsoft.read_admins()
    assert admin.mfa is Mfa.NO


async def test_a_guest_without_registration_may_do_it_at_home(microsoft: Microsoft) -> None:
    """The home tenant's factor may be trusted, which the report does not know."""
    upn = "guido_partner.example.com#EXT#@contoso.onmicrosoft.com"
    admins(microsoft, user("u1", userPrincipalName=upn, userType="Guest"), capable=False)
    (admin,) = await microsoft.read_admins()
    assert admin.mfa is Mfa.UNTOLD


@pytest.mark.parametrize(
    ("report", "kept"),
    [
        pytest.param(NO_P1, "It takes Microsoft Entra ID P1 or P2", id="no licence"),
        pytest.param(DENIED, "AuditLog.Read.All", id="no permission"),
        pytest.param(Reply(200, "<html>"), "Check the address", id="a web page"),
        pytest.param(listed(), "", id="not in the report yet"),
        pytest.param(listed({"id": "u1", "methodsRegistered": None}), "", id="fields missing"),
        pytest.param(listed({"id": "u1", "isMfaCapable": "yes"}), "", id="another type"),
    ],
)
async def test_what_the_report_does_not_tell_is_untold(
    microsoft: Microsoft, report: Any, kept: str
) -> None:
    """Nobody is called unprotected because a report could not be read; why is kept."""
    admins(microsoft, user("u1"))
    microsoft.graph[REPORT] = report
    (admin,) = await microsoft.read_admins()
    assert (admin.mfa, admin.mfa_methods) == (Mfa.UNTOLD, ())
    gaps = microsoft.gaps()
    assert len(gaps) == bool(kept)
    assert all(kept in gap.hint for gap in gaps)
    assert microsoft.paths().count(REPORT) == 1
    assert f"{REPORT}/u1" not in microsoft.paths()


async def test_the_report_is_asked_for_ten_people_at_a_time(microsoft: Microsoft) -> None:
    """Its calls are scarce, so nobody waits for the registrations of a dozen admins."""
    people = [user(f"u{number}") for number in range(12)]
    admins(microsoft, *people)
    found = await microsoft.read_admins()
    assert [admin.mfa for admin in found] == [Mfa.YES] * 12
    assert microsoft.paths().count(REPORT) == 2


async def test_people_are_read_one_by_one_where_the_filter_is_refused(microsoft: Microsoft) -> None:
    """The filter over several names is not documented; rows that are not there are untold."""
    admins(microsoft, user("u1"), user("u2"), user("u3", userPrincipalName=None))
    microsoft.graph[REPORT] = graph_error(400, "BadRequest", "Filter not supported")
    microsoft.graph[f"{REPORT}/u2"] = graph_error(404, "NotFound")
    found = await microsoft.read_admins()
    assert [admin.mfa for admin in found] == [Mfa.YES, Mfa.UNTOLD, Mfa.YES]
    assert microsoft.gaps() == ()


@pytest.mark.parametrize("wrapped", [True, False])
async def test_a_single_row_may_come_wrapped(microsoft: Microsoft, wrapped: bool) -> None:
    """The page's example has it in `value`, its schema has not."""
    person = user("u1")
    admins(microsoft, person)
    row = microsoft.graph[f"{REPORT}/u1"]
    microsoft.graph |= {
        REPORT: graph_error(400, "BadRequest", "Filter not supported"),
        f"{REPORT}/u1": {"value": row} if wrapped else row,
    }
    (admin,) = await microsoft.read_admins()
    assert admin.mfa is Mfa.YES


async def test_a_domain_without_federation_is_microsofts_own(microsoft: Microsoft) -> None:
    """404 is how a domain says so whose kind the list does not tell; it is no gap."""
    admins(microsoft, user("u1"), capable=False)
    microsoft.graph[DOMAINS] = listed({"id": "contoso.example", "isRoot": True})
    microsoft.graph[FEDERATION] = graph_error(404, "Request_ResourceNotFound")
    (admin,) = await microsoft.read_admins()
    assert admin.mfa is Mfa.NO
    assert microsoft.gaps() == ()


@pytest.mark.parametrize(
    "initial", ["contoso.onmicrosoft.us", "contoso.partner.onmschina.cn", "contoso.onmicrosoft.com"]
)
async def test_an_initial_domain_is_managed_in_every_cloud(
    microsoft: Microsoft, initial: str
) -> None:
    """It cannot be federated, so nothing is asked."""
    admins(microsoft, user("u1", userPrincipalName=f"u1@{initial}"), capable=False)
    (admin,) = await microsoft.read_admins()
    assert admin.mfa is Mfa.NO
    assert DOMAINS not in microsoft.paths()


async def test_domains_are_looked_at_only_when_somebody_lacks_a_factor(
    microsoft: Microsoft,
) -> None:
    """Each look at a tenant costs no more calls than its people need."""
    admins(microsoft, user("u1"), user("u2"))
    await microsoft.read_admins()
    assert DOMAINS not in microsoft.paths()
    assert (microsoft.batches, len(microsoft.seen)) == (1, 2 + 2 + 1)
    add_user(microsoft, user("u2"), capable=False)
    microsoft.graph |= {DOMAINS: MANAGED}
    await microsoft.read_admins()
    assert microsoft.paths().count(DOMAINS) == 1
