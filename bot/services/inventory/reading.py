"""Reading the clouds for a scan: what they say, and what they refuse to say, as evidence.

Nothing here raises a CloudError: one app, tenant or log that cannot be read stops nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from bot.domain.evidence.rules import LOG_RETENTION, Evidence, EvidenceKind
from bot.domain.evidence.unread import read_failed
from bot.domain.inventory.apps import AppStatus, ConnectionStatus, Office365App, Tenant
from bot.domain.inventory.gaps import admin_gap
from bot.errors import CloudError, CloudNotFound
from bot.ports.clouds import Entra, LogPage, OktaOrg
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock

_KINDS = {
    ConnectionStatus.ENABLED: EvidenceKind.CONNECTION_ON,
    ConnectionStatus.DISABLED: EvidenceKind.CONNECTION_OFF,
    ConnectionStatus.UNKNOWN: EvidenceKind.CONNECTION_UNCLEAR,
}


async def read_connection(org: OktaOrg, app: Office365App, clock: Clock) -> tuple[Evidence, ...]:
    """Whether the app is in scope at all: active, with provisioning on."""
    inactive = Evidence(EvidenceKind.APP_INACTIVE, clock.now(), detail={"status": app.status.value})
    if app.status not in (AppStatus.ACTIVE, AppStatus.DELETED):
        return (inactive,)
    try:
        # Not listed: gone, out of a narrower role's reach, or of a kind that is not asked for.
        kind = await org.left_out(app.ref.app_id) if app.status is AppStatus.DELETED else ""
        if kind:
            detail = {"name": kind}
            return (Evidence(EvidenceKind.KIND_NOT_READ, clock.now(), detail=detail),)
        connection = await org.connection(app.ref.app_id)
    except CloudNotFound as error:
        if app.status is AppStatus.DELETED:
            return (inactive,)
        return (read_failed(error, clock.now(), "connection"),)
    except CloudError as error:
        return (read_failed(error, clock.now(), "connection"),)
    detail = {"auth_scheme": connection.auth_scheme}
    return (Evidence(_KINDS[connection.status], clock.now(), detail=detail),)


async def read_log(
    org: OktaOrg, apps: Iterable[Office365App], cursor: str, since: datetime, now: datetime
) -> LogPage:
    """The log from `cursor`, else from `since`. What cannot be read is evidence of every app."""
    ids = frozenset(app.ref.app_id for app in apps if app.status is AppStatus.ACTIVE)
    if not ids:
        return LogPage({}, frozenset(), cursor)
    try:
        return await org.read_log(ids, cursor, max(since, now - LOG_RETENTION))
    except CloudError as error:
        unread = (read_failed(error, now, "log"),)
        return LogPage(dict.fromkeys(ids, unread), frozenset(), cursor)


@dataclass(frozen=True, slots=True)
class OfTenant:
    """What Microsoft said of one tenant. `tenant` is None when it could not be discovered."""

    tenant: Tenant | None = None
    whole: tuple[Evidence, ...] = ()
    of_app: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)


class MicrosoftReader:
    """Reads the tenants of some apps, each tenant once, while the apps are read in Okta.

    An async context: leaving it ends what is still being read. The tenants' Global Administrators
    go to the ledger, everything else is asked for by app.
    """

    def __init__(
        self,
        entra: Entra | None,
        ledger: Ledger,
        clock: Clock,
        apps: Iterable[Office365App],
        registrations: Mapping[str, str] | None = None,
        known_as: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._entra = entra
        self._ledger = ledger
        self._clock = clock
        self._registrations = registrations or {}
        self._known_as = known_as or {}  # Okta's application, by the tenant's id
        self._apps: dict[str, list[Office365App]] = {}  # by what Okta calls their tenant
        for app in apps:
            self._apps.setdefault(app.tenant_name, []).append(app)
        self._reads: dict[str, asyncio.Task[OfTenant]] = {}
        self._finding: asyncio.Task[None] | None = None
        self.failures: dict[str, str] = {}
        """Each tenant that was asked, by what Okta calls it: why it could not be read, "" if so."""

    async def __aenter__(self) -> Self:
        self._finding = asyncio.create_task(self._find(), name="find tenants")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._finding is not None
        tasks: set[asyncio.Task[None] | asyncio.Task[OfTenant]] = {self._finding}
        tasks.update(self._reads.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def of(self, app: Office365App) -> tuple[Tenant | None, tuple[Evidence, ...]]:
        """The app's tenant and what it tells of the app, as soon as it is read."""
        assert self._finding is not None
        await asyncio.shield(self._finding)
        found = await asyncio.shield(self._reads[app.tenant_name])
        unread = (one for one in found.whole if one.kind is EvidenceKind.READ_FAILED)
        self.failures[app.tenant_name] = next((one.detail.get("says", "") for one in unread), "")
        return found.tenant, (*found.whole, *found.of_app.get(app.ref.app_id, ()))

    async def _find(self) -> None:
        """Discover every tenant, then start reading each of them once."""
        found = await asyncio.gather(*(self._discover(name) for name in self._apps))
        names: dict[str, list[str]] = {}
        tenants: dict[str, Tenant | Evidence] = {}
        for name, tenant in zip(self._apps, found, strict=True):
            key = tenant.id if isinstance(tenant, Tenant) else name
            names.setdefault(key, []).append(name)
            tenants.setdefault(key, tenant)
        for key, same in names.items():
            apps = [app for name in same for app in self._apps[name]]
            read = asyncio.create_task(self._read(tenants[key], apps), name="read tenant")
            self._reads.update(dict.fromkeys(same, read))

    async def _discover(self, name: str) -> Tenant | Evidence:
        assert self._entra is not None
        domains = dict.fromkeys(domain for app in self._apps[name] for domain in app.domains)
        try:
            return await self._entra.tenant_of(name, tuple(domains))
        except CloudError as error:
            return read_failed(error, self._clock.now(), "microsoft")

    async def _read(self, tenant: Tenant | Evidence, apps: list[Office365App]) -> OfTenant:
        assert self._entra is not None
        if isinstance(tenant, Evidence):
            return OfTenant(whole=(tenant,))
        problems: list[Evidence] = []
        consent: tuple[Evidence, ...] = ()
        accounts: Mapping[str, tuple[Evidence, ...]] = {}
        domains: Mapping[str, tuple[Evidence, ...]] = {}
        own: Mapping[str, tuple[Evidence, ...]] = {}
        ids = frozenset(app.ref.app_id for app in apps)
        try:
            known_as = self._known_as.get(tenant.id, frozenset())
            consent = await self._entra.tenant_evidence(tenant, known_as)
            accounts = await self._entra.account_evidence(tenant, ids)
            own = await self._entra.registration_evidence(
                tenant, {i: made for i in ids if (made := self._registrations.get(i))}
            )
            domains = await self._entra.domain_evidence(tenant, apps)
        except CloudError as error:
            problems.append(read_failed(error, self._clock.now(), "microsoft"))
        try:
            admins = await self._entra.global_admins(tenant)
        except CloudError as error:
            problems.append(read_failed(error, self._clock.now(), "microsoft"))
        else:
            gaps = tuple(admin_gap(error) for error in self._entra.admin_gaps(tenant))
            await self._ledger.save_global_admins(tenant.id, admins, gaps)
        of_app = {
            app_id: _in(
                tenant, [e for told in (accounts, own, domains) for e in told.get(app_id, ())]
            )
            for app_id in ids
        }
        return OfTenant(tenant, _in(tenant, (*consent, *problems)), of_app)


def _in(tenant: Tenant, evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """What was read in a tenant, with the tenant's id: elsewhere it proves nothing."""
    return tuple(replace(item, tenant=tenant.id) for item in evidence)
