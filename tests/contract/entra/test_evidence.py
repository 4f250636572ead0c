"""What tells whether a tenant consented to Okta's application, and which apps were connected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.entra.client import EntraClient
from bot.domain.evidence.rules import Direction, EvidenceKind
from sandbox.company.records import Reply
from tests.contract.entra.microsoft import (
    APP,
    AUDITS,
    DENIED,
    GRANTS,
    OTHER_APP,
    START,
    Microsoft,
    graph_error,
    listed,
    login_error,
)
from tests.contract.loopback import SteppingClock

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("no_waiting"),
]

PRINCIPALS = "/servicePrincipals"
ASSIGNED = f"{PRINCIPALS}/sp1/appRoleAssignments"
GRAPH_PRINCIPAL = f"{PRINCIPALS}/graph"
NAME = "Okta Microsoft Graph Client"
OKTA = {"displayName": "Okta, Inc."}


ADMIN_CONSENT = {"IsAdminConsent": "True"}


def principal(principal_id: str = "sp1", **more: Any) -> dict[str, Any]:
    """A service principal as `$select` shows it."""
    return {
        "id": principal_id,
        "appId": f"app-of-{principal_id}",
        "displayName": NAME,
        "accountEnabled": True,
        "verifiedPublisher": OKTA,
        **more,
    }


def assigned(role: str, at: str = "2026-03-01T10:00:00Z") -> dict[str, Any]:
    """An app role that was granted."""
    return {"appRoleId": role, "resourceId": "graph", "createdDateTime": at}


def delegated(scope: str, api: str = "graph") -> dict[str, Any]:
    """Delegated permissions that were granted for the whole tenant."""
    return {"clientId": "sp1", "resourceId": api, "scope": scope}


def consented(microsoft: Microsoft, record: dict[str, Any] | None = None) -> None:
    """A tenant that consented to Okta's application, and whose audit log still tells of it."""
    microsoft.graph |= {
        PRINCIPALS: listed(record or principal()),
        ASSIGNED: listed(
            assigned("r1", "2026-03-01T10:00:00Z"), assigned("r2", "2026-03-02T11:00:00.1234567Z")
        ),
        GRANTS: listed(delegated(" User.Read Group.Read.All openid ")),
        GRAPH_PRINCIPAL: {
            "id": "graph",
            "appRoles": [
                {"id": "r1", "value": "User.ReadWrite.All"},
                {"id": "r2", "value": "Group.ReadWrite.All"},
            ],
        },
        AUDITS: listed(consent_row("row1")),
    }


def consent_row(
    row_id: str, target: str = "sp1", context: Mapping[str, str] = ADMIN_CONSENT, **more: Any
) -> dict[str, Any]:
    """A row "Consent to application" of the audit log."""
    return {
        "id": row_id,
        "result": "success",
        "activityDateTime": "2026-03-02T11:00:00Z",
        "initiatedBy": {"user": {"id": "u1", "userPrincipalName": "gita@contoso.example"}},
        "targetResources": [
            {
                "id": target,
                "displayName": NAME,
                "modifiedProperties": [
                    {"displayName": f"ConsentContext.{name}", "newValue": f'"{value}"'}
                    for name, value in context.items()
                ],
            }
        ],
        **more,
    }


# ------------------------------------------------------------------ the tenant's consent


async def test_a_consent_is_told_with_its_permissions_date_and_publisher(
    microsoft: Microsoft,
) -> None:
    """The date is that of the newest app role; the audit row says who."""
    consented(microsoft)
    consent, audited = await microsoft.read_consent()
    assert consent.kind is EvidenceKind.TENANT_CONSENTED
    assert consent.happened_at == datetime(2026, 3, 2, 11, 0, 0, 123456, tzinfo=UTC)
    assert consent.seen_at == START
    assert consent.detail == {
        "name": NAME,
        "app_id": "app-of-sp1",
        "permissions": "Group.Read.All, Group.ReadWrite.All, User.Read, User.ReadWrite.All, openid",
        "publisher": "Okta, Inc.",
        "publisher_is_okta": "yes",
        "found_by": "name",
        "enabled": "yes",
        "writes": "yes",
    }
    assert audited.kind is EvidenceKind.CONSENT_AUDITED
    assert audited.event_id == "row1"
    assert audited.happened_at == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert audited.detail["by"] == "gita@contoso.example"


