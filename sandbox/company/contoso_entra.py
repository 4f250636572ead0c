"""The three Entra tenants of the cast: their accounts and their Global Administrators."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.company.contoso import CONTOSO, FABRIKAM, NORTHWIND, object_id
from sandbox.company.records import (
    GRAPH_APP_ID,
    Domain,
    EntraAccount,
    EntraGroup,
    EntraTenant,
    Hold,
    RoleHolding,
    ServicePrincipal,
    guid,
    okta_id,
)

GRAPH_ROLES = {
    "Directory.Read.All",
    "RoleManagement.Read.Directory",
    "AuditLog.Read.All",
    "Domain-InternalFederation.Read.All",
    "PrivilegedEligibilitySchedule.Read.AzureADGroup",
}
PUSH = "microsoftAuthenticatorPush"
PASSKEY = "passKeyDeviceBound"
SMS = "mobilePhone"


def tenants(now: datetime) -> list[EntraTenant]:
    """The three Entra tenants, with accounts and administrators, before any consent."""
    return [_contoso(now), _fabrikam(now), _northwind(now)]


def _contoso(now: datetime) -> EntraTenant:
    made = now - timedelta(days=1500)
    tenant = EntraTenant(
        id=CONTOSO,
        short_name="contoso",
        display_name="Contoso, Ltd",
        premium=True,
        pim=True,
        domains=_domains(
            "contoso",
            "contoso.example",
            *(f"{d}.contoso.example" for d in ("sales", "research", "frontline")),
            *(f"{d}.contoso.example" for d in ("kiosk", "legal", "pilot")),
        ),
        bot_roles=set(GRAPH_ROLES),
        service_principals=[_graph(CONTOSO)],
    )

    def add(upn: str, name: str, hold: Hold | None, *methods: str, **more: Any) -> EntraAccount:
        daily: dict[str, Any] = {}
        if upn.endswith("@contoso.example"):
            given_name, surname = name.split(" ", 1)
            daily = {
                "mail": upn,
                "given_name": given_name,
                "surname": surname,
                "synced": True,
                "owner": upn.split("@")[0],
            }
        account = EntraAccount(
            id=object_id(CONTOSO, upn),
            upn=upn,
            display_name=name,
            created=made,
            methods=list(methods),
            **(daily | more),
        )
        tenant.accounts.append(account)
        if hold:
            _hold(tenant, account.id, hold)
        return account

    ola = add("ola@contoso.example", "Ola Operator", None, PUSH)
    add("gita@contoso.example", "Gita Global", Hold.ACTIVE, PUSH, PASSKEY)
    greta = add("greta@contoso.example", "Greta Group", None, SMS)
    add("dana@contoso.example", "Dana Disabled", Hold.ACTIVE, PUSH, enabled=False)
    add("nils@contoso.example", "Nils No-MFA", Hold.ACTIVE)
    elif_ = add("elif@contoso.example", "Elif Eligible", Hold.ELIGIBLE, PUSH)
    add("carl@contoso.example", "Carl Cloud", None, PUSH)
    add("oskar@contoso.example", "Oskar Okta", None, PUSH)
    add("agnes@contoso.example", "Agnes App", None, PUSH)
    add("bg-01@contoso.onmicrosoft.com", "Break Glass 01", Hold.ACTIVE, PASSKEY)
    add(
        "adm-carl@contoso.onmicrosoft.com",
        "Carl Cloud (admin)",
        Hold.ACTIVE,
        PUSH,
        owner="carl",
        other_mails=["carl@contoso.example"],
    )
    add(
        "guido_partner.example.com#EXT#@contoso.onmicrosoft.com",
        "Guido Guest",
        Hold.ACTIVE,
        PUSH,
        owner="guido",
        user_type="Guest",
        mail="guido@partner.example.com",
    )
    tier0 = EntraGroup(guid(f"{CONTOSO}/group/tier0"), "Tier 0 Administrators", [greta.id])
    tenant.groups.append(tier0)
    _hold(tenant, tier0.id, Hold.ACTIVE)
    # Nobody is in this one until they activate their membership.
    on_call = EntraGroup(
        guid(f"{CONTOSO}/group/on-call"), "Tier 0 On Call", eligible_ids=[elif_.id]
    )
    tenant.groups.append(on_call)
    _hold(tenant, on_call.id, Hold.ACTIVE)
    # For who may command the bot: it has no role, and nobody is in it.
    tenant.groups.append(EntraGroup(guid(f"{CONTOSO}/group/identity-ops"), "Identity Operations"))
    tenant.admins.append(
        RoleHolding(
            "lAPpYvVpN0KRkAEhdxReEScoped-1", ola.id, scope=f"/administrativeUnits/{guid('au')}"
        )
    )
    backup = ServicePrincipal(
        guid(f"{CONTOSO}/sp/backup"), guid("app/backup"), "Backup Automation", CONTOSO
    )
    tenant.service_principals.append(backup)
    _hold(tenant, backup.id, Hold.ACTIVE)
    return tenant


def _fabrikam(now: datetime) -> EntraTenant:
    tenant = EntraTenant(
        id=FABRIKAM,
        short_name="fabrikam",
        display_name="Fabrikam, Inc.",
        premium=False,
        pim=False,
        domains=_domains(
            "fabrikam",
            "fabrikam.example",
            *(f"{d}.fabrikam.example" for d in ("labs", "retail", "service")),
        ),
        bot_roles=set(GRAPH_ROLES),
        service_principals=[_graph(FABRIKAM)],
    )
    for key in ("fay", "felix", "frida"):
        upn = f"{key}@fabrikam.example"
        tenant.accounts.append(
            EntraAccount(
                id=object_id(FABRIKAM, upn),
                upn=upn,
                display_name=f"{key.capitalize()} Fabrikam",
                created=now - timedelta(days=1400),
                mail=upn,
                given_name=key.capitalize(),
                surname="Fabrikam",
                methods=[PUSH],
                owner=key,
            )
        )
        if key != "frida":
            _hold(tenant, object_id(FABRIKAM, upn), Hold.ACTIVE)
    return tenant


def _northwind(now: datetime) -> EntraTenant:
    upn = "uma@northwind.example.com"
    tenant = EntraTenant(
        id=NORTHWIND,
        short_name="northwind",
        display_name="Northwind Traders",
        premium=True,
        pim=False,
        domains=_domains("northwind", "northwind.example.com"),
        bot_roles=set(GRAPH_ROLES),
        service_principals=[_graph(NORTHWIND)],
        accounts=[
            EntraAccount(
                id=object_id(NORTHWIND, upn),
                upn=upn,
                display_name="Uma Unreachable",
                created=now - timedelta(days=3000),
                mail=upn,
                given_name="Uma",
                surname="Unreachable",
                methods=[PUSH],
                owner="uma",
            )
        ],
    )
    _hold(tenant, object_id(NORTHWIND, upn), Hold.ACTIVE)
    return tenant


def _hold(tenant: EntraTenant, principal_id: str, hold: Hold) -> None:
    seed = guid(f"{tenant.id}/{principal_id}/{hold}")
    tenant.admins.append(RoleHolding(f"lAPpYvVpN0KRkAEhdxReE{seed[:8]}-1", principal_id, hold))


def _domains(short_name: str, *names: str) -> list[Domain]:
    root, *below = names
    federated = [
        Domain(root, default=True, issuer=f"http://www.okta.com/{okta_id('exk', root)}"),
        *(Domain(name) for name in below),  # subdomains: federated as their root is
    ]
    return [Domain(f"{short_name}.onmicrosoft.com", initial=True), *federated]


def _graph(tenant: str) -> ServicePrincipal:
    return ServicePrincipal(
        id=guid(f"{tenant}/sp/graph"),
        app_id=GRAPH_APP_ID,
        name="Microsoft Graph",
        owner_tenant="f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        publisher="Microsoft Services",
    )
