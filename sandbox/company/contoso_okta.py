"""The two Okta orgs of the cast: their Office 365 apps and their administrators."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.company.contoso import app_id
from sandbox.company.records import OktaApp, OktaGroup, OktaOrg, OktaRole, OktaUser, okta_id

OKTA_SCOPES = {
    "okta.apps.read",
    "okta.roles.read",
    "okta.users.read",
    "okta.groups.read",
    "okta.logs.read",
}
LIMITS = {
    "/api/v1/apps": 100,
    "/api/v1/apps/{id}": 500,
    "/api/v1/users": 600,
    "/api/v1/users/{id}": 2000,
    "/api/v1/groups": 500,
    "/api/v1/logs": 120,
    "/api/v1/iam": 600,
    "/api/v1": 1200,
    "/oauth2/v1": 300,
}
"""Calls per minute: Okta's published defaults for a Workforce org, before any share is taken."""


_APP = "Application administrator"
_SUPER = "Super administrator"
_DESK = "Help desk administrator"


def orgs(now: datetime) -> list[OktaOrg]:
    """The two Okta orgs, with apps and administrators."""
    made = now - timedelta(days=2200)

    def app(org: str, label: str, domain: str, tenant: str, **more: Any) -> OktaApp:
        return OktaApp(
            id=app_id(org, label),
            label=label,
            domain=domain,
            msft_tenant=tenant,
            created=made,
            last_updated=made,
            **more,
        )

    contoso = OktaOrg(
        name="contoso",
        label="Contoso",
        org_id=okta_id("00o", "contoso"),
        client_id=okta_id("0oa", "contoso/o365bot"),
        key_id="contoso-o365bot",
        dpop=True,
        page_cap=5,
        granted_scopes=set(OKTA_SCOPES),
        limits=dict(LIMITS),
        apps=[
            app("contoso", "Office 365 HQ", "contoso.example", "contoso"),
            app("contoso", "Office 365 Sales", "sales.contoso.example", "contoso"),
            app("contoso", "Office 365 Research", "research.contoso.example", "contoso"),
            app(
                "contoso",
                "Office 365 Frontline",
                "frontline.contoso.example",
                "contoso",
                connection_status="DISABLED",
                note="provisioning off",
            ),
            app(
                "contoso",
                "Office 365 Kiosk",
                "kiosk.contoso.example",
                "contoso",
                connection_status="UNKNOWN",
                note="single sign-on only",
            ),
            app(
                "contoso",
                "Office 365 Legal",
                "legal.contoso.example",
                "contoso",
                readable=False,
                note="outside of the bot's role",
            ),
            app(
                "contoso",
                "Office 365 Pilot 2019",
                "pilot.contoso.example",
                "contoso",
                status="INACTIVE",
                connection_status="DISABLED",
            ),
            app("contoso", "Office 365 Northwind", "northwind.example.com", "northwind"),
        ],
        users=[
            _admin(
                "contoso", "gita", "Gita", "Global", OktaRole("APP_ADMIN", _APP, ("office365",))
            ),
            _admin("contoso", "oskar", "Oskar", "Okta", OktaRole("SUPER_ADMIN", _SUPER)),
            _admin("contoso", "ola", "Ola", "Operator", OktaRole("HELP_DESK_ADMIN", _DESK)),
            _admin(
                "contoso",
                "carl",
                "Carl",
                "Cloud",
                OktaRole("CUSTOM", "Device desk", permissions=("okta.devices.read",)),
            ),
            _admin(
                "contoso",
                "agnes",
                "Agnes",
                "App",
                OktaRole(
                    "APP_ADMIN",
                    _APP,
                    (app_id("contoso", "Office 365 Sales"),),
                    group_id=okta_id("00g", "contoso/app-owners"),
                ),
            ),
        ],
        groups=[
            OktaGroup(
                okta_id("00g", "contoso/app-owners"),
                "Application owners",
                [okta_id("00u", "contoso/agnes")],
            )
        ],
    )
    fabrikam = OktaOrg(
        name="fabrikam",
        label="Fabrikam",
        org_id=okta_id("00o", "fabrikam"),
        client_id=okta_id("0oa", "fabrikam/o365bot"),
        key_id="fabrikam-o365bot",
        dpop=False,
        page_cap=200,
        granted_scopes=set(OKTA_SCOPES),
        limits=dict(LIMITS),
        apps=[
            app("fabrikam", "Office 365 Fabrikam", "fabrikam.example", "fabrikam"),
            app("fabrikam", "Office 365 Labs", "labs.fabrikam.example", "fabrikam"),
            app("fabrikam", "Office 365 Retail", "retail.fabrikam.example", "fabrikam"),
            app(
                "fabrikam",
                "Office 365 Service",
                "service.fabrikam.example",
                "fabrikam",
                sign_on="MANUAL",
            ),
        ],
        users=[
            _admin("fabrikam", "fay", "Fay", "Fabrikam", OktaRole("APP_ADMIN", _APP)),
            _admin("fabrikam", "frida", "Frida", "Fabrikam", OktaRole("SUPER_ADMIN", _SUPER)),
        ],
    )
    return [contoso, fabrikam]


def _admin(org: str, key: str, first: str, last: str, role: OktaRole) -> OktaUser:
    mail = f"{key}@{org}.example"
    return OktaUser(okta_id("00u", f"{org}/{key}"), mail, mail, first, last, key, [role])
