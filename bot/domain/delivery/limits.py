"""What the chat platforms allow: how often one conversation, and how often all of them together.

The numbers are Slack's and Microsoft's own (docs.slack.dev, "Rate limits"; Microsoft Learn,
"Optimize your bot with rate limiting in Teams"). Slack does not publish the quota of a whole
workspace ("several hundred messages per minute"), so that one is a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.domain.delivery.kinds import Method
from bot.domain.delivery.notices import Notice
from bot.domain.people.admins import Platform


@dataclass(frozen=True, slots=True)
class Window:
    """At most `messages` within any `span`."""

    messages: int
    span: timedelta


SLACK_CHANNEL = (Window(1, timedelta(seconds=1)),)
TEAMS_CONVERSATION = (
    Window(7, timedelta(seconds=1)),
    Window(8, timedelta(seconds=2)),
    Window(60, timedelta(seconds=30)),
    Window(1800, timedelta(hours=1)),
)


class Call(StrEnum):
    """The calls of a platform that have a quota of their own."""

    SEND = "send"
    CHANGE = "change"
    SEARCH = "look"


@dataclass(frozen=True, slots=True)
class Pacing:
    """The limits that one call keeps.

    `shared` names the quota that it has in common with all calls of its kind, which are spread
    evenly, one `every` so often; `conversation` names the one that `windows` are counted for ("":
    none is). A pause of `platform` or of `shared` holds the call as well.
    """

    platform: str
    shared: str
    every: timedelta
    conversation: str = ""
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many calls of each kind all conversations together may make: count and span."""

    slack: Mapping[Call, Window]
    teams: Window
    mail: Window


DEFAULT = Quotas(
    slack={
        Call.SEND: Window(300, timedelta(minutes=1)),
        Call.CHANGE: Window(50, timedelta(minutes=1)),  # chat.update is of tier 3
        Call.SEARCH: Window(50, timedelta(minutes=1)),  # conversations.history too
    },
    teams=Window(30, timedelta(seconds=1)),
    mail=Window(30, timedelta(minutes=1)),  # what Exchange Online takes from one sender
)


def call_of(notice: Notice) -> Call:
    """How a notice reaches its place."""
    return Call.CHANGE if notice.traits.method is Method.CHANGE else Call.SEND


def pacing(notice: Notice, call: Call, quotas: Quotas) -> Pacing:
    """The limits for making `call` about `notice`."""
    match notice.to.platform:
        case Platform.SLACK:
            return Pacing(
                Platform.SLACK,
                f"{Platform.SLACK}:{call}",
                _every(quotas.slack[call]),
                # Only a new message counts for the channel; the other calls have their tier alone.
                *((str(notice.to), SLACK_CHANNEL) if call is Call.SEND else ()),
            )
        case Platform.TEAMS:
            return Pacing(
                Platform.TEAMS,
                f"{Platform.TEAMS}:all",
                _every(quotas.teams),
                str(notice.to),
                TEAMS_CONVERSATION,
            )
        case Platform.MAIL:
            return Pacing(Platform.MAIL, f"{Platform.MAIL}:all", _every(quotas.mail))


def _every(quota: Window) -> timedelta:
    """The distance that keeps the quota in any span, wherever it begins.

    Calls are spread over slots and may lie anywhere in theirs, so a span can hold one more than
    the slots that fit into it: the distance is made for one less.
    """
    return quota.span / max(quota.messages - 1, 1)
