"""Look at the clouds and write down what was seen.

One org at a time, page by page; what one app, tenant or log refuses to tell becomes evidence of its
own and stops nothing else. What was known before stays, with its age, until it is read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.apps import AppRef, AppStatus, ConnectionStatus, Office365App, Tenant
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent import Step, step
from bot.domain.evidence import Confidence, Evidence, EvidenceKind, State, merge
from bot.domain.inventory import AppRecord, OrgScan
from bot.errors import CloudError, CloudRefused, Conflict
from bot.ports import Clock, Entra, Ledger, OktaOrg
from bot.services.tell import changed

Progress = Callable[[int, int], Awaitable[None]]

# Okta keeps its System Log for 90 days (Okta developer docs, "System Log").
LOG_RETENTION = timedelta(days=90)
# Log events may arrive late; they are told apart by their id, so looking back twice is harmless.
LOG_OVERLAP = timedelta(minutes=10)
BATCH = 25


@dataclass(frozen=True, slots=True)
class _Microsoft:
    """What Microsoft said about the tenants of an org's apps."""

    tenants: Mapping[str, Tenant]  # by the domain they were found with
    of_tenant: Mapping[str, tuple[Evidence, ...]]  # by tenant id
    of_app: Mapping[str, tuple[Evidence, ...]]  # by app id


