"""The list of apps as it is asked for: one reading for all who ask at once, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping

from bot.chat.replies import Replies
from bot.domain.campaign.rehearsal import Outlook
from bot.domain.consent.requests import ConsentRequest
from bot.domain.summaries import Part
from bot.message import Message
from bot.ports.ledger import Ledger
from bot.services.inventory.scan import Scan

PAGE = 15
AT_ONCE = 4
"""So many different lists are read and drawn at the same time; the others wait for their turn."""


Outlooks = Callable[[Iterable[ConsentRequest]], Awaitable[Mapping[str, Outlook]]]
"""When the first messages go out of those that wait for it."""


class AppLists:
    """Reads and draws pages of the list of apps."""

    def __init__(self, ledger: Ledger, scan: Scan, outlooks: Outlooks) -> None:
        self._outlooks = outlooks
        self._ledger = ledger
        self._scan = scan
        self._shared = Shared(AT_ONCE)

    async def page(self, replies: Replies, number: int, part: Part) -> Message:
        """One page of a part of the list, in the language of `replies`."""

        async def draw() -> Message:
            page = await self._ledger.page(number, PAGE, part)
            if part is Part.WAIVED:
                return replies.waivers.listed(page)
            scans = await self._ledger.scans()
            return replies.apps(
                page,
                scans,
                self._scan.now(),
                everything=part is Part.ALL,
                outlooks=await self._outlooks(page.requests.values()),
            )

        return await self._shared.get((replies.language, number, part), draw)


class Shared:
    """Makes one answer for all who ask the same at once; `at_once` different ones at a time.

    Who asks while one is being made shares the next: they may have changed something since it was
    begun.
    """

    def __init__(self, at_once: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._next: dict[Hashable, asyncio.Task[Message]] = {}

    async def get(self, name: Hashable, make: Callable[[], Awaitable[Message]]) -> Message:
        """What `make` makes, or what it made for somebody who asked for `name` with this one."""
        task = self._next.get(name)
        if task is None:
            task = self._next[name] = asyncio.create_task(self._made(name, make))
        return await asyncio.shield(task)

    async def _made(self, name: Hashable, make: Callable[[], Awaitable[Message]]) -> Message:
        async with self._turns:
            del self._next[name]  # from here on it is too late to share it
            return await make()
