"""The activities by which the bot hears of what people do in the pretend Teams.

Each carries a JWT of the Bot Framework (RS256, `iss` https://api.botframework.com, `aud` the bot's
app id, `serviceurl`); learn.microsoft.com, "Authenticate requests from the Bot Connector service".
An answer is waited for 15 seconds, then the same activity (same id) is sent again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from sandbox.chatlog import Conversation
from sandbox.company.records import Person
from sandbox.teams.api import ISSUER
from sandbox.teams.service import BOT_NAME, TeamsService

Json = dict[str, Any]


@dataclass
class TeamsDelivery:
    """Sends activities to `messages_url`; `timeout` and `retry_delays` are in seconds."""

    service: TeamsService
    client: httpx.AsyncClient
    messages_url: str = ""
    timeout: float = 15.0
    retry_delays: tuple[float, ...] = (2.0,)

    def activity(self, kind: str, person: Person, where: Conversation, thread: str) -> Json:
        """Somebody's activity in a conversation, before what its kind adds."""
        now = self.service.company.now()
        return {
            "type": kind,
            "id": "f:" + secrets.token_hex(8),
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "serviceUrl": self.service.service_url,
            "channelId": "msteams",
            "from": {
                "id": self.service.user_id(person),
                "name": person.display_name,
                "aadObjectId": self.service.object_id(person),
            },
            "conversation": self.service.conversation_object(where, thread),
            "recipient": {"id": self.service.bot_id, "name": BOT_NAME},
            "channelData": self.service.channel_data(where),
            "locale": person.language,
            "localTimezone": person.time_zone,
        }

    async def event(self, activity: Json) -> None:
        """Send, and send again what was not taken (with the same id)."""
        for delay in (0.0, *self.retry_delays):
            await asyncio.sleep(delay)
            response = await self.request(activity)
            if response is not None and response.status_code < 500:
                return

    async def request(self, activity: Json) -> httpx.Response | None:
        """POST the activity to the bot; None when it did not answer in time."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        response: httpx.Response | None = None
        with suppress(TimeoutError, httpx.TransportError, httpx.UnsupportedProtocol):
            async with asyncio.timeout(self.timeout):
                response = await self.client.post(self.messages_url, json=activity, headers=headers)
        self.service.log.touch()
        return response

    def token(self, **other: Any) -> str:
        """The Bot Framework's token for the bot; `other` claims replace or add to the usual."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": self.service.app_id,
            "serviceurl": self.service.service_url,
            "nbf": now - 5,
            "iat": now,
            "exp": now + 3600,
        }
        return self.service.channel_key.sign(claims | other)
