"""How the pretend Okta writes its records as JSON.

Shapes follow the Okta Management API reference (developer.okta.com/docs/api) and, for what it does
not document of an `office365` app, answers of real orgs.
"""

from __future__ import annotations

import urllib.parse
from datetime import datetime
from typing import Any

from sandbox.company.records import (
    OKTA_CLIENT_APP_ID,
    LogEvent,
    OktaApp,
    OktaGroup,
    OktaOrg,
    OktaRole,
    OktaUser,
    okta_id,
)

PROVISIONED = [
    "PUSH_NEW_USERS",
    "PUSH_PROFILE_UPDATES",
    "PUSH_USER_DEACTIVATION",
    "IMPORT_NEW_USERS",
    "IMPORT_PROFILE_UPDATES",
    "GROUP_PUSH",
    "REACTIVATE_USERS",
]

EMBEDDED_MOST = 20  # as many as a page of the list of targets has by default

Json = dict[str, Any]


def instant(at: datetime | None) -> str | None:
    """An instant as both Okta and Microsoft write it: UTC, milliseconds, `Z`."""
    if at is None:
        return None
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def app_json(base: str, org: OktaOrg, app: OktaApp) -> Json:
    """An `office365` application object."""
    on = app.connection_status == "ENABLED"
    return {
        "id": app.id,
        "orn": f"orn:okta:idp:{org.org_id}:apps:office365:{app.id}",
        "name": "office365",
        "label": app.label,
        "status": app.status,
        "lastUpdated": instant(app.last_updated),
        "created": instant(app.created),
        "accessibility": {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None},
        "licensing": {"seatCount": 0},
        "visibility": {"appLinks": {"login": True}},
        "features": PROVISIONED if on else [],
        "signOnMode": "SAML_1_1" if app.sign_on else "BROWSER_PLUGIN",
        "universalLogout": {
            "status": "DISABLED",
            "supportType": "PARTIAL",
            "identityStack": "SHARED",
            "protocol": "PROPRIETARY",
        },
        "settings": {
            "app": {
                "tenantType": None,
                "wsFedConfigureType": app.sign_on or "AUTO",
                "occSettings": None,
                "windowsTransportEnabled": False,
                "domain": app.domain,
                "msftTenant": app.msft_tenant,
                "domains": [],
                "office365ProvisioningType": "DEFAULT" if on else None,
                "requireAdminConsent": False,
                "office365FlexibleProvisioningMode": None,
            },
            "notifications": {
                "vpn": {"network": {"connection": "DISABLED"}, "message": None, "helpUrl": None}
            },
            "manualProvisioning": False,
            "implicitAssignment": False,
            "emOptInStatus": "NONE",
            "notes": {"admin": app.note or None, "enduser": None},
        },
        "_links": {
            "users": {"href": f"{base}/api/v1/apps/{app.id}/users"},
            "groups": {"href": f"{base}/api/v1/apps/{app.id}/groups"},
            "appLinks": [
                {
                    "name": "login",
                    "href": f"{base}/home/office365/{app.id}/2161",
                    "type": "text/html",
                }
            ],
        },
    }


def connection_json(base: str, login: str, app: OktaApp) -> Json:
    """The default provisioning connection, which does not tell whether the app is migrated."""
    if app.connection_status == "UNKNOWN":
        return {"status": "UNKNOWN", "profile": {"authScheme": "UNKNOWN"}}
    here = f"{base}/api/v1/apps/{app.id}/connections/default"
    on = app.connection_status == "ENABLED"
    change = "deactivate" if on else "activate"
    links: Json = {
        "self": {"href": here, "hints": {"allow": ["GET", "POST"]}},
        change: {"href": f"{here}/lifecycle/{change}", "hints": {"allow": ["POST"]}},
    }
    if on:
        links["authorize"] = {
            "href": authorize_url(base, login, app, okta_id("st", app.id)),
            "hints": {"allow": ["GET"]},
        }
    return {"status": app.connection_status, "profile": {"authScheme": "OAUTH2"}, "_links": links}


def authorize_url(base: str, login: str, app: OktaApp, state: str) -> str:
    """Where Okta sends an administrator to consent: the app's own tenant at Microsoft."""
    query = urllib.parse.urlencode(
        {
            "response_type": "code",
            "state": state,
            "client_id": OKTA_CLIENT_APP_ID,
            "redirect_uri": f"{base}/admin/app/office365/oauth2/callback",
            "scope": "https://graph.microsoft.com/.default",
        }
    )
    return f"{login}/{app.msft_tenant}.onmicrosoft.com/oauth2/authorize?{query}"


def features_json(base: str, app: OktaApp) -> list[Json]:
    """The provisioning features of an app whose provisioning is on."""
    here = f"{base}/api/v1/apps/{app.id}/features/USER_PROVISIONING"
    password = {"status": "DISABLED", "seed": "RANDOM", "change": "KEEP_EXISTING"}
    return [
        {
            "name": "USER_PROVISIONING",
            "status": "ENABLED",
            "description": "User provisioning settings from Okta to a downstream application",
            "capabilities": {
                "create": {"lifecycleCreate": {"status": "ENABLED"}},
                "update": {
                    "profile": {"status": "ENABLED"},
                    "lifecycleDeactivate": {"status": "ENABLED"},
                    "password": password,
                },
            },
            "_links": {"self": {"href": here, "hints": {"allow": ["GET", "PUT"]}}},
        }
    ]


