"""What a kind of notice says of itself: when it may come and why, and how it is delivered.

Each class of `bot.domain.delivery.notices` has `Traits` beside it, and overrides what depends on
the single notice. Who delivers asks the notice; nobody else knows its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from bot.domain.people.admins import ChatIdentity
from bot.domain.people.news import News
from bot.domain.people.recipients import Recipient


class SendTime(StrEnum):
    """When a notice may reach its place."""

    DECIDED = "decided"  # at the moment that the rules of reminding decided, on that day alone
    AT_WORK = "at_work"  # when whoever it is for is at work; until then it waits
    AT_ONCE = "at_once"  # whatever the hour is; its kind says why


class Promise(StrEnum):
    """What is kept when nobody can tell whether a message got through."""

    NEVER_TWICE = "never_twice"  # it counts as sent: it may be missing
    NEVER_LOST = "never_lost"  # it is sent again: it may be there twice


class Method(StrEnum):
    """How it reaches its place."""

    MESSAGE = "message"  # a message of its own
    REPLY = "reply"  # in the thread of the channel's board
    TOGETHER = "together"  # a conversation of several people
    CHANGE = "change"  # a message that is there is changed in place, which notifies nobody


@dataclass(frozen=True, slots=True)
class Traits:
    """What holds for every notice of a kind; `why` says in words why it comes when it does.

    `can_be_alone`: it needs a leave of the platform's that no other message needs, so that a
    refusal says nothing about these. `once_per_person`: whoever has several accounts is told on
    one. `others_if_lost`: where its operator is gone, the others are told. `is_report`: it is about
    refusals, so that another refusal brings no more of it. `counts`: it is a message of the week of
    whom it reaches.
    """

    send_time: SendTime
    why: str
    when_unknown: Promise
    method: Method = Method.MESSAGE
    can_be_alone: bool = False
    once_per_person: bool = False
    others_if_lost: bool = False
    is_report: bool = False
    counts: bool = False


class BaseNotice(ABC):
    """What is asked of a notice, with the answers that most of them give."""

    __slots__ = ()
    traits: ClassVar[Traits]

    @property
    @abstractmethod
    def key(self) -> str:
        """Stable: the same thing told to the same place has the same key."""

    @property
    def send_time(self) -> SendTime:
        return self.traits.send_time

    @property
    def promise(self) -> Promise:
        """What is kept when nobody can tell whether it got through."""
        return self.traits.when_unknown

    @property
    def day(self) -> str:
        """The local date that it is for, "" for none: it is told on that day or not at all."""
        return ""

    @property
    def people(self) -> tuple[ChatIdentity, ...]:
        """Whom it reaches besides its place."""
        return ()

    @property
    def is_first(self) -> bool:
        """Whether it asks for something for the first time."""
        return False

    @property
    def links_to(self) -> tuple[str, ...]:
        """The ids of the requests that it has a link for, and that its outcome moves."""
        return ()

    def for_other(self, account: ChatIdentity) -> Self | None:
        """The same for another account, of its person or of an operator; None: for nobody else."""
        return None

    @property
    def inherited(self) -> tuple[News, ...]:
        """What the other operators hear where this one is gone."""
        return ()

    def told(self, recipient: Recipient, at: datetime) -> Recipient:
        """Somebody whom it reached, once it was told."""
        return recipient.told(at) if self.traits.counts else recipient
