"""One app as it stands in the ledger: what it is, what is known of it, and who can do it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.apps import Office365App, Tenant
from bot.domain.evidence import Assessment, Evidence, State, assess


@dataclass(frozen=True, slots=True)
class AppRecord:
    """An app with its evidence.

    `scanned_at` is the last complete look (UTC), None if there was none. `tenant` is None while the
    app's Entra tenant could not be discovered. `request_id` names the open consent request, "" when
    nobody is asked. `revision` counts changes; 0: never stored.
    """

    app: Office365App
    evidence: tuple[Evidence, ...] = ()
    tenant: Tenant | None = None
    scanned_at: datetime | None = None
    request_id: str = ""
    revision: int = 0

    @property
    def assessment(self) -> Assessment:
        return assess(self.evidence)

    @property
    def state(self) -> State:
        return self.assessment.state


@dataclass(frozen=True, slots=True)
class OrgScan:
    """How the last look at one Okta org went. Times are UTC.

    `failure` is what stopped it, in words free of secrets; "" when it went through.
    """

    org: str
    started_at: datetime
    finished_at: datetime | None = None
    apps: int = 0
    failure: str = ""