def assignee_json(base: str, org: OktaOrg, user: OktaUser) -> Json:
    """An entry of the list of users with role assignments."""
    here = f"{base}/api/v1/users/{user.id}"
    return {
        "id": user.id,
        "orn": f"orn:okta:directory:{org.org_id}:users:{user.id}",
        "_links": {"self": {"href": here}, "roles": {"href": f"{here}/roles"}},
    }


def user_json(base: str, user: OktaUser) -> Json:
    """A user object."""
    return {
        "id": user.id,
        "status": user.status,
        "profile": {
            "firstName": user.first_name,
            "lastName": user.last_name,
            "login": user.login,
            "email": user.email,
            "mobilePhone": None,
            "secondEmail": None,
        },
        "_links": {"self": {"href": f"{base}/api/v1/users/{user.id}"}},
    }


def role_id(user: OktaUser, role: OktaRole) -> str:
    """The id of a role assignment."""
    return okta_id("ra1", f"{role.group_id or user.id}/{role.type}")


def custom_role_id(role: OktaRole) -> str:
    """The id of a custom role, which is another one than its assignment's."""
    return okta_id("cr0", role.label)


def permissions_json(role: OktaRole) -> Json:
    """The permissions of a custom role."""
    return {"permissions": [{"label": label, "_links": {}} for label in role.permissions]}


def role_json(base: str, org: OktaOrg, user: OktaUser, role: OktaRole, expand: bool) -> Json:
    """A role assignment, with the first of its app targets embedded when they are asked for."""
    assignee = f"groups/{role.group_id}" if role.group_id else f"users/{user.id}"
    answer: Json = {
        "id": role_id(user, role),
        "label": role.label,
        "type": role.type,
        "status": "ACTIVE",
        "assignmentType": "GROUP" if role.group_id else "USER",
        "_links": {"assignee": {"href": f"{base}/api/v1/{assignee}"}},
    }
    if role.type == "CUSTOM":
        answer |= {"role": custom_role_id(role), "resource-set": okta_id("iam", role.label)}
    if expand and not role.group_id:  # what a group's role is for, the group is asked
        first = role.targets[:EMBEDDED_MOST]
        targets = [catalog_app_json(base, org, target) for target in first]
        answer["_embedded"] = {"targets": {"catalog": {"apps": targets}}}
    return answer


def catalog_app_json(base: str, org: OktaOrg, target: str) -> Json:
    """A role's app target: the whole catalogue entry has no `id`, one instance of it has."""
    answer: Json = {"name": "office365", "displayName": "Microsoft Office 365", "status": "ACTIVE"}
    if target == "office365":
        return {
            **answer,
            "_links": {"self": {"href": f"{base}/api/v1/catalog/apps/office365"}},
        }
    return {
        **answer,
        "id": target,
        "displayName": org.app(target).label,
        "_links": {"self": {"href": f"{base}/api/v1/apps/{target}"}},
    }


def target_json(org: OktaOrg, role: OktaRole, target: str) -> Json:
    """A role's target as a resource name; none at all means that the role is not scoped."""
    tail = "" if target == "office365" else f":{target}"
    return {
        "orn": f"orn:okta:idp:{org.org_id}:apps:office365{tail}",
        "assignmentType": "GROUP" if role.group_id else "USER",
        "_links": {},
    }


def group_json(base: str, group: OktaGroup) -> Json:
    """A group object."""
    return {
        "id": group.id,
        "type": "OKTA_GROUP",
        "profile": {"name": group.name, "description": None},
        "_links": {"users": {"href": f"{base}/api/v1/groups/{group.id}/users"}},
    }


def log_event_json(event: LogEvent) -> Json:
    """A System Log event."""
    return {
        "uuid": event.uuid,
        "published": instant(event.published),
        "eventType": event.event_type,
        "version": "0",
        "severity": event.severity,
        "displayMessage": event.message,
        "actor": {
            "id": event.actor_id,
            "type": "User" if event.actor_id.startswith("00u") else "SystemPrincipal",
            "alternateId": event.actor_name,
            "displayName": event.actor_name,
        },
        "outcome": {"result": event.result, "reason": event.reason},
        "target": [
            {
                "id": event.target_id,
                "type": "AppInstance",
                "alternateId": event.target_name,
                "displayName": "Microsoft Office 365",
                "detailEntry": None,
            }
        ],
        "debugContext": {"debugData": dict(event.debug_data)},
        "legacyEventType": None,
    }


def log_event_lookup(event: LogEvent, name: str) -> list[object]:
    """The values of a field of a System Log event that a filter may name."""
    fields: dict[str, object] = {
        "uuid": event.uuid,
        "published": instant(event.published),
        "eventType": event.event_type,
        "severity": event.severity,
        "displayMessage": event.message,
        "actor.id": event.actor_id,
        "outcome.result": event.result,
        "target.id": event.target_id,
        "target.type": "AppInstance",
    }
    return [fields[name]] if name in fields else []


def client_role_json(kind: str, label: str) -> Json:
    """A role of a service app, as "List all client role assignments" shows it."""
    return {
        "id": okta_id("irb", label),
        "label": label,
        "type": kind,
        "status": "ACTIVE",
        "assignmentType": "CLIENT",
    }
