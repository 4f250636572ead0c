"""Taking over changed settings while the bot runs: which ones, and what stands in for its parts.

Only settings that decide (whom to ask, when, who may ask) are taken over. What a connection, a key,
an address or the store hangs on waits for a restart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr
from starlette.datastructures import State
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.domain.people.admins import ChatIdentity, Platform
from bot.message import Message
from bot.settings.settings import Settings
from bot.wiring.services import Services

_WHO_MAY = ("operators", "operator_groups", "operator_channels", "viewer_channels")
TAKEN_OVER = (
    "campaign",
    "people",
    *(f"{chat}.{key}" for chat in ("slack", "teams") for key in _WHO_MAY),
    "time_zone",
)
"""By key, with all that is below it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The keys that changed: those that are taken over, and those that wait for a restart."""

    taken: tuple[str, ...]
    waiting: tuple[str, ...]


def difference(old: Settings, new: Settings) -> Difference:
    """What changed from one to the other, by key. No value is in it."""
    before, after = dict(_flat("", old)), dict(_flat("", new))
    changed = sorted(
        key for key in {*before, *after} if before.get(key, ...) != after.get(key, ...)
    )
    taken = tuple(key for key in changed if _is_taken_over(key))
    return Difference(taken, tuple(key for key in changed if key not in taken))


def merged(old: Settings, new: Settings) -> Settings:
    """The old settings with what is taken over from the new ones, and nothing else of them."""
    changes: dict[str, Any] = {}
    for key in TAKEN_OVER:
        section, _, rest = key.partition(".")
        here, there = changes.get(section, getattr(old, section)), getattr(new, section)
        if not rest:
            changes[section] = there
        elif here is not None and there is not None:
            changes[section] = here.model_copy(update={rest: getattr(there, rest)})
    return old.model_copy(update=changes)


def _is_taken_over(key: str) -> bool:
    return any(key == one or key.startswith(f"{one}.") for one in TAKEN_OVER)


def _flat(prefix: str, section: BaseModel) -> Iterator[tuple[str, object]]:
    """Each value by its key. A list of sections is one value: its places say nothing."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            secret = isinstance(value, SecretStr)
            yield f"{prefix}{name}", value.get_secret_value() if secret else value


class CurrentConversation:
    """The conversation and the welcome, as the services are by now."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def answer(
        self,
        words: str,
        asker: ChatIdentity,
        progress: Callable[[Message], Awaitable[None]] | None = None,
        *,
        private: bool = False,
    ) -> Message | None:
        return await self.services.conversation.answer(words, asker, progress, private=private)

    async def view(self, name: str, asker: ChatIdentity) -> Message | None:
        return await self.services.conversation.view(name, asker)

    async def person_changed(self, platform: Platform, user_id: str) -> None:
        await self.services.access.person_changed(platform, user_id)

    async def group_changed(self, platform: Platform, group_id: str) -> None:
        await self.services.access.group_changed(platform, group_id)

    async def groups_changed(self, platform: Platform) -> None:
        await self.services.access.groups_changed(platform)

    async def person(self, who: ChatIdentity) -> Message:
        return await self.services.welcome.person(who)

    def team(self) -> Message:
        return self.services.welcome.team()

    async def in_team(self) -> None:
        await self.services.welcome.in_team()

    async def moved(self, who: ChatIdentity) -> None:
        await self.services.welcome.moved(who)


class CurrentPages:
    """The pages, as they are by now. Whoever is being answered is answered by the former ones."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self.app = app
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


Reload = Callable[[Settings], Awaitable[Difference]]
"""Takes over what can be; says what, and what waits for a restart."""
