"""What the pretend Microsoft Graph can be asked, route by route.

Each route names the application permissions that open it, from the "Permissions" tables of the
Microsoft Graph reference (learn.microsoft.com/graph/api).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox import graph_json as shape
from sandbox.contoso_entra import GRAPH_ROLES
from sandbox.graph_odata import Call, GraphError, Json, not_found
from sandbox.records import EntraAccount, EntraTenant, Hold, RoleHolding, ServicePrincipal
from sandbox.traces import CONSENT_ROLES

OFFERED = {*CONSENT_ROLES, *GRAPH_ROLES}

Answer = Callable[[Call], Json]


@dataclass(frozen=True)
class Route:
    """A path, the application permissions any of which opens it, and what answers it."""

    pattern: re.Pattern[str]
    roles: frozenset[str]
    answer: Answer
    report: bool = False


ROUTES: list[Route] = []


def get(path: str, *roles: str, report: bool = False) -> Callable[[Answer], Answer]:
    """Register a function for `GET` of this path; `{name}` is a part without a slash."""
    pattern = re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
    compiled = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+?)", pattern))

    def register(answer: Answer) -> Answer:
        ROUTES.append(Route(compiled, frozenset(roles), answer, report))
        return answer

    return register


# -- roles ---------------------------------------------------------------------------------


@get(
    "/roleManagement/directory/roleAssignments",
    "RoleManagement.Read.Directory",
    "Directory.Read.All",
)
def role_assignments(call: Call) -> Json:
    """Who holds a role now."""
    rows = _holdings(call, {Hold.ACTIVE, Hold.ACTIVATED}, shape.role_assignment_json)
    return call.many(rows, "roleManagement/directory/roleAssignments")


@get(
    "/roleManagement/directory/roleEligibilityScheduleInstances",
    "RoleEligibilitySchedule.Read.Directory",
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
)
def eligible(call: Call) -> Json:
    """Who may activate a role; a tenant without Entra ID P2 refuses the question."""
    return _schedule(call, {Hold.ELIGIBLE}, "roleEligibilityScheduleInstances")


@get(
    "/roleManagement/directory/roleAssignmentScheduleInstances",
    "RoleAssignmentSchedule.Read.Directory",
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
)
def assigned(call: Call) -> Json:
    """Who holds a role, and whether by activating it."""
    return _schedule(call, {Hold.ACTIVE, Hold.ACTIVATED}, "roleAssignmentScheduleInstances")


def _schedule(call: Call, holds: set[Hold], entity_set: str) -> Json:
    if not call.tenant.pim:
        raise GraphError(
            400,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance "
            "license.",
        )
    since = min(account.created for account in call.tenant.accounts)
    rows = _holdings(call, holds, lambda t, h: shape.schedule_instance_json(t, h, since))
    return call.many(rows, f"roleManagement/directory/{entity_set}")


def _holdings(
    call: Call, holds: set[Hold], to_json: Callable[[EntraTenant, RoleHolding], Json]
) -> list[Json]:
    rows = []
    for holding in call.tenant.admins:
        if holding.hold in holds:
            row = to_json(call.tenant, holding)
            if call.query.get("$expand", "").startswith("principal"):
                row["principal"] = shape.principal_json(call.tenant, holding.principal_id)
            rows.append(row)
    return rows


# -- users and groups ----------------------------------------------------------------------

_USERS = ("User.Read.All", "Directory.Read.All")
_MEMBERS = ("GroupMember.ReadBasic.All", "GroupMember.Read.All", "Directory.Read.All")


@get("/users", *_USERS)
def users(call: Call) -> Json:
    """All users."""
    rows = [shape.user_json(call.tenant, account) for account in call.tenant.accounts]
    return call.many(rows, "users", shape.USER_DEFAULTS)


@get("/users/{user}", *_USERS)
def user(call: Call) -> Json:
    """One user, by object id or user principal name."""
    row = shape.user_json(call.tenant, _account(call))
    return call.one(row, "users", shape.USER_DEFAULTS)


@get("/users/{user}/authentication/methods", "UserAuthenticationMethod.Read.All")
def user_methods(call: Call) -> Json:
    """The authentication methods of one user."""
    return call.many(shape.methods_json(_account(call)), "users/authentication/methods")


@get("/groups/{group}/members", *_MEMBERS)
@get("/groups/{group}/transitiveMembers", *_MEMBERS)
def members(call: Call) -> Json:
    """The members of a group."""
    for group in call.tenant.groups:
        if group.id == call.parts["group"]:
            rows = [shape.principal_json(call.tenant, member) for member in group.member_ids]
            return call.many(rows, "directoryObjects")
    raise not_found(call.parts["group"])


def _account(call: Call) -> EntraAccount:
    try:
        return call.tenant.account(call.parts["user"])
    except KeyError:
        raise not_found(call.parts["user"]) from None


# -- reports -------------------------------------------------------------------------------

_REGISTRATION = "/reports/authenticationMethods/userRegistrationDetails"


@get(_REGISTRATION, "AuditLog.Read.All", report=True)
def registrations(call: Call) -> Json:
    """Who has registered which authentication methods."""
    _check_premium(call)
    now = call.company.now()
    rows = [shape.registration_json(call.tenant, a, now) for a in call.tenant.accounts]
    return call.many(rows, "reports/authenticationMethods/userRegistrationDetails")


@get(f"{_REGISTRATION}/{{user}}", "AuditLog.Read.All", report=True)
def registration(call: Call) -> Json:
    """Which authentication methods one user has registered."""
    _check_premium(call)
    row = shape.registration_json(call.tenant, _account(call), call.company.now())
    return call.one(row, "reports/authenticationMethods/userRegistrationDetails")


def _check_premium(call: Call) -> None:
    if not call.tenant.premium:
        raise GraphError(
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )


@get("/auditLogs/directoryAudits", "AuditLog.Read.All", "Directory.Read.All", report=True)
def audits(call: Call) -> Json:
    """What was done to the directory, newest first."""
    rows = sorted(call.tenant.audits, key=lambda row: row.at, reverse=True)
    return call.many([shape.audit_json(row) for row in rows], "auditLogs/directoryAudits")


# -- applications --------------------------------------------------------------------------

_APPLICATIONS = ("Application.Read.All", "Directory.Read.All")


@get("/servicePrincipals", *_APPLICATIONS)
def service_principals(call: Call) -> Json:
    """The enterprise applications of the tenant."""
    rows = [
        shape.service_principal_json(sp, shape.offered_roles(sp, OFFERED))
        for sp in call.tenant.service_principals
    ]
    return call.many(rows, "servicePrincipals")


@get("/servicePrincipals(appId='{app}')", *_APPLICATIONS)
@get("/servicePrincipals/{principal}", *_APPLICATIONS)
def service_principal(call: Call) -> Json:
    """One enterprise application, by app id or by object id."""
    principal = _service_principal(call)
    row = shape.service_principal_json(principal, shape.offered_roles(principal, OFFERED))
    return call.one(row, "servicePrincipals")


@get("/servicePrincipals/{principal}/appRoleAssignments", *_APPLICATIONS)
@get("/servicePrincipals(appId='{app}')/appRoleAssignments", *_APPLICATIONS)
def app_role_assignments(call: Call) -> Json:
    """The application permissions that a service principal was granted."""
    principal = _service_principal(call)
    tenant = call.tenant
    rows = [
        shape.app_role_assignment_json(
            grant.id, principal, grant.app_role, grant.resource_id, grant.created
        )
        for grant in tenant.grants
        if grant.client_id == principal.id and grant.app_role
    ]
    if principal.app_id == call.company.bot.client_id:
        graph = next(sp for sp in tenant.service_principals if sp.name == "Microsoft Graph")
        rows += [
            shape.app_role_assignment_json(
                f"{principal.id[:8]}-{role}", principal, role, graph.id, call.company.now()
            )
            for role in sorted(tenant.bot_roles or ())
        ]
    return call.many(rows, "servicePrincipals/appRoleAssignments")


@get("/oauth2PermissionGrants", "Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All")
def delegated_grants(call: Call) -> Json:
    """The delegated permissions that were granted for the whole tenant."""
    rows = [shape.delegated_grant_json(g) for g in call.tenant.grants if g.scope is not None]
    return call.many(rows, "oauth2PermissionGrants")


def _service_principal(call: Call) -> ServicePrincipal:
    for principal in call.tenant.service_principals:
        if principal.app_id == call.parts.get("app") or principal.id == call.parts.get("principal"):
            return principal
    raise not_found(call.parts.get("principal") or call.parts["app"])


# -- the tenant ----------------------------------------------------------------------------


@get("/organization", "Organization.Read.All", "Directory.Read.All")
def organization(call: Call) -> Json:
    """The tenant about itself, in a list of one."""
    return call.many([shape.organization_json(call.tenant)], "organization")


@get("/domains", "Domain.Read.All", "Directory.Read.All")
def domains(call: Call) -> Json:
    """The domains of the tenant."""
    return call.many([shape.domain_json(domain) for domain in call.tenant.domains], "domains")


@get(
    "/domains/{domain}/federationConfiguration",
    "Domain-InternalFederation.Read.All",
    "Domain-InternalFederation.ReadWrite.All",
)
def federation(call: Call) -> Json:
    """How a domain is federated."""
    for domain in call.tenant.domains:
        if domain.name == call.parts["domain"]:
            return call.many(shape.federation_json(domain), "domains/federationConfiguration")
    raise not_found(call.parts["domain"])
