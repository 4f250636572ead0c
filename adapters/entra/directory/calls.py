"""The reads of Microsoft Graph v1.0 that o365bot makes, and what each needs.

Application permissions as of Microsoft's permissions reference of August 2026. Where the least one
is not enough in practice, the one that is: `User.ReadBasic.All` hides `accountEnabled`.
docs/okta-and-entra.md shows the same table.
"""

from __future__ import annotations

from dataclasses import dataclass

_DIRECTORY = "Directory.Read.All"


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of read.

    `name` is the call without host and ids, as errors and evidence show it. `page` is its page in
    the reference. `needs` are the least permissions, all of them; each of `instead` is enough by
    itself. `report` marks the reporting endpoints: 5 requests in 10 seconds per app and tenant
    ("Microsoft Graph service-specific throttling limits", identity and access reports).
    `optional`: it sharpens an answer that is there without it.
    """

    name: str
    page: str
    needs: tuple[str, ...]
    instead: tuple[str, ...] = ()
    report: bool = False
    optional: bool = False

    @property
    def permission(self) -> str:
        """What makes it possible, in one text."""
        return " + ".join(self.needs)


ROLE_ASSIGNMENTS = Call(
    "GET /roleManagement/directory/roleAssignments",
    "rbacapplication-list-roleassignments",
    ("RoleManagement.Read.Directory",),
    (_DIRECTORY,),
)
ROLE_ELIGIBILITIES = Call(
    "GET /roleManagement/directory/roleEligibilityScheduleInstances",
    "rbacapplication-list-roleeligibilityscheduleinstances",
    ("RoleEligibilitySchedule.Read.Directory",),
    ("RoleManagement.Read.Directory",),
)
# Privileged Identity Management for Groups: who may activate their membership.
GROUP_ELIGIBILITIES = Call(
    "GET /identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
    "privilegedaccessgroup-list-eligibilityscheduleinstances",
    ("PrivilegedEligibilitySchedule.Read.AzureADGroup",),
)
GROUP_MEMBERS = Call(
    "GET /groups/{id}/transitiveMembers",
    "group-list-transitivemembers",
    ("GroupMember.ReadBasic.All",),
    ("GroupMember.Read.All", _DIRECTORY),
)
# What a group with hidden membership takes besides; without it, its members are left out.
HIDDEN_MEMBERS = "Member.Read.Hidden"
USER = Call("GET /users/{id}", "user-get", ("User.Read.All",), (_DIRECTORY,))
USERS = Call("GET /users", "user-list", ("User.Read.All",), (_DIRECTORY,))
# One property of a user takes more than the others, and Entra ID P1 ("signInActivity resource
# type"; "Get a user" takes it by object id alone).
LAST_SIGN_IN = Call(
    "GET /users/{id}?$select=signInActivity",
    "user-get",
    ("AuditLog.Read.All", "User.Read.All"),
    optional=True,
)
REGISTRATIONS = Call(
    "GET /reports/authenticationMethods/userRegistrationDetails",
    "authenticationmethodsroot-list-userregistrationdetails",
    ("AuditLog.Read.All",),
    report=True,
)
REGISTRATION = Call(
    "GET /reports/authenticationMethods/userRegistrationDetails/{id}",
    "userregistrationdetails-get",
    ("AuditLog.Read.All",),
    report=True,
)
DOMAINS = Call("GET /domains", "domain-list", ("Domain.Read.All",), (_DIRECTORY,))
FEDERATION = Call(
    "GET /domains/{id}/federationConfiguration",
    "domain-list-federationconfiguration",
    ("Domain-InternalFederation.Read.All",),
    optional=True,
)
SERVICE_PRINCIPALS = Call(
    "GET /servicePrincipals", "serviceprincipal-list", ("Application.Read.All",), (_DIRECTORY,)
)
SERVICE_PRINCIPAL = Call(
    "GET /servicePrincipals/{id}", "serviceprincipal-get", ("Application.Read.All",), (_DIRECTORY,)
)
APP_ROLES_GRANTED = Call(
    "GET /servicePrincipals/{id}/appRoleAssignments",
    "serviceprincipal-list-approleassignments",
    ("Application.Read.All",),
    (_DIRECTORY,),
)
# Application.Read.All is not enough for this one, and no narrower read-only permission exists.
GRANTS = Call("GET /oauth2PermissionGrants", "oauth2permissiongrant-list", (_DIRECTORY,))
AUDITS = Call(
    "GET /auditLogs/directoryAudits",
    "directoryaudit-list",
    ("AuditLog.Read.All", _DIRECTORY),
    report=True,
)

# Only to tell when a secret ends, and which redirect addresses are known (`o365bot doctor`).
APPLICATION = Call(
    "GET /applications(appId='{id}')", "application-get", ("Application.Read.All",), (_DIRECTORY,)
)

CALLS = (
    ROLE_ASSIGNMENTS,
    ROLE_ELIGIBILITIES,
    GROUP_ELIGIBILITIES,
    GROUP_MEMBERS,
    USER,
    USERS,
    REGISTRATIONS,
    REGISTRATION,
    DOMAINS,
    FEDERATION,
    SERVICE_PRINCIPALS,
    SERVICE_PRINCIPAL,
    APP_ROLES_GRANTED,
    GRANTS,
    AUDITS,
    APPLICATION,
)
