"""Whose clients ask for a card of their own, of a card that many see.

"User Specific Views" (Microsoft Learn): a card names at most 60 people, by the ids that Teams has
for them (`29:…`), and their clients ask the bot for it whenever they show it. So it is those
operators who wrote to the bot once; all others see the card that was sent, and so do clients that
know nothing of this.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from math import inf
from typing import Protocol

import structlog
from attrs import define, field

from bot.errors import CloudError, StoreError
from bot.ports.chat import Conversations
from bot.settings.sections.chat import TeamsSettings

MOST = 60
KEPT_FOR = 60.0  # seconds; so long a new operator has no buttons on new cards

log = structlog.get_logger(__name__)


class EntraGroups(Protocol):
    """Groups of Microsoft Entra. Raises CloudError."""

    async def group_members(self, tenant_id: str, group_id: str) -> Collection[str]: ...


@define(eq=False)
class Viewers:
    """The operators of the settings, and of the Entra groups there. `clock`: monotonic seconds."""

    _settings: TeamsSettings
    _conversations: Conversations
    _entra: EntraGroups | None
    _clock: Callable[[], float] = time.monotonic
    _known: tuple[str, ...] = field(init=False, default=())
    _until: float = field(init=False, default=-inf)

    async def ids(self) -> tuple[str, ...]:
        """Their ids, in the order of the settings; none where nobody can tell now."""
        if self._clock() >= self._until:
            try:
                self._known = await self._read()
            except (CloudError, StoreError) as error:
                log.info("could not read who sees more on a card", reason=str(error))
            if self._known:  # who installs the app is not to wait for a first board
                self._until = self._clock() + KEPT_FOR
        return self._known

    async def _read(self) -> tuple[str, ...]:
        people = dict.fromkeys(self._settings.operators)
        if self._entra is not None:
            for group in self._settings.operator_groups:
                members = await self._entra.group_members(self._settings.tenant_id, group)
                people |= dict.fromkeys(sorted(members))
        found: list[str] = []
        for object_id in people:
            ref = await self._conversations.personal(object_id)
            if ref is not None and ref.user_id.startswith("29:"):
                found.append(ref.user_id)
            if len(found) == MOST:
                break
        return tuple(found)
