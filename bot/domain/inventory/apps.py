"""The Office 365 apps of the Okta orgs and their provisioning connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class AppRef:
    """Names one app instance: the Okta org (by its name in the settings) and the app's id."""

    org: str
    app_id: str

    def __str__(self) -> str:
        return f"{self.org}/{self.app_id}"

    @classmethod
    def parse(cls, text: str) -> AppRef:
        """Read `org/app id`. Raises ValueError when there is no slash."""
        org, slash, app_id = text.partition("/")
        if not (org and slash and app_id):
            raise ValueError(f"expected ORG/APP_ID, got {text!r}")
        return cls(org, app_id)


class AppStatus(StrEnum):
    """`status` of an Okta app instance (Okta Management API, Application)."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DELETED = "DELETED"
    UNKNOWN = "UNKNOWN"


class ConnectionStatus(StrEnum):
    """`status` of an app's default provisioning connection (ProvisioningConnectionResponse)."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class ProvisioningConnection:
    """What `GET /api/v1/apps/{id}/connections/default` says.

    `auth_scheme` is kept as Okta spells it; for Office 365 it was `OAUTH2` before the migration
    too, so it never proves anything about the consent.
    """

    status: ConnectionStatus
    auth_scheme: str = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Office365App:
    """One Office 365 app instance of one Okta org.

    `domain` and `msft_tenant` (the tenant's short name: `contoso` for contoso.onmicrosoft.com, or
    contoso.onmicrosoft.us in another cloud) are the two documented settings; `other` keeps whatever
    else Okta answered under `settings.app`. `last_updated` is Okta's `lastUpdated` as it was
    written: it tells that an app changed, and is never read as a time. `sign_on_mode` is as Okta
    writes it (`SAML_1_1`).
    """

    ref: AppRef
    label: str
    status: AppStatus
    domain: str
    msft_tenant: str
    other: Mapping[str, object] = field(default_factory=dict, hash=False)
    last_updated: str = ""
    sign_on_mode: str = ""

    @property
    def tenant_name(self) -> str:
        """What Okta calls the app's Entra tenant: a short name or a domain; "" when not known.

        The domain that a short name stands for is the cloud's (`bot.domain.inventory.hosts`).
        """
        return self.msft_tenant or self.domain

    @property
    def domains(self) -> tuple[str, ...]:
        """The company's own domains that the app is for, the first one documented."""
        others = self.other.get("domains")
        listed = others if isinstance(others, list) else []
        return tuple(d for d in (self.domain, *listed) if isinstance(d, str) and d)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A Microsoft Entra tenant, found by OIDC discovery from a domain."""

    id: str
    domain: str
    graph_host: str
    region: str = ""
