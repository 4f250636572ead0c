"""One app as it stands in the ledger: what it is, what is known of it, and who can do it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.evidence.assessment import assess
from bot.domain.evidence.rules import Evidence
from bot.domain.evidence.verdict import Assessment, State
from bot.domain.inventory.apps import Office365App, Tenant
from bot.domain.inventory.waivers import Waiver

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AppRecord:
    """An app with its evidence.

    `scanned_at` is the last look at the app in Okta (UTC), None if there was none; `microsoft_at`
    the last one at its tenant. `tenant` is None while the app's Entra tenant could not be
    discovered. `request_id` names the open consent request, "" when nobody is asked. `revision`
    counts changes; 0: never stored. `assessed_at` is the moment that the last verdict was taken for
    (None: the last look). `waiver` is the last one, over or not.
    """

    app: Office365App
    evidence: tuple[Evidence, ...] = ()
    tenant: Tenant | None = None
    scanned_at: datetime | None = None
    request_id: str = ""
    revision: int = 0
    microsoft_at: datetime | None = None
    assessed_at: datetime | None = None
    waiver: Waiver | None = None

    @property
    def told_at(self) -> datetime:
        """The moment (UTC) that lists show it at, until it is taken up again."""
        at = self.assessed_at or self.scanned_at
        return at or max((e.seen_at for e in self.evidence), default=NEVER)

    @property
    def verdict(self) -> Assessment:
        """The last verdict that was taken."""
        return self.assessed(self.told_at)

    @property
    def is_waived(self) -> bool:
        """Whether it was accepted as it is, by the last verdict."""
        return self.waiver is not None and self.waiver.holds(self.told_at)

    @property
    def holds_until(self) -> datetime | None:
        """Until when (UTC) all of that stays as it is if nothing new is seen."""
        verdict = self.verdict.holds_until
        ends = [verdict] if verdict is not None and verdict > self.told_at else []
        if self.waiver is not None and self.is_waived:
            ends.append(self.waiver.next_at)
        return min(ends, default=None)

    def assessed(self, now: datetime) -> Assessment:
        """What the evidence adds up to at `now` (UTC); the same until its `holds_until`."""
        return assess(self.evidence, now)

    def state(self, now: datetime) -> State:
        """What the app needs at `now` (UTC)."""
        return self.assessed(now).state

    @property
    def tenant_id(self) -> str:
        """ "" while the tenant is not known."""
        return self.tenant.id if self.tenant else ""


@dataclass(frozen=True, slots=True)
class OrgScan:
    """The latest look at one Okta org, and what the next one goes on from. Times are UTC.

    `finished_at` is the end of the last look that went through, so it gives the inventory its age
    also while another look is under way or after one failed; None before the first. `done` of
    `apps` are looked at; `full` says that each of them is read, changed or not. `failure` is what
    stopped the latest look, in words free of secrets; "" when nothing did. `log_cursor` is where
    the System Log goes on, `admins_at` when the org's admins were last asked for.
    """

    org: str
    started_at: datetime
    finished_at: datetime | None = None
    apps: int = 0
    failure: str = ""
    done: int = 0
    full: bool = False
    log_cursor: str = ""
    admins_at: datetime | None = None

    @property
    def is_under_way(self) -> bool:
        """True while it runs, and when it died on the way: then the next one goes on with it."""
        ended = self.finished_at is not None and self.finished_at >= self.started_at
        return not (ended or self.failure)
