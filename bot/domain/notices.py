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


Notice = PersonalLink | ChannelReminder | Acknowledged | Alarm


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
