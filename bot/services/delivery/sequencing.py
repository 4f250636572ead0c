"""Deliveries to one person, one after the other: each sees what the ones before did to the week.

Within a process they wait for each other. Across replicas it is the person's record that says which
one was begun last: a claim writes itself there, over the record as it was read. Of two at the same
instant the second conflicts, looks again, and waits while the first is under way. One whose worker
died holds up nobody for longer than its lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from bot.domain.delivery.deliveries import Delivery, is_under_way
from bot.domain.delivery.notices import Notice
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.recipients import Recipient
from bot.ports.store.ledger import Ledger
from bot.services.people.linked_accounts import LinkedAccounts, accounts_of

WAIT = timedelta(seconds=2)
"""After so long it is looked whether another replica's message to the same person is through."""


class Sequencer:
    """Gives each person's deliveries their turns; those of others go on beside them."""

    def __init__(self, ledger: Ledger, linked_accounts: LinkedAccounts | None) -> None:
        self._ledger = ledger
        self._linked_accounts = linked_accounts
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, notice: Notice) -> AsyncIterator[None]:
        """The turn, in this process, of whom it reaches; of all accounts where it counts."""
        async with AsyncExitStack() as held:
            names = {str(one) for one in await self.weeks(notice)}
            if isinstance(notice.to, ChatIdentity):
                names.add(str(notice.to))
            for name in sorted(names):  # in one order, so that none wait for each other
                lock = self._locks.setdefault(name, asyncio.Lock())
                await held.enter_async_context(lock)
            yield

    async def take(self, delivery: Delivery, now: datetime) -> tuple[Recipient, ...] | None:
        """The records of those in whose week it counts, to be written with its claim.

        None while another message to one of them is under way.
        """
        known = await self.known(delivery.notice)
        turns = {one.turn for one in known} - {"", delivery.key}
        others = await self._ledger.deliveries(sorted(turns))
        if any(is_under_way(one, now) for one in others.values()):
            return None
        return tuple(one.begun(delivery.key) for one in known)

    async def known(self, notice: Notice) -> tuple[Recipient, ...]:
        """What is kept of those in whose week it counts."""
        accounts = await self.weeks(notice)
        return tuple([await self._ledger.recipient(one) or Recipient(one) for one in accounts])

    async def weeks(self, notice: Notice) -> tuple[ChatIdentity, ...]:
        """All accounts of those in whose week it counts; whom it disturbs, on whichever."""
        if not isinstance(notice.to, ChatIdentity) or not notice.traits.counts:
            return ()
        to = (
            await self._linked_accounts.accounts(notice.to)
            if self._linked_accounts is not None
            else (notice.to,)
        )
        found = {str(one): one for one in to}
        for person in notice.people:
            for account in await accounts_of(self._ledger, person, self._linked_accounts):
                found.setdefault(str(account), account)
        return tuple(found.values())
