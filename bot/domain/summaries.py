"""What a list shows of an app: kept beside its record, so that no list weighs evidence anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, StrEnum

from bot.domain.consent.requests import ConsentRequest
from bot.domain.evidence.verdict import Confidence, State
from bot.domain.inventory.apps import AppRef, Office365App, Tenant
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.waivers import Waiver
from bot.domain.normalization import normalized
from bot.domain.people.prospects import Prospect

# What is most pressing comes first. Open apps that are waived (None) come behind the open ones.
RANKS: tuple[State | None, ...] = (
    State.NEEDS_CONSENT,
    State.NEEDS_SAVE,
    State.NEEDS_REVIEW,
    State.UNREADABLE,
    State.SAID_SAVED,
    None,
    State.MIGRATED,
    State.NOT_APPLICABLE,
)
_WAIVED = RANKS.index(None)

Counts = Mapping[str, Mapping[State | None, int]]
"""How many apps of each org are in which state; None: waived. What is 0 is left out."""


class Part(Enum):
    """A part of the list, by its first rank and the one behind its last."""

    OPEN = (0, _WAIVED)
    WAIVED = (_WAIVED, _WAIVED + 1)
    ALL = (0, len(RANKS))

    def holds(self, summary: AppSummary) -> bool:
        """Whether an app is in it."""
        first, behind = self.value
        return first <= rank_of(summary) < behind


class By(StrEnum):
    """What stands together in a list."""

    URGENCY = "urgency"
    ORG = "org"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is to show: of a part what is in one org, in one state, with one person.

    `person` is a name or an account: of whoever is asked, or would be; `text` stands in the app's
    name, domain or reference, and what it finds is by urgency. "" and None leave nothing out. What
    is waived is in no state.
    """

    part: Part = Part.OPEN
    org: str = ""
    state: State | None = None
    person: str = ""
    by: By = By.URGENCY
    text: str = ""

    @property
    def ranks(self) -> tuple[int, int]:
        """The first rank that is shown, and the one behind the last."""
        if self.state is None or self.part is Part.WAIVED:
            first, behind = self.part.value
            return first, behind
        rank = RANKS.index(self.state)
        return rank, rank + 1

    def holds(self, summary: AppSummary) -> bool:
        """Whether an app is in it, whoever is asked for it."""
        first, behind = self.ranks
        return (
            first <= rank_of(summary) < behind
            and self.org in ("", summary.ref.org)
            and any(normalized(self.text) in name for name in names_of(summary))
        )


EVERY_OPEN = Wanted()


@dataclass(frozen=True, slots=True)
class AppSummary:
    """An app without its evidence: its last verdict, and until when that holds (UTC).

    Of `app`, what Okta answered beyond the documented settings is left out. `waiver` is there only
    while it holds.
    """

    app: Office365App
    state: State
    confidence: Confidence
    tenant: Tenant | None = None
    as_of: datetime | None = None
    holds_until: datetime | None = None
    contradicted: bool = False
    scanned_at: datetime | None = None
    request_id: str = ""
    waiver: Waiver | None = None

    @property
    def ref(self) -> AppRef:
        return self.app.ref

    @property
    def tenant_id(self) -> str:
        """ "" while the tenant is not known."""
        return self.tenant.id if self.tenant else ""

    @property
    def is_open(self) -> bool:
        """True while somebody still has to do or to look at something."""
        return self.state.is_open and self.waiver is None

    @property
    def is_waived(self) -> bool:
        """True while it is accepted as it is; what turns out done in the meantime is done."""
        return self.state.is_open and self.waiver is not None

    @property
    def wants_consent(self) -> bool:
        """True when a Global Administrator can be asked to act on it."""
        return self.state.wants_consent and self.waiver is None


def summary_of(record: AppRecord) -> AppSummary:
    """What lists show of a record."""
    verdict = record.verdict
    return AppSummary(
        app=replace(record.app, other={}, last_updated=""),
        state=verdict.state,
        confidence=verdict.confidence,
        tenant=record.tenant,
        as_of=verdict.as_of,
        holds_until=record.holds_until,
        contradicted=bool(verdict.contradictions),
        scanned_at=record.scanned_at,
        request_id=record.request_id,
        waiver=record.waiver if record.is_waived else None,
    )


def rank_of(summary: AppSummary) -> int:
    """Where it stands: 0 is the most pressing."""
    return RANKS.index(None if summary.is_waived else summary.state)


def names_of(summary: AppSummary) -> tuple[str, str, str]:
    """By what it is searched for: label, domain, reference; as `normalized` has them."""
    return (
        normalized(summary.app.label),
        normalized(summary.app.domain),
        normalized(str(summary.ref)),
    )


def by_urgency(summary: AppSummary) -> tuple[int, str, str, str, str]:
    """A sort key: the most pressing first, then by org, label and domain."""
    app, ref = summary.app, summary.ref
    return (rank_of(summary), ref.org, normalized(app.label), normalized(app.domain), ref.app_id)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list of apps, the most pressing first, and counts of all of them.

    It is page `number` of `pages` of its part. `counts` has no waived ones. `requests` are the open
    ones of what is shown, by id, `prospects` who would be asked for it. `unreachable`: for how many
    apps somebody should be asked, nobody is, and nobody can be. `sizes`: of how many apps the
    groups consist, by org or by the name of a person, where they stand together by these.
    """

    number: int = 1
    pages: int = 1
    counts: Mapping[State, int] = field(default_factory=dict)
    shown: tuple[AppSummary, ...] = ()
    requests: Mapping[str, ConsentRequest] = field(default_factory=dict)
    prospects: Mapping[AppRef, Prospect] = field(default_factory=dict)
    unreachable: int = 0
    waived: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def open(self) -> int:
        """How many are open."""
        return sum(count for state, count in self.counts.items() if state.is_open)

    @property
    def done(self) -> int:
        """How many are migrated."""
        return self.counts.get(State.MIGRATED, 0)
