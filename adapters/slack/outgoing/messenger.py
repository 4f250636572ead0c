"""Messages out to Slack: the Messenger port on the Web API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.outgoing import posting
from adapters.slack.outgoing.answers import Json, lenient, object_of, objects_of, text
from adapters.slack.outgoing.calls import call
from adapters.slack.people import email_of, identity, is_colleague, look_up, user_of
from bot.domain.delivery.notices import Channel
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity
from bot.errors import ChannelUnreachable, ChatError, ChatMisconfigured, PersonUnreachable
from bot.message import Message
from bot.ports.chat import Sent

log = structlog.get_logger(__name__)

EVENT_TYPE = "o365bot_delivery"
"""Marks our deliveries in their metadata (docs.slack.dev/messaging/message-metadata)."""
PAGE = 200
MAX_PAGES = 5
"""How far back `find_sent` looks: that many pages of PAGE messages."""
MAX_REMEMBERED = 10_000


class SlackMessenger:
    """Implements `bot.ports.chat.Messenger`. A message id is `channel:ts`."""

    tells = True

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._members: dict[str, str] = {}  # address to the member id that had it last
        self._direct: dict[str, str] = {}  # member id to the channel of the 1:1 conversation

    async def find_person(
        self, addresses: Sequence[str], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        """Full members whose profile has one of the addresses; Slack knows no Entra ids."""
        found: dict[str, ChatIdentity] = {}
        for address in dict.fromkeys(exact(a.strip()) for a in addresses):
            if "@" not in address:
                continue
            if (one := await self._with_address(address)) is not None:
                found[one.user_id] = one
        return tuple(found.values())

    async def _with_address(self, address: str) -> ChatIdentity | None:
        """A full member whose profile has this address now.

        Only `users.info` tells the language. Who is known by the address is asked for at once.
        """
        known = self._members.pop(address, None)
        with suppress(PersonUnreachable):
            if known is not None and _has(user := await user_of(self._web, known), address):
                self._members[address] = known
                return identity(known, user)
            answer = await call(self._web.users_lookupByEmail(email=address))
            user = object_of(answer, "user")
            # A link is personal: whom Slack takes the address for must really have it.
            if _has(user, address):
                user_id = text(user, "id")
                user = await user_of(self._web, user_id)
                if len(self._members) >= MAX_REMEMBERED:
                    self._members.clear()
                self._members[address] = user_id
                return identity(user_id, user)
        return None

    async def profile(self, account: ChatIdentity) -> ChatIdentity:
        """Raises PersonUnreachable when Slack does not know the member id."""
        return await look_up(self._web, account.user_id)

    async def send_personal(self, to: ChatIdentity, message: Message, key: str) -> Sent:
        """Raises PersonUnreachable when they cannot be written to.

        Slack takes a member id for the 1:1 conversation with them (docs.slack.dev,
        "chat.postMessage"), which spares a call of a far smaller quota.
        """
        try:
            return await posting.post(self._web, to.user_id, message, metadata=_metadata(key))
        except ChannelUnreachable as error:
            raise PersonUnreachable(str(error)) from error

    async def post(self, to: Channel, message: Message, key: str, thread: str = "") -> Sent:
        """Raises ChannelUnreachable when the app is not in the channel, or it is archived."""
        return await posting.post(
            self._web,
            to.channel_id,
            message,
            thread=thread.partition(":")[2] or None,
            metadata=_metadata(key),
        )

    async def pin(self, message_id: str) -> None:
        """Needs the scope `pins:write`. Whatever Slack says, the board is only not pinned."""
        channel, _, ts = message_id.partition(":")
        try:
            await call(self._web.pins_add(channel=channel, timestamp=ts))
        except ChatError as error:
            log.info("could not pin a message", reason=str(error))

    async def update(self, message_id: str, message: Message) -> None:
        """Raises MessageGone when it was deleted, or is not ours to change."""
        await posting.update(self._web, message_id, message)

    async def introduce(self, people: Sequence[ChatIdentity], message: Message, key: str) -> Sent:
        """A group conversation of these people and the app; needs the scope `mpim:write`.

        Opening it twice gives the same conversation (docs.slack.dev, "conversations.open"), so the
        message is looked for there before it is posted (with `mpim:history`; without it a message
        whose outcome was unknown may come twice).
        """
        try:
            users = [person.user_id for person in people]
            answer = await call(self._web.conversations_open(users=users))
            channel = text(answer, "channel", "id")
            try:
                known = await self._find(channel, key)
            except ChatMisconfigured:
                known = None
            if known is not None:
                return known
            return await posting.post(self._web, channel, message, metadata=_metadata(key))
        except ChannelUnreachable as error:
            raise PersonUnreachable(str(error)) from error

    async def find_sent(
        self, to: ChatIdentity | Channel, key: str, thread: str = ""
    ) -> Sent | None:
        """The newest message with this key among the last PAGE * MAX_PAGES.

        In a thread, which Slack tells from its beginning, among as many of the first. Needs the
        `history` scope of the kind of conversation; without it ScopeMissing.
        """
        match to:
            case Channel(channel_id=channel):
                pass
            case ChatIdentity():
                channel = await self._conversation_with(to)
        return await self._find(channel, key, thread.partition(":")[2])

    async def keys_since(self, to: ChatIdentity, at: datetime) -> frozenset[str] | None:
        """Needs `im:history`; without it ScopeMissing. None: there are more than are read."""
        where = {"channel": await self._conversation_with(to), "oldest": f"{at.timestamp():.6f}"}
        history, keys, read = self._web.conversations_history, set(), 0
        async for message in self._messages(
            history, **where, limit=PAGE, include_all_metadata=True
        ):
            read += 1
            if key := _key_of(message):
                keys.add(key)
        return frozenset(keys) if read < PAGE * MAX_PAGES else None

    async def messages_after(self, message_id: str, enough: int) -> int | None:
        """Needs the `history` scope of the kind of channel; without it ScopeMissing."""
        channel, _, ts = message_id.partition(":")
        found = 0
        history = self._web.conversations_history
        async for _ in self._messages(history, channel=channel, limit=enough, oldest=ts):
            found += 1
            if found == enough:
                break
        return found

    async def _find(self, channel: str, key: str, thread: str = "") -> Sent | None:
        # A channel's history leaves out what stands in threads.
        method = self._web.conversations_replies if thread else self._web.conversations_history
        where = {"channel": channel, "ts": thread} if thread else {"channel": channel}
        messages = self._messages(method, **where, limit=PAGE, include_all_metadata=True)
        async for message in messages:
            if _key_of(message) == key:
                return Sent(f"{channel}:{text(message, 'ts')}")
        return None

    async def _messages(
        self, method: Callable[..., Awaitable[AsyncSlackResponse]], **which: Any
    ) -> AsyncIterator[Json]:
        """What `method` tells, in its order; at most MAX_PAGES pages of `limit`.

        A page may have fewer than `limit` though there are more (docs.slack.dev,
        "conversations.history").
        """
        cursor = ""
        for _ in range(MAX_PAGES):
            page = await call(method(cursor=cursor or None, **which))
            for message in objects_of(page, "messages"):
                yield message
            cursor = lenient(page, "response_metadata", "next_cursor")
            if not cursor:
                return

    async def _conversation_with(self, person: ChatIdentity) -> str:
        known = self._direct.get(person.user_id)
        if known is not None:
            return known
        answer = await call(self._web.conversations_open(users=[person.user_id]))
        if len(self._direct) >= MAX_REMEMBERED:
            self._direct.clear()
        channel = text(answer, "channel", "id")
        self._direct[person.user_id] = channel
        return channel


def _has(user: Json, address: str) -> bool:
    return is_colleague(user) and email_of(user) == address


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def _key_of(message: Json) -> str | None:
    if lenient(message, "metadata", "event_type") != EVENT_TYPE:
        return None
    return lenient(message, "metadata", "event_payload", "key") or None
