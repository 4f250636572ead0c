"""What deciding about reminders is about: the policy, what is open for whom, and the intents.

An intent is data with a stable key and a reason; whoever carries it out twice is seen once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.notices import PersonalRound
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import Calendar, Calendars


class Reason(StrEnum):
    """Why somebody is told; words under `reason.<value>`."""

    ASKED = "asked"  # the first message about some of it
    NOW = "now"  # an operator had it sent at once
    ROUND = "round"  # the cadence
    LAST_CALL = "last_call"  # the last working day before the date
    SNOOZE_ENDED = "snooze_ended"  # they asked to hear again now
    NOTHING_FOLLOWED = "nothing_followed"  # taken on, but nothing happened since
    NOT_SEEN = "not_seen"  # said to be saved, but neither Okta nor Microsoft shows it
    IGNORED = "ignored"  # several rounds without an answer: somebody else is asked
    AWAY = "away"  # they are away for too long to wait: somebody else is asked
    AGAIN = "again"  # nobody was left weeks ago: who was asked first is asked once more


@dataclass(frozen=True)
class Policy:
    """How to reach people; the defaults are measured (docs/reminding.md). Days are working days.

    `per_week` counts messages in seven days, whatever they are. The first `early_rounds` reminders
    of an app come `early_every` days after the message before, where its window is not quicker;
    what comes after them has the window's pace. After `ignored_rounds` messages without an answer,
    the first one counted, the next candidate is asked. With more than `ask_again_left` days left
    and nobody left to ask, the first ones are asked once more after `ask_again_after`. `patience`
    is how long somebody who acted is left alone, `notice` how long the tone stays calm,
    `longest_absence` how long an absence is waited for once the date is past. `gather` is how long
    a first message waits for others to the same person, `jitter` spreads the mornings. In `a_day`
    one person can do so many apps: nobody is given more than that until the date.
    """

    campaign: Campaign
    calendars: Calendars
    per_week: int = 3
    early_rounds: int = 2
    early_every: int = 2
    ignored_rounds: int = 2
    ask_again_after: timedelta = timedelta(weeks=4)
    ask_again_left: int = 20
    patience: int = 3
    notice: int = 2
    longest_absence: int = 5
    gather: timedelta = timedelta(minutes=5)
    jitter: timedelta = timedelta(minutes=20)
    a_day: int = 4

    def can_do(self, calendar: Calendar, now: datetime, on: date) -> int:
        """How many apps one person can do until then; what is overdue has a week of theirs."""
        left = calendar.days_left(calendar.today(now), on)
        return self.a_day * (max(left, 1) if left >= 0 else len(calendar.hours.days))

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
        """Whether the person has something to do about it, or is to be told that they have."""
        return self.request.stage.is_open and self.state in _WANTS_CONSENT

    @property
    def first(self) -> bool:
        """Whether it waits for the first message about it."""
        return self.request.stage is Stage.REQUESTED

    def stuck(self, why: Reason) -> bool:
        """Whether the operators were told that nobody is left to ask, for this reason."""
        return self.request.stuck is not None and self.request.stuck.why == why


_WANTS_CONSENT = frozenset(state for state in State if state.wants_consent)


@dataclass(frozen=True, slots=True)
class Worklist:
    """One person, and everything that waits for them.

    `owed`: an operator who has not heard yet of what is stuck.
    """

    recipient: Recipient
    items: tuple[Open, ...]
    owed: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decision rests on."""

    people: Sequence[Worklist]


@dataclass(frozen=True, slots=True)
class SendRound:
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
class Escalate:
    """Ask the next candidate instead; when there is none, the operators. `at` is UTC."""

    to: ChatIdentity
    request_id: str
    app: AppRef
    app_label: str
    reason: Reason
    at: datetime

    @property
    def key(self) -> str:
        return f"escalate:{self.request_id}"


Intent = SendRound | Escalate
