"""Who in a team has which address: one reading, kept for some minutes.

Teams gives members page by page and finds nobody by address (Microsoft Learn, "Get Teams specific
context for your bot"), so without keeping it each look for one person would read thousands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from bot.domain.likeness import exact

Json = dict[str, Any]

KEPT_FOR = 300.0
"""Seconds; so long somebody who joined the team is not found."""


class Roster:
    """The members of one team, of which Microsoft allows 25,000. `clock` gives monotonic seconds.

    `read` gives all of them as the Bot Connector does; what it raises is raised, and not kept.
    """

    def __init__(
        self,
        read: Callable[[], AsyncIterator[Json]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._ids: Mapping[str, frozenset[str]] = {}
        self._read_at: float | None = None
        self._one_reads = asyncio.Lock()

    async def who(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """The object ids of those whose mail address or user name is one of these."""
        async with self._one_reads:
            if self._read_at is None or self._clock() - self._read_at >= KEPT_FOR:
                self._ids = await self._by_address()
                self._read_at = self._clock()
        found = (self._ids.get(exact(address), frozenset()) for address in addresses)
        return tuple(sorted(frozenset().union(*found)))

    async def _by_address(self) -> Mapping[str, frozenset[str]]:
        ids: dict[str, frozenset[str]] = {}
        async for member in self._read():
            member_id = member.get("aadObjectId") or member.get("objectId")
            if not isinstance(member_id, str):
                continue
            for name in ("email", "userPrincipalName"):
                address = exact(str(member.get(name) or ""))
                if address:
                    ids[address] = ids.get(address, frozenset()) | {member_id}
        return ids
