"""What deciding about reminders is about: the policy, what is open for whom, and the intents.

An intent is data with a stable key and a reason; whoever carries it out twice is seen once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.domain.apps import AppRef
from bot.domain.calendar import Calendars
from bot.domain.campaign import Campaign, Deadline
from bot.domain.consent import ConsentRequest, Stage
from bot.domain.notices import PersonalRound
from bot.domain.people import ChatIdentity
from bot.domain.recipients import Recipient
from bot.domain.verdict import State


class Reason(StrEnum):
    """Why somebody is told; words under `reason.<value>`."""

    ROUND = "round"  # the window's cadence
    LAST_CALL = "last_call"  # the last working day before the date
    SNOOZE_ENDED = "snooze_ended"  # they asked to hear again now
    NOTHING_FOLLOWED = "nothing_followed"  # taken on, but nothing happened since
    NOT_SEEN = "not_seen"  # said to be saved, but neither Okta nor Microsoft shows it
    IGNORED = "ignored"  # several rounds without an answer: somebody else is asked
    AWAY = "away"  # they are away for too long to wait: somebody else is asked


@dataclass(frozen=True)
class Policy:
    """How to remind. `patience` and `notice` are in working days, `jitter` spreads the mornings.

    `ignored_rounds` counts the first message as one.
    """

    campaign: Campaign
    calendars: Calendars
    per_week: int = 3
    ignored_rounds: int = 4
    patience: int = 3
    notice: int = 2
    longest_absence: int = 5
    jitter: timedelta = timedelta(minutes=20)
    due_days: dict[tuple[int, date, date, date], tuple[date, date | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def deadline(self, request: ConsentRequest) -> Deadline:
        """The date that a request runs against."""
        return self.campaign.deadline_for(request.app, request.tenant_id)


@dataclass(frozen=True, slots=True)
class Open:
    """An open request and what is known of its app now."""

    request: ConsentRequest
    state: State

    @property
    def waits(self) -> bool:
        """Whether the person, who was reached, has something to do about it."""
        return self.request.stage in _REACHED and self.state in _WANTS_CONSENT

    @property
    def matter(self) -> str:
        """What can get stuck. Whoever acts on it, or says something, makes it another one."""
        said = self.request.answered_at
        since = f":{said.isoformat()}" if said is not None else ""
        return f"{self.request.id}:{self.request.stage.value}{since}"

    @property
    def away(self) -> str:
        """The same while the person is away: it is in their hands again when they are back."""
        return f"{self.matter}:away"


_WANTS_CONSENT = frozenset(state for state in State if state.wants_consent)
_REACHED = frozenset({Stage.DELIVERED, Stage.ACKNOWLEDGED, Stage.SAVED})


@dataclass(frozen=True, slots=True)
class Standing:
    """One person, and everything that waits for them."""

    recipient: Recipient
    items: tuple[Open, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decision rests on."""

    people: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class Remember:
    """Send one person a round. `at` is UTC."""

    notice: PersonalRound
    at: datetime

    @property
    def to(self) -> ChatIdentity:
        return self.notice.to

    @property
    def reason(self) -> Reason:
        return Reason(self.notice.reason)

    @property
    def key(self) -> str:
        return f"round:{self.notice.round}:{self.to}"


@dataclass(frozen=True, slots=True)
class Sideways:
    """Ask the next candidate instead; when there is none, the operators. `at` is UTC."""

    to: ChatIdentity
    request_id: str
    app: AppRef
    app_label: str
    reason: Reason
    at: datetime

    @property
    def key(self) -> str:
        return f"sideways:{self.request_id}"


Intent = Remember | Sideways