async def test_no_service_principal_means_no_consent(microsoft: Microsoft) -> None:
    """The names that were looked for are told, since Okta may have taken another one."""
    microsoft.graph[PRINCIPALS] = listed()
    (evidence,) = await microsoft.read_consent()
    assert evidence.kind is EvidenceKind.TENANT_NOT_CONSENTED
    assert evidence.detail == {
        "names": "Okta Microsoft Graph Client, Okta Office 365 Graph Client - SSO",
        "found_by": "name",
    }
    assert microsoft.paths() == [PRINCIPALS]


async def test_a_service_principal_without_permissions_is_no_consent(microsoft: Microsoft) -> None:
    """It may be left over, or made by one user; the default assignment is no permission."""
    consented(microsoft)
    microsoft.graph[ASSIGNED] = listed(assigned("00000000-0000-0000-0000-000000000000"))
    microsoft.graph |= {GRANTS: listed(), AUDITS: listed()}
    (evidence,) = await microsoft.read_consent()
    assert evidence.kind is EvidenceKind.TENANT_NOT_CONSENTED
    assert evidence.detail["without_permissions"] == NAME


async def test_delegated_permissions_alone_are_a_consent_without_a_date(
    microsoft: Microsoft,
) -> None:
    """Tenant-wide delegated grants carry no date of their own."""
    consented(microsoft)
    microsoft.graph |= {ASSIGNED: listed(), AUDITS: listed()}
    (evidence,) = await microsoft.read_consent()
    assert evidence.kind is EvidenceKind.TENANT_CONSENTED
    assert evidence.happened_at is None
    assert evidence.detail["permissions"] == "Group.Read.All, User.Read, openid"


SWITCHED_OFF = f"{PRINCIPALS}/old"
OLD_ROLE = {**assigned("old1"), "resourceId": "old"}
OLD_API = {
    "id": "old",
    "appId": "00000002-0000-0000-C000-000000000000",
    "appRoles": [{"id": "old1", "value": "Directory.ReadWrite.All"}],
}


@pytest.mark.parametrize(
    ("roles", "scopes", "expected"),
    [
        ([], [delegated("openid profile email offline_access User.Read")], None),
        ([], [delegated("")], None),
        ([OLD_ROLE], [], None),
        ([OLD_ROLE], [delegated("Directory.AccessAsUser.All", "old"), delegated("openid")], None),
        ([OLD_ROLE, assigned("r1")], [], ("User.ReadWrite.All", "yes")),
        ([], [delegated("User.Read.All")], ("User.Read.All", "no")),
        ([], [delegated("openid Group.ReadWrite.All")], ("Group.ReadWrite.All, openid", "yes")),
        ([assigned("r9")], [delegated("User.Read.All")], ("User.Read.All, r9", None)),
    ],
)
async def test_a_consent_lets_okta_do_more_than_sign_people_in(
    microsoft: Microsoft,
    roles: list[Any],
    scopes: list[Any],
    expected: tuple[str, str | None] | None,
) -> None:
    """Rights to a switched-off API are none; whether it may change anything is told."""
    consented(microsoft)
    microsoft.graph |= {
        ASSIGNED: listed(*roles),
        GRANTS: listed(*scopes),
        AUDITS: listed(),
        SWITCHED_OFF: OLD_API,
    }
    (evidence,) = await microsoft.read_consent()
    if expected is None:
        assert evidence.kind is EvidenceKind.TENANT_NOT_CONSENTED
        assert evidence.detail["without_permissions"] == NAME
    else:
        assert evidence.kind is EvidenceKind.TENANT_CONSENTED
        assert (evidence.detail["permissions"], evidence.detail.get("writes")) == expected


async def test_an_application_that_took_another_name_is_found_again_by_its_id(
    microsoft: Microsoft,
) -> None:
    """Okta may rename it any day, and the consent is no less there."""
    consented(microsoft)
    await microsoft.client.tenant_evidence(microsoft.tenant(), ["app-of-sp1", "app-of-another"])
    asked = microsoft.seen[0].query["$filter"]
    assert asked.endswith(
        f"'{NAME}' or displayName eq 'Okta Office 365 Graph Client - SSO'"
        " or appId eq 'app-of-another' or appId eq 'app-of-sp1'"
    )


