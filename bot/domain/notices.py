"""What is to be told to whom, as data: no words, no platform.

A notice is small and made of names only (ids, refs); whoever writes it out reads the present truth
from the ledger, so a notice that waited in a queue never tells yesterday's news.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.domain.people import ChatIdentity, Platform


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel on one platform. `channel_id` is Slack's `C…` or Teams' `19:…@thread.tacv2`."""

    platform: Platform
    channel_id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.channel_id}"


@dataclass(frozen=True, slots=True)
class PersonalLink:
    """Ask one person for one app: the message with the personal link of request `request_id`."""

    to: ChatIdentity
    request_id: str
    kind: Literal["personal_link"] = "personal_link"


@dataclass(frozen=True, slots=True)
class ChannelReminder:
    """Tell a channel where the migration stands. `round` names the occasion (a local date)."""

    to: Channel
    round: str
    kind: Literal["channel_reminder"] = "channel_reminder"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Change the person's message of request `request_id`: it was taken on."""

    to: ChatIdentity
    request_id: str
    kind: Literal["acknowledged"] = "acknowledged"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Tell one operator what stops messages from getting through, and who must act.

    `about` is the place that is in trouble (a platform, a channel) or the request that could not be
    delivered; `code` is the error's stable code; `on` names the occasion, so that it is told once.
    """

    to: ChatIdentity
    about: str
    code: str
    on: str
    kind: Literal["alarm"] = "alarm"


@dataclass(frozen=True, slots=True)
class PersonalRound:
    """Remind one person of everything that waits for them, in one message.

    `round` names the occasion (a local date), `requests` what it is about. `reason`, `window` and
    `tone` are the values of `reminders.Reason`, `campaign.WindowName` and `campaign.Tone`: from
    them the message answers "why am I getting this?".
    """

    to: ChatIdentity
    round: str
    requests: tuple[str, ...]
    reason: str
    window: str
    tone: str
    kind: Literal["personal_round"] = "personal_round"


@dataclass(frozen=True, slots=True)
class ChannelNudge:
    """Tell a channel, in its board's thread, what changed since `since` (ISO 8601, UTC)."""

    to: Channel
    since: str
    kind: Literal["channel_nudge"] = "channel_nudge"


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """Tell a channel how fast the migration goes; `round` names the occasion (week or minute)."""

    to: Channel
    round: str
    kind: Literal["channel_report"] = "channel_report"


Notice = (
    PersonalLink
    | ChannelReminder
    | Acknowledged
    | Alarm
    | PersonalRound
    | ChannelNudge
    | ChannelReport
)


def key_of(notice: Notice) -> str:
    """The stable key of a notice: the same thing told to the same place has the same key."""
    match notice:
        case PersonalLink(to, request_id):
            return f"link:{request_id}:{to}"
        case ChannelReminder(to, round):
            return f"reminder:{round}:{to}"
        case Acknowledged(to, request_id):
            return f"acknowledged:{request_id}:{to}"
        case Alarm(to, about, code, on):
            return f"alarm:{about}:{code}:{on}:{to}"
        case PersonalRound(to, round):
            return f"round:{round}:{to}"
        case ChannelNudge(to, since):
            return f"nudge:{since}:{to}"
        case ChannelReport(to, round):
            return f"report:{round}:{to}"
