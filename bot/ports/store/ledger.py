"""The product's own records. Every method may raise StoreError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.campaign.channels.board import Board
from bot.domain.campaign.channels.report import DayCount
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.onboarding import Onboarding
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.incidents import Incident
from bot.domain.delivery.notices import Channel
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.gaps import AdminGap
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, OktaAdmin
from bot.domain.people.policy import AccountNote
from bot.domain.people.prospects import Prospect
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import ScheduleEntry
from bot.ports.store.lists import Lists


class Ledger(Lists, Protocol):
    """The product's own records: apps, consent requests, deliveries, and the audit stream.

    Everything is read by its own method and changed by one: `commit`. A record that a newer version
    wrote may not be readable here: asked for by itself it raises RecordUnreadable; lists leave it
    out, apart from those by which somebody would be asked or told again (`requests_for`,
    `account_notes`, `boards`).

    What was kept of an org that is in the settings no more (its apps, looks and prospects) is there
    again once it is: until then nobody is told of it.
    """

    async def commit(self, changes: Changes) -> None:
        """Write all changes and their audit entries in one atomic step.

        Raises Conflict, and writes nothing, when a record is not at the revision before; NotDurable
        when an acknowledgement was written but is not on enough replicas.
        """
        ...

    async def app(self, ref: AppRef) -> AppRecord | None: ...

    async def apps(self, org: str = "") -> tuple[AppRecord, ...]:
        """Every app of one org, or of all orgs, with its evidence: for who looks at all of them."""
        ...

    async def scans(self) -> Mapping[str, OrgScan]:
        """How the last look at each org went."""
        ...

    async def save_scan(self, scan: OrgScan) -> None: ...

    async def global_admins(self, tenant_id: str) -> tuple[GlobalAdmin, ...] | None:
        """A tenant's Global Administrators as last read within a day; None when not known."""
        ...

    async def save_global_admins(
        self,
        tenant_id: str,
        admins: Sequence[GlobalAdmin],
        gaps: Sequence[AdminGap] = (),
    ) -> None: ...

    async def admin_gaps(self, tenant_id: str) -> tuple[AdminGap, ...]:
        """What the look that `global_admins` comes from did without."""
        ...

    async def okta_admins(self, org: str) -> tuple[OktaAdmin, ...] | None:
        """An org's Office 365 app admins as last read within a day; None when not known."""
        ...

    async def save_okta_admins(self, org: str, admins: Sequence[OktaAdmin]) -> None: ...

    async def account_notes(self) -> tuple[AccountNote, ...]:
        """Everything that was said of admin accounts by command."""
        ...

    async def prospects(self, org: str = "") -> Mapping[AppRef, Prospect]:
        """Who would be asked for the apps of one org, or of all orgs, as last looked at."""
        ...

    async def request(self, request_id: str) -> ConsentRequest | None: ...

    async def request_by_link(self, digest: str) -> ConsentRequest | None:
        """The request whose link, now or formerly, has this digest."""
        ...

    async def request_by_code(self, code: str) -> ConsentRequest | None:
        """The newest request that shows this short code, as people type it."""
        ...

    async def onboarding(self, onboarding_id: str) -> Onboarding | None: ...

    async def onboarding_by_link(self, digest: str) -> Onboarding | None: ...

    async def onboarding_of(self, tenant_id: str) -> Onboarding | None:
        """The newest onboarding of a tenant."""
        ...

    async def open_requests(self, org: str = "") -> tuple[ConsentRequest, ...]:
        """Those about apps of one org, or of all orgs; the oldest first."""
        ...

    async def requests_for(self, app: AppRef) -> tuple[ConsentRequest, ...]:
        """Every request of one app that is still kept, oldest first."""
        ...

    async def delivery(self, key: str) -> Delivery | None: ...

    async def deliveries(self, keys: Sequence[str]) -> Mapping[str, Delivery]:
        """Those of `keys` that are there and can be read, in one call."""
        ...

    async def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Keys of what is due, or was being sent when its lease ran out; oldest first."""
        ...

    async def take_due(self, now: datetime, limit: int, hold: timedelta) -> tuple[str, ...]:
        """The same, each handed out once: for `hold` nobody else is given it."""
        ...

    async def set_aside(self, key: str, until: datetime) -> None:
        """Leave a delivery that cannot be read out of `due` until then. Its record stays."""
        ...

    async def incidents(self) -> Mapping[str, Incident]:
        """What keeps messages from getting through, by place."""
        ...

    async def settle(self) -> None:
        """Return when all that was written before is on as many replicas as is asked for.

        Raises NotDurable.
        """
        ...

    async def due_entries(self, now: datetime, limit: int) -> tuple[ScheduleEntry, ...]:
        """Lines of the schedule that are due; each is held for its taker for `schedule.HOLD`."""
        ...

    async def requests_of(self, chat: ChatIdentity) -> tuple[ConsentRequest, ...]:
        """The open requests of one person, oldest first."""
        ...

    async def requests_elsewhere(self, chat: ChatIdentity) -> tuple[ConsentRequest, ...]:
        """The open requests of the same person's accounts on other platforms, oldest first.

        As far as ids and addresses tell (`ConsentRequest.is_known_elsewhere_as`).
        """
        ...

    async def recipient(self, chat: ChatIdentity) -> Recipient | None: ...

    async def board(self, channel: Channel, org: str = "") -> Board | None:
        """The board of a channel for one Okta org, or for all of them ("")."""
        ...

    async def boards(self) -> tuple[Board, ...]:
        """Every board that was ever kept."""
        ...

    async def history(self) -> tuple[DayCount, ...]:
        """How many apps were in which state on each day, oldest first."""
        ...

    async def save_day(self, day: DayCount) -> None: ...

    async def picture(self, name: str) -> bytes | None:
        """A picture that a message shows, for a quarter of a year."""
        ...

    async def save_picture(self, name: str, png: bytes) -> None: ...

    async def audit(self, limit: int = 100) -> tuple[AuditEntry, ...]:
        """The newest entries, newest first."""
        ...