@pytest.mark.parametrize(
    ("publisher", "is_okta"),
    [
        (OKTA, "yes"),
        ({"displayName": "okta"}, "yes"),
        ({"displayName": "Okta Fakes LLC"}, "no"),
        ({"displayName": None}, "no"),
        (None, "no"),
    ],
)
async def test_a_name_that_anybody_could_take_is_told_with_its_publisher(
    microsoft: Microsoft, publisher: Any, is_okta: str
) -> None:
    """Display names are free; the verified publisher is not."""
    consented(microsoft, principal(verifiedPublisher=publisher))
    consent = (await microsoft.read_consent())[0]
    assert (consent.detail["found_by"], consent.detail["publisher_is_okta"]) == ("name", is_okta)


async def test_a_disabled_service_principal_is_a_consent_that_is_blocked(
    microsoft: Microsoft,
) -> None:
    """The grants are there, and nobody can use them: both are told."""
    consented(microsoft, principal(accountEnabled=False))
    consent = (await microsoft.read_consent())[0]
    assert consent.kind is EvidenceKind.TENANT_CONSENTED
    assert consent.detail["enabled"] == "no"


async def test_of_several_service_principals_oktas_own_speaks(microsoft: Microsoft) -> None:
    """A copy of the name that was consented to later does not hide the real one."""
    consented(microsoft)
    fake = principal("sp2", verifiedPublisher=None)
    microsoft.graph |= {
        PRINCIPALS: listed(fake, principal()),
        f"{PRINCIPALS}/sp2/appRoleAssignments": listed(assigned("r1", "2026-09-01T00:00:00Z")),
    }
    consent = (await microsoft.read_consent())[0]
    assert consent.detail["app_id"] == "app-of-sp1"
    # The one that was found before speaks, also where it is disabled by now.
    microsoft.graph[PRINCIPALS] = listed(fake, principal(accountEnabled=False))
    consent = (await microsoft.client.tenant_evidence(microsoft.tenant(), ["app-of-sp1"]))[0]
    assert (consent.detail["app_id"], consent.is_enabled) == ("app-of-sp1", False)


async def test_where_one_of_several_is_disabled_that_is_told(microsoft: Microsoft) -> None:
    """Two of Okta's own names are known, and which one provisioning works by, nobody says."""
    consented(microsoft)
    other = principal("sp2", displayName="Okta Office 365 Graph Client - SSO", accountEnabled=False)
    microsoft.graph |= {
        PRINCIPALS: listed(other, principal()),
        f"{PRINCIPALS}/sp2/appRoleAssignments": listed(assigned("r1")),
    }
    consent = (await microsoft.read_consent())[0]
    assert (consent.is_enabled, consent.detail["disabled_beside"]) == (True, other["displayName"])


async def test_known_ids_are_looked_for_instead_of_names(
    microsoft: Microsoft, clock: SteppingClock
) -> None:
    """Long lists are asked for in parts."""
    consented(microsoft)
    ids = tuple(f"00000000-0000-0000-0000-{number:012}" for number in range(12))
    client = EntraClient(microsoft.settings(okta_app_ids=ids), clock, sleep=clock.sleep)
    consent = (await client.tenant_evidence(microsoft.tenant()))[0]
    assert consent.detail["found_by"] == "id"
    filters = [seen.query["$filter"] for seen in microsoft.seen if seen.path == PRINCIPALS]
    assert [text.count("appId eq '0") for text in filters] == [10, 2]
    await client.aclose()


