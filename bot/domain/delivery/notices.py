"""What is to be told to whom, as data: no words, no platform; each kind with its traits.

A notice is small and made of names only (ids, refs); whoever writes it out reads the present truth
from the ledger, so a notice that waited in a queue never tells yesterday's news.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Literal, Self, get_args

from bot.domain.delivery.kinds import BaseNotice, Method, Promise, SendTime, Traits
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.news import News, NewsKind
from bot.domain.people.recipients import Recipient


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel on one platform. `channel_id` is Slack's `C…` or Teams' `19:…@thread.tacv2`."""

    platform: Platform
    channel_id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.channel_id}"


@dataclass(frozen=True, slots=True)
class PersonalLink(BaseNotice):
    """Ask one person for one app, as versions did that knew no round with a first message."""

    to: ChatIdentity
    request_id: str
    kind: Literal["personal_link"] = "personal_link"
    traits: ClassVar[Traits] = Traits(
        SendTime.AT_ONCE,
        "the first message, as earlier versions sent it; no longer planned",
        # A link that never comes stops the migration; the link of the first copy is void.
        Promise.NEVER_LOST,
        counts=True,
    )

    @property
    def key(self) -> str:
        return f"link:{self.request_id}:{self.to}"

    @property
    def is_first(self) -> bool:
        return True

    @property
    def links_to(self) -> tuple[str, ...]:
        return (self.request_id,)


@dataclass(frozen=True, slots=True)
class ChannelReminder(BaseNotice):
    """Tell a channel where the migration stands. `round` names the occasion (a local date)."""

    to: Channel
    round: str
    kind: Literal["channel_reminder"] = "channel_reminder"
    traits: ClassVar[Traits] = Traits(
        SendTime.AT_ONCE,
        "an operator asked for it, and confirmed",
        # Twice the same in a channel of hundreds is noise.
        Promise.NEVER_TWICE,
    )

    @property
    def key(self) -> str:
        return f"reminder:{self.round}:{self.to}"


@dataclass(frozen=True, slots=True)
class RequestChanged(BaseNotice):
    """Change the person's message of request `request_id`: it stands elsewhere now.

    `revision` is that of the request, so each change is told once.
    """

    to: ChatIdentity
    request_id: str
    revision: int
    kind: Literal["request_changed"] = "request_changed"
    traits: ClassVar[Traits] = Traits(
        SendTime.AT_ONCE,
        "edits an existing message, which notifies nobody",
        # The same change made twice is seen once.
        Promise.NEVER_LOST,
        Method.CHANGE,
    )

    @property
    def key(self) -> str:
        return f"changed:{self.request_id}:{self.revision}:{self.to}"


# Values of `bot.domain.campaign.intents.Reason`: messages that first tell of an app.
ASKED, NOW = "asked", "now"


@dataclass(frozen=True, slots=True)
class OperatorNote(BaseNotice):
    """Tell the operator who asked, as versions did whose digest had no news.

    `subject` is a request's id; `round` keeps repetitions apart.
    """

    to: ChatIdentity
    happened: NewsKind
    subject: str
    round: str = ""
    kind: Literal["operator_note"] = "operator_note"
    traits: ClassVar[Traits] = Traits(
        SendTime.AT_WORK,
        "what came of something, as earlier versions sent it; no longer planned",
        Promise.NEVER_LOST,
        others_if_lost=True,
    )

    @property
    def key(self) -> str:
        return f"note:{self.happened}:{self.subject}:{self.round}:{self.to}"

    def for_other(self, account: ChatIdentity) -> Self:
        return replace(self, to=account)


@dataclass(frozen=True, slots=True)
class Introduction(BaseNotice):
    """Bring the Global Administrator together with an Okta admin for the apps of both.

    Which these are is seen when it is written; it was asked for at the app of `request_id` first.
    """

    to: ChatIdentity
    partner: ChatIdentity
    request_id: str
    kind: Literal["introduction"] = "introduction"
    traits: ClassVar[Traits] = Traits(
        SendTime.AT_WORK,
        "one of the two pressed a button, the other is disturbed: when both are at work, or if "
        "they never are at the same time, when the other is",
        # Somebody asked for it and waits.
        Promise.NEVER_LOST,
        Method.TOGETHER,
        can_be_alone=True,
        counts=True,
    )

    @property
    def key(self) -> str:
        return f"introduction:{self.request_id}:{self.to}:{self.partner}"

    @property
    def people(self) -> tuple[ChatIdentity, ...]:
        return (self.partner,)


