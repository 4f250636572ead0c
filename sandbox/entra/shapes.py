"""How the pretend Microsoft Graph writes its records as JSON.

Shapes follow the Microsoft Graph v1.0 reference (learn.microsoft.com/graph/api).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.company.records import (
    GRAPH_APP_ID,
    AuditRow,
    BotRegistration,
    Domain,
    EntraAccount,
    EntraGroup,
    EntraTenant,
    Grant,
    Hold,
    RoleHolding,
    ServicePrincipal,
    guid,
)
from sandbox.okta.shapes import instant

Json = dict[str, Any]

USER_DEFAULTS = (
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)
"""What a user object has when no `$select` asks for more; not, for one, `accountEnabled`."""


def user_json(tenant: EntraTenant, account: EntraAccount) -> Json:
    """Everything there is to know of a user object."""
    guest = account.user_type == "Guest"
    return {
        "id": account.id,
        "userPrincipalName": account.upn,
        "displayName": account.display_name,
        "givenName": account.given_name,
        "surname": account.surname,
        "mail": account.mail,
        "otherMails": account.other_mails,
        "proxyAddresses": [f"SMTP:{account.mail}"] if account.mail and not guest else [],
        "accountEnabled": account.enabled,
        "userType": account.user_type,
        "externalUserState": "Accepted" if guest else None,
        "creationType": "Invitation" if guest else None,
        "createdDateTime": instant(account.created),
        "onPremisesSyncEnabled": account.synced,
        "onPremisesImmutableId": account.id[:22] if account.synced else None,
        "preferredLanguage": None,
        "usageLocation": tenant.region[:2] if account.synced else None,
        "businessPhones": [],
        "jobTitle": None,
        "mobilePhone": None,
        "officeLocation": None,
    }


def sign_ins_json(account: EntraAccount) -> Json | None:
    """When a user signed in last; none of one who never did ("signInActivity resource type")."""
    if account.signed_in is None:
        return None
    at = instant(account.signed_in)
    return {"lastNonInteractiveSignInDateTime": at, "lastSuccessfulSignInDateTime": at}


def group_json(group: EntraGroup) -> Json:
    """A role-assignable group."""
    return {
        "id": group.id,
        "displayName": group.name,
        "isAssignableToRole": True,
        "securityEnabled": True,
        "mailEnabled": False,
        "groupTypes": ["Unified"] if group.hidden else [],
        "visibility": "HiddenMembership" if group.hidden else "Private",
    }


def service_principal_json(principal: ServicePrincipal, roles: list[str]) -> Json:
    """An enterprise application; `roles` are the application roles that it offers to others."""
    return {
        "id": principal.id,
        "appId": principal.app_id,
        "displayName": principal.name,
        "appDisplayName": principal.name,
        "appOwnerOrganizationId": principal.owner_tenant,
        "accountEnabled": principal.enabled,
        "isDisabled": None,
        "disabledByMicrosoftStatus": None,
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs",
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        "verifiedPublisher": {
            "displayName": principal.publisher,
            "verifiedPublisherId": None,
            "addedDateTime": None,
        },
        "appRoles": [
            {
                "id": app_role_id(role),
                "value": role,
                "displayName": role,
                "allowedMemberTypes": ["Application"],
                "isEnabled": True,
            }
            for role in roles
        ],
    }


def app_role_id(role: str) -> str:
    """The id of an application role of Microsoft Graph."""
    return guid(f"graph-role/{role}")


def principal_json(tenant: EntraTenant, principal_id: str) -> Json:
    """A directory object with its `@odata.type`, as `$expand=principal` shows it."""
    for account in tenant.accounts:
        if account.id == principal_id:
            return {"@odata.type": "#microsoft.graph.user", **user_json(tenant, account)}
    for group in tenant.groups:
        if group.id == principal_id:
            return {"@odata.type": "#microsoft.graph.group", **group_json(group)}
    principal = next(sp for sp in tenant.service_principals if sp.id == principal_id)
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        **service_principal_json(principal, []),
    }


def role_assignment_json(tenant: EntraTenant, holding: RoleHolding) -> Json:
    """A `unifiedRoleAssignment`."""
    return {
        "id": holding.id,
        "principalId": holding.principal_id,
        "principalOrganizationId": tenant.id,
        "roleDefinitionId": holding.role,
        "directoryScopeId": holding.scope,
        "appScopeId": None,
        "condition": None,
    }


def schedule_instance_json(tenant: EntraTenant, holding: RoleHolding, since: datetime) -> Json:
    """A role eligibility or assignment schedule instance (Privileged Identity Management)."""
    answer = {
        "id": f"{holding.id}-e",
        "principalId": holding.principal_id,
        "roleDefinitionId": holding.role,
        "directoryScopeId": holding.scope,
        "appScopeId": None,
        "startDateTime": instant(since),
        "endDateTime": None,
        "memberType": "Direct",
    }
    if holding.hold is Hold.ELIGIBLE:
        return {**answer, "roleEligibilityScheduleId": guid(f"{holding.id}/schedule")}
    return {
        **answer,
        "assignmentType": "Activated" if holding.hold is Hold.ACTIVATED else "Assigned",
        "roleAssignmentOriginId": holding.id,
        "roleAssignmentScheduleId": guid(f"{holding.id}/schedule"),
    }


def group_eligibility_json(group: EntraGroup, principal_id: str) -> Json:
    """A `privilegedAccessGroupEligibilityScheduleInstance`: a membership that may be activated."""
    return {
        "id": f"{group.id}_member_{guid(f'{group.id}/{principal_id}')}",
        "startDateTime": "2026-01-05T08:00:00Z",
        "endDateTime": None,
        "accessId": "member",
        "principalId": principal_id,
        "groupId": group.id,
        "memberType": "Direct",
    }


def registration_json(tenant: EntraTenant, account: EntraAccount, now: datetime) -> Json:
    """A row of the report of registered authentication methods."""
    return {
        "id": account.id,
        "userPrincipalName": account.upn,
        "userDisplayName": account.display_name,
        "userType": account.user_type.lower(),
        "isAdmin": bool(tenant.holds(account.id) & {Hold.ACTIVE, Hold.ACTIVATED}),
        "isMfaRegistered": account.mfa,
        "isMfaCapable": account.mfa,
        "isPasswordlessCapable": "passKeyDeviceBound" in account.methods,
        "isSsprRegistered": account.mfa,
        "isSsprEnabled": True,
        "isSsprCapable": account.mfa,
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": ["push"] if account.mfa else [],
        "userPreferredMethodForSecondaryAuthentication": "push" if account.mfa else "none",
        "methodsRegistered": account.methods,
        "lastUpdatedDateTime": instant(now),
    }


def methods_json(account: EntraAccount) -> list[Json]:
    """The authentication methods of a user; a password is always among them."""
    kinds = {
        "microsoftAuthenticatorPush": "microsoftAuthenticatorAuthenticationMethod",
        "passKeyDeviceBound": "fido2AuthenticationMethod",
        "mobilePhone": "phoneAuthenticationMethod",
    }
    found = ["passwordAuthenticationMethod", *(kinds[method] for method in account.methods)]
    return [
        {"@odata.type": f"#microsoft.graph.{kind}", "id": guid(f"{account.id}/{kind}")}
        for kind in found
    ]


def delegated_grant_json(grant: Grant) -> Json:
    """A tenant-wide `oAuth2PermissionGrant`; its `clientId` is an object id, not an app id."""
    return {
        "id": grant.id,
        "clientId": grant.client_id,
        "consentType": "AllPrincipals",
        "principalId": None,
        "resourceId": grant.resource_id,
        "scope": grant.scope,
    }


def app_role_assignment_json(
    assignment_id: str, principal: ServicePrincipal, role: str, resource_id: str, at: datetime
) -> Json:
    """An application permission that a service principal was granted."""
    return {
        "id": assignment_id,
        "createdDateTime": instant(at),
        "appRoleId": app_role_id(role),
        "principalDisplayName": principal.name,
        "principalId": principal.id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": "Microsoft Graph",
        "resourceId": resource_id,
    }


def audit_json(row: AuditRow) -> Json:
    """A row of the directory audit log."""
    return {
        "id": row.id,
        "category": "ApplicationManagement",
        "correlationId": guid(f"{row.id}/correlation"),
        "result": "success",
        "resultReason": "",
        "activityDisplayName": row.activity,
        "activityDateTime": instant(row.at),
        "loggedByService": "Core Directory",
        "operationType": "Assign",
        "initiatedBy": {
            "app": None,
            "user": {"id": row.by_id, "userPrincipalName": row.by_upn, "ipAddress": "192.0.2.7"},
        },
        "targetResources": [
            {
                "id": row.target_id,
                "displayName": row.target_name,
                "type": "ServicePrincipal",
                "modifiedProperties": [
                    {"displayName": name, "oldValue": None, "newValue": value}
                    for name, value in row.properties.items()
                ],
            }
        ],
        "additionalDetails": [],
    }


def domain_json(tenant: EntraTenant, domain: Domain) -> Json:
    """A verified domain; a subdomain is federated as its root is."""
    root = tenant.root_of(domain)
    return {
        "id": domain.name,
        "authenticationType": "Federated" if root.issuer else "Managed",
        "isDefault": domain.default,
        "isInitial": domain.initial,
        "isRoot": root is domain,
        "isVerified": True,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
    }


def federation_json(domain: Domain) -> list[Json]:
    """The federation of a root domain with Okta: a list of one."""
    return [
        {
            "id": guid(f"federation/{domain.name}"),
            "displayName": "Okta",
            "issuerUri": domain.issuer,
            "passiveSignInUri": f"https://okta.example.com/app/office365/{domain.name}/sso/wsfed",
            "activeSignInUri": f"https://okta.example.com/app/office365/{domain.name}/active",
            "preferredAuthenticationProtocol": "wsFed",
            "federatedIdpMfaBehavior": "acceptIfMfaDoneByFederatedIdp",
            "promptLoginBehavior": "nativeSupport",
        }
    ]


def organization_json(tenant: EntraTenant) -> Json:
    """The tenant about itself."""
    return {
        "id": tenant.id,
        "displayName": tenant.display_name,
        "tenantType": "AAD",
        "countryLetterCode": None,
        "technicalNotificationMails": [f"it@{tenant.domains[-1].name}"],
        "securityComplianceNotificationMails": [],
        "verifiedDomains": [
            {
                "name": domain.name,
                "isDefault": domain.default,
                "isInitial": domain.initial,
                "type": "Federated" if tenant.root_of(domain).issuer else "Managed",
                "capabilities": "Email, OfficeCommunicationsOnline",
            }
            for domain in tenant.domains
        ],
    }


def offered_roles(principal: ServicePrincipal, roles: set[str]) -> list[str]:
    """The application roles that this service principal offers: only Microsoft Graph has some."""
    return sorted(roles) if principal.app_id == GRAPH_APP_ID else []


def application_json(bot: BotRegistration) -> Json:
    """An `application` with its secrets, of which Microsoft shows the first letters."""
    return {
        "id": guid(f"application/{bot.client_id}"),
        "appId": bot.client_id,
        "displayName": "o365bot",
        "signInAudience": "AzureADMultipleOrgs",
        "web": {"redirectUris": sorted(bot.redirect_uris)},
        "passwordCredentials": [
            {
                "customKeyIdentifier": None,
                "displayName": "o365bot",
                "endDateTime": instant(bot.secret_ends),
                "hint": bot.client_secret[:3],
                "keyId": guid(f"secret/{bot.client_id}"),
                "secretText": None,
                "startDateTime": instant(bot.secret_ends - timedelta(days=365)),
            }
        ],
    }
