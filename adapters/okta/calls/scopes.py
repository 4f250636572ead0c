"""Which scope each call needs, and what a refusal means.

Scopes are those of the Okta Management API reference, by tag: application, applicationconnections,
roleassignmentauser, rolebtargetadmin, rolebtargetbgroup, roleecustompermission, user, group and
systemlog (developer.okta.com/docs/api/openapi/okta-management/management/tags). What a service app
may do is what its scopes *and* its admin role allow, so both may be what is missing
(developer.okta.com, "Implement OAuth for Okta with a service app").
"""

from __future__ import annotations

import re

from adapters.http.answers import Answer
from adapters.okta.calls.pacing import reset_in
from bot.errors import CloudError, CloudRefused, CloudThrottled

# The first that fits counts.
_SCOPES = (
    (re.compile(r"/api/v1/apps\b"), "okta.apps.read"),
    (re.compile(r"/api/v1/iam/(assignees|roles)\b"), "okta.roles.read"),
    (re.compile(r"/api/v1/(users|groups)/[^/]+/roles\b"), "okta.roles.read"),
    (re.compile(r"/api/v1/users\b"), "okta.users.read"),
    (re.compile(r"/api/v1/groups\b"), "okta.groups.read"),
    (re.compile(r"/api/v1/logs\b"), "okta.logs.read"),
    (re.compile(r"/oauth2/v1/clients/[^/]+/roles\b"), "okta.roles.read"),
)
SCOPES = tuple(dict.fromkeys(scope for _, scope in _SCOPES))
"""All that the bot asks for."""

_ROLE_FOR_ROLES = (
    "The service app needs {scope}, and a custom role with “View roles, resources, and admin "
    "assignments”: Read-only Administrator does not see role assignments."
)
_ROLE = "The service app needs {scope}, and an admin role too (such as Read-only Administrator)."


def scope_for(path: str) -> str:
    """The scope that a GET of this path needs. Raises LookupError for a path that is never read."""
    for pattern, scope in _SCOPES:
        if pattern.match(path):
            return scope
    raise LookupError(f"no scope is known for {path}")


def explain(answer: Answer) -> CloudError | None:
    """The error of an API answer, with Okta's error code as `reason`; None: the general rule."""
    code = answer.error_field("errorCode")
    if answer.status == 429:
        return CloudThrottled(
            f"{answer.where} limits the rate of {answer.call}.",
            where=answer.where,
            call=answer.call,
            retry_after=reset_in(answer.headers),
        )
    if answer.status == 401:
        return CloudRefused(
            f"{answer.where} did not accept the credentials on {answer.call}.",
            where=answer.where,
            call=answer.call,
            reason=code,
            hint="Check the service app (or API token) of this org in the settings.",
        )
    if answer.status == 403:
        scope = scope_for(answer.call.partition(" ")[2])
        return CloudRefused(
            f"{answer.where} refused {answer.call}.",
            where=answer.where,
            call=answer.call,
            missing=scope,
            reason=code,
            hint=(_ROLE_FOR_ROLES if scope == "okta.roles.read" else _ROLE).format(scope=scope),
        )
    if answer.status == 400:
        return CloudRefused(
            f"{answer.where} calls {answer.call} wrong ({code or 400}).",
            where=answer.where,
            call=answer.call,
            reason=code,
        )
    return None
