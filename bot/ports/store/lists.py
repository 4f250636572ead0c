"""What lists are made from: summaries, by their place among all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.consent.requests import ConsentRequest
from bot.domain.inventory.apps import AppRef
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import EVERY_OPEN, AppSummary, Counts, Page, Wanted


@dataclass(frozen=True, slots=True)
class Asked:
    """Page `number` of `pages` of the open requests, the oldest first."""

    number: int
    pages: int
    shown: tuple[ConsentRequest, ...]


class Lists(Protocol):
    """Summaries, which are written with each record. No call reads evidence.

    A page costs what is on it, whatever else there is. Every method may raise StoreError.
    """

    async def page(self, number: int, rows: int, wanted: Wanted = EVERY_OPEN) -> Page:
        """A page of what is wanted of the list, whoever is asked for it; the last one when there
        are fewer. The first is 1. Its counts are of that org, or of all.
        """
        ...

    def pages(self, rows: int, wanted: Wanted = EVERY_OPEN) -> AsyncIterator[Page]:
        """All of it, so many apps at a time, without counts. Each app that was in it at the
        beginning is there once, as it is when its turn comes.
        """
        ...

    async def counts(self) -> Counts:
        """Of every org; as cheap with many apps as with few."""
        ...

    async def requests(self, number: int, rows: int) -> Asked:
        """A page of the open requests; the last one when there are fewer."""
        ...

    async def prospects_of(self, refs: Iterable[AppRef]) -> Mapping[AppRef, Prospect]:
        """Who would be asked for these apps, as last looked at."""
        ...

    async def summaries(self, org: str = "") -> tuple[AppSummary, ...]:
        """Every app of one org, or of all orgs, the most pressing first."""
        ...

    async def summaries_of(self, refs: Iterable[AppRef]) -> tuple[AppSummary, ...]:
        """Those of these apps that are known, the most pressing first."""
        ...

    async def tenants(self) -> Mapping[str, frozenset[str]]:
        """By org, the ids of the tenants that apps of it are, or were, of."""
        ...

    async def still(self) -> tuple[AppRef, ...]:
        """Apps whose last request is stuck or ended without its person (`still_since`), the newest
        last. Some need nobody any more.
        """
        ...

    async def unreachable(self) -> tuple[AppRef, ...]:
        """Apps for which somebody should be asked, nobody is, and nobody can be; by their names."""
        ...

    async def names(self) -> tuple[tuple[AppRef, str], ...]:
        """Every app with its label; cheap to ask for again while no label changes."""
        ...

    async def due_verdicts(self, now: datetime, limit: int) -> tuple[AppRef, ...]:
        """Apps whose summary held until now (UTC) or earlier; the longest overdue first."""
        ...
