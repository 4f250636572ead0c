"""The ledger in memory, by the rules of the port: the services are tested on it.

`tests/contract/test_ledger.py` holds it and the real one to the same behaviour. This one
can break at any call, and a life of a thousand ticks takes no server.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from bot.domain.campaign.channels.board import Board
from bot.domain.campaign.channels.report import DayCount
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.onboarding import Onboarding
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.incidents import Incident
from bot.domain.delivery.notices import Channel
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.gaps import AdminGap
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, OktaAdmin
from bot.domain.people.policy import AccountNote
from bot.domain.people.prospects import Prospect
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import HOLD, ScheduleEntry
from bot.domain.summaries import (
    EVERY_OPEN,
    AppSummary,
    Counts,
    Page,
    Wanted,
    by_urgency,
    summary_of,
)
from bot.errors import Conflict, StoreUnavailable
from bot.ports.store.lists import Asked
from tests.pages import page_of


class FakeLedger:
    """Implements `bot.ports.store.ledger.Ledger`. `down` is a store that is away.

    `broken` is what a method raises, whoever is asked about (`page`) or for one record alone
    (`delivery KEY`); `called` counts by method. `orgs` are those in the settings (None: all count).

    Every call yields to the loop once, as a real one does, so that races happen here too.
    """

    def __init__(self) -> None:
        self.down = False
        self.broken: dict[str, Exception] = {}
        self.called: Counter[str] = Counter()
        self.orgs: frozenset[str] | None = None
        self.all_apps: dict[AppRef, AppRecord] = {}
        self._summaries: dict[AppRef, tuple[AppRecord, AppSummary]] = {}
        self._scans: dict[str, OrgScan] = {}
        self.all_requests: dict[str, ConsentRequest] = {}
        self._links: dict[str, str] = {}
        self.all_deliveries: dict[str, Delivery] = {}
        self._incidents: dict[str, Incident] = {}
        self._aside: dict[str, datetime] = {}
        self.all_recipients: dict[str, Recipient] = {}
        self._boards: dict[str, Board] = {}
        self.schedule: dict[str, datetime] = {}
        self._history: dict[date, DayCount] = {}
        self._pictures: dict[str, bytes] = {}
        self._audit: list[AuditEntry] = []
        self.all_global_admins: dict[str, tuple[GlobalAdmin, ...]] = {}
        self._admin_gaps: dict[str, tuple[AdminGap, ...]] = {}
        self._notes: dict[str, AccountNote] = {}
        self._prospects: dict[AppRef, Prospect] = {}
        self._okta_admins: dict[str, tuple[OktaAdmin, ...]] = {}
        self._codes: dict[str, str] = {}
        self._onboardings: dict[str, Onboarding] = {}

    async def _call(self, name: str, about: object = "") -> None:
        await asyncio.sleep(0)
        self.called[name] += 1
        if self.down:
            raise StoreUnavailable("The store does not answer.")
        for broken in (name, f"{name} {about}"):
            if broken in self.broken:
                raise self.broken[broken]

    async def commit(self, changes: Changes) -> None:
        await self._call("commit")
        expected = [
            *((self.all_apps.get(r.app.ref), r.revision) for r in changes.apps),
            *((self.all_requests.get(r.id), r.revision) for r in changes.requests),
            *((self.all_deliveries.get(d.key), d.revision) for d in changes.deliveries),
            *((self._notes.get(n.key), n.revision) for n in changes.notes),
            *((self._notes.get(n.key), n.revision + 1) for n in changes.unsaid),
            *((self._onboardings.get(o.id), o.revision) for o in changes.onboardings),
            *((self._incidents.get(t.place), t.revision) for t in changes.incidents),
            *((self.all_recipients.get(str(r.chat)), r.revision) for r in changes.recipients),
            *((self._boards.get(b.place), b.revision) for b in changes.boards),
        ]
        for stored, revision in expected:
            if (stored.revision if stored else 0) != revision - 1:
                raise Conflict("A record changed since it was read.")
        self.all_apps.update({record.app.ref: record for record in changes.apps})
        for request in changes.requests:
            self.all_requests[request.id] = request
            if request.link is not None:
                self._links[request.link.token_sha256] = request.id
            self._codes[_plain(request.code)] = request.id
        for onboarding in changes.onboardings:
            self._onboardings.pop(onboarding.id, None)
            self._onboardings[onboarding.id] = onboarding
        self.all_deliveries.update({delivery.key: delivery for delivery in changes.deliveries})
        for delivery in changes.deliveries:
            self._aside.pop(delivery.key, None)
        for delivery in changes.planned:
            self.all_deliveries.setdefault(delivery.key, delivery)
        for unsaid in changes.unsaid:
            self._notes.pop(unsaid.key)
        self._notes.update({note.key: note for note in changes.notes})
        self._prospects.update({one.app: one for one in changes.prospects})
        self._incidents.update({incident.place: incident for incident in changes.incidents})
        for place in changes.solved:
            self._incidents.pop(place, None)
        self.all_recipients.update({str(r.chat): r for r in changes.recipients})
        self._boards.update({board.place: board for board in changes.boards})
        for line in (*changes.schedule, *changes.touched):
            self._put_line(line)
        self._audit.extend(changes.audit)

    def _put_line(self, line: ScheduleEntry) -> None:
        known = self.schedule.get(line.name)
        if line.held_until is None:
            assert line.at is not None
            self.schedule[line.name] = min(line.at, known or line.at)
        elif known == line.held_until:
            self.schedule.pop(line.name)
            if line.at is not None:
                self.schedule[line.name] = line.at

    async def due_entries(self, now: datetime, limit: int) -> tuple[ScheduleEntry, ...]:
        await self._call("due_entries")
        due = sorted((at, name) for name, at in self.schedule.items() if at <= now)[:limit]
        self.schedule.update({name: now + HOLD for _, name in due})
        return tuple(ScheduleEntry(name, at, now + HOLD) for at, name in due)

    async def recipient(self, chat: ChatIdentity) -> Recipient | None:
        await self._call("recipient", chat)
        return self.all_recipients.get(str(chat))

    async def requests_of(self, chat: ChatIdentity) -> tuple[ConsentRequest, ...]:
        await self._call("requests_of")
        return tuple(r for r in await self.open_requests() if str(r.chat) == str(chat))

    async def requests_elsewhere(self, chat: ChatIdentity) -> tuple[ConsentRequest, ...]:
        await self._call("requests_elsewhere")
        return tuple(r for r in await self.open_requests() if r.is_known_elsewhere_as(chat))

    async def board(self, channel: Channel, org: str = "") -> Board | None:
        await self._call("board")
        return self._boards.get(Board(channel, org=org).place)

    async def boards(self) -> tuple[Board, ...]:
        await self._call("boards")
        return tuple(self._boards.values())

    async def history(self) -> tuple[DayCount, ...]:
        await self._call("history")
        return tuple(self._history[on] for on in sorted(self._history))

    async def save_day(self, day: DayCount) -> None:
        await self._call("save_day")
        self._history[day.on] = day

    async def picture(self, name: str) -> bytes | None:
        await self._call("picture")
        return self._pictures.get(name)

    async def save_picture(self, name: str, png: bytes) -> None:
        await self._call("save_picture")
        self._pictures[name] = png

    def _counts(self, org: str) -> bool:
        return self.orgs is None or org in self.orgs

    async def app(self, ref: AppRef) -> AppRecord | None:
        await self._call("app", ref)
        return self.all_apps.get(ref) if self._counts(ref.org) else None

    async def apps(self, org: str = "") -> tuple[AppRecord, ...]:
        await self._call("apps")
        found = (r for ref, r in self.all_apps.items() if org in ("", ref.org))
        readable = (r for r in found if f"app {r.app.ref}" not in self.broken)
        return tuple(record for record in readable if self._counts(record.app.ref.org))

    async def page(self, number: int, rows: int, wanted: Wanted = EVERY_OPEN) -> Page:
        await self._call("page")
        records = [r for r in self.all_apps.values() if self._counts(r.app.ref.org)]
        return page_of(
            records,
            self.all_requests.values(),
            self._prospects,
            number=number,
            rows=rows,
            wanted=wanted,
            summarize=self._summary,
        )

    async def pages(self, rows: int, wanted: Wanted = EVERY_OPEN) -> AsyncIterator[Page]:
        refs = [app.ref for app in await self.summaries() if wanted.holds(app)]
        for start in range(0, len(refs), rows):
            shown = await self.summaries_of(refs[start : start + rows])
            asked = {app.request_id for app in shown}
            requests = {one.id: one for one in await self.open_requests() if one.id in asked}
            kept = await self.prospects_of(app.ref for app in shown)
            yield Page(shown=shown, requests=requests, prospects=kept)

    async def counts(self) -> Counts:
        await self._call("counts")
        found: dict[str, Counter[State | None]] = {}
        for record in self.all_apps.values():
            app = self._summary(record)
            if self._counts(app.ref.org):
                state = None if app.is_waived else app.state
                found.setdefault(app.ref.org, Counter())[state] += 1
        return found

    async def requests(self, number: int, rows: int) -> Asked:
        found = await self.open_requests()
        pages = max(1, -(-len(found) // rows))
        number = min(max(number, 1), pages)
        return Asked(number, pages, found[(number - 1) * rows : number * rows])

    async def prospects_of(self, refs: Iterable[AppRef]) -> Mapping[AppRef, Prospect]:
        kept = await self.prospects()
        return {ref: kept[ref] for ref in refs if ref in kept}

    async def summaries(self, org: str = "") -> tuple[AppSummary, ...]:
        await self._call("summaries")
        return tuple(sorted(map(self._summary, await self.apps(org)), key=by_urgency))

    def _summary(self, record: AppRecord) -> AppSummary:
        """Made once for each record that is written, as the store does."""
        kept = self._summaries.get(record.app.ref)
        if kept is None or kept[0] is not record:
            kept = self._summaries[record.app.ref] = (record, summary_of(record))
        return kept[1]

    async def summaries_of(self, refs: Iterable[AppRef]) -> tuple[AppSummary, ...]:
        await self._call("summaries_of")
        wanted = set(refs)
        found = [self._summary(one) for one in await self.apps() if one.app.ref in wanted]
        return tuple(sorted(found, key=by_urgency))

    async def tenants(self) -> Mapping[str, frozenset[str]]:
        await self._call("tenants")
        found: dict[str, frozenset[str]] = {}
        for ref, record in self.all_apps.items():
            if self._counts(ref.org):
                some = frozenset({record.tenant.id} if record.tenant else ())
                found[ref.org] = found.get(ref.org, frozenset()) | some
        return found

    async def still(self) -> tuple[AppRef, ...]:
        await self._call("still")
        last = {one.app: one for one in _oldest_first(self.all_requests.values())}
        found = [(one.still_since, ref) for ref, one in last.items() if self._counts(ref.org)]
        return tuple(ref for _, ref in sorted((at, ref) for at, ref in found if at is not None))

    async def unreachable(self) -> tuple[AppRef, ...]:
        await self._call("unreachable")
        open_ones = {one.id for one in await self.open_requests()}
        found = (
            app.ref
            for app in await self.summaries()
            if app.wants_consent
            and app.request_id not in open_ones
            and (kept := self._prospects.get(app.ref)) is not None
            and kept.nobody is not None
        )
        return tuple(sorted(found, key=lambda ref: (ref.org, ref.app_id)))

    async def names(self) -> tuple[tuple[AppRef, str], ...]:
        return tuple((record.app.ref, record.app.label) for record in await self.apps())

    async def due_verdicts(self, now: datetime, limit: int) -> tuple[AppRef, ...]:
        apps = map(self._summary, self.all_apps.values())
        held = [(app.holds_until, app.ref) for app in apps if app.holds_until]
        return tuple(ref for until, ref in sorted(held) if until <= now)[:limit]

    async def scans(self) -> Mapping[str, OrgScan]:
        await self._call("scans")
        return {org: scan for org, scan in self._scans.items() if self._counts(org)}

    async def save_scan(self, scan: OrgScan) -> None:
        await self._call("save_scan")
        self._scans[scan.org] = scan

    async def global_admins(self, tenant_id: str) -> tuple[GlobalAdmin, ...] | None:
        await self._call("global_admins")
        return self.all_global_admins.get(tenant_id)

    async def save_global_admins(
        self, tenant_id: str, admins: Sequence[GlobalAdmin], gaps: Sequence[AdminGap] = ()
    ) -> None:
        await self._call("save_global_admins")
        self.all_global_admins[tenant_id] = tuple(admins)
        self._admin_gaps[tenant_id] = tuple(gaps)

    async def admin_gaps(self, tenant_id: str) -> tuple[AdminGap, ...]:
        await self._call("admin_gaps")
        return self._admin_gaps.get(tenant_id, ())

    async def account_notes(self) -> tuple[AccountNote, ...]:
        await self._call("account_notes")
        return tuple(self._notes.values())

    async def prospects(self, org: str = "") -> Mapping[AppRef, Prospect]:
        await self._call("prospects")
        found = {ref: one for ref, one in self._prospects.items() if org in ("", ref.org)}
        return {ref: one for ref, one in found.items() if self._counts(ref.org)}

    async def okta_admins(self, org: str) -> tuple[OktaAdmin, ...] | None:
        await self._call("okta_admins")
        return self._okta_admins.get(org)

    async def save_okta_admins(self, org: str, admins: Sequence[OktaAdmin]) -> None:
        await self._call("save_okta_admins")
        self._okta_admins[org] = tuple(admins)

    async def request(self, request_id: str) -> ConsentRequest | None:
        await self._call("request")
        return self.all_requests.get(request_id)

    async def request_by_link(self, digest: str) -> ConsentRequest | None:
        await self._call("request_by_link")
        return self.all_requests.get(self._links.get(digest, ""))

    async def request_by_code(self, code: str) -> ConsentRequest | None:
        await self._call("request_by_code")
        return self.all_requests.get(self._codes.get(_plain(code), ""))

    async def onboarding(self, onboarding_id: str) -> Onboarding | None:
        await self._call("onboarding")
        return self._onboardings.get(onboarding_id)

    async def onboarding_by_link(self, digest: str) -> Onboarding | None:
        await self._call("onboarding_by_link")
        return next((o for o in self._onboardings.values() if o.link == digest), None)

    async def onboarding_of(self, tenant_id: str) -> Onboarding | None:
        await self._call("onboarding_of")
        of_tenant = [o for o in self._onboardings.values() if o.tenant_id == tenant_id]
        return max(of_tenant, key=lambda o: o.asked_at, default=None)

    async def open_requests(self, org: str = "") -> tuple[ConsentRequest, ...]:
        await self._call("open_requests")
        found = (r for r in self.all_requests.values() if org in ("", r.app.org))
        return _oldest_first(r for r in found if r.stage.is_open)

    async def requests_for(self, app: AppRef) -> tuple[ConsentRequest, ...]:
        await self._call("requests_for")
        return _oldest_first(r for r in self.all_requests.values() if r.app == app)

    async def delivery(self, key: str) -> Delivery | None:
        await self._call("delivery", key)
        return self.all_deliveries.get(key)

    def planned(self, kind: type[object]) -> list[Delivery]:
        """All deliveries with a notice of this kind, whatever became of them."""
        return [d for d in self.all_deliveries.values() if isinstance(d.notice, kind)]

    async def deliveries(self, keys: Sequence[str]) -> Mapping[str, Delivery]:
        await self._call("deliveries")
        return {key: self.all_deliveries[key] for key in keys if key in self.all_deliveries}

    async def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        await self._call("due")
        waiting = [
            (self._aside.get(d.key, at), d.key)
            for d in self.all_deliveries.values()
            if (at := _look_at(d))
        ]
        return tuple(key for at, key in sorted(waiting) if at <= now)[:limit]

    async def take_due(self, now: datetime, limit: int, hold: timedelta) -> tuple[str, ...]:
        keys = await self.due(now, limit)
        self._aside.update(dict.fromkeys(keys, now + hold))
        return keys

    async def set_aside(self, key: str, until: datetime) -> None:
        await self._call("set_aside")
        if key in self.all_deliveries:
            self._aside[key] = until

    async def incidents(self) -> Mapping[str, Incident]:
        await self._call("incidents")
        return dict(self._incidents)

    async def settle(self) -> None:
        await self._call("settle")

    async def audit(self, limit: int = 100) -> tuple[AuditEntry, ...]:
        await self._call("audit")
        return tuple(reversed(self._audit))[:limit]


def _look_at(delivery: Delivery) -> datetime | None:
    match delivery.phase:
        case Phase.DUE:
            return delivery.due_at
        case Phase.SENDING:
            return delivery.leased_until or delivery.due_at
        case Phase.SENT | Phase.FAILED:
            return None


def _plain(code: str) -> str:
    return "".join(c for c in code.upper() if c.isalnum())


def _oldest_first(requests: Iterable[ConsentRequest]) -> tuple[ConsentRequest, ...]:
    return tuple(sorted(requests, key=lambda r: (r.requested_at, r.id)))