async def test_audit_rows_of_others_and_of_single_users_do_not_count(microsoft: Microsoft) -> None:
    """Only a successful admin consent for Okta's own service principal is one."""
    consented(microsoft)
    personal = consent_row("personal")
    personal["targetResources"][0]["modifiedProperties"][0]["newValue"] = '"False"'
    microsoft.graph[AUDITS] = {
        "value": [
            consent_row("other", target="sp9"),
            consent_row("failed", result="failure"),
            personal,
            *(
                consent_row(name, context=context)
                for name, context in (
                    ("self", {"IsAdminConsent": "True", "OnBehalfOfAll": "False"}),
                    ("for-all", {"IsAdminConsent": "True", "OnBehalfOfAll": "True"}),
                    ("app-only", {"IsAppOnly": "True", "OnBehalfOfAll": "False"}),
                )
            ),
            consent_row("", result="success"),
            {"id": "bare"},
            consent_row("bare-target", targetResources=[{"id": "sp1"}], initiatedBy=None),
        ]
    }
    audited = [
        evidence
        for evidence in await microsoft.read_consent()
        if evidence.kind is EvidenceKind.CONSENT_AUDITED
    ]
    told = {e.event_id: e.detail["by"] for e in audited}
    gita = "gita@contoso.example"
    assert told == {"for-all": gita, "app-only": gita, "bare-target": ""}


@pytest.mark.parametrize(
    ("path", "call", "missing", "kinds"),
    [
        (PRINCIPALS, "GET /servicePrincipals", "Application.Read.All", ["read_failed"]),
        (
            ASSIGNED,
            "GET /servicePrincipals/{id}/appRoleAssignments",
            "Application.Read.All",
            ["tenant_consented", "consent_audited", "read_failed"],
        ),
        (
            GRANTS,
            "GET /oauth2PermissionGrants",
            "Directory.Read.All",
            ["tenant_consented", "consent_audited", "read_failed"],
        ),
        (
            AUDITS,
            "GET /auditLogs/directoryAudits",
            "AuditLog.Read.All + Directory.Read.All",
            ["tenant_consented", "read_failed"],
        ),
    ],
)
async def test_a_part_that_cannot_be_read_is_told_beside_the_others(
    microsoft: Microsoft, path: str, call: str, missing: str, kinds: list[str]
) -> None:
    """A missing permission costs its own part only, and is named."""
    consented(microsoft)
    microsoft.graph[path] = DENIED
    evidence = await microsoft.read_consent()
    assert [e.kind.value for e in evidence] == kinds
    assert evidence[-1].event_id == call
    assert evidence[-1].detail == {
        "call": call,
        "where": "contoso.example",
        "says": f"contoso.example does not let o365bot read {call}.",
        "reason": "cloud_refused",
        "missing": missing,
        "needed": "no",
    }


async def test_no_consent_is_never_said_when_a_grant_could_not_be_read(
    microsoft: Microsoft,
) -> None:
    """Half an answer that shows nothing shows nothing."""
    consented(microsoft)
    microsoft.graph |= {ASSIGNED: listed(), GRANTS: DENIED, AUDITS: listed()}
    (evidence,) = await microsoft.read_consent()
    assert evidence.kind is EvidenceKind.READ_FAILED


async def test_a_role_whose_name_cannot_be_read_is_shown_by_its_id(microsoft: Microsoft) -> None:
    """Names are a courtesy; the consent is told without them."""
    consented(microsoft)
    microsoft.graph[GRAPH_PRINCIPAL] = graph_error(404, "Request_ResourceNotFound")
    consent = (await microsoft.read_consent())[0]
    assert consent.detail["permissions"] == "Group.Read.All, User.Read, openid, r1, r2"
    assert "writes" not in consent.detail


async def test_a_tenant_that_has_not_granted_o365bot_access_is_told_as_unread(
    microsoft: Microsoft,
) -> None:
    """The consent that the bot itself lacks is named, for the tenant and for each app."""
    microsoft.token_reply = login_error(700016)
    tenant = microsoft.tenant()
    (evidence,) = await microsoft.client.tenant_evidence(tenant)
    accounts = await microsoft.client.account_evidence(tenant, frozenset({APP}))
    for one in (evidence, *accounts[APP]):
        assert one.kind is EvidenceKind.READ_FAILED
        assert one.detail["call"] == "POST /oauth2/v2.0/token"
        assert one.detail["missing"] == "admin consent"
        assert one.detail["says"] == "contoso.example has not granted o365bot access."


async def test_grants_on_several_pages_are_read_on(microsoft: Microsoft) -> None:
    """A part of a batch may have a next page, too."""
    consented(microsoft)
    link = f"{microsoft.graph_url}/v1.0{ASSIGNED}?$skiptoken=2"
    microsoft.graph[ASSIGNED] = lambda query: (
        listed(assigned("r2", "2026-05-01T00:00:00Z"))
        if query
        else {**listed(assigned("r1")), "@odata.nextLink": link}
    )
    consent = (await microsoft.read_consent())[0]
    assert consent.happened_at == datetime(2026, 5, 1, tzinfo=UTC)


