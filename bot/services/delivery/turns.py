"""Deliveries to one person, one after the other: each sees what the ones before did to the week.

It holds within one process. Two that claim at the same instant may both find room for a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from bot.domain.delivery.notices import Notice
from bot.domain.people.admins import ChatIdentity
from bot.ports.store.ledger import Ledger
from bot.services.people.twins import Twins, accounts_of


class Turns:
    """Gives each person's deliveries their turns; those of others go on beside them."""

    def __init__(self, ledger: Ledger, twins: Twins | None) -> None:
        self._ledger = ledger
        self._twins = twins
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, notice: Notice) -> AsyncIterator[None]:
        """The turn of whom this reaches; of all accounts where it disturbs somebody."""
        async with AsyncExitStack() as held:
            for name in await self._names(notice):  # in one order, so that none wait for each other
                lock = self._locks.setdefault(name, asyncio.Lock())
                await held.enter_async_context(lock)
            yield

    async def _names(self, notice: Notice) -> list[str]:
        if not isinstance(notice.to, ChatIdentity):
            return []
        people = (notice.to, *notice.people)
        found = {str(one) for one in people}
        if notice.people:
            for one in people:
                found.update(map(str, await accounts_of(self._ledger, one, self._twins)))
        return sorted(found)
