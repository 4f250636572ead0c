"""Who in a team has which address: one reading, kept for some minutes.

Teams gives members page by page and finds nobody by address (Microsoft Learn, "Get Teams specific
context for your bot"), so without keeping it each look for one person would read thousands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from attrs import define, field

from bot.domain.normalization import exact

Json = dict[str, Any]

KEPT_FOR = 300.0
"""Seconds; so long somebody who joined the team is not found."""


@define(eq=False)
class Roster:
    """The members of one team, of which Microsoft allows 25,000. `clock` gives monotonic seconds.

    `read` gives all of them as the Bot Connector does; what it raises is raised, and not kept.
    """

    _read: Callable[[], AsyncIterator[Json]]
    _clock: Callable[[], float] = time.monotonic
    _ids: Mapping[str, frozenset[str]] = field(init=False, factory=dict)
    _read_at: float | None = field(init=False, default=None)
    _one_reads: asyncio.Lock = field(init=False, factory=asyncio.Lock)

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
            for address in addresses_of(member):
                ids[address] = ids.get(address, frozenset()) | {member_id}
        return ids


def addresses_of(member: Mapping[str, Any]) -> frozenset[str]:
    """The mail address and the user name of a member, as Teams tells it."""
    told = (exact(str(member.get(name) or "")) for name in ("email", "userPrincipalName"))
    return frozenset(told) - {""}
