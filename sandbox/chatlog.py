"""What was said in the pretend chat platforms: conversations and messages as plain data.

Both platforms write here and nowhere else; the page, the tests and the walk only read. Every
change raises `ChatLog.revision` and wakes those who wait, so that nobody has to sleep and hope.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

Platform = Literal["slack", "teams"]
Kind = Literal["channel", "dm"]
Json = dict[str, Any]
T = TypeVar("T")


@dataclass
class Message:
    """One message as the platform keeps it.

    `id` is Slack's `ts` or the Teams activity id. `sent_at` and `edited_at` are aware UTC.
    """

    id: str
    author: str
    """The name people see."""
    author_id: str
    """Slack user id, or the Teams `29:`/`28:` id."""
    sent_at: datetime
    text: str = ""
    """Slack mrkdwn or Teams text as the sender wrote it; the notification text beside blocks."""
    blocks: list[Json] | None = None
    card: Json | None = None
    views: dict[str, Json] = field(default_factory=dict)
    """Teams id -> the card that this one person sees instead, since they pressed a button on it."""
    thread: str | None = None
    """The id of the message this one replies to; None at the top level."""
    only_for: str | None = None
    """The one person who sees it (an ephemeral message, or a notice of the client itself)."""
    answers: str | None = None
    """The id of the command that it answers, where the platform ties them."""
    edited_at: datetime | None = None
    metadata: Json | None = None
    from_bot: bool = False
    unfurl_links: bool = False
    unfurl_media: bool = True


@dataclass
class Conversation:
    """A channel, or a conversation of a few (`who` holds the people's platform ids)."""

    id: str
    platform: Platform
    kind: Kind
    name: str
    who: tuple[str, ...] = ()
    messages: list[Message] = field(default_factory=list)
    pinned: list[str] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    """Ids of the messages that were taken away."""

    def message(self, message_id: str) -> Message | None:
        """The message with this id, or None when it never was or has been deleted."""
        return next((m for m in self.messages if m.id == message_id), None)


class ChatLog:
    """All conversations of both platforms, oldest message first."""

    def __init__(self) -> None:
        self.revision = 0
        self.closed = False
        self._conversations: dict[str, Conversation] = {}
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[Conversation]:
        return iter(tuple(self._conversations.values()))

    def open(self, conversation: Conversation) -> Conversation:
        """Add the conversation, or return the one that already has its id."""
        known = self._conversations.setdefault(conversation.id, conversation)
        if known is conversation:
            self.touch()
        return known

    def get(self, conversation_id: str) -> Conversation | None:
        """The conversation with this id, or None."""
        return self._conversations.get(conversation_id)

    def dm(self, platform: Platform, *who: str) -> Conversation | None:
        """The direct conversation between the bot and exactly these people, if there is one."""
        wanted = tuple(sorted(who))
        return next(
            (c for c in self if c.platform == platform and c.kind == "dm" and c.who == wanted),
            None,
        )

    def add(self, conversation: Conversation, message: Message) -> Message:
        """Post the message."""
        conversation.messages.append(message)
        self.touch()
        return message

    def remove(self, conversation: Conversation, message: Message) -> None:
        """Delete the message."""
        conversation.messages.remove(message)
        conversation.deleted.add(message.id)
        self.touch()

    def touch(self) -> None:
        """Say that something changed (a message was edited in place, an app changed its state)."""
        self.revision += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """Wake everybody for the last time; who follows the log ends when it is `closed`."""
        self.closed = True
        self.touch()

    async def changed(self, since: int) -> int:
        """Wait until the revision is above `since`; the new revision."""
        while self.revision <= since:
            await self._changed.wait()
        return self.revision

    async def wait_for(self, predicate: Callable[[], T | None], within: float = 45.0) -> T:
        """The first truthy value of `predicate`, tried now and after every change.

        Raises TimeoutError, with the last lines of every conversation, after `within` seconds.
        """
        loop = asyncio.get_running_loop()
        give_up = loop.time() + within
        while True:
            seen = self.revision
            if value := predicate():
                return value
            try:
                async with asyncio.timeout_at(give_up):
                    await self.changed(seen)
            except TimeoutError:
                raise TimeoutError(f"waited {within:g} s in vain; {self.tail()}") from None

    def tail(self, count: int = 3) -> str:
        """The last messages of each conversation in one line, for error messages."""
        return "; ".join(
            f"{c.platform} {c.name}: " + " | ".join(m.text[:80] for m in c.messages[-count:])
            for c in self
            if c.messages
        )
