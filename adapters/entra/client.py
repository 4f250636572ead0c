"""The port `bot.ports.clouds.Entra`, put together from the parts of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import structlog

from adapters.entra.admins.admins import read_global_admins, read_holding
from adapters.entra.directory.discovery import Discovery
from adapters.entra.directory.graph import Graph
from adapters.entra.directory.groups import group_members
from adapters.entra.directory.tokens import AppTokens
from adapters.entra.evidence.accounts import read_accounts
from adapters.entra.evidence.consent import read_consent
from adapters.entra.evidence.domains import read_domain_evidence
from adapters.entra.evidence.registrations import read_registrations
from adapters.http.client import open_http
from bot.domain.evidence.rules import Evidence
from bot.domain.inventory.apps import Office365App, Tenant
from bot.domain.people.admins import GlobalAdmin, Holding
from bot.errors import CloudError
from bot.ports.system import Clock
from bot.settings.sections.clouds import EntraSettings

log = structlog.get_logger(__name__)


class EntraClient:
    """Microsoft Entra and Microsoft Graph for every tenant, read only.

    `org_urls` are the Okta orgs' addresses by name, to be compared with where domains sign in.
    `sleep` waits between throttled reads. Raises SettingsInvalid when the certificate cannot be
    used; its methods raise CloudError. Close it with `aclose`.
    """

    def __init__(
        self,
        settings: EntraSettings,
        clock: Clock,
        *,
        org_urls: Mapping[str, str] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._org_urls = org_urls or {}
        self._http = open_http()
        self._discovery = Discovery(settings, self._http, clock)
        tokens = AppTokens(settings, self._http, clock)
        self._graph = Graph(settings, self._http, tokens, clock, sleep)
        self._gaps: dict[str, tuple[CloudError, ...]] = {}

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def find_tenant(self, domain: str) -> Tenant:
        """The tenant that owns a domain, or has that id; an answer is kept for a day.

        Raises CloudNotFound when there is none, and for what is neither a domain nor a GUID.
        """
        return await self._discovery.find(domain)

    async def tenant_of(self, name: str, domains: Sequence[str]) -> Tenant:
        """The tenant that Okta calls `name`, else the one of the apps' own `domains`.

        Raises CloudNotFound when there is none.
        """
        return await self._discovery.find_named(name, domains)

    async def global_admins(self, tenant: Tenant) -> tuple[GlobalAdmin, ...]:
        """Everybody who holds or may activate Global Administrator; persons only.

        What could not be read beside them is logged, and kept in `admin_gaps`.
        """
        read = await read_global_admins(self._graph, tenant)
        self._gaps[tenant.id] = read.gaps
        for gap in read.gaps:
            log.info("could not read all administrators", tenant=tenant.domain, reason=gap.message)
        return read.admins

    async def holding(self, tenant: Tenant, object_id: str) -> Holding | None:
        """How this account holds Global Administrator at this moment; None: not at all."""
        return await read_holding(self._graph, tenant, object_id)

    def admin_gaps(self, tenant: Tenant) -> tuple[CloudError, ...]:
        """What the last `global_admins` of this tenant did without, such as the eligible ones."""
        return self._gaps.get(tenant.id, ())

    async def group_members(self, tenant_id: str, group_id: str) -> tuple[str, ...]:
        """The object ids of everybody in a group and the groups in it; of no such group nobody.

        Without `Member.Read.Hidden` Microsoft leaves out the members of a group that hides them.
        """
        return await group_members(self._graph, await self.find_tenant(tenant_id), group_id)

    async def tenant_evidence(
        self, tenant: Tenant, known_as: Collection[str] = ()
    ) -> tuple[Evidence, ...]:
        """What tells whether the tenant consented to Okta's application.

        A part that could not be read comes as READ_FAILED evidence with `needed` "no".
        """
        now = self._clock.now()
        return await read_consent(self._graph, self._settings, tenant, now, known_as)

    async def account_evidence(
        self, tenant: Tenant, app_ids: frozenset[str]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        """The per-app service accounts in the tenant, by Okta app id; one list for all of them."""
        return await read_accounts(self._graph, tenant, app_ids, self._clock.now())

    async def registration_evidence(
        self, tenant: Tenant, client_ids: Mapping[str, str]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        """Whether the registrations that Okta made are in the tenant; both by Okta app id."""
        return await read_registrations(self._graph, tenant, client_ids, self._clock.now())

    async def domain_evidence(
        self, tenant: Tenant, apps: Sequence[Office365App]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        """Whether each app's domain is this tenant's and leads to its Okta org; by Okta app id."""
        return await read_domain_evidence(
            self._graph, tenant, apps, self._org_urls, self._clock.now()
        )
