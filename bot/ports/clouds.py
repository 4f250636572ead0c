"""Okta and Microsoft, read only. Every method may raise CloudError."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.evidence.rules import Evidence
from bot.domain.inventory.apps import Office365App, ProvisioningConnection, Tenant
from bot.domain.people.admins import GlobalAdmin, Holding, OktaAdmin
from bot.errors import CloudError


@dataclass(frozen=True, slots=True)
class LogPage:
    """What a System Log holds between two cursors.

    `evidence` is by app id, oldest first; `changed` are the apps that any event is about; `cursor`
    is opaque: where the next read goes on.
    """

    evidence: Mapping[str, tuple[Evidence, ...]]
    changed: frozenset[str]
    cursor: str


class OktaOrg(Protocol):
    """One Okta org, read only."""

    @property
    def name(self) -> str: ...

    def apps(self) -> AsyncIterator[Office365App]:
        """Every Office 365 app instance, active or not, page by page."""
        ...

    async def left_out(self, app_id: str) -> str:
        """What Okta's catalogue calls an app of a kind that the settings do not name; else "".

        CloudNotFound: there is no such app.
        """
        ...

    async def connection(self, app_id: str) -> ProvisioningConnection:
        """The app's default provisioning connection."""
        ...

    async def read_log(self, app_ids: frozenset[str], cursor: str, since: datetime) -> LogPage:
        """What the System Log tells of these apps, going on from `cursor`.

        Without a cursor, or with one that the org does not take any more, from `since` (UTC).
        """
        ...

    async def app_admins(self) -> tuple[OktaAdmin, ...]:
        """Who may change the provisioning of Office 365 apps (CloudRefused: it cannot be told)."""
        ...

    async def integration_tab(self, app_id: str) -> str:
        """The address of the app's Provisioning > Integration tab in the Admin Console."""
        ...


class Entra(Protocol):
    """Microsoft Entra and Microsoft Graph, read only, for every tenant."""

    async def find_tenant(self, domain: str) -> Tenant:
        """The tenant that owns a domain, by OIDC discovery (CloudNotFound: there is none)."""
        ...

    async def tenant_of(self, name: str, domains: Sequence[str]) -> Tenant:
        """The tenant that Okta calls `name`: a domain, or a short name to complete for the cloud.

        Where that leads nowhere, the tenant of the apps' own `domains` (CloudNotFound: none).
        """
        ...

    async def global_admins(self, tenant: Tenant) -> tuple[GlobalAdmin, ...]:
        """Everybody who holds or may activate Global Administrator; persons only."""
        ...

    def admin_gaps(self, tenant: Tenant) -> tuple[CloudError, ...]:
        """What the last `global_admins` of this tenant did without, such as the eligible ones."""
        ...

    async def holding(self, tenant: Tenant, object_id: str) -> Holding | None:
        """How this account holds Global Administrator at this moment; None: not at all.

        Read anew each time. CloudRefused also when a group could not be looked into that may hold
        the role: what cannot be told is not "no".
        """
        ...

    async def tenant_evidence(
        self, tenant: Tenant, known_as: Collection[str] = ()
    ) -> tuple[Evidence, ...]:
        """What tells whether the tenant consented to Okta's application.

        `known_as`: its client ids, as earlier looks found them there; its name may have changed. A
        part that could not be read comes as READ_FAILED evidence with `needed` "no".
        """
        ...

    async def account_evidence(
        self, tenant: Tenant, app_ids: frozenset[str]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        """The per-app service accounts in the tenant, by Okta app id."""
        ...

    async def registration_evidence(
        self, tenant: Tenant, client_ids: Mapping[str, str]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        """Whether the app registrations that Okta made for one app each are in the tenant.

        By Okta app id, as are their `client_ids`.
        """
        ...

    async def domain_evidence(
        self, tenant: Tenant, apps: Sequence[Office365App]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        """Whether each app's domain is this tenant's, and federated with its Okta org; by app id.

        What may not be read is left out: these are hints, nothing rests on them.
        """
        ...
