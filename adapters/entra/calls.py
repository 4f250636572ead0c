"""The reads of Microsoft Graph that o365bot makes, each with the least permission it needs.

Application permissions as of Microsoft's permissions reference of August 2026. Where the least one
is not enough in practice, the one that is: `User.ReadBasic.All` hides `accountEnabled`.
`Directory.Read.All` covers most of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of read.

    `name` is the call without host and ids, as errors and evidence show it. `permission` is what
    makes it possible. `report` marks the reporting endpoints: 5 requests in 10 seconds per app and
    tenant ("Microsoft Graph service-specific throttling limits", identity and access reports).
    """

    name: str
    permission: str
    report: bool = False


ROLE_ASSIGNMENTS = Call(
    "GET /roleManagement/directory/roleAssignments", "RoleManagement.Read.Directory"
)
ROLE_ELIGIBILITIES = Call(
    "GET /roleManagement/directory/roleEligibilityScheduleInstances",
    "RoleEligibilitySchedule.Read.Directory",
)
GROUP_MEMBERS = Call("GET /groups/{id}/transitiveMembers", "GroupMember.Read.All")
USER = Call("GET /users/{id}", "User.Read.All")
USERS = Call("GET /users", "User.Read.All")
REGISTRATIONS = Call(
    "GET /reports/authenticationMethods/userRegistrationDetails", "AuditLog.Read.All", report=True
)
REGISTRATION = Call(
    "GET /reports/authenticationMethods/userRegistrationDetails/{id}",
    "AuditLog.Read.All",
    report=True,
)
DOMAINS = Call("GET /domains", "Domain.Read.All")
FEDERATION = Call("GET /domains/{id}/federationConfiguration", "Domain-InternalFederation.Read.All")
SERVICE_PRINCIPALS = Call("GET /servicePrincipals", "Application.Read.All")
SERVICE_PRINCIPAL = Call("GET /servicePrincipals/{id}", "Application.Read.All")
APP_ROLES_GRANTED = Call("GET /servicePrincipals/{id}/appRoleAssignments", "Application.Read.All")
# Application.Read.All is not enough for this one, and no narrower read-only permission exists.
GRANTS = Call("GET /oauth2PermissionGrants", "Directory.Read.All")
AUDITS = Call("GET /auditLogs/directoryAudits", "AuditLog.Read.All", report=True)