# ------------------------------------------------------------------ the service accounts


def account(upn: str, name: str = "", created: str | None = "2026-03-02T11:05:00Z") -> Any:
    """A user as the list of service accounts shows it."""
    return {
        "id": "x",
        "userPrincipalName": upn,
        "displayName": name,
        "createdDateTime": created,
        "accountEnabled": True,
    }


async def test_all_apps_are_looked_up_with_one_call(microsoft: Microsoft) -> None:
    """One filter finds every service account; each app gets one piece of evidence."""
    upn = f"svc_OKTA_sync_{APP}@contoso.onmicrosoft.com"
    microsoft.graph["/users"] = listed(account(upn), account("svc_okta_sync_0oaSomebodyElse@x"))
    evidence = await microsoft.read_accounts(APP, OTHER_APP)
    (found,), (none,) = evidence[APP], evidence[OTHER_APP]
    assert found.kind is EvidenceKind.SERVICE_ACCOUNT
    assert found.happened_at == datetime(2026, 3, 2, 11, 5, tzinfo=UTC)
    assert found.detail == {"account": upn, "enabled": "yes"}
    assert none.kind is EvidenceKind.NO_SERVICE_ACCOUNT
    assert microsoft.paths() == ["/users", "/users/x"]


@pytest.mark.parametrize(
    ("told", "last"),
    [
        (
            {"lastSuccessfulSignInDateTime": "2026-05-04T06:05:00Z"},
            datetime(2026, 5, 4, 6, 5, tzinfo=UTC),
        ),
        # Failed ones count here, too.
        ({"lastNonInteractiveSignInDateTime": "2026-05-04T06:05:00Z"}, None),
        ({"lastSuccessfulSignInDateTime": None}, None),
        (None, None),
    ],
)
async def test_when_an_account_signed_in_last_is_told(
    microsoft: Microsoft, told: Any, last: datetime | None
) -> None:
    """Only a sign-in that succeeded; an account that never did has none."""
    microsoft.graph["/users"] = listed(account(f"svc_OKTA_sync_{APP}@contoso.onmicrosoft.com"))
    microsoft.graph["/users/x"] = {"id": "x", "signInActivity": told}
    evidence = await microsoft.read_accounts(APP)
    kinds = {e.kind: e.happened_at for e in evidence[APP]}
    assert kinds.get(EvidenceKind.SERVICE_ACCOUNT_SIGNED_IN) == last


