"""What each resource of Microsoft Graph v1.0 allows, one row each, with the page that says so.

The pretend Graph refuses whatever is not in this table, and so do the contract tests. `page` is
below learn.microsoft.com/graph/api/; what its "Optional query parameters" and the resource's
property table do not name is not allowed. Of directory objects, what takes advanced query
parameters stands in "Advanced query capabilities on directory objects"
(learn.microsoft.com/graph/aad-advanced-queries), and "$filter query parameter" has the 15 clauses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from sandbox.http.filters import FilterError, comparisons

REFERENCE = "https://learn.microsoft.com/graph/api/"
CLAUSES_MOST = 15
PAGE_MOST = 999

_DIRECTORY = "Directory.Read.All"
_ROLES = ("RoleManagement.Read.Directory", "RoleManagement.Read.All")
_AUDIT_LOG = "AuditLog.Read.All"
_SCHEDULE = dict.fromkeys(
    ("roleDefinitionId", "principalId", "directoryScopeId", "appScopeId"), "eq ne"
)


class Unsupported(Exception):
    """A query that the resource does not allow. `code` is Graph's, the status is 400."""

    def __init__(self, message: str, code: str = "BadRequest") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Resource:
    """One resource. `{…}` in `path` is any id.

    `opens`: each opens it; "A + B" takes both. `filters`: properties that can be filtered, with the
    operators; `by` are those of which one has to be compared with `eq`. `query`: the other options
    that are taken. `directory`: a directory object, so `ne`, `endswith` and `$count` take
    `ConsistencyLevel: eventual` and `$count=true`. `report`: five calls in ten seconds.
    """

    path: str
    page: str
    opens: tuple[str, ...]
    filters: Mapping[str, str] = field(default_factory=dict)
    by: Set[str] = frozenset()
    query: Set[str] = frozenset()
    expands: Set[str] = frozenset()
    directory: bool = False
    report: bool = False

    def is_opened_by(self, roles: set[str]) -> bool:
        """True when these application permissions are enough."""
        return any(set(way.split(" + ")) <= roles for way in self.opens)

    def check(self, query: Mapping[str, str], *, eventual: bool) -> None:
        """Raises Unsupported for what the page does not allow."""
        advanced = eventual and query.get("$count") == "true"
        taken = {*self.query, *({"$filter"} if self.filters else ())}
        taken |= {"$expand"} if self.expands else set()
        taken |= {"$count"} if self.directory else set()
        for name in query:
            if name not in {*taken, "$skiptoken"}:
                raise Unsupported(
                    f"The query parameter '{name}' is not supported by this resource."
                )
        top = query.get("$top", "1")
        if not (top.isdecimal() and 1 <= int(top) <= PAGE_MOST):
            raise Unsupported(
                f"Invalid page size specified: '{top}'. Must be between 1 and {PAGE_MOST} "
                "inclusive.",
                "Request_BadRequest",
            )
        for name in filter(None, query.get("$expand", "").split(",")):
            if name.partition("(")[0] not in self.expands:
                raise Unsupported(f"Could not find a property named '{name}' to expand.")
        self._check_filter(query.get("$filter", ""), advanced=advanced)

    def _check_filter(self, text: str, *, advanced: bool) -> None:
        try:
            found = comparisons(text) if text else []
        except FilterError as error:
            raise Unsupported(f"Invalid filter clause: {error}") from error
        if len(found) > CLAUSES_MOST:
            raise Unsupported(
                "Too many child clauses specified in search filter expression containing 'OR' "
                f"operators: {len(found)}. Max allowed: {CLAUSES_MOST}.",
                "Request_UnsupportedQuery",
            )
        if self.by and not any(c.name in self.by and c.operator == "eq" for c in found):
            raise Unsupported(f"A filter on one of {sorted(self.by)} is required.")
        for one in found:
            allowed = self.filters.get(one.name, "").split()
            if self.directory and advanced and "eq" in allowed:
                allowed.append("ne")
            if one.operator not in allowed or one.literal.startswith('"'):
                raise Unsupported(
                    f"Unsupported or invalid query filter clause specified for property "
                    f"'{one.name}' of resource.",
                    "Request_UnsupportedQuery",
                )


def _resource(path: str, page: str, *opens: str, **more: Any) -> Resource:
    return Resource(path, page, opens, **more)


_ANY = {"$select", "$top"}  # of a collection of directory objects
_LIST = {"$select"}
_APPLICATIONS = ("Application.Read.All", _DIRECTORY)
_MEMBERS = (
    "GroupMember.ReadBasic.All",
    "GroupMember.Read.All",
    "Group.Read.All",
    _DIRECTORY,
)
_PRINCIPAL = {"principal", "roleDefinition", "directoryScope"}

