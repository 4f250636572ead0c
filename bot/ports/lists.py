"""What lists are made from: summaries, by their place among all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from bot.domain.inventory.apps import AppRef
from bot.domain.summaries import EVERY_OPEN, AppSummary, Page, Wanted


class Lists(Protocol):
    """Summaries, which are written with each record. No call reads evidence.

    A page costs what is on it, whatever else there is. Every method may raise StoreError.
    """

    async def page(self, number: int, rows: int, wanted: Wanted = EVERY_OPEN) -> Page:
        """A page of what is wanted of the list, whoever is asked for it; the last one when there
        are fewer. The first is 1. Its counts are of that org, or of all.
        """
        ...

    async def summaries(self, org: str = "") -> tuple[AppSummary, ...]:
        """Every app of one org, or of all orgs, the most pressing first."""
        ...

    async def summaries_of(self, refs: Iterable[AppRef]) -> tuple[AppSummary, ...]:
        """Those of these apps that are known, the most pressing first."""
        ...

    async def names(self) -> tuple[tuple[AppRef, str], ...]:
        """Every app with its label; cheap to ask for again while no label changes."""
        ...

    async def due_verdicts(self, now: datetime, limit: int) -> tuple[AppRef, ...]:
        """Apps whose summary held until now (UTC) or earlier; the longest overdue first."""
        ...
