"""Writing notices out in words and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Protocol

from bot.domain.campaign.channels.report import BurnDown
from bot.domain.campaign.planned_messages import NextMessage
from bot.domain.campaign.windows import Deadline
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.notices import Notice
from bot.domain.inventory.records import OrgScan
from bot.domain.summaries import Page
from bot.message import Message

ON_A_BOARD = 8
"""So many apps stand on a board, the most pressing ones."""
NO_LINKS: Mapping[str, str] = MappingProxyType({})


class Composer(Protocol):
    """Writes a notice out in words, from the present truth."""

    async def compose(
        self,
        notice: Notice,
        *,
        request: ConsentRequest | None = None,
        link: str = "",
        links: Mapping[str, str] = NO_LINKS,
    ) -> Message | None:
        """The message, or None when there is nothing to tell any more.

        `request` is the one that the notice is about, from a caller who has just read or written
        it; else it is read. `link` is the address of a personal link, `links` those of a round by
        request id.
        """
        ...


@dataclass(frozen=True, slots=True)
class BoardContents:
    """What a board shows. `now` is UTC; `deadline` is the date that comes next.

    `page` has the first open apps, `ON_A_BOARD` of them, with the counts of all;
    `working_days_left` is 0 on the day itself, and where only days off come before it; `org` is the
    Okta org that it is about, "" for all of them; `next_messages`: when the first message goes out,
    by request.
    """

    page: Page
    scans: Mapping[str, OrgScan]
    deadline: Deadline
    working_days_left: int
    today: date
    now: datetime
    org: str = ""
    next_messages: Mapping[str, NextMessage] = field(default_factory=dict)


class BoardWriter(Protocol):
    """Writes boards out in words."""

    def board(self, contents: BoardContents) -> Message: ...

    def moved(self) -> Message:
        """What stays of a board that was posted anew further down."""
        ...

    def closed(self) -> Message:
        """What stays of a board that is kept no more."""
        ...


class ChartRenderer(Protocol):
    """Draws pictures; both calls may take a while, and hold nothing up."""

    async def burn_down(self, chart: BurnDown, labels: Mapping[str, str]) -> bytes:
        """A burn-down as a PNG. `labels` are the words in it, by what they name."""
        ...
