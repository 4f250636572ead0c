"""The calls of the Bot Connector, over httpx.

Everything that goes to Teams goes through here, over httpx. The SDK's own client runs `requests` in
the default thread pool and fetches a token for every turn, which holds up the event loop.
Reference: Microsoft Learn, "Bot Framework REST API reference" and "Send proactive messages".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import structlog
from pydantic_core import to_json

from adapters.http.unknown_outcome import NOTHING_SENT
from adapters.teams.incoming.activities import Place
from adapters.teams.outgoing.backoff import Backoff
from adapters.teams.outgoing.refusals import Answer, ServedElsewhere, meaning
from adapters.teams.outgoing.tokens import BotToken, is_known_service
from adapters.teams.outgoing.viewers import Viewers
from adapters.teams.rendering.card import CARD_TYPE, render
from adapters.teams.rendering.texts import plain
from bot.errors import (
    ChannelUnreachable,
    ChatUnreachable,
    MessageGone,
    MessageRefused,
    PersonUnreachable,
)
from bot.message import Message, in_text
from bot.settings.sections.chat import TeamsSettings

Json = dict[str, Any]

log = structlog.get_logger(__name__)

TIME_LIMIT = 10.0  # seconds without a word from Teams, and for the token before
TURN = 8.0  # seconds for a free connection
CONNECT = 5.0  # seconds for a new one
PAGE = 500  # members; the most that Teams gives at once
MAX_TEXT = 16_000  # characters of a plain message; Teams takes some 28 KB, markup included
MAX_ANSWER = 4 * 1024 * 1024  # bytes; a page of members has some hundred thousand

CONNECTIONS = 100
"""To Teams at a time. It allows 30 calls a second in one tenant, of which each may take seconds."""


class Connector:
    """The calls of the Bot Connector that o365bot makes. Each raises ChatError.

    `http` is for Teams alone, `sign_in` for the bot's own token: a message that waits for Teams
    does not hold up the token that others need. `viewers` may ask for more than all others see.
    """

    def __init__(
        self,
        settings: TeamsSettings,
        http: httpx.AsyncClient,
        sign_in: httpx.AsyncClient | None = None,
        viewers: Viewers | None = None,
        *,
        time_limit: float = TIME_LIMIT,
        turn: float = TURN,
        connect: float = CONNECT,
    ) -> None:
        self._settings = settings
        self._time_limit = time_limit
        self._turn = turn
        self._connect = connect
        self._viewers = viewers
        self._http = http
        self._token = BotToken(settings, sign_in or http)
        self._backoff = Backoff()

    async def send(self, place: Place, message: Message, *, own: bool = False) -> str:
        """A new message at the end of the conversation or thread; returns its id.

        `own`: it is an answer (`adapters.teams.rendering.card`).
        """
        path = f"/v3/conversations/{quote(place.conversation_id, safe='')}/activities"

        async def send(drawn: Json) -> Json:
            return await self._call("POST", place, _seen(path, place), drawn | _by(place))

        return _id(await self._shown(place, message, own, send))

    async def typing(self, place: Place) -> None:
        """Show that an answer is on its way; Teams takes that back by itself after a while."""
        path = f"/v3/conversations/{quote(place.conversation_id, safe='')}/activities"
        body = {"type": "typing", "from": {"id": self._bot_id}} | _by(place)
        await self._call("POST", place, _seen(path, place), body)

    async def reply(self, place: Place, activity_id: str, message: Message) -> str:
        """An answer to one message; returns its id. If that one is gone, it is a new message."""
        path = _path(place, activity_id)

        async def send(drawn: Json) -> Json:
            body = {**drawn, "replyToId": activity_id} | _by(place)
            return await self._call("POST", place, _seen(path, place), body)

        try:
            return _id(await self._shown(place, message, True, send))
        except MessageGone:
            return await self.send(place, message, own=True)

    async def update(
        self, place: Place, activity_id: str, message: Message, *, own: bool = False
    ) -> None:
        """Change a message in place. Raises MessageGone when it no longer exists."""
        path = _path(place, activity_id)

        async def send(drawn: Json) -> Json:
            body = {**drawn, "id": activity_id} | _by(place)
            return await self._call("PUT", place, _seen(path, place), body, changes=True)

        await self._shown(place, message, own, send)

    async def start_thread(self, place: Place, message: Message) -> tuple[str, str]:
        """A new thread in the channel `place`; returns its conversation id and the message's id."""

        async def send(drawn: Json) -> Json:
            body = {
                "isGroup": True,
                "bot": {"id": self._bot_id},
                "tenantId": self._settings.tenant_id,
                "channelData": {
                    "channel": {"id": place.conversation_id},
                    "tenant": {"id": self._settings.tenant_id},
                },
                "activity": drawn,
            }
            return await self._call("POST", place, "/v3/conversations", body)

        answer = await self._shown(place, message, False, send)
        conversation_id = _id(answer) or place.conversation_id
        named = answer.get("activityId")
        root = conversation_id.partition(";messageid=")[2]
        return conversation_id, named if isinstance(named, str) and named else root

    async def open_personal(self, service_url: str, object_id: str) -> str:
        """The id of the 1:1 conversation with a person; opening it sends nothing.

        It takes the Entra object id where the app is installed for that person (Microsoft Learn,
        "Send proactive messages"); else it raises PersonUnreachable.
        """
        tenant = self._settings.tenant_id
        try:
            answer = await self._call(
                "POST",
                Place(service_url, "", personal=True),
                "/v3/conversations",
                {
                    "isGroup": False,
                    "bot": {"id": self._bot_id},
                    "members": [{"id": object_id}],
                    "tenantId": tenant,
                    "channelData": {"tenant": {"id": tenant}},
                },
            )
        except (ChatUnreachable, MessageRefused) as error:
            if isinstance(error, MessageRefused):  # there is no message: it is about the person
                raise PersonUnreachable(error.message, hint=error.hint) from error
            raise ChatUnreachable(error.message, hint=error.hint, nothing_sent=True) from error
        conversation_id = _id(answer)
        if not conversation_id:
            raise ChatUnreachable("Teams opened a conversation without an id.", nothing_sent=True)
        return conversation_id

    async def member(self, place: Place, member_id: str) -> Json:
        """One member of a conversation, by `29:` or Entra object id; as Teams tells of them."""
        conversation, member = quote(place.conversation_id, safe=""), quote(member_id, safe="")
        return await self._call("GET", place, f"/v3/conversations/{conversation}/members/{member}")

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

    async def _shown(
        self,
        place: Place,
        message: Message,
        own: bool,
        send: Callable[[Json], Awaitable[Json]],
    ) -> Json:
        """Send the message as a card; in plain text when Teams calls the card wrong.

        A message that is called wrong was not taken, so saying it again says it once.
        """
        for_one = place.personal or bool(place.only_for)
        asks = self._viewers if message.view and not for_one else None
        viewers = await asks.ids() if asks is not None else ()
        shared = own and for_one and bool(place.only_for or self._settings.channel)
        try:
            drawn = render(message, own=own, shared=shared, viewers=viewers)
            card = {"contentType": CARD_TYPE, "content": drawn}
            return await send(self._activity(message, attachments=[card]))
        except MessageRefused as error:
            log.error("teams message sent as plain text", reason=str(error))
        text = in_text(message)[:MAX_TEXT]
        return await send(self._activity(message, text=text, textFormat="plain"))

    def _activity(self, message: Message, **shown: Any) -> Json:
        """Without the tenant in `channelData` Teams answers some proactive messages with 403."""
        return {
            "type": "message",
            "from": {"id": self._bot_id},
            "summary": plain(message.summary),
            **shown,
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
        kind = PersonUnreachable if place.personal else ChannelUnreachable
        if not is_known_service(place.service_url, self._settings.service_urls):
            # It is about this one conversation: all others may go through.
            raise kind(
                "A conversation is kept under an address that is not in teams.service_urls.",
                hint="The bot's token is sent nowhere else.",
            )
        answer = await self._send(method, place.service_url.rstrip("/") + path, body)
        if 200 <= answer.status < 300:
            self._backoff.over()
            return _taken(answer)
        throttled = answer.status == 429
        pause = self._backoff.pause(asyncio.get_running_loop().time()) if throttled else 0.0
        error = meaning(answer, personal=place.personal, changes=changes, pause=pause)
        if isinstance(error, ServedElsewhere):
            # What an answer names is no more than a hint which of the known addresses it is.
            known = [u for u in self._settings.service_urls if is_known_service(u, (error.named,))]
            if not known:
                raise kind(error.message, hint=error.hint) from error
            error.service_url = known[0]
        raise error

    async def _send(self, method: str, url: str, body: Json | None) -> Answer:
        """One call, and once more with a new token when the first was refused."""
        token = await self._valid_token()
        answer = await self._send_with(token, method, url, body)
        if answer.status != 401:
            return answer
        self._token.forget(token)
        return await self._send_with(await self._valid_token(), method, url, body)

    async def _valid_token(self) -> str:
        """Given up before the attempt is: so it is known that nothing was sent."""
        try:
            async with asyncio.timeout(self._time_limit):
                return await self._token.value()
        except TimeoutError as error:
            raise ChatUnreachable(
                "Microsoft did not answer the bot's sign-in.", nothing_sent=True
            ) from error

    async def _send_with(self, token: str, method: str, url: str, body: Json | None) -> Answer:
        """One call; once more where the first surely did not leave."""
        try:
            return await self._exchange(token, method, url, body)
        except ChatUnreachable as error:
            if not error.nothing_sent:
                raise
        return await self._exchange(token, method, url, body)

    async def _exchange(self, token: str, method: str, url: str, body: Json | None) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = self._http.build_request(
            method,
            url,
            content=None if body is None else to_json(body),
            headers=headers,
            timeout=httpx.Timeout(self._time_limit, connect=self._connect, pool=self._turn),
        )
        try:
            # The limit of all is for an answer that drips: by then the request had left.
            async with asyncio.timeout(self._turn + self._connect + self._time_limit):
                response = await self._http.send(request, stream=True)
                try:
                    content = await _read(response)
                finally:
                    await response.aclose()
        except NOTHING_SENT as error:
            raise ChatUnreachable("Teams cannot be reached.", nothing_sent=True) from error
        except (httpx.RequestError, TimeoutError) as error:
            raise ChatUnreachable("Teams did not answer.") from error
        return Answer(response.status_code, response.headers, content)


async def _read(response: httpx.Response) -> bytes:
    """The body, given up as soon as it is longer than any that Teams sends."""
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise ChatUnreachable("The answer of Teams is longer than any that it documents.")
    return bytes(content)


def _taken(answer: Answer) -> Json:
    """The object of a success; {} for one that says nothing.

    Teams names a message that it took. An answer that is no JSON is another's, such as a proxy's:
    whether the message was taken nobody knows.
    """
    try:
        value = json.loads(answer.content or b"null")
    except (ValueError, RecursionError) as error:
        raise ChatUnreachable("The answer of Teams is not what it documents.") from error
    return value if isinstance(value, dict) else {}


def _seen(path: str, place: Place) -> str:
    """The path for a message that one member alone sees (Microsoft Learn, "Targeted messages")."""
    return f"{path}?isTargetedActivity=true" if place.only_for else path


def _by(place: Place) -> Json:
    return {"recipient": {"id": place.only_for}} if place.only_for else {}


def _path(place: Place, activity_id: str) -> str:
    conversation, activity = quote(place.conversation_id, safe=""), quote(activity_id, safe="")
    return f"/v3/conversations/{conversation}/activities/{activity}"


def _id(answer: Json) -> str:
    """The id that Teams gave, "" when it gave none."""
    value = answer.get("id")
    return value if isinstance(value, str) else ""
