"""How the pretend Okta tells the bot of events: verified once, then delivered with the secret.

Source: developer.okta.com, "Event hooks". Only events of the eligible types are sent, and only to a
hook that is verified; a delivery that is not answered within three seconds is sent once more,
unless the answer was a 4xx.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.beside import Beside
from sandbox.company.company import Company
from sandbox.company.records import LogEvent
from sandbox.okta.shapes import log_event_json

ELIGIBLE = frozenset(
    {
        "application.lifecycle.update",
        "application.lifecycle.create",
        "application.lifecycle.activate",
        "application.lifecycle.deactivate",
        "application.lifecycle.delete",
    }
)


@dataclass
class EventHook:
    """The event hook of one org. `statuses` lists what came back, None for no answer in time."""

    org: str
    secret: str = field(repr=False)
    url: str = ""
    verified: bool = False
    statuses: list[int | None] = field(default_factory=list)


@dataclass
class EventHooks:
    """The hooks of every org, and what is on its way. `timeout` is in seconds."""

    company: Company
    client: httpx.AsyncClient
    hooks: dict[str, EventHook]
    timeout: float = 3.0
    _beside: Beside = field(default_factory=Beside)

    def connect(self, bot_url: str) -> None:
        """Say where the bot listens; the hooks are to be verified after that."""
        for hook in self.hooks.values():
            hook.url = f"{bot_url}/okta/events/{hook.org}"
            hook.verified = False

    async def verify(self) -> None:
        """The admin presses Verify on every hook. One that does not answer rightly stays silent."""
        for hook in self.hooks.values():
            challenge = secrets.token_urlsafe(32)
            headers = {"x-okta-verification-challenge": challenge}
            answer = await self.client.get(hook.url, headers=headers)
            hook.verified = answer.status_code == 200 and answer.json() == {
                "verification": challenge
            }

    def happened(self, org: str, event: LogEvent) -> None:
        """Deliver an event, if it is of a kind that hooks are told."""
        hook = self.hooks.get(org)
        if hook is None or not hook.verified or event.event_type not in ELIGIBLE:
            return
        self._beside.begin(self._deliver(hook, self._body(hook, event)))

    async def aclose(self) -> None:
        """Give up what is on its way."""
        await self._beside.aclose()

    async def _deliver(self, hook: EventHook, body: dict[str, Any]) -> None:
        for _ in range(2):
            status = await self._post(hook, body)
            hook.statuses.append(status)
            if status is not None and status < 500:
                return

    async def _post(self, hook: EventHook, body: dict[str, Any]) -> int | None:
        try:
            async with asyncio.timeout(self.timeout):
                answer = await self.client.post(
                    hook.url, json=body, headers={"Authorization": hook.secret}
                )
        except (TimeoutError, httpx.TransportError):
            return None
        return answer.status_code

    def _body(self, hook: EventHook, event: LogEvent) -> dict[str, Any]:
        return {
            "eventType": "com.okta.event_hook",
            "eventTypeVersion": "1.0",
            "cloudEventsVersion": "0.1",
            "source": f"{self.company.addresses[f'okta-{hook.org}']}/api/v1/eventHooks/who1",
            "eventId": secrets.token_hex(16),
            "data": {"events": [log_event_json(event)]},
            "eventTime": event.published.isoformat(),
            "contentType": "application/json",
        }