@pytest.mark.parametrize(
    "refused",
    [DENIED, graph_error(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")],
)
async def test_without_licence_or_permission_the_account_is_told_all_the_same(
    microsoft: Microsoft, refused: Reply
) -> None:
    """When it signed in only confirms what is known: no gap is made of it."""
    microsoft.graph["/users"] = listed(account(f"svc_OKTA_sync_{APP}@contoso.onmicrosoft.com"))
    microsoft.graph["/users/x"] = refused
    evidence = await microsoft.read_accounts(APP)
    assert [e.kind for e in evidence[APP]] == [EvidenceKind.SERVICE_ACCOUNT]


@pytest.mark.parametrize(
    ("upn", "name"),
    [
        (f"SVC_okta_SYNC_{APP.lower()}@contoso.example", ""),
        (f"svc_OKTA_sync_{APP}_2@contoso.example", ""),
        ("okta-service@contoso.example", f"Okta AAD Service Principal:{APP}"),
        ("okta-service@contoso.example", f"Okta AAD Service Principal: {APP} "),
    ],
)
async def test_an_account_is_known_by_either_of_its_names(
    microsoft: Microsoft, upn: str, name: str
) -> None:
    """Okta's articles name the user name in one place and the display name in another."""
    microsoft.graph["/users"] = listed(account(upn, name))
    evidence = await microsoft.read_accounts(APP)
    assert [e.kind for e in evidence[APP]] == [EvidenceKind.SERVICE_ACCOUNT]


async def test_of_several_accounts_of_one_app_the_newest_speaks(microsoft: Microsoft) -> None:
    """An account of the former flow does not hide the one that the consent made."""
    name = f"Okta AAD Service Principal:{APP}"
    microsoft.graph["/users"] = listed(
        account("new@contoso.example", name),
        account("undated@contoso.example", name, None),
        account("old@contoso.example", name, "2023-01-01T00:00:00Z"),
    )
    evidence = await microsoft.read_accounts(APP)
    assert evidence[APP][0].detail["account"] == "new@contoso.example"


@pytest.mark.parametrize("created", [None, "yesterday"])
async def test_an_account_without_a_readable_date_proves_nothing(
    microsoft: Microsoft, created: str | None
) -> None:
    """It may be older than the consent flow; so it is a hint, not "done"."""
    upn = f"svc_OKTA_sync_{APP}@contoso.example"
    microsoft.graph["/users"] = listed(account(upn, created=created))
    evidence = await microsoft.read_accounts(APP)
    assert evidence[APP][0].happened_at is None
    assert not evidence[APP][0].leans(Direction.DONE)


@pytest.mark.parametrize(
    ("reply", "error", "missing"),
    [
        (DENIED, "cloud_refused", "User.Read.All"),
        (Reply(200, "<html>"), "cloud_answer_invalid", ""),
        (Reply(503, ""), "cloud_unreachable", ""),
    ],
)
async def test_accounts_that_cannot_be_read_are_told_for_each_app(
    microsoft: Microsoft, reply: Reply, error: str, missing: str
) -> None:
    """ "Could not look" is not "not there"."""
    microsoft.graph["/users"] = reply
    evidence = await microsoft.read_accounts(APP, OTHER_APP)
    assert set(evidence) == {APP, OTHER_APP}
    for (one,) in evidence.values():
        assert one.kind is EvidenceKind.READ_FAILED
        assert one.event_id == "GET /users"
        assert (one.detail["reason"], one.detail.get("missing", "")) == (error, missing)
        assert one.detail["needed"] == "no"


async def test_accounts_whose_names_are_hidden_are_not_nobodys(microsoft: Microsoft) -> None:
    """Found by a name that is not shown, one may be any app's; the others stay what they are."""
    upn = f"svc_OKTA_sync_{APP}@contoso.example"
    microsoft.graph["/users"] = listed(account(upn), {"id": "y", "userPrincipalName": None})
    evidence = await microsoft.read_accounts(APP, OTHER_APP)
    (found,), (other,) = evidence[APP], evidence[OTHER_APP]
    assert found.kind is EvidenceKind.SERVICE_ACCOUNT
    assert other.kind is EvidenceKind.READ_FAILED
    assert other.detail["missing"] == "User.Read.All"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"accountEnabled": True}, {"enabled": "yes"}),
        ({"accountEnabled": False}, {"enabled": "no"}),
        ({"accountEnabled": None}, {}),
        ({"accountEnabled": True, "isDisabled": None}, {"enabled": "yes"}),
        ({"accountEnabled": True, "isDisabled": False}, {"enabled": "yes"}),
        ({"accountEnabled": True, "isDisabled": True}, {"enabled": "no"}),
        ({"isDisabled": True, "accountEnabled": None}, {"enabled": "no"}),
        ({"accountEnabled": True, "disabledByMicrosoftStatus": "NotDisabled"}, {"enabled": "yes"}),
        (
            {
                "accountEnabled": True,
                "disabledByMicrosoftStatus": "DisabledDueToViolationOfServicesAgreement",
            },
            {"enabled": "no"},
        ),
    ],
)
async def test_whether_an_application_may_sign_in_is_said_only_when_it_is_told(
    microsoft: Microsoft, more: dict[str, Any], told: dict[str, str]
) -> None:
    """By the tenant; by its owner and by Microsoft, who may switch it off everywhere."""
    consented(microsoft)
    row = microsoft.graph[PRINCIPALS]
    assert isinstance(row, dict)
    microsoft.graph[PRINCIPALS] = listed({**row["value"][0], **more})
    consent = (await microsoft.read_consent())[0]
    assert {k: v for k, v in consent.detail.items() if k == "enabled"} == told


async def test_without_apps_nothing_is_asked(microsoft: Microsoft) -> None:
    """An org without Office 365 apps costs no call."""
    assert await microsoft.read_accounts() == {}
    assert microsoft.seen == []
