"""What answers at the pretend Microsoft Graph, route by route.

What each resource allows, and which permissions open it, stands in `sandbox.entra.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.company.contoso_entra import GRAPH_ROLES
from sandbox.company.records import (
    EntraAccount,
    EntraGroup,
    EntraTenant,
    Hold,
    RoleHolding,
    ServicePrincipal,
)
from sandbox.company.traces import CONSENT_ROLES
from sandbox.entra import shapes as shape
from sandbox.entra.odata import Call, GraphError, Json, not_found

OFFERED = {*CONSENT_ROLES, *GRAPH_ROLES}

Answer = Callable[[Call], Json]


ROUTES: dict[str, Answer] = {}
"""What answers each path of `sandbox.entra.rules`."""


def get(path: str) -> Callable[[Answer], Answer]:
    """Register a function for `GET` of this path."""

    def register(answer: Answer) -> Answer:
        ROUTES[path] = answer
        return answer

    return register


# -- roles ---------------------------------------------------------------------------------


@get("/roleManagement/directory/roleAssignments")
def role_assignments(call: Call) -> Json:
    """Who holds a role now."""
    rows = _holdings(call, {Hold.ACTIVE, Hold.ACTIVATED}, shape.role_assignment_json)
    return call.many(rows, "roleManagement/directory/roleAssignments")


@get("/roleManagement/directory/roleEligibilityScheduleInstances")
def eligible(call: Call) -> Json:
    """Who may activate a role; a tenant without Entra ID P2 refuses the question."""
    return _schedule(call, {Hold.ELIGIBLE}, "roleEligibilityScheduleInstances")


@get("/roleManagement/directory/roleAssignmentScheduleInstances")
def assigned(call: Call) -> Json:
    """Who holds a role, and whether by activating it."""
    return _schedule(call, {Hold.ACTIVE, Hold.ACTIVATED}, "roleAssignmentScheduleInstances")


def _schedule(call: Call, holds: set[Hold], entity_set: str) -> Json:
    _check_pim(call)
    since = min(account.created for account in call.tenant.accounts)
    rows = _holdings(call, holds, lambda t, h: shape.schedule_instance_json(t, h, since))
    return call.many(rows, f"roleManagement/directory/{entity_set}")


@get("/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances")
def eligible_members(call: Call) -> Json:
    """Who may activate a membership of a group (Privileged Identity Management for Groups)."""
    _check_pim(call)
    rows = [
        _with_principal(call, shape.group_eligibility_json(group, member))
        for group in call.tenant.groups
        for member in group.eligible_ids
    ]
    return call.many(rows, "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances")


def _check_pim(call: Call) -> None:
    if not call.tenant.pim:
        raise GraphError(
            400,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance "
            "license.",
        )


def _holdings(
    call: Call, holds: set[Hold], to_json: Callable[[EntraTenant, RoleHolding], Json]
) -> list[Json]:
    rows = []
    for holding in call.tenant.admins:
        if holding.hold in holds:
            rows.append(_with_principal(call, to_json(call.tenant, holding)))
    return rows


def _with_principal(call: Call, row: Json) -> Json:
    if "principal" in call.query.get("$expand", "").split(","):
        row["principal"] = shape.principal_json(call.tenant, row["principalId"])
    return row


# -- users and groups ----------------------------------------------------------------------


@get("/users")
def users(call: Call) -> Json:
    """All users."""
    rows = [shape.user_json(call.tenant, account) for account in call.tenant.accounts]
    return call.many(rows, "users", shape.USER_DEFAULTS)


@get("/users/{user}")
def user(call: Call) -> Json:
    """One user, by object id or user principal name."""
    account = _account(call)
    row = shape.user_json(call.tenant, account)
    if "signInActivity" in call.query.get("$select", "").split(","):
        _check_sign_ins(call, account)
        row["signInActivity"] = shape.sign_ins_json(account)
    return call.one(row, "users", shape.USER_DEFAULTS)


def _check_sign_ins(call: Call, account: EntraAccount) -> None:
    """When somebody signed in is told by object id, with a licence and one more permission."""
    if "AuditLog.Read.All" not in call.roles:
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges.")
    _check_premium(call)
    if call.parts["user"] != account.id:
        raise GraphError(
            400, "BadRequest", "Get By Key only supports UserId and the key has to be a valid Guid"
        )


@get("/users/{user}/authentication/methods")
def user_methods(call: Call) -> Json:
    """The authentication methods of one user."""
    return call.many(shape.methods_json(_account(call)), "users/authentication/methods")


@get("/groups/{group}/members")
def members(call: Call) -> Json:
    """The direct members of a group."""
    return _members(call, lambda group: group.member_ids)


@get("/groups/{group}/transitiveMembers")
def transitive_members(call: Call) -> Json:
    """The members of a group and of the groups within it, flat."""
    return _members(call, lambda group: call.tenant.within(group, call.shows))


def _members(call: Call, ids_of: Callable[[EntraGroup], Iterable[str]]) -> Json:
    for group in call.tenant.groups:
        if group.id == call.parts["group"]:
            ids = ids_of(group) if call.shows(group) else ()
            rows = [shape.principal_json(call.tenant, member) for member in ids]
            return call.many(rows, "directoryObjects")
    raise not_found(call.parts["group"])


def _account(call: Call) -> EntraAccount:
    try:
        return call.tenant.account(call.parts["user"])
    except KeyError:
        raise not_found(call.parts["user"]) from None


# -- reports -------------------------------------------------------------------------------

_REGISTRATION = "/reports/authenticationMethods/userRegistrationDetails"


@get(_REGISTRATION)
def registrations(call: Call) -> Json:
    """Who has registered which authentication methods."""
    _check_premium(call)
    now = call.company.now()
    rows = [shape.registration_json(call.tenant, a, now) for a in call.tenant.accounts]
    return call.many(rows, "reports/authenticationMethods/userRegistrationDetails")


@get(f"{_REGISTRATION}/{{user}}")
def registration(call: Call) -> Json:
    """Which authentication methods one user has registered."""
    _check_premium(call)
    row = shape.registration_json(call.tenant, _account(call), call.company.now())
    return {"value": row}  # as in the example of its page


def _check_premium(call: Call) -> None:
    if not call.tenant.premium:
        raise GraphError(
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )


@get("/auditLogs/directoryAudits")
def audits(call: Call) -> Json:
    """What was done to the directory, newest first."""
    rows = sorted(call.tenant.audits, key=lambda row: row.at, reverse=True)
    return call.many([shape.audit_json(row) for row in rows], "auditLogs/directoryAudits")


# -- applications --------------------------------------------------------------------------


@get("/servicePrincipals")
def service_principals(call: Call) -> Json:
    """The enterprise applications of the tenant."""
    rows = [
        shape.service_principal_json(sp, shape.offered_roles(sp, OFFERED))
        for sp in call.tenant.service_principals
    ]
    if "appRoleAssignments" in call.query.get("$expand", "").split(","):
        for sp, row in zip(call.tenant.service_principals, rows, strict=True):
            row["appRoleAssignments"] = _granted(call, sp)
    return call.many(rows, "servicePrincipals")


@get("/servicePrincipals(appId='{app}')")
@get("/servicePrincipals/{principal}")
def service_principal(call: Call) -> Json:
    """One enterprise application, by app id or by object id."""
    principal = _service_principal(call)
    row = shape.service_principal_json(principal, shape.offered_roles(principal, OFFERED))
    return call.one(row, "servicePrincipals")


@get("/applications(appId='{app}')")
def application(call: Call) -> Json:
    """An app registration, which its home tenant alone knows."""
    bot = call.company.bot
    if call.parts["app"] != bot.client_id or call.tenant.short_name != bot.home:
        raise not_found(call.parts["app"])
    return call.one(shape.application_json(bot), "applications")


@get("/servicePrincipals/{principal}/appRoleAssignments")
@get("/servicePrincipals(appId='{app}')/appRoleAssignments")
def app_role_assignments(call: Call) -> Json:
    """The application permissions that a service principal was granted."""
    return call.many(
        _granted(call, _service_principal(call)), "servicePrincipals/appRoleAssignments"
    )


def _granted(call: Call, principal: ServicePrincipal) -> list[Json]:
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
    return rows


@get("/oauth2PermissionGrants")
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


@get("/organization")
def organization(call: Call) -> Json:
    """The tenant about itself, in a list of one."""
    return call.many([shape.organization_json(call.tenant)], "organization")


@get("/domains")
def domains(call: Call) -> Json:
    """The domains of the tenant."""
    tenant = call.tenant
    return call.many([shape.domain_json(tenant, domain) for domain in tenant.domains], "domains")


@get("/domains/{domain}/federationConfiguration")
def federation(call: Call) -> Json:
    """How a root domain is federated; there is none for a managed one, nor for a subdomain."""
    for domain in call.tenant.domains:
        if domain.name == call.parts["domain"] and domain.issuer:
            return call.many(shape.federation_json(domain), "domains/federationConfiguration")
    raise not_found(call.parts["domain"])
