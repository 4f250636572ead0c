"""A chat platform, outward, and where its conversations are. Every method may raise ChatError."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.delivery.notices import Channel
from bot.domain.people.admins import ChatIdentity
from bot.message import Message


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its platform: where it is and what it is called there (opaque)."""

    message_id: str


class Messenger(Protocol):
    """One chat platform, outward. The adapter draws the neutral message in its own form."""

    @property
    def tells(self) -> bool:
        """Whether `find_sent` can tell: where it cannot, None means "nobody knows"."""
        ...

    async def find_person(
        self, addresses: Sequence[str], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        """The accounts of a person, by address or Entra object id; empty when there is none."""
        ...

    async def profile(self, account: ChatIdentity) -> ChatIdentity:
        """The account with name, time zone and language, as far as the platform tells them."""
        ...

    async def send_personal(self, to: ChatIdentity, message: Message, key: str) -> Sent:
        """One direct message. `key` marks it, so that `find_sent` can find it again."""
        ...

    async def post(self, to: Channel, message: Message, key: str, thread: str = "") -> Sent:
        """One channel message, marked with `key`; `thread` is the message that it replies to."""
        ...

    async def pin(self, message_id: str) -> None:
        """Keep a message at hand in its channel. Does nothing where a bot cannot, or may not."""
        ...

    async def update(self, message_id: str, message: Message) -> None:
        """Change a message in place (MessageGone: it no longer exists)."""
        ...

    async def introduce(self, people: Sequence[ChatIdentity], message: Message, key: str) -> Sent:
        """Bring people together over one message, marked with `key`.

        Slack: a group conversation of them and the bot. Teams, where a bot cannot open one: the
        message to each of them.
        """
        ...

    async def find_sent(
        self, to: ChatIdentity | Channel, key: str, thread: str = ""
    ) -> Sent | None:
        """The message that was sent with `key`, if the platform can tell; None otherwise.

        `thread` is the message that it replied to. Raises ScopeMissing where it may not be read.
        """
        ...

    async def keys_since(self, to: ChatIdentity, at: datetime) -> frozenset[str] | None:
        """The keys of all messages that the bot sent them since `at` (UTC).

        None where the platform cannot tell. Raises ScopeMissing where it may not be read.
        """
        ...

    async def messages_after(self, message_id: str, enough: int) -> int | None:
        """How many messages came after this one in its channel, those in threads apart.

        No more than `enough` are counted. None where the platform cannot tell. Raises ScopeMissing
        where it may not be read.
        """
        ...


class Presence(Protocol):
    """When each account was last heard of. Raises StoreError."""

    async def seen(self, account: ChatIdentity, at: datetime) -> None:
        """They wrote or pressed something; kept for some months."""
        ...

    async def last_seen(self, accounts: Sequence[ChatIdentity]) -> Mapping[str, datetime]:
        """By account, as text; whoever was never heard of is left out."""
        ...


@dataclass(frozen=True, slots=True)
class ConversationRef:
    """Where a Teams conversation is reached. `kind` is `personal`, `channel` or `groupChat`.

    `time_zone` and `language` are those of whoever wrote last.
    """

    conversation_id: str
    kind: str
    service_url: str
    tenant_id: str
    bot_id: str
    user_id: str = ""
    object_id: str = ""
    name: str = ""
    time_zone: str = ""
    language: str = ""


class Conversations(Protocol):
    """The Teams conversations that the app was installed in."""

    async def remember(self, ref: ConversationRef) -> None: ...

    async def met(self, ref: ConversationRef) -> None:
        """SendRound it as well, unless this very replica did so with the same ref just now."""
        ...

    async def forget(self, conversation_id: str) -> None: ...

    async def personal(self, object_id: str) -> ConversationRef | None:
        """The 1:1 conversation with a person, by Entra object id."""
        ...

    async def had_app(self, object_id: str) -> bool:
        """Whether a person has the app, or had it within the last months."""
        ...

    async def conversation(self, conversation_id: str) -> ConversationRef | None: ...

    async def save_addresses(self, object_id: str, addresses: Iterable[str]) -> None:
        """Somebody who has the app goes by these addresses (`exact`), as Teams told just now."""
        ...

    async def of_address(self, address: str) -> str:
        """Whose the address was when last told, by Entra object id; "" for nobody's."""
        ...


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report about a mail: its own id, the mail's, and the key of the mail's delivery.

    `key` is "" for a report that does not call a mail of ours undeliverable for good.
    """

    report_id: str
    message_id: str
    key: str


class BounceMailbox(Protocol):
    """The mailbox that undeliverable mail comes back to. Both may raise ChatUnreachable."""

    async def returned(self) -> tuple[Bounce, ...]:
        """The reports that were not noted yet, some at a time."""
        ...

    async def noted(self, returned: Sequence[Bounce]) -> None:
        """They are dealt with."""
        ...
