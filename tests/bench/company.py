"""The bot's own parts for measuring scans: clients of the light Okta, and Microsoft in memory."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from adapters.http.client import open_http
from adapters.okta.client import OktaClient
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import Office365App, Tenant
from bot.domain.people.admins import GlobalAdmin, Holding
from bot.errors import CloudError
from bot.settings.sections.clouds import OktaSettings
from bot.wiring.base import SystemClock

# What Okta's help pages list for its client, "Provide Microsoft admin consent for Okta".
PERMISSIONS = (
    "Application.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
    "Organization.Read.All",
    "RoleManagement.ReadWrite.Directory",
    "User.ReadWrite.All",
)


def settings_for(number: int, url: str, *, free_share: float = 0.2) -> OktaSettings:
    """The settings of one org, read with a service app."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return OktaSettings(
        name=f"org-{number}",
        url=url,
        client_id="0oaclient",
        private_key=SecretStr(pem),
        key_id="kid1",
        free_share=free_share,
    )


@asynccontextmanager
async def clients_of(addresses: Sequence[str]) -> AsyncIterator[dict[str, OktaClient]]:
    """One client for each org, by its name."""
    made = [
        OktaClient(settings_for(number, url), open_http(), SystemClock())
        for number, url in enumerate(addresses)
    ]
    try:
        yield {client.name: client for client in made}
    finally:
        for client in made:
            await client.aclose()


def _guid(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


class Microsoft:
    """Says of every tenant and app what is typical of one that is still to be migrated: answers of
    the port, since reading them over HTTP is none of what is measured.
    """

    async def find_tenant(self, domain: str) -> Tenant:
        return Tenant(_guid(domain), domain, "graph.microsoft.com", "WW")

    async def tenant_of(self, name: str, domains: Sequence[str]) -> Tenant:
        return await self.find_tenant(f"{name}.onmicrosoft.com")

    async def global_admins(self, tenant: Tenant) -> tuple[GlobalAdmin, ...]:
        return ()

    def admin_gaps(self, tenant: Tenant) -> tuple[CloudError, ...]:
        return ()

    async def holding(self, tenant: Tenant, object_id: str) -> Holding | None:
        return None

    async def tenant_evidence(
        self, tenant: Tenant, known_as: Collection[str] = ()
    ) -> tuple[Evidence, ...]:
        now = datetime.now(UTC)
        name = "Okta Microsoft Graph Client"
        consented = {
            "name": name,
            "app_id": _guid("okta"),
            "permissions": ", ".join(PERMISSIONS),
            "publisher": "Okta, Inc.",
            "publisher_is_okta": "yes",
            "found_by": "name",
            "enabled": "yes",
        }
        audited = {"by": f"admin@{tenant.domain}", "by_id": _guid("admin"), "name": name}
        return (
            Evidence(EvidenceKind.TENANT_CONSENTED, now, now, consented),
            Evidence(EvidenceKind.CONSENT_AUDITED, now, now, audited, _guid("audit")),
        )

    async def account_evidence(
        self, tenant: Tenant, app_ids: frozenset[str]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        found = (Evidence(EvidenceKind.NO_SERVICE_ACCOUNT, datetime.now(UTC)),)
        return dict.fromkeys(app_ids, found)

    async def registration_evidence(
        self, tenant: Tenant, client_ids: Mapping[str, str]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        return {}

    async def domain_evidence(
        self, tenant: Tenant, apps: Sequence[Office365App]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        now = datetime.now(UTC)
        return {
            app.ref.app_id: (
                Evidence(EvidenceKind.DOMAIN_IN_TENANT, now, None, {"name": app.domain}),
                Evidence(
                    EvidenceKind.FEDERATED_WITH_OKTA,
                    now,
                    None,
                    {"name": app.domain, "host": "contoso.okta.com"},
                ),
            )
            for app in apps
        }
