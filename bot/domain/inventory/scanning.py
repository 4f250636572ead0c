"""Which apps and tenants have to be read again, and what a look makes of a record. Pure.

A full scan reads everything. All others read what is new, what changed, what the log names, what
could not be read, and what was not read for long.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.evidence.history import condensed, consents_of, merge, newest_of_topics
from bot.domain.evidence.known import ABSENT
from bot.domain.evidence.rules import LOG_RETENTION, Evidence, EvidenceKind
from bot.domain.inventory.apps import AppStatus, Office365App, Tenant
from bot.domain.inventory.records import AppRecord
from bot.domain.normalization import exact

# What one look sees is dated while it reads, a little before the look is written down.
SAME_SCAN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class ScanPolicy:
    """How old a look may grow.

    `full_after`: any look at all; half of the shelf life of what it finds, so that one may fail.
    `microsoft_after`: the look at a tenant with open apps, or at one that may not have shown yet
    what was just done. `confirm_after`: the look at a tenant that "migrated, proven" rests on, or
    that did not tell again what it told before; it costs a dozen calls a tenant, and what ends
    between two looks is seen no earlier. `people_after`: who the org's admins are.
    """

    full_after: timedelta = timedelta(hours=24)
    microsoft_after: timedelta = timedelta(hours=1)
    confirm_after: timedelta = timedelta(hours=6)
    people_after: timedelta = timedelta(hours=12)

    def oldest_scan(self, app: Office365App) -> timedelta:
        """How old a look at this app may be: up to a quarter less than `full_after`.

        Apps that were read together would otherwise fall due together for ever.
        """
        part = zlib.crc32(str(app.ref).encode()) / 2**32
        return self.full_after * (1 - part / 4)


@dataclass(frozen=True, slots=True)
class ScanReason:
    """Why a scan looks now.

    `full` reads everything. `resumed_from` is when a scan that died began: what was read since then
    is not read again. `changed` are the ids of the apps that the log names.
    """

    now: datetime
    full: bool = False
    resumed_from: datetime | None = None
    changed: frozenset[str] = frozenset()

    def covers(self, scanned_at: datetime | None) -> bool:
        """True for a look of this very scan, before it died."""
        return (
            self.resumed_from is not None
            and scanned_at is not None
            and scanned_at >= self.resumed_from
        )

    def speaks_of(self, app: Office365App, record: AppRecord) -> bool:
        """True when something is known to have changed, or everything is to be read."""
        return self.full or app.ref.app_id in self.changed or app != record.app


@dataclass(frozen=True, slots=True)
class ScanJob:
    """One app that has to be looked at, and at what. `record` is None for a new one."""

    app: Office365App
    record: AppRecord | None
    connection: bool
    microsoft: bool


def plan(
    apps: Sequence[Office365App],
    known: Mapping[str, AppRecord],
    log: Mapping[str, tuple[Evidence, ...]],
    occasion: ScanReason,
    policy: ScanPolicy,
    *,
    microsoft: bool = True,
) -> tuple[ScanJob, ...]:
    """What a scan has to do, in the order of `apps`. `known` and `log` are by app id.

    A tenant that one app wants read again is read for all its apps. `microsoft` is False where
    Microsoft cannot be asked at all.
    """
    active = [app for app in apps if app.status is AppStatus.ACTIVE and microsoft]
    domains = {
        app.tenant_name
        for app in active
        if _wants_microsoft(app, known.get(app.ref.app_id), occasion, policy)
    }
    todos = []
    for app in apps:
        record = known.get(app.ref.app_id)
        todo = ScanJob(
            app,
            record,
            connection=_wants_connection(app, record, occasion, policy),
            microsoft=app.status is AppStatus.ACTIVE and app.tenant_name in domains,
        )
        if todo.connection or todo.microsoft or _has_news(record, log.get(app.ref.app_id, ())):
            todos.append(todo)
    return tuple(todos)


def _wants_connection(
    app: Office365App, record: AppRecord | None, occasion: ScanReason, policy: ScanPolicy
) -> bool:
    if record is None or record.scanned_at is None:
        return True
    if occasion.covers(record.scanned_at):
        return False
    return (
        occasion.speaks_of(app, record)
        or any(e.failed_part == "connection" for e in record.evidence)
        or _was_left_out(record)
        or occasion.now - record.scanned_at >= policy.oldest_scan(app)
    )


def _was_left_out(record: AppRecord) -> bool:
    """True when the settings did not name its org for a while."""
    scope = newest_of_topics(record.evidence).get("scope")
    return scope is not None and scope.kind is EvidenceKind.ORG_NOT_READ


def _wants_microsoft(
    app: Office365App, record: AppRecord | None, occasion: ScanReason, policy: ScanPolicy
) -> bool:
    if not app.tenant_name:
        return False
    if record is None or record.microsoft_at is None:
        return True
    if occasion.covers(record.microsoft_at):
        return False
    age = occasion.now - record.microsoft_at
    return (
        occasion.speaks_of(app, record)
        or age >= policy.oldest_scan(app)
        or (age >= policy.confirm_after and _rests_on_it(record, occasion.now))
        or (age >= policy.microsoft_after and _may_show_soon(record, occasion.now))
    )


def _rests_on_it(record: AppRecord, now: datetime) -> bool:
    """True when a tenant has to be asked again soon for what is said of an app to be true."""
    return record.assessed(now).ends_request or _is_unconfirmed(record)


def _may_show_soon(record: AppRecord, now: datetime) -> bool:
    """True while something is to be done, or was done so lately that a look came too early."""
    verdict = record.assessed(now)
    doubt = verdict.doubt
    return verdict.state.is_open or (doubt is not None and doubt.kind in ABSENT)


def _is_unconfirmed(record: AppRecord) -> bool:
    """True when the last look at the tenant did not tell of what one before it had told of."""
    scanned_at = record.microsoft_at
    if scanned_at is None:
        return False
    facts = newest_of_topics(record.evidence)
    told = (facts[topic] for topic in ("tenant", "account", "registration") if topic in facts)
    return any(fact.seen_at < scanned_at - SAME_SCAN for fact in told)


def _has_news(record: AppRecord | None, log: tuple[Evidence, ...]) -> bool:
    """True when what the log says, or that it cannot be read, is not in the record yet."""
    if record is None or any(e.kind is not EvidenceKind.READ_FAILED for e in log):
        return True
    was_unread = any(e.failed_part == "log" for e in record.evidence)
    return was_unread != bool(log)


@dataclass(frozen=True, slots=True)
class AppReading:
    """What one look found out about an app. A part that was not read is None."""

    connection: tuple[Evidence, ...] | None = None
    log: tuple[Evidence, ...] | None = None
    microsoft: tuple[Evidence, ...] | None = None
    tenant: Tenant | None = None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return (*(self.connection or ()), *(self.log or ()), *(self.microsoft or ()))


def scanned(record: AppRecord, app: Office365App, seen: AppReading, now: datetime) -> AppRecord:
    """The record after a look. A failed read lasts until the same part is read again."""
    read = {
        "connection": seen.connection is not None,
        "log": seen.log is not None,
        "microsoft": seen.microsoft is not None,
    }
    known = tuple(_not_ahead(item, now) for item in record.evidence)
    lasting = (e for e in known if (part := e.failed_part) and not read.get(part))
    tenant = seen.tenant or (record.tenant if _leads_there(record, app) else None)
    changes = (
        *_moved(record, app, tenant, now),
        *_replaced(record, seen),
        *_unwatched(record, seen, now),
    )
    return replace(
        record,
        app=app,
        tenant=tenant,
        evidence=condensed(merge(known, (*lasting, *changes, *seen.evidence))),
        scanned_at=now if seen.connection is not None else record.scanned_at,
        microsoft_at=now if seen.microsoft is not None else record.microsoft_at,
        revision=record.revision + 1,
    )


def _not_ahead(item: Evidence, now: datetime) -> Evidence:
    """As if seen just before now what a clock that ran ahead dated: a new look is newer."""
    latest = now - timedelta.resolution
    if item.seen_at <= latest:
        return item
    return replace(item, seen_at=latest, first_seen=min(item.first_seen or latest, latest))


def _leads_there(record: AppRecord, app: Office365App) -> bool:
    """Whether the app still names the tenant that the record's was found by."""
    return exact(app.tenant_name) == exact(record.app.tenant_name)


