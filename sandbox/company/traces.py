"""The traces that people's acts leave in Entra and in the Okta System Log.

Names and shapes are those that Okta's and Microsoft's documentation gives; which of them a bot
looks at is its own business.
"""

from __future__ import annotations

from datetime import datetime

from sandbox.company.records import (
    GRAPH_APP_ID,
    OKTA_CLIENT_APP_ID,
    OKTA_CLIENT_NAME,
    AuditRow,
    EntraAccount,
    EntraTenant,
    Grant,
    LogEvent,
    OktaApp,
    OktaOrg,
    OktaUser,
    ServicePrincipal,
    guid,
)

OKTA_HOME_TENANT = guid("tenant/okta")

CONSENT_ROLES = (
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
    "Organization.Read.All",
    "Application.Read.All",
    "RoleManagement.ReadWrite.Directory",
)
"""What Okta's client asks for (help.okta.com, "Provide Microsoft admin consent for Okta")."""

SCOPE = "openid profile User.Read"


def leave_consent(tenant: EntraTenant, account: EntraAccount, at: datetime, row_id: str) -> None:
    """Okta's enterprise application, its tenant-wide grants and the audit row appear."""
    graph = next(sp for sp in tenant.service_principals if sp.app_id == GRAPH_APP_ID)
    client = _okta_client(tenant)
    # A new tenant-wide consent replaces what the same client was granted before.
    tenant.grants = [grant for grant in tenant.grants if grant.client_id != client.id]
    delegated = Grant(f"{client.id}-{graph.id}", client.id, graph.id, at, scope=SCOPE)
    tenant.grants.append(delegated)
    tenant.grants.extend(
        Grant(guid(f"{client.id}/{role}"), client.id, graph.id, at, app_role=role)
        for role in CONSENT_ROLES
    )
    tenant.audits.append(
        AuditRow(
            id=f"Directory_{row_id}",
            at=at,
            activity="Consent to application",
            by_id=account.id,
            by_upn=account.upn,
            target_id=client.id,
            target_name=client.name,
            properties={
                "ConsentContext.IsAdminConsent": '"True"',
                "ConsentContext.IsAppOnly": '"False"',
                "ConsentContext.OnBehalfOfAll": '"True"',
                "ConsentAction.Permissions": (
                    f'"[] => [[Id: {delegated.id}, ClientId: {client.id}, PrincipalId: , '
                    f'ResourceId: {graph.id}, ConsentType: AllPrincipals, Scope: {SCOPE}]]"'
                ),
            },
        )
    )


def _okta_client(tenant: EntraTenant) -> ServicePrincipal:
    for principal in tenant.service_principals:
        if principal.app_id == OKTA_CLIENT_APP_ID:
            return principal
    principal = ServicePrincipal(
        id=guid(f"{tenant.id}/sp/okta"),
        app_id=OKTA_CLIENT_APP_ID,
        name=OKTA_CLIENT_NAME,
        owner_tenant=OKTA_HOME_TENANT,
        publisher="Okta, Inc.",
    )
    tenant.service_principals.append(principal)
    return principal


def leave_sync_account(tenant: EntraTenant, app: OktaApp, at: datetime) -> None:
    """Okta's service account for this one app appears in the tenant, unless it is there."""
    upn = f"svc_OKTA_sync_{app.id}@{tenant.short_name}.onmicrosoft.com"
    if all(account.upn != upn for account in tenant.accounts):
        tenant.accounts.append(
            EntraAccount(
                id=guid(f"{tenant.id}/{upn}"),
                upn=upn,
                display_name=f"Okta AAD Service Principal:{app.id}",
                created=at,
            )
        )


def settings_saved(app: OktaApp, actor: OktaUser, at: datetime, event_id: str) -> LogEvent:
    """The System Log event of a saved Integration tab."""
    return LogEvent(
        uuid=event_id,
        published=at,
        event_type="application.lifecycle.update",
        message="Update application",
        target_id=app.id,
        target_name=app.label,
        actor_id=actor.id,
        actor_name=f"{actor.first_name} {actor.last_name}",
    )


def switched(app: OktaApp, actor: OktaUser, at: datetime, event_id: str) -> LogEvent:
    """The System Log event of an app that was just activated, or deactivated."""
    verb = "activate" if app.status == "ACTIVE" else "deactivate"
    return LogEvent(
        uuid=event_id,
        published=at,
        event_type=f"application.lifecycle.{verb}",
        message=f"{verb.capitalize()} application",
        target_id=app.id,
        target_name=app.label,
        actor_id=actor.id,
        actor_name=f"{actor.first_name} {actor.last_name}",
    )


def credentials_refused(
    org: OktaOrg, app: OktaApp, admin_upn: str, at: datetime, event_id: str
) -> LogEvent:
    """The System Log event of a stored administrator password that Microsoft refused."""
    reason = (
        "Could not validate your Office 365 credentials. Received error: AADSTS50076: Due to a "
        "configuration change made by your administrator, you must use multi-factor "
        f"authentication. Account: {admin_upn}"
    )
    return LogEvent(
        uuid=event_id,
        published=at,
        event_type="app.office365.api.error.validate.creds",
        message="Validate Office 365 admin credentials",
        target_id=app.id,
        target_name=app.label,
        actor_id=org.org_id,
        actor_name="Okta System",
        severity="ERROR",
        result="FAILURE",
        reason=reason,
        debug_data={
            "adminUserName": admin_upn,
            "msftTenant": app.msft_tenant,
            "domain": app.domain,
            "provisioningType": "DEFAULT",
            "errorMessage": reason,
        },
    )