class Scan:
    """Reads an org, or one app of it, and commits what changed."""

    def __init__(
        self, *, orgs: Mapping[str, OktaOrg], entra: Entra | None, ledger: Ledger, clock: Clock
    ) -> None:
        self._orgs = orgs
        self._entra = entra
        self._ledger = ledger
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[OrgScan]] = {}
        self._watchers: dict[str, list[Progress]] = {}

    @property
    def org_names(self) -> tuple[str, ...]:
        """Every org that is configured."""
        return tuple(self._orgs)

    async def org(self, name: str, progress: Progress | None = None) -> OrgScan:
        """Look at every app of one org. A CloudError ends in the scan's `failure`, not here.

        Who asks while a look is under way joins it: the clouds' limits are for one look at a time.
        """
        if progress is not None:
            self._watchers.setdefault(name, []).append(progress)
        try:
            if name not in self._under_way:
                task = asyncio.create_task(self._scan(name), name=f"scan {name}")
                task.add_done_callback(lambda _: self._under_way.pop(name, None))
                self._under_way[name] = task
            return await asyncio.shield(self._under_way[name])
        finally:
            if progress is not None:
                self._watchers[name].remove(progress)

    async def _scan(self, name: str) -> OrgScan:
        org = self._orgs[name]
        scan = OrgScan(name, self._clock.now())
        known = {record.app.ref.app_id: record for record in await self._ledger.apps(name)}
        try:
            apps = [app async for app in org.apps()]
        except CloudError as error:
            scan = replace(scan, finished_at=self._clock.now(), failure=str(error))
            await self._ledger.save_scan(scan)
            return scan
        listed = {app.ref.app_id for app in apps}
        gone = [
            replace(record.app, status=AppStatus.DELETED)
            for app_id, record in known.items()
            if app_id not in listed
        ]
        await self._look(org, [*apps, *gone], known)
        await self._read_okta_admins(org)
        scan = replace(scan, finished_at=self._clock.now(), apps=len(apps))
        await self._ledger.save_scan(scan)
        return scan

    async def app(self, ref: AppRef) -> AppRecord | None:
        """Look at one known app again; None when it is not known."""
        org = self._orgs.get(ref.org)
        record = await self._ledger.app(ref)
        if org is None or record is None:
            return record
        await self._look(org, [record.app], {ref.app_id: record})
        return await self._ledger.app(ref)

    async def _look(
        self,
        org: OktaOrg,
        apps: list[Office365App],
        known: Mapping[str, AppRecord],
    ) -> None:
        active = [app for app in apps if app.status is AppStatus.ACTIVE]
        since = self._log_since(known.get(app.ref.app_id) for app in active)
        log, microsoft = await asyncio.gather(
            self._read_log(org, active, since), self._read_microsoft(active)
        )
        for start in range(0, len(apps), BATCH):
            batch = apps[start : start + BATCH]
            scopes = await asyncio.gather(*(self._read_scope(org, app) for app in batch))
            now = self._clock.now()
            seen = []
            for app, scope in zip(batch, scopes, strict=True):
                tenant = microsoft.tenants.get(app.tenant_domain)
                evidence = (
                    *scope,
                    *log.get(app.ref.app_id, ()),
                    *(microsoft.of_tenant.get(tenant.id, ()) if tenant else ()),
                    *microsoft.of_app.get(app.ref.app_id, ()),
                )
                seen.append((app, tenant, evidence))
            await asyncio.gather(
                *(self._write(app, tenant, evidence, now) for app, tenant, evidence in seen)
            )
            for progress in tuple(self._watchers.get(org.name, ())):
                await progress(min(start + BATCH, len(apps)), len(apps))

    def _log_since(self, records: Iterable[AppRecord | None]) -> datetime:
        """From where to read the log: the oldest complete look, or as far back as it goes."""
        now = self._clock.now()
        looks = [record.scanned_at if record else None for record in records]
        oldest = min((look for look in looks if look is not None), default=None)
        if oldest is None or None in looks:
            return now - LOG_RETENTION
        return max(oldest - LOG_OVERLAP, now - LOG_RETENTION)

    async def _read_scope(self, org: OktaOrg, app: Office365App) -> tuple[Evidence, ...]:
        """Whether the app is in scope at all: active, with provisioning on."""
        now = self._clock.now()
        if app.status is not AppStatus.ACTIVE:
            return (Evidence(EvidenceKind.APP_INACTIVE, now, detail={"status": app.status.value}),)
        try:
            connection = await org.connection(app.ref.app_id)
        except CloudError as error:
            return (_failed(error, now, needed=True),)
        kind = {
            ConnectionStatus.ENABLED: EvidenceKind.CONNECTION_ON,
            ConnectionStatus.DISABLED: EvidenceKind.CONNECTION_OFF,
            ConnectionStatus.UNKNOWN: EvidenceKind.CONNECTION_UNCLEAR,
        }[connection.status]
        return (Evidence(kind, now, detail={"auth_scheme": connection.auth_scheme}),)

    async def _read_log(
        self, org: OktaOrg, apps: list[Office365App], since: datetime
    ) -> Mapping[str, tuple[Evidence, ...]]:
        ids = frozenset(app.ref.app_id for app in apps)
        if not ids:
            return {}
        try:
            return await org.log_evidence(since, ids)
        except CloudError as error:
            failed = _failed(error, self._clock.now(), needed=False)
            return dict.fromkeys(ids, (failed,))

    async def _read_microsoft(self, apps: list[Office365App]) -> _Microsoft:
        """Each tenant once, however many apps point to it."""
        if self._entra is None:
            return _Microsoft({}, {}, {})
        by_domain: dict[str, set[str]] = {}
        for app in apps:
            if app.tenant_domain:
                by_domain.setdefault(app.tenant_domain, set()).add(app.ref.app_id)
        found = await asyncio.gather(*(self._find_tenant(domain) for domain in by_domain))
        tenants: dict[str, Tenant] = {}
        of_app: dict[str, tuple[Evidence, ...]] = {}
        ids: dict[str, set[str]] = {}
        for (domain, app_ids), tenant in zip(by_domain.items(), found, strict=True):
            if isinstance(tenant, Evidence):
                of_app.update(dict.fromkeys(app_ids, (tenant,)))
            else:
                tenants[domain] = tenant
                ids.setdefault(tenant.id, set()).update(app_ids)
        unique = {tenant.id: tenant for tenant in tenants.values()}
        read = await asyncio.gather(
            *(self._read_tenant(tenant, frozenset(ids[tenant.id])) for tenant in unique.values())
        )
        of_tenant: dict[str, tuple[Evidence, ...]] = {}
        for tenant, (consent, accounts) in zip(unique.values(), read, strict=True):
            of_tenant[tenant.id] = consent
            for app_id, evidence in accounts.items():
                of_app[app_id] = (*of_app.get(app_id, ()), *evidence)
        return _Microsoft(tenants, of_tenant, of_app)

    async def _find_tenant(self, domain: str) -> Tenant | Evidence:
        assert self._entra is not None
        try:
            return await self._entra.find_tenant(domain)
        except CloudError as error:
            return _failed(error, self._clock.now(), needed=False)

    async def _read_tenant(
        self, tenant: Tenant, app_ids: frozenset[str]
    ) -> tuple[tuple[Evidence, ...], Mapping[str, tuple[Evidence, ...]]]:
        """A tenant's consent and accounts as evidence; its admins go to the ledger."""
        assert self._entra is not None
        problems: list[Evidence] = []
        consent: tuple[Evidence, ...] = ()
        accounts: Mapping[str, tuple[Evidence, ...]] = {}
        try:
            consent = await self._entra.tenant_evidence(tenant)
            accounts = await self._entra.account_evidence(tenant, app_ids)
        except CloudError as error:
            problems.append(_failed(error, self._clock.now(), needed=False))
        try:
            admins = await self._entra.global_admins(tenant)
        except CloudError as error:
            problems.append(_failed(error, self._clock.now(), needed=False))
        else:
            await self._ledger.save_global_admins(tenant.id, admins)
        return (*consent, *problems), accounts

    async def _read_okta_admins(self, org: OktaOrg) -> None:
        try:
            admins = await org.app_admins()
        except CloudError:
            # It cannot be told who they are; `choose_admin` says so, since nothing is stored.
            return
        await self._ledger.save_okta_admins(org.name, admins)

    async def _write(
        self,
        app: Office365App,
        tenant: Tenant | None,
        evidence: tuple[Evidence, ...],
        now: datetime,
    ) -> None:
        """Commit one app, its request when evidence settles it, and the change of state."""
        while True:
            old = await self._ledger.app(app.ref) or AppRecord(app)
            new = replace(
                old,
                app=app,
                tenant=tenant or old.tenant,
                evidence=merge(old.evidence, evidence),
                scanned_at=now,
                revision=old.revision + 1,
            )
            changes = await self._settled(old, new, now)
            try:
                await self._ledger.commit(changes)
            except Conflict:
                continue
            return

    async def _settled(self, old: AppRecord, new: AppRecord, now: datetime) -> Changes:
        """What follows from a new look: an audit line when the state changed, and a request's end.

        A request ends as proven only on machine evidence; when the app dropped out of scope it is
        withdrawn.
        """
        before = old.state if old.revision else None
        after = new.assessment
        audit: list[AuditEntry] = []
        if before is not after.state:
            audit.append(
                AuditEntry(
                    now,
                    "scan",
                    "assess",
                    str(new.app.ref),
                    {
                        "from": before.value if before else "",
                        "to": after.state.value,
                        "confidence": after.confidence.value,
                    },
                )
            )
        request = await self._ledger.request(new.request_id) if new.request_id else None
        if request is None or not request.stage.is_open:  # none, or it ended by itself
            return Changes(apps=(replace(new, request_id=""),), audit=tuple(audit))
        proven = after.state is State.MIGRATED and after.confidence is not Confidence.ATTESTED
        if not (proven or after.state is State.NOT_APPLICABLE):
            return Changes(apps=(new,), audit=tuple(audit))
        taken = Step.PROVE if proven else Step.REVOKE
        audit.append(
            AuditEntry(now, "scan", taken.value, str(new.app.ref), {"request": request.id})
        )
        return Changes(
            apps=(replace(new, request_id=""),),
            requests=(ended := step(request, taken, now),),
            planned=(changed(ended, now),),
            audit=tuple(audit),
        )


def _failed(error: CloudError, now: datetime, *, needed: bool) -> Evidence:
    """A failed read as evidence. `needed`: without it the app's state cannot be told at all."""
    detail = {
        "call": error.call,
        "where": error.where,
        "reason": error.code,
        "says": error.message,
        "needed": "yes" if needed else "no",
    }
    if isinstance(error, CloudRefused) and error.missing:
        detail["missing"] = error.missing
    return Evidence(EvidenceKind.READ_FAILED, now, detail=detail, event_id=error.call)