def _moved(
    record: AppRecord, app: Office365App, tenant: Tenant | None, now: datetime
) -> tuple[Evidence, ...]:
    """That the app leads to another tenant than at the look before, or is for another domain."""
    if not record.revision:
        return ()
    is_for_the_same = exact(app.domain) == exact(record.app.domain)
    is_other = record.tenant is not None and tenant is not None and record.tenant.id != tenant.id
    if _leads_there(record, app) and is_for_the_same and not is_other:
        return ()
    detail = {"was": _names(record.app), "name": _names(app)}
    return (
        Evidence(
            EvidenceKind.APP_MOVED,
            now,
            now,
            detail,
            event_id=now.isoformat(),
            tenant=tenant.id if tenant is not None else "",
        ),
    )


def _replaced(record: AppRecord, seen: AppReading) -> Iterator[Evidence]:
    """That the consent in a tenant is another application's than the one found there before."""
    before = consents_of(record.evidence)
    for item in seen.microsoft or ():
        was, app_id = before.get(item.tenant), item.detail.get("app_id", "")
        if item.kind is EvidenceKind.TENANT_CONSENTED and was and app_id and app_id not in was:
            detail = {"was": ", ".join(sorted(was)), "name": app_id}
            yield replace(
                item,
                kind=EvidenceKind.CONSENT_REPLACED,
                happened_at=item.seen_at,
                detail=detail,
                event_id=item.seen_at.isoformat(),
            )


def _names(app: Office365App) -> str:
    """The tenant and the domain of an app, as its settings have them."""
    return " / ".join(dict.fromkeys(name for name in (app.tenant_name, app.domain) if name))


def _unwatched(record: AppRecord, seen: AppReading, now: datetime) -> tuple[Evidence, ...]:
    """That what happened until some day is not known: the log did not go back so far.

    At the first look, and when the log was not read for longer than Okta keeps it.
    """
    if seen.log is None or any(e.failed_part == "log" for e in seen.log):
        return ()
    failed = (e for e in record.evidence if e.failed_part == "log")
    read_at = min((e.first_seen or e.seen_at for e in failed), default=record.scanned_at)
    since = now - LOG_RETENTION
    if read_at is not None and read_at >= since:
        return ()
    return (Evidence(EvidenceKind.UNWATCHED, now, since),)
