"""What each resource of the Okta Management API allows, one row each, with the page that says so.

`page` is below developer.okta.com/docs/api/openapi/okta-management/management/tags/; the parameters
are those of Okta's OpenAPI description (okta/okta-management-openapi-spec, 2026.06.3). What the
System Log takes in a filter is in developer.okta.com/docs/reference/system-log-query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from sandbox.http.filters import FilterError, comparisons
from sandbox.okta.errors import OktaError

_ALL = "eq ne co sw ew gt ge lt le pr"
_PAGED = frozenset({"after", "limit"})


@dataclass(frozen=True)
class Resource:
    """One resource, by its path below `/api/v1`.

    `query` are the parameters it takes. `limits`: the default and the most rows of a page.
    `expands`: what `expand` may name. `filters`: attributes (a last `*` stands for any more) with
    their operators; `clauses`: how many comparisons a filter may have.
    """

    path: str
    page: str
    scope: str
    query: Set[str] = frozenset()
    limits: tuple[int, int] = (0, 0)
    expands: Set[str] = frozenset()
    filters: Mapping[str, str] | None = None
    clauses: int = 100

    def check(self, query: Mapping[str, str]) -> None:
        """Raises OktaError for a query that the page does not allow."""
        for name in query:
            if name not in self.query:
                raise OktaError(400, "E0000001", f"Api validation failed: {name}")
        expand = query.get("expand")
        if expand is not None and expand not in self.expands:
            raise OktaError(400, "E0000001", "Api validation failed: expand")
        if query.get("filter"):
            self._check_filter(query["filter"])

    def _check_filter(self, text: str) -> None:
        try:
            found = comparisons(text)
        except FilterError as error:
            raise OktaError(400, "E0000053", f"Invalid filter '{text}': {error}") from error
        if len(found) > self.clauses:
            raise OktaError(400, "E0000031")
        for one in found:
            operators = self._operators(one.name)
            if operators is None:
                raise OktaError(400, "E0000053", f"field is not valid: {one.name}")
            if one.operator not in operators.split():
                raise OktaError(
                    400,
                    "E0000031",
                    "The supplied combination of operator and field is not currently supported. "
                    f"Operator: {one.operator}, Field: {one.name}",
                )
            if one.literal.startswith("'"):
                raise OktaError(400, "E0000053", f"Invalid filter '{text}': expected a text in \"")

    def _operators(self, name: str) -> str | None:
        for known, operators in (self.filters or {}).items():
            if name == known or (known.endswith("*") and name.startswith(known[:-1])):
                return operators
        return None

    def rows(self, query: Mapping[str, str]) -> int:
        """How many rows a page has. Raises OktaError for a `limit` beyond the bounds."""
        default, most = self.limits
        text = query.get("limit", str(default))
        least = 0 if self.path == "/logs" else 1
        if not text.isdecimal() or not least <= int(text) <= most:
            raise OktaError(
                400,
                "E0000001",
                "Api validation failed: limit",
                f"limit: must be between {least} and {most}",
            )
        return int(text)


_LOG_ATTRIBUTES = {
    # `published` is none of them: it would be in the way of `since`, `until` and `after`.
    "uuid": _ALL,
    "eventType": _ALL,
    "severity": _ALL,
    "displayMessage": _ALL,
    "version": _ALL,
    "legacyEventType": _ALL,
    "actor.*": _ALL,
    "target.*": _ALL,
    "client.*": _ALL,
    "outcome.*": _ALL,
    "transaction.*": _ALL,
    "request.*": _ALL,
    "authenticationContext.*": _ALL,
    "securityContext.*": _ALL,
    "debugContext.debugData.url": _ALL.replace(" co", ""),
    "debugContext.debugData.requestUri": _ALL.replace(" co", ""),
    "debugContext.debugData.*": _ALL,
}
_TARGETS = frozenset({"targets/catalog/apps", "targets/groups"})

RESOURCES: tuple[Resource, ...] = (
    Resource(
        "/apps",
        "application/other/listapplications",
        "okta.apps.read",
        query=frozenset(
            {
                *_PAGED,
                "q",
                "filter",
                "expand",
                "includeNonDeleted",
                "useOptimization",
                "alwaysIncludeVpnSettings",
            }
        ),
        limits=(20, 200),
        filters=dict.fromkeys(
            ("id", "status", "credentials.signing.kid", "settings.slo.enabled", "name"), "eq"
        ),
        clauses=1,
    ),
    Resource("/apps/{app_id}", "application/other/getapplication", "okta.apps.read"),
    Resource(
        "/apps/{app_id}/connections/default",
        "applicationconnections/other/getdefaultprovisioningconnectionforapplication",
        "okta.apps.read",
    ),
    Resource(
        "/apps/{app_id}/features",
        "applicationfeatures/other/listfeaturesforapplication",
        "okta.apps.read",
    ),
    Resource(
        "/iam/assignees/users",
        "roleassignmentauser/other/listuserswithroleassignments",
        "okta.roles.read",
        query=_PAGED,
        limits=(100, 200),
    ),
    Resource(
        "/iam/roles/{role_id}/permissions",
        "roleecustompermission/other/listrolepermissions",
        "okta.roles.read",
    ),
    Resource(
        "/users/{user_id}",
        "user/other/getuser",
        "okta.users.read",
        query=frozenset({"expand"}),
        expands=frozenset({"blocks", "classification"}),
    ),
    Resource(
        "/users/{user_id}/roles",
        "roleassignmentauser/other/listassignedrolesforuser",
        "okta.roles.read",
        query=frozenset({"expand"}),
        expands=_TARGETS,
    ),
    Resource(
        "/users/{user_id}/roles/{role_id}/targets",
        "rolebtargetadmin/other/getroletargetsbyuseridandroleid",
        "okta.roles.read",
        query=_PAGED | {"assignmentType"},
        limits=(20, 200),
    ),
    Resource(
        "/users/{user_id}/roles/{role_id}/targets/catalog/apps",
        "rolebtargetadmin/other/listapplicationtargetsforapplicationadministratorroleforuser",
        "okta.roles.read",
        query=_PAGED,
        limits=(20, 200),
    ),
    Resource(
        "/groups/{group_id}/roles/{role_id}/targets/catalog/apps",
        "rolebtargetbgroup/other/listapplicationtargetsforapplicationadministratorroleforgroup",
        "okta.roles.read",
        query=_PAGED,
        limits=(20, 200),
    ),
    Resource("/groups/{group_id}", "group/other/getgroup", "okta.groups.read"),
    Resource(
        "/groups/{group_id}/users",
        "group/other/listgroupusers",
        "okta.groups.read",
        query=_PAGED,
        limits=(1000, 1000),
    ),
    Resource(
        "/logs",
        "systemlog/other/listlogevents",
        "okta.logs.read",
        query=_PAGED | {"since", "until", "filter", "q", "sortOrder"},
        limits=(100, 1000),
        filters=_LOG_ATTRIBUTES,
    ),
)


def resource_of(path: str) -> Resource | None:
    """The resource that a path below `/api/v1` addresses; None for one that is not pretended."""
    for resource in RESOURCES:
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", resource.path), path):
            return resource
    return None


CLIENT_ROLES = Resource(
    "/oauth2/v1/clients/{client_id}/roles",
    "roleassignmentclient/other/listrolesforclient",
    "okta.roles.read",
)
"""The one resource that stands beside `/api/v1`: the admin roles of a service app."""
