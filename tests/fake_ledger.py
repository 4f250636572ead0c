"""The ledger in memory, by the rules of the port: the services are tested on it.

`tests/contract/test_ledger.py` holds it and the real one to the same behaviour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.domain.apps import AppRef
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent import ConsentRequest
from bot.domain.deliveries import Delivery, Phase
from bot.domain.gaps import AdminGap
from bot.domain.inventory import AppRecord, OrgScan
from bot.domain.notices import Channel, ChannelReminder
from bot.domain.onboarding import Onboarding
from bot.domain.people import GlobalAdmin, OktaAdmin
from bot.domain.people_policy import AccountNote
from bot.domain.prospects import Prospect
from bot.errors import Conflict, StoreUnavailable


class FakeLedger:
    """Implements `bot.ports.Ledger`. `down` is a store that is away.

    Every call yields to the loop once, as a real one does, so that races happen here too.
    """

    def __init__(self) -> None:
        self.down = False
        self._apps: dict[AppRef, AppRecord] = {}
        self._scans: dict[str, OrgScan] = {}
        self._requests: dict[str, ConsentRequest] = {}
        self._links: dict[str, str] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._audit: list[AuditEntry] = []
        self._global_admins: dict[str, tuple[GlobalAdmin, ...]] = {}
        self._admin_gaps: dict[str, tuple[AdminGap, ...]] = {}
        self._notes: dict[str, AccountNote] = {}
        self._prospects: dict[AppRef, Prospect] = {}
        self._okta_admins: dict[str, tuple[OktaAdmin, ...]] = {}
        self._codes: dict[str, str] = {}
        self._onboardings: dict[str, Onboarding] = {}
        self._newest_reminders: dict[Channel, str] = {}

    async def _call(self) -> None:
        await asyncio.sleep(0)
        if self.down:
            raise StoreUnavailable("The store does not answer.")

    async def commit(self, changes: Changes) -> None:
        await self._call()
        expected = [
            *((self._apps.get(r.app.ref), r.revision) for r in changes.apps),
            *((self._requests.get(r.id), r.revision) for r in changes.requests),
            *((self._deliveries.get(d.key), d.revision) for d in changes.deliveries),
            *((self._notes.get(n.key), n.revision) for n in changes.notes),
            *((self._onboardings.get(o.id), o.revision) for o in changes.onboardings),
        ]
        for stored, revision in expected:
            if (stored.revision if stored else 0) != revision - 1:
                raise Conflict("A record changed since it was read.")
        self._apps.update({record.app.ref: record for record in changes.apps})
        for request in changes.requests:
            self._requests[request.id] = request
            if request.link is not None:
                self._links[request.link.token_sha256] = request.id
            self._codes[_plain(request.code)] = request.id
        for onboarding in changes.onboardings:
            self._onboardings.pop(onboarding.id, None)
            self._onboardings[onboarding.id] = onboarding
        for delivery in changes.deliveries:
            if isinstance(delivery.notice, ChannelReminder) and delivery.phase is Phase.SENT:
                self._newest_reminders[delivery.notice.to] = delivery.key
        self._deliveries.update({delivery.key: delivery for delivery in changes.deliveries})
        for delivery in changes.planned:
            self._deliveries.setdefault(delivery.key, delivery)
        self._notes.update({note.key: note for note in changes.notes})
        self._prospects.update({one.app: one for one in changes.prospects})
        self._audit.extend(changes.audit)

    async def app(self, ref: AppRef) -> AppRecord | None:
        await self._call()
        return self._apps.get(ref)

    async def apps(self, org: str = "") -> tuple[AppRecord, ...]:
        await self._call()
        return tuple(r for ref, r in self._apps.items() if org in ("", ref.org))

    async def scans(self) -> Mapping[str, OrgScan]:
        await self._call()
        return dict(self._scans)

    async def save_scan(self, scan: OrgScan) -> None:
        await self._call()
        self._scans[scan.org] = scan

    async def global_admins(self, tenant_id: str) -> tuple[GlobalAdmin, ...] | None:
        await self._call()
        return self._global_admins.get(tenant_id)

    async def save_global_admins(
        self,
        tenant_id: str,
        admins: Sequence[GlobalAdmin],
        gaps: Sequence[AdminGap] = (),
    ) -> None:
        await self._call()
        self._global_admins[tenant_id] = tuple(admins)
        self._admin_gaps[tenant_id] = tuple(gaps)

    async def admin_gaps(self, tenant_id: str) -> tuple[AdminGap, ...]:
        await self._call()
        return self._admin_gaps.get(tenant_id, ())

    async def account_notes(self) -> tuple[AccountNote, ...]:
        await self._call()
        return tuple(self._notes.values())

    async def prospects(self, org: str = "") -> Mapping[AppRef, Prospect]:
        await self._call()
        return {ref: one for ref, one in self._prospects.items() if org in ("", ref.org)}

    async def okta_admins(self, org: str) -> tuple[OktaAdmin, ...] | None:
        await self._call()
        return self._okta_admins.get(org)

    async def save_okta_admins(self, org: str, admins: Sequence[OktaAdmin]) -> None:
        await self._call()
        self._okta_admins[org] = tuple(admins)

    async def request(self, request_id: str) -> ConsentRequest | None:
        await self._call()
        return self._requests.get(request_id)

    async def request_by_link(self, digest: str) -> ConsentRequest | None:
        await self._call()
        return self._requests.get(self._links.get(digest, ""))

    async def request_by_code(self, code: str) -> ConsentRequest | None:
        await self._call()
        return self._requests.get(self._codes.get(_plain(code), ""))

    async def onboarding(self, onboarding_id: str) -> Onboarding | None:
        await self._call()
        return self._onboardings.get(onboarding_id)

    async def onboarding_by_link(self, digest: str) -> Onboarding | None:
        await self._call()
        return next((o for o in self._onboardings.values() if o.link == digest), None)

    async def onboarding_of(self, tenant_id: str) -> Onboarding | None:
        await self._call()
        of_tenant = [o for o in self._onboardings.values() if o.tenant_id == tenant_id]
        return max(of_tenant, key=lambda o: o.asked_at, default=None)

    async def newest_reminder(self, channel: Channel) -> str:
        await self._call()
        return self._newest_reminders.get(channel, "")

    async def open_requests(self) -> tuple[ConsentRequest, ...]:
        await self._call()
        return _oldest_first(r for r in self._requests.values() if r.stage.is_open)

    async def requests_for(self, app: AppRef) -> tuple[ConsentRequest, ...]:
        await self._call()
        return _oldest_first(r for r in self._requests.values() if r.app == app)

    async def delivery(self, key: str) -> Delivery | None:
        await self._call()
        return self._deliveries.get(key)

    async def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        await self._call()
        waiting = [(at, d.key) for d in self._deliveries.values() if (at := _look_at(d))]
        return tuple(key for at, key in sorted(waiting) if at <= now)[:limit]

    async def audit(self, limit: int = 100) -> tuple[AuditEntry, ...]:
        await self._call()
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
