"""Messages out: the calls of the Bot Connector, and the Messenger port on top of them.

Everything that goes to Teams goes through here, over httpx. The SDK's own client runs `requests` in
the default thread pool and fetches a token for every turn, which holds up the event loop.
Reference: Microsoft Learn, "Bot Framework REST API reference" and "Send proactive messages".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from adapters.teams.activities import Place
from adapters.teams.drawing import CARD_TYPE, draw, plain
from adapters.teams.refusals import json_object, meaning
from adapters.teams.roster import Roster
from adapters.teams.tokens import BotToken, is_known_service
from bot.domain.notices import Channel
from bot.domain.people import ChatIdentity, Platform
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatUnreachable,
    MessageGone,
    PersonUnreachable,
)
from bot.message import Message
from bot.ports.chat import Conversations, Sent
from bot.settings.chat import TeamsSettings

Json = dict[str, Any]

TIME_LIMIT = 10.0  # seconds for one call, and for the token before it
TURN = 5.0  # of these for a connection: until there is one nothing was sent
PAGE = 500  # members; the most that Teams gives at once


class Connector:
    """The calls of the Bot Connector that o365bot makes. Each raises ChatError."""

    def __init__(self, settings: TeamsSettings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http
        self._token = BotToken(settings, http)

    async def send(self, place: Place, message: Message) -> str:
        """A new message at the end of the conversation or thread; returns its id."""
        path = f"/v3/conversations/{quote(place.conversation_id, safe='')}/activities"
        return _id(await self._call("POST", place, path, self._activity(message)))

    async def reply(self, place: Place, activity_id: str, message: Message) -> str:
        """An answer to one message; returns its id."""
        activity = {**self._activity(message), "replyToId": activity_id}
        return _id(await self._call("POST", place, _path(place, activity_id), activity))

    async def update(self, place: Place, activity_id: str, message: Message) -> None:
        """Change a message in place. Raises MessageGone when it no longer exists."""
        activity = {**self._activity(message), "id": activity_id}
        await self._call("PUT", place, _path(place, activity_id), activity, changes=True)

    async def start_thread(self, place: Place, message: Message) -> tuple[str, str]:
        """A new thread in the channel `place`; returns its conversation id and the message's id."""
        answer = await self._call(
            "POST",
            place,
            "/v3/conversations",
            {
                "isGroup": True,
                "bot": {"id": self._bot_id},
                "tenantId": self._settings.tenant_id,
                "channelData": {
                    "channel": {"id": place.conversation_id},
                    "tenant": {"id": self._settings.tenant_id},
                },
                "activity": self._activity(message),
            },
        )
        conversation_id = _id(answer) or place.conversation_id
        named = answer.get("activityId")
        root = conversation_id.partition(";messageid=")[2]
        return conversation_id, named if isinstance(named, str) and named else root

    async def members(self, place: Place) -> AsyncIterator[Json]:
        """Everybody in a conversation or team, page by page."""
        path = f"/v3/conversations/{quote(place.conversation_id, safe='')}/pagedmembers"
        query: dict[str, str | int] = {"pageSize": PAGE}
        while True:
            answer = await self._call("GET", place, f"{path}?{urlencode(query)}")
            members = answer.get("members")
            for member in members if isinstance(members, list) else ():
                if isinstance(member, dict):
                    yield member
            following = answer.get("continuationToken")
            if not isinstance(following, str) or following in ("", query.get("continuationToken")):
                return
            query["continuationToken"] = following

    @property
    def _bot_id(self) -> str:
        return f"28:{self._settings.app_id}"

    def _activity(self, message: Message) -> Json:
        """Without the tenant in `channelData` Teams answers some proactive messages with 403."""
        return {
            "type": "message",
            "from": {"id": self._bot_id},
            "summary": plain(message.summary),
            "attachments": [{"contentType": CARD_TYPE, "content": draw(message)}],
            "channelData": {"tenant": {"id": self._settings.tenant_id}},
        }

    async def _call(
        self,
        method: str,
        place: Place,
        path: str,
        body: Json | None = None,
        *,
        changes: bool = False,
    ) -> Json:
        if not is_known_service(place.service_url, self._settings.service_urls):
            # It is about this one conversation: all others may go through.
            kind = PersonUnreachable if place.personal else ChannelUnreachable
            raise kind(
                "A conversation is kept under an address that is not in teams.service_urls.",
                hint="The bot's token is sent nowhere else.",
            )
        url = place.service_url.rstrip("/") + path
        response = await self._send(method, url, body)
        if 200 <= response.status_code < 300:
            return json_object(response.content)
        raise meaning(response, personal=place.personal, changes=changes)

    async def _send(self, method: str, url: str, body: Json | None) -> httpx.Response:
        """One call, and once more with a new token when the first was refused."""
        token = await self._valid_token()
        response = await self._send_with(token, method, url, body)
        if response.status_code != 401:
            return response
        self._token.forget(token)
        return await self._send_with(await self._valid_token(), method, url, body)

    async def _valid_token(self) -> str:
        """Given up before the attempt is: so it is known that nothing was sent."""
        try:
            async with asyncio.timeout(TIME_LIMIT):
                return await self._token.value()
        except TimeoutError as error:
            raise ChatUnreachable(
                "Microsoft did not answer the bot's sign-in.", nothing_sent=True
            ) from error

    async def _send_with(
        self, token: str, method: str, url: str, body: Json | None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        limits = httpx.Timeout(TIME_LIMIT, connect=TURN, pool=TURN)
        try:
            async with asyncio.timeout(TIME_LIMIT):
                return await self._http.request(
                    method, url, json=body, headers=headers, timeout=limits
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ChatUnreachable("Teams cannot be reached.", nothing_sent=True) from error
        except (httpx.RequestError, TimeoutError) as error:
            raise ChatUnreachable("Teams did not answer.") from error


class TeamsMessenger:
    """The Messenger port for Teams. A message id is `<conversation id>|<activity id>`."""

    tells = False  # a bot cannot read back what it wrote

    def __init__(
        self,
        settings: TeamsSettings,
        conversations: Conversations,
        connector: Connector,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._conversations = conversations
        self._connector = connector
        self._team = Roster(self._members, clock)

    async def find_person(
        self, addresses: Sequence[str], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        """The people for whom the app is installed; nobody else can be written to.

        By object id when the person is of the bot's tenant. Otherwise by address, among the members
        of the team that `teams.channel` belongs to: the only roster that gives addresses. It is
        read at most once in some minutes.
        """
        if tenant_id.lower() == self._settings.tenant_id.lower():
            found = await self._identity(object_id)
            if found is not None:
                return (found,)
        if not any(addresses) or not self._settings.channel:
            return ()
        try:
            members = await self._team.who(addresses)
        except ChannelUnreachable:
            return ()  # the app is not in that team, so it cannot look there
        found_there = [await self._identity(member_id) for member_id in members]
        return tuple(person for person in found_there if person is not None)

    async def profile(self, account: ChatIdentity) -> ChatIdentity:
        """As they last wrote to the bot; nothing more than the account when they never did."""
        return await self._identity(account.user_id) or account

    async def send_personal(self, to: ChatIdentity, message: Message, key: str) -> Sent:
        """One direct message. `key` is not used: Teams keeps no mark of ours on a message."""
        ref = await self._conversations.personal(to.user_id.lower())
        if ref is None:
            raise PersonUnreachable(
                f"{to.display_name or to.user_id} has not installed the app in Teams.",
                hint="Install it for them, or ask them to.",
            )
        place = Place(ref.service_url, ref.conversation_id, personal=True)
        return _sent(place.conversation_id, await self._connector.send(place, message))

    async def post(self, to: Channel, message: Message, key: str, thread: str = "") -> Sent:
        """One channel message, as a thread of its own or in that of another message.

        `key` is not used, as above.
        """
        if thread:
            conversation_id, _, _ = thread.rpartition("|")
            place = await self._place(conversation_id)
            return _sent(conversation_id, await self._connector.send(place, message))
        place = await self._place(to.channel_id)
        return _sent(*await self._connector.start_thread(place, message))

    async def update(self, message_id: str, message: Message) -> None:
        """Change a message in place (MessageGone: it no longer exists)."""
        conversation_id, _, activity_id = message_id.rpartition("|")
        if not conversation_id or not activity_id:
            raise MessageGone("Teams gave this message no id.")
        place = await self._place(conversation_id)
        await self._connector.update(place, activity_id, message)

    async def introduce(self, people: Sequence[ChatIdentity], message: Message, key: str) -> Sent:
        """The message to each of them: a bot cannot open a group chat in Teams by itself.

        Returns the first one's. What did not reach one is raised after the others were written to.
        """
        results = [await _attempt(self.send_personal(one, message, key)) for one in people]
        for result in results:
            if isinstance(result, ChatError):
                raise result
        return next(result for result in results if isinstance(result, Sent))

    async def pin(self, message_id: str) -> None:
        """Does nothing: a bot cannot pin in a channel of Teams."""

    async def find_sent(
        self, to: ChatIdentity | Channel, key: str, thread: str = ""
    ) -> Sent | None:
        """Always None: a bot cannot read back what it wrote in Teams."""
        return None

    async def messages_after(self, message_id: str, enough: int) -> int | None:
        """Always None: a bot cannot read a channel of Teams."""
        return None

    async def _identity(self, object_id: str) -> ChatIdentity | None:
        ref = await self._conversations.personal(object_id.lower()) if object_id else None
        if ref is None:
            return None
        return ChatIdentity(
            Platform.TEAMS,
            ref.object_id,
            display_name=ref.name,
            time_zone=ref.time_zone,
            language=ref.language,
        )

    async def _members(self) -> AsyncIterator[Json]:
        async for member in self._connector.members(await self._place(self._settings.channel)):
            yield member

    async def _place(self, conversation_id: str) -> Place:
        """Where a conversation is reached: as last heard from it, else at the global address."""
        ref = await self._conversations.conversation(conversation_id.partition(";messageid=")[0])
        return Place(
            ref.service_url if ref is not None else self._settings.service_urls[0],
            conversation_id,
            personal=ref is not None and ref.kind == "personal",
        )


async def _attempt(sending: Awaitable[Sent]) -> Sent | ChatError:
    try:
        return await sending
    except ChatError as error:
        return error


def _path(place: Place, activity_id: str) -> str:
    conversation, activity = quote(place.conversation_id, safe=""), quote(activity_id, safe="")
    return f"/v3/conversations/{conversation}/activities/{activity}"


def _sent(conversation_id: str, activity_id: str) -> Sent:
    return Sent(f"{conversation_id}|{activity_id}")


def _id(answer: Json) -> str:
    value = answer.get("id")
    return value if isinstance(value, str) else ""