RESOURCES: tuple[Resource, ...] = (
    _resource(
        "/roleManagement/directory/roleAssignments",
        "rbacapplication-list-roleassignments",
        *_ROLES,
        _DIRECTORY,
        filters=dict.fromkeys(_SCHEDULE, "eq"),
        query=_LIST,
        expands=_PRINCIPAL,
    ),
    _resource(
        "/roleManagement/directory/roleEligibilityScheduleInstances",
        "rbacapplication-list-roleeligibilityscheduleinstances",
        "RoleEligibilitySchedule.Read.Directory",
        *_ROLES,
        filters=_SCHEDULE,
        query=_LIST,
        expands=_PRINCIPAL,
    ),
    _resource(
        "/roleManagement/directory/roleAssignmentScheduleInstances",
        "rbacapplication-list-roleassignmentscheduleinstances",
        "RoleAssignmentSchedule.Read.Directory",
        *_ROLES,
        filters=_SCHEDULE,
        query=_LIST,
        expands=_PRINCIPAL,
    ),
    _resource(
        "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
        "privilegedaccessgroup-list-eligibilityscheduleinstances",
        "PrivilegedEligibilitySchedule.Read.AzureADGroup",
        filters={"groupId": "eq", "principalId": "eq"},
        by={"groupId", "principalId"},
        query=_LIST,
        expands={"principal", "group"},
    ),
    _resource(
        "/users",
        "user-list",
        "User.Read.All",
        _DIRECTORY,
        filters={
            "id": "eq",
            "accountEnabled": "eq",
            "createdDateTime": "eq ge le",
            "displayName": "eq startswith",
            "mail": "eq ge le startswith",
            "userPrincipalName": "eq le startswith",
            "userType": "eq",
        },
        query=_ANY,
        directory=True,
    ),
    _resource("/users/{user}", "user-get", "User.Read.All", _DIRECTORY, query=_LIST),
    _resource(
        "/users/{user}/authentication/methods",
        "authentication-list-methods",
        "UserAuthenticationMethod.Read.All",
    ),
    _resource("/groups/{group}/members", "group-list-members", *_MEMBERS, query=_ANY),
    _resource(
        "/groups/{group}/transitiveMembers",
        "group-list-transitivemembers",
        *_MEMBERS,
        query=_ANY,
        directory=True,
    ),
    _resource(
        "/reports/authenticationMethods/userRegistrationDetails",
        "authenticationmethodsroot-list-userregistrationdetails",
        _AUDIT_LOG,
        filters={
            "isMfaCapable": "eq",
            "isMfaRegistered": "eq",
            "userDisplayName": "eq startswith",
            "userPrincipalName": "eq startswith",
        },
        report=True,
    ),
    _resource(
        "/reports/authenticationMethods/userRegistrationDetails/{user}",
        "userregistrationdetails-get",
        _AUDIT_LOG,
        report=True,
    ),
    _resource(
        "/auditLogs/directoryAudits",
        "directoryaudit-list",
        f"{_AUDIT_LOG} + {_DIRECTORY}",
        filters={
            "activityDateTime": "eq ge le",
            "activityDisplayName": "eq startswith",
            "correlationId": "eq",
            "id": "eq",
            "initiatedBy/user/id": "eq",
            "initiatedBy/user/userPrincipalName": "eq startswith",
            "loggedByService": "eq",
        },
        query={"$top"},
        report=True,
    ),
    _resource(
        "/servicePrincipals",
        "serviceprincipal-list",
        *_APPLICATIONS,
        filters={
            "id": "eq",
            "accountEnabled": "eq",
            "appId": "eq",
            "displayName": "eq startswith",
            "servicePrincipalType": "eq",
        },
        query=_ANY,
        expands={"appRoleAssignments"},
        directory=True,
    ),
    _resource(
        "/servicePrincipals(appId='{app}')", "serviceprincipal-get", *_APPLICATIONS, query=_LIST
    ),
    _resource("/applications(appId='{app}')", "application-get", *_APPLICATIONS, query=_LIST),
    _resource(
        "/servicePrincipals/{principal}", "serviceprincipal-get", *_APPLICATIONS, query=_LIST
    ),
    _resource(
        "/servicePrincipals(appId='{app}')/appRoleAssignments",
        "serviceprincipal-list-approleassignments",
        *_APPLICATIONS,
        query=_ANY,
    ),
    _resource(
        "/servicePrincipals/{principal}/appRoleAssignments",
        "serviceprincipal-list-approleassignments",
        *_APPLICATIONS,
        query=_ANY,
    ),
    _resource(
        "/oauth2PermissionGrants",
        "oauth2permissiongrant-list",
        _DIRECTORY,
        "DelegatedPermissionGrant.ReadWrite.All",
        filters={"clientId": "eq", "consentType": "eq"},
        query=_ANY,
    ),
    _resource(
        "/organization", "organization-list", "Organization.Read.All", _DIRECTORY, query=_LIST
    ),
    _resource("/domains", "domain-list", "Domain.Read.All", _DIRECTORY, query=_ANY),
    _resource(
        "/domains/{domain}/federationConfiguration",
        "domain-list-federationconfiguration",
        "Domain-InternalFederation.Read.All",
        "Domain-InternalFederation.ReadWrite.All",
    ),
)


def pattern_of(path: str) -> re.Pattern[str]:
    """What addresses a resource; its ids are named groups."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+?)", re.escape(path)))


_PATTERNS = tuple((pattern_of(resource.path), resource) for resource in RESOURCES)


def resource_of(path: str) -> tuple[Resource, dict[str, str]] | None:
    """The resource that a path below `/v1.0` addresses, and the ids in it."""
    for pattern, resource in _PATTERNS:
        found = pattern.fullmatch(path)
        if found is not None:
            return resource, found.groupdict()
    return None