@dataclass(frozen=True, slots=True)
class Alarm(BaseNotice):
    """Tell one operator what stops messages from getting through, and who must act.

    `about` is the place that is in trouble (a platform, a channel) or the request that could not be
    delivered; `code` is the error's stable code; `on` names the occasion, so that it is told once.
    """

    to: ChatIdentity
    about: str
    code: str
    on: str
    kind: Literal["alarm"] = "alarm"
    traits: ClassVar[Traits] = Traits(
        SendTime.AT_ONCE,
        "no message gets through until they act; trouble outside of chat waits for their working "
        "hours",
        # Somebody has to act on it.
        Promise.NEVER_LOST,
        once_per_person=True,
        is_report=True,
    )

    @property
    def key(self) -> str:
        return f"alarm:{self.about}:{self.code}:{self.on}:{self.to}"

    def for_other(self, account: ChatIdentity) -> Self:
        return replace(self, to=account)

    @property
    def send_time(self) -> SendTime:
        of_chat = self.about.partition(":")[0] in list(Platform)
        return self.traits.send_time if of_chat else SendTime.AT_WORK


@dataclass(frozen=True, slots=True)
class PersonalRound(BaseNotice):
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
    traits: ClassVar[Traits] = Traits(
        SendTime.DECIDED,
        "asks and reminds; at once only when an operator said “now”, and it says so",
        # The next one comes by itself, with links made anew; the first one is never lost.
        Promise.NEVER_TWICE,
        counts=True,
    )

    @property
    def key(self) -> str:
        return f"round:{self.round}:{self.to}"

    @property
    def send_time(self) -> SendTime:
        return SendTime.AT_ONCE if self.reason == NOW else self.traits.send_time

    @property
    def promise(self) -> Promise:
        return Promise.NEVER_LOST if self.is_first else self.traits.when_unknown

    @property
    def day(self) -> str:
        return "" if self.reason == NOW else self.round

    @property
    def is_first(self) -> bool:
        return self.reason in (ASKED, NOW)

    @property
    def links_to(self) -> tuple[str, ...]:
        return self.requests + self.also


@dataclass(frozen=True, slots=True)
class ChannelNudge(BaseNotice):
    """Tell a channel, in its board's thread, what changed since `since` (ISO 8601, UTC).

    `org` is that of the board: one Okta org, or "" for all of them. What came after `until` is the
    next one's ("": there is none).
    """

    to: Channel
    since: str
    org: str = ""
    until: str = ""
    kind: Literal["channel_nudge"] = "channel_nudge"
    traits: ClassVar[Traits] = Traits(
        SendTime.DECIDED,
        "planned for the organisation's working hours: all changes in one reply",
        # The next one comes by itself; twice the same in a channel of hundreds is noise.
        Promise.NEVER_TWICE,
        Method.REPLY,
    )

    @property
    def key(self) -> str:
        return f"nudge:{self.since}:{self.to}" + (f":{self.org}" if self.org else "")


@dataclass(frozen=True, slots=True)
class ChannelReport(BaseNotice):
    """Tell a channel how fast the migration goes; `round` names the occasion (week or minute).

    `org` is one Okta org, or "" for all of them.
    """

    to: Channel
    round: str
    org: str = ""
    kind: Literal["channel_report"] = "channel_report"
    traits: ClassVar[Traits] = Traits(
        SendTime.DECIDED,
        "planned for the organisation's first working hour of a week, or an operator asked for it",
        # The next one comes by itself; twice the same in a channel of hundreds is noise.
        Promise.NEVER_TWICE,
    )

    @property
    def key(self) -> str:
        return f"report:{self.round}:{self.to}" + (f":{self.org}" if self.org else "")


@dataclass(frozen=True, slots=True)
class OperatorDigest(BaseNotice):
    """Tell one operator which apps are close to their date, which are stuck, and what is new.

    `round` names the occasion (a local date), `window` the most urgent of those that are close
    (`campaign.WindowName`; "": none is). `news_only`: they asked for something, and are none of
    those whom the settings name.
    """

    to: ChatIdentity
    round: str
    window: str
    news: tuple[News, ...] = ()
    news_only: bool = False
    kind: Literal["operator_digest"] = "operator_digest"
    traits: ClassVar[Traits] = Traits(
        SendTime.DECIDED,
        "lists all apps at once, in the operator's working hours, and counts towards their week",
        # The next one comes by itself.
        Promise.NEVER_TWICE,
        once_per_person=True,
        counts=True,
    )

    @property
    def key(self) -> str:
        return f"digest:{self.round}:{self.to}"

    def for_other(self, account: ChatIdentity) -> Self:
        return replace(self, to=account)

    @property
    def day(self) -> str:
        return self.round

    def told(self, recipient: Recipient, at: datetime) -> Recipient:
        return recipient.told_of_all(at, self.news)

    @property
    def inherited(self) -> tuple[News, ...]:
        return tuple(replace(one, inherited=True) for one in self.news if not one.inherited)


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

ASKING = ("link:", "round:")
"""With these begin the keys of all that asks somebody for something."""

KINDS: tuple[type[BaseNotice], ...] = get_args(Notice)
