"""The cast: Contoso, the Northwind it bought, and Fabrikam, with everything that went before.

    Okta org   Entra tenant  apps
    contoso    contoso       on a password (3), off (1), unknown (1), unreadable (1), inactive (1)
    contoso    northwind     on a password, and nobody who could help is reachable (1)
    fabrikam   fabrikam      consented but not saved (2), migrated (1), contradictory (1)

All of it is fictional. The orgs are in `sandbox.company.contoso_okta`, the tenants in
`sandbox.company.contoso_entra`. Sizes and dates are chosen so that every state occurs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.company.records import Person, guid, okta_id

CONTOSO = guid("tenant/contoso")
FABRIKAM = guid("tenant/fabrikam")
NORTHWIND = guid("tenant/northwind")


@dataclass(frozen=True)
class Step:
    """Something a person did in the past: `verb` is authenticate, save or fail."""

    at: datetime
    verb: str
    org: str
    app_id: str
    who: str


def app_id(org: str, label: str) -> str:
    """The id of the app with this label."""
    return okta_id("0oa", f"{org}/{label}")


def object_id(tenant: str, upn: str) -> str:
    """The object id of the account with this user principal name."""
    return guid(f"{tenant}/{upn}")


def people() -> list[Person]:
    """Everyone, operators first."""
    return [
        _person("ola", "Ola Operator", "U0OLA", True, "runs the migration, asks the bot"),
        _person("gita", "Gita Global", "U0GITA", True, "Global admin and Okta app admin"),
        _person("greta", "Greta Group", "U0GRETA", True, "Global admin through a group"),
        _person("dana", "Dana Disabled", "U0DANA", False, "Global admin, account disabled"),
        _person("nils", "Nils No-MFA", "U0NILS", True, "Global admin without MFA"),
        _person("elif", "Elif Eligible", "U0ELIF", True, "eligible: must activate the role"),
        _person("carl", "Carl Cloud", "U0CARL", True, "owns a cloud-only admin account"),
        _person("oskar", "Oskar Okta", "U0OSKAR", True, "Okta super admin, no Global admin"),
        _person("agnes", "Agnes App", "U0AGNES", False, "Okta admin for one app, by group"),
        Person(
            key="guido",
            display_name="Guido Guest",
            email="guido@partner.example.com",
            role_note="guest from a partner, Global admin",
        ),
        Person(
            key="uma",
            display_name="Uma Unreachable",
            email="uma@northwind.example.com",
            entra_object_ids={NORTHWIND: object_id(NORTHWIND, "uma@northwind.example.com")},
            time_zone="America/New_York",
            role_note="only Global admin of Northwind, in no chat",
        ),
        _person(
            "fay",
            "Fay Fabrikam",
            "U0FAY",
            False,
            "Fabrikam's Global admin and Okta app admin, speaks German",
            tenant=FABRIKAM,
            domain="fabrikam.example",
            time_zone="Asia/Tokyo",
            language="de-DE",
        ),
        _person(
            "felix",
            "Felix Fabrikam",
            "U0FELIX",
            False,
            "Fabrikam's second Global admin, no Okta role",
            tenant=FABRIKAM,
            domain="fabrikam.example",
        ),
        _person(
            "frida",
            "Frida Fabrikam",
            "U0FRIDA",
            False,
            "Fabrikam's Okta super admin, no Global admin",
            tenant=FABRIKAM,
            domain="fabrikam.example",
        ),
    ]


def _person(
    key: str,
    name: str,
    slack_id: str,
    teams: bool,
    role_note: str,
    *,
    tenant: str = CONTOSO,
    domain: str = "contoso.example",
    time_zone: str = "Europe/Berlin",
    language: str = "en-US",
) -> Person:
    email = f"{key}@{domain}"
    return Person(
        key=key,
        display_name=name,
        email=email,
        slack_id=slack_id,
        entra_object_ids={tenant: object_id(tenant, email)},
        teams=teams,
        time_zone=time_zone,
        language=language,
        role_note=role_note,
    )


def history(now: datetime) -> list[Step]:
    """What happened before today, oldest first."""

    def step(days: int, verb: str, org: str, label: str, who: str) -> Step:
        return Step(now - timedelta(days=days), verb, org, app_id(org, label), who)

    fay = object_id(FABRIKAM, "fay@fabrikam.example")
    return [
        step(40, "authenticate", "fabrikam", "Office 365 Retail", fay),
        step(40, "save", "fabrikam", "Office 365 Retail", "fay"),
        step(30, "authenticate", "fabrikam", "Office 365 Service", fay),
        step(30, "save", "fabrikam", "Office 365 Service", "fay"),
        step(12, "authenticate", "fabrikam", "Office 365 Fabrikam", fay),
        step(11, "authenticate", "fabrikam", "Office 365 Labs", fay),
        step(6, "fail", "contoso", "Office 365 HQ", "dana@contoso.example"),
        step(3, "fail", "fabrikam", "Office 365 Service", "felix@fabrikam.example"),
        step(2, "fail", "contoso", "Office 365 HQ", "dana@contoso.example"),
    ]
