"""What is to be told to whom, as data: no words, no platform.

A notice is small and made of names only (ids, refs); whoever writes it out reads the present truth
from the ledger, so a notice that waited in a queue never tells yesterday's news.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bot.domain.people.admins import ChatIdentity, Platform


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel on one platform. `channel_id` is Slack's `C…` or Teams' `19:…@thread.tacv2`."""

    platform: Platform
    channel_id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.channel_id}"


@dataclass(frozen=True, slots=True)
class PersonalLink:
    """Ask one person for one app, as versions did that knew no round with a first message."""

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
class RequestChanged:
    """Change the person's message of request `request_id`: it stands elsewhere now.

    `revision` is that of the request, so each change is told once.
    """

    to: ChatIdentity
    request_id: str
    revision: int
    kind: Literal["request_changed"] = "request_changed"


class Happening(StrEnum):
    """What an operator is told about a request they made; words under `note.<value>`."""

    WRONG_ACCOUNT = "wrong_account"  # somebody signed in with another account
    ROLE_GONE = "role_gone"  # the person is no Global Administrator any more
    REASSIGNED = "reassigned"  # "not me": the next candidate is asked
    NOBODY_LEFT = "nobody_left"  # "not me", and there is no next candidate
    WAIVER_ENDS = "waiver_ends"  # in a week (`subject` is the app)
    ONBOARDED = "onboarded"  # a tenant lets the bot read now (`subject` is the onboarding)


@dataclass(frozen=True, slots=True)
class OperatorNote:
    """Tell the operator who asked. `subject` is a request's id; `round` keeps repetitions apart."""

    to: ChatIdentity
    happened: Happening
    subject: str
    round: str = ""
    kind: Literal["operator_note"] = "operator_note"


@dataclass(frozen=True, slots=True)
class Introduction:
    """Bring the Global Administrator together with an Okta admin for the app of `request_id`."""

    to: ChatIdentity
    partner: ChatIdentity
    request_id: str
    kind: Literal["introduction"] = "introduction"


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

    `round` names the occasion (a local date), `requests` what it names; `also` are those that it
    only links to, and so many `more` there are besides `requests`. `reason`, `window` and `tone`
    are the values of `reminders.Reason`, `campaign.WindowName` and `campaign.Tone`: from them the
    message answers "why am I getting this?".
    """

    to: ChatIdentity
    round: str
    requests: tuple[str, ...]
    reason: str
    window: str
    tone: str
    more: int = 0
    also: tuple[str, ...] = ()
    kind: Literal["personal_round"] = "personal_round"

    @property
    def links_to(self) -> tuple[str, ...]:
        """All that it has a link for."""
        return self.requests + self.also


@dataclass(frozen=True, slots=True)
class ChannelNudge:
    """Tell a channel, in its board's thread, what changed since `since` (ISO 8601, UTC).

    `org` is that of the board: one Okta org, or "" for all of them. What came after `until` is the
    next one's ("": there is none).
    """

    to: Channel
    since: str
    org: str = ""
    until: str = ""
    kind: Literal["channel_nudge"] = "channel_nudge"


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """Tell a channel how fast the migration goes; `round` names the occasion (week or minute).

    `org` is one Okta org, or "" for all of them.
    """

    to: Channel
    round: str
    org: str = ""
    kind: Literal["channel_report"] = "channel_report"


@dataclass(frozen=True, slots=True)
class OperatorDigest:
    """Tell one operator which apps are close to their date, and which are stuck.

    `round` names the occasion (a local date), `window` the most urgent of those that are close
    (`campaign.WindowName`; "": none is).
    """

    to: ChatIdentity
    round: str
    window: str
    kind: Literal["operator_digest"] = "operator_digest"


Notice = (
    PersonalLink
    | ChannelReminder
    | RequestChanged
    | OperatorNote
    | Introduction
    | Alarm
    | PersonalRound
    | ChannelNudge
    | ChannelReport
    | OperatorDigest
)


def key_of(notice: Notice) -> str:
    """The stable key of a notice: the same thing told to the same place has the same key."""
    match notice:
        case PersonalLink(to, request_id):
            return f"link:{request_id}:{to}"
        case ChannelReminder(to, round):
            return f"reminder:{round}:{to}"
        case RequestChanged(to, request_id, revision):
            return f"changed:{request_id}:{revision}:{to}"
        case OperatorNote(to, happened, subject, round):
            return f"note:{happened}:{subject}:{round}:{to}"
        case Introduction(to, partner, request_id):
            return f"introduction:{request_id}:{to}:{partner}"
        case Alarm(to, about, code, on):
            return f"alarm:{about}:{code}:{on}:{to}"
        case PersonalRound(to, round):
            return f"round:{round}:{to}"
        case ChannelNudge(to, since, org):
            return f"nudge:{since}:{to}" + (f":{org}" if org else "")
        case ChannelReport(to, round, org):
            return f"report:{round}:{to}" + (f":{org}" if org else "")
        case OperatorDigest(to, round):
            return f"digest:{round}:{to}"
