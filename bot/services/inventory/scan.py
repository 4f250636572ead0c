"""Scan the Okta orgs: list the apps, find out which to read, read them, and record how it went.

Each app is written as soon as it was seen, so a scan that dies leaves what it has, and the next one
goes on with the rest. What was known before stays, with its age, until it is read again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.evidence.rules import LOG_RETENTION, Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef, AppStatus, Office365App
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.inventory.scanning import AppReading, ScanJob, ScanPolicy, ScanReason, plan
from bot.errors import CloudError
from bot.ports.clouds import Entra, OktaOrg
from bot.ports.spans import span
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services import counts
from bot.services.inventory.consoles import integration_tab
from bot.services.inventory.reading import read_log
from bot.services.inventory.scan_apps import ScanApps

Progress = Callable[[int, int], Awaitable[None]]

# Log events may arrive late; they are told apart by their id, so looking back twice is harmless.
LOG_OVERLAP = timedelta(minutes=10)
TOLD_EVERY = 10  # apps
SOON = 2.0  # seconds


@dataclass
class _UnderWay:
    """A scan that runs, and those who wait for it. It ends with the last of them."""

    task: asyncio.Task[OrgScan]
    waiting: int = 0
    watchers: list[Progress] = field(default_factory=list)


class Scan:
    """Reads an org, or one app of it, and commits what changed.

    `clock` goes with the clouds' own; `lived` is what people are told by, where a rehearsal sets it
    forward.
    """

    def __init__(
        self,
        *,
        orgs: Mapping[str, OktaOrg],
        entra: Entra | None,
        ledger: Ledger,
        clock: Clock,
        lived: Clock | None = None,
        policy: ScanPolicy | None = None,
    ) -> None:
        self._orgs = orgs
        self._has_microsoft = entra is not None
        self._ledger = ledger
        self._clock = clock
        self._policy = policy or ScanPolicy()
        self._scan_apps = ScanApps(entra=entra, ledger=ledger, clock=clock, lived=lived or clock)
        self._under_way: dict[str, _UnderWay] = {}
        self._tenants: dict[str, Mapping[str, str]] = {}
        self._left_out_at: datetime | None = None

    @property
    def org_names(self) -> tuple[str, ...]:
        """Every org that is configured."""
        return tuple(self._orgs)

    def tenants(self, org: str) -> Mapping[str, str]:
        """The tenants that the last look at an org asked here; why not, "" where all went."""
        return self._tenants.get(org, {})

    def now(self) -> datetime:
        """The moment (UTC) from which the age of what was seen is counted: by the clouds' clock."""
        return self._clock.now()

    async def org(
        self, name: str, progress: Progress | None = None, *, full: bool = False
    ) -> OrgScan:
        """Look at an org: at what may have changed, or at every app (`full`).

        A CloudError ends in the scan's `failure`, not here. Who asks while a look is under way
        joins it: the clouds' limits are for one look at a time.
        """
        scan = self._under_way.get(name)
        if scan is None:
            task = asyncio.create_task(self._counted(name, full), name=f"scan {name}")
            scan = self._under_way[name] = _UnderWay(task)
        scan.waiting += 1
        if progress is not None:
            scan.watchers.append(progress)
        try:
            return await asyncio.shield(scan.task)
        finally:
            scan.waiting -= 1
            if progress is not None:
                scan.watchers.remove(progress)
            if not scan.waiting:
                scan.task.cancel()  # it has ended, or nobody waits for it any more
                if self._under_way.get(name) is scan:
                    del self._under_way[name]

    async def where(self, ref: AppRef) -> str:
        """The address of an app in Okta's Admin Console, "" when it cannot be told soon."""
        try:
            async with asyncio.timeout(SOON):
                return await integration_tab(self._orgs, ref)
        except TimeoutError:
            return ""

    async def app(self, ref: AppRef) -> AppRecord | None:
        """Look at one known app again, whatever is known of it; None when it is not known."""
        org = self._orgs.get(ref.org)
        record = await self._ledger.app(ref)
        if org is None or record is None:
            return record
        now = self._clock.now()
        # Not by the org's cursor: that one is for all apps, and moves on with their scan.
        scan = (await self._ledger.scans()).get(ref.org)
        read_at = scan.finished_at if scan is not None else None
        is_read = read_at is not None and not any(e.failed_part == "log" for e in record.evidence)
        since = read_at - LOG_OVERLAP if read_at and is_read else now - LOG_RETENTION
        log = await read_log(org, [record.app], "", since, now)
        todos = plan(
            [record.app],
            {ref.app_id: record},
            log.evidence,
            ScanReason(now, full=True),
            self._policy,
            microsoft=self._has_microsoft,
        )
        await self._scan_apps.run(org, todos, log.evidence, _untold)
        return await self._ledger.app(ref)

    async def _counted(self, name: str, full: bool) -> OrgScan:
        begun = time.monotonic()
        with span("scan") as told:
            scan = await self._scan(name, full)
            told.note(org=name, result="failed" if scan.failure else "ok")
        counts.scanned(name, time.monotonic() - begun, well=not scan.failure)
        return scan

    async def _leave_out(self, now: datetime) -> None:
        """Take the apps of orgs that the settings do not name any more out of scope."""
        for name in (await self._ledger.scans()).keys() - self._orgs.keys():
            why = Evidence(EvidenceKind.ORG_NOT_READ, now, detail={"name": name})
            for record in await self._ledger.apps(name):
                todo = ScanJob(record.app, record, connection=True, microsoft=False)
                await self._scan_apps.write(todo, AppReading((why,)), now)

    async def _scan(self, name: str, full: bool) -> OrgScan:
        org = self._orgs[name]
        now = self._clock.now()
        if self._left_out_at is None or now - self._left_out_at >= self._policy.full_after:
            self._left_out_at = now
            await self._leave_out(now)
        scan, resumed_from = self._begin(name, (await self._ledger.scans()).get(name), full, now)
        known = {record.app.ref.app_id: record for record in await self._ledger.apps(name)}
        try:
            listed = [app async for app in org.apps()]
        except CloudError as error:
            # The last good inventory stays; `finished_at` says how old it is.
            scan = replace(scan, failure=str(error))
            await self._ledger.save_scan(scan)
            return scan
        apps = [*listed, *_gone(listed, known)]
        cursor = "" if _is_behind(listed, known) else scan.log_cursor
        log = await read_log(org, apps, cursor, now - LOG_RETENTION, now)
        todos = plan(
            apps,
            known,
            log.evidence,
            ScanReason(now, scan.full, resumed_from, log.changed),
            self._policy,
            microsoft=self._has_microsoft,
        )
        del known  # some 10,000 records: the plan holds those that are needed
        scan = replace(scan, apps=len(listed), failure="")

        async def done(count: int) -> None:
            if count % TOLD_EVERY == 0 or count == len(todos):
                await self._tell(scan, len(todos) - count)

        await self._tell(scan, len(todos))
        self._tenants[name] = await self._scan_apps.run(org, todos, log.evidence, done)
        if scan.full or self._is_old(scan.admins_at, now):
            await self._read_okta_admins(org)
            scan = replace(scan, admins_at=now)
        scan = replace(
            scan,
            finished_at=self._clock.now(),
            done=scan.apps,
            full=False,
            log_cursor=log.cursor,
        )
        await self._ledger.save_scan(scan)
        return scan

    def _begin(
        self, name: str, last: OrgScan | None, full: bool, now: datetime
    ) -> tuple[OrgScan, datetime | None]:
        """A new scan; or the one that died, and since when what it read counts."""
        if last is None:
            return OrgScan(name, now, full=full), None
        if last.is_under_way and now - last.started_at < self._policy.full_after:
            return replace(last, full=last.full or full), last.started_at
        return replace(last, started_at=now, failure="", full=full), None

    def _is_old(self, asked_at: datetime | None, now: datetime) -> bool:
        return asked_at is None or now - asked_at >= self._policy.people_after

    async def _tell(self, scan: OrgScan, left: int) -> None:
        """Tell the watchers here, and through the ledger those of every other replica."""
        done = max(0, scan.apps - left)
        await self._ledger.save_scan(replace(scan, done=done))
        under_way = self._under_way.get(scan.org)
        for watcher in tuple(under_way.watchers if under_way is not None else ()):
            await watcher(done, scan.apps)

    async def _read_okta_admins(self, org: OktaOrg) -> None:
        try:
            admins = await org.app_admins()
        except CloudError:
            # It cannot be told who they are; `choose_admin` says so, since nothing is stored.
            return
        await self._ledger.save_okta_admins(org.name, admins)


def _is_behind(listed: list[Office365App], known: Mapping[str, AppRecord]) -> bool:
    """True when an app became active: what happened to it before lies behind the log's cursor."""
    followed = {i for i, record in known.items() if record.app.status is AppStatus.ACTIVE}
    return any(a.status is AppStatus.ACTIVE and a.ref.app_id not in followed for a in listed)


def _gone(listed: list[Office365App], known: Mapping[str, AppRecord]) -> list[Office365App]:
    """The known apps that are not listed any more."""
    ids = {app.ref.app_id for app in listed}
    return [
        replace(record.app, status=AppStatus.DELETED)
        for app_id, record in known.items()
        if app_id not in ids
    ]


async def _untold(count: int) -> None:
    """Nobody follows the look at one app."""
