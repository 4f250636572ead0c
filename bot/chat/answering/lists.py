"""The list of apps as it is asked for: one reading for all who ask at once, a few at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat.inventory.overview import Due, overview
from bot.chat.people.app_items import AppItems
from bot.chat.replies import Replies
from bot.chat.typed.grammar.sentences import names_in
from bot.domain.campaign.planned_messages import NextMessage
from bot.domain.consent.requests import ConsentRequest
from bot.domain.normalization import normalized
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import AppSummary, By, Page, Part, Wanted
from bot.message import Message
from bot.ports.store.ledger import Ledger
from bot.services.inventory.scan import Scan

PAGE = 10
LONGEST_NAME = 3  # words
AT_A_TIME = 100
"""Apps of one reading, where the whole list is looked through."""
AT_ONCE = 4
"""So many different lists are read and drawn at the same time; the others wait for their turn."""


NextMessages = Callable[[Iterable[ConsentRequest]], Awaitable[Mapping[str, NextMessage]]]
"""When the first messages go out of those that wait for it."""


class AppLists:
    """Reads and draws pages of the list of apps."""

    def __init__(
        self,
        ledger: Ledger,
        scan: Scan,
        next_messages: NextMessages,
        due: Callable[[Sequence[AppSummary]], Due],
        lived: Callable[[], datetime],
    ) -> None:
        self._outlooks = next_messages
        self._due = due
        self._lived = lived
        self._ledger = ledger
        self._scan = scan
        self._shared = Shared(AT_ONCE)

    async def page(self, replies: Replies, number: int, wanted: Wanted) -> Message:
        """One page of what is wanted of the list, in the language of `replies`."""
        if wanted.org:
            scans = await self._ledger.scans()
            org = next((one for one in scans if normalized(one) == normalized(wanted.org)), "")
            if not org:
                return replies.org_unknown(wanted.org, sorted(scans))
            wanted = replace(wanted, org=org)

        async def draw() -> Message:
            page = await self._read(number, wanted)
            if wanted.part is Part.WAIVED and wanted == Wanted(Part.WAIVED):
                return replies.waivers.listed(page)
            return overview(
                replies.words,
                page,
                await self._ledger.scans(),
                self._scan.now(),
                wanted=wanted,
                next_messages=await self._outlooks(page.requests.values()),
                due=self._due(page.shown),
                lived=self._lived(),
            )

        return await self._shared.get((replies.words.language, number, wanted), draw)

    async def named(self, said: str) -> Wanted | None:
        """What is wanted where a sentence names an org, or somebody who has an open app."""
        names = names_in(said)
        words = [normalized(one) for one in names.split()]
        if not 0 < len(words) <= LONGEST_NAME:
            return None
        for org in self._scan.org_names:
            if normalized(org) in words:
                return Wanted(org=org)
        for name in dict.fromkeys((names, names.removesuffix("s"))):  # "Adas Apps"
            wanted = Wanted(person=name)
            if name and (await self._read(1, wanted)).shown:
                return wanted
        return None

    async def _read(self, number: int, wanted: Wanted) -> Page:
        if not wanted.person and wanted.by is not By.PERSON:
            return await self._ledger.page(number, PAGE, wanted)
        whole = await self._ledger.page(1, AT_A_TIME, wanted)
        parts = [whole]
        while len(parts) < whole.pages:
            parts.append(await self._ledger.page(len(parts) + 1, AT_A_TIME, wanted))
        held = AppItems(
            {name: one for part in parts for name, one in part.requests.items()},
            {ref: one for part in parts for ref, one in part.prospects.items()},
            self._lived(),
        )
        apps = list({app.ref: app for part in parts for app in part.shown}.values())
        if wanted.person:
            apps = [app for app in apps if _is(wanted, held.one(app))]
            counts = Counter(app.state for app in apps if not app.is_waived)
            whole = replace(whole, counts=counts, unreachable=0, waived=0)
        if wanted.by is By.PERSON:
            apps.sort(key=lambda app: (not held.name(app), normalized(held.name(app))))
        pages = max(1, -(-len(apps) // PAGE))
        number = min(number, pages)
        return replace(
            whole,
            number=number,
            pages=pages,
            shown=tuple(apps[(number - 1) * PAGE : number * PAGE]),
            requests=held.requests,
            prospects=held.prospects,
            sizes={}
            if wanted.by is By.URGENCY
            else Counter(str(held.key(app, wanted.by)) for app in apps),
        )


def _is(wanted: Wanted, one: ConsentRequest | Prospect | None) -> bool:
    """Whether it is the person's, by their name or a part of it, or by their account."""
    said = normalized(wanted.person)
    if one is None or said == normalized(one.admin_upn):
        return one is not None
    return f" {said} " in f" {normalized(one.admin_name)} "


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
