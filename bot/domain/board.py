"""The board: one message of a channel that always shows where the migration stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.calendar import Calendar
from bot.domain.notices import Channel

DEBOUNCE = timedelta(minutes=1)
"""A board is not changed more often than this."""
FRESH = timedelta(hours=1)
"""A board that shows how old it is, is brought up to date at least this often."""
NUDGE_GAP = timedelta(hours=4)
"""Between two thread replies; what happens meanwhile comes in one."""


@dataclass(frozen=True, slots=True)
class Board:
    """The board of a channel, as it was last shown. Times are UTC; `revision` counts changes.

    `digest` names what it shows; `number` counts how often it was posted anew; changes up to
    `told_until` were told in its thread; `reported` is the week of the last report.
    """

    channel: Channel
    message_id: str = ""
    digest: str = ""
    number: int = 1
    posted_at: datetime | None = None
    shown_at: datetime | None = None
    told_until: datetime | None = None
    reported: str = ""
    revision: int = 0

    @property
    def key(self) -> str:
        """Marks the message on its platform."""
        return f"board:{self.number}:{self.channel}"

    def shown(self, message_id: str, digest: str, now: datetime, *, anew: bool) -> Board:
        """After it was posted (`anew`) or changed in place."""
        return replace(
            self,
            message_id=message_id,
            digest=digest,
            posted_at=now if anew else self.posted_at,
            shown_at=now,
        )


def needs_showing(board: Board, digest: str, now: datetime) -> bool:
    """Whether the channel should see it changed now."""
    if not board.message_id or board.shown_at is None:
        return True
    age = now - board.shown_at
    return age >= FRESH or (digest != board.digest and age >= DEBOUNCE)


def scrolled_away(board: Board, now: datetime, after: timedelta) -> bool:
    """Whether it was posted so long ago that it is posted anew."""
    return board.posted_at is not None and now - board.posted_at >= after


def may_nudge(board: Board, now: datetime, calendar: Calendar) -> bool:
    """Whether the channel may be told of changes now."""
    rested = board.told_until is None or now - board.told_until >= NUDGE_GAP
    return rested and calendar.is_open(now)


def week_of(now: datetime, calendar: Calendar) -> str:
    """The ISO week of the local date, such as `2026-W10`."""
    year, week, _ = calendar.today(now).isocalendar()
    return f"{year}-W{week:02}"


def next_look(boards: Iterable[Board], now: datetime, calendars: Sequence[Calendar]) -> datetime:
    """When to look again though nothing changed: for freshness, and when a channel opens."""
    times = [now + FRESH]
    times += [
        max(board.shown_at + DEBOUNCE, now + timedelta(seconds=1))
        for board in boards
        if board.shown_at is not None and board.shown_at + DEBOUNCE > now
    ]
    for calendar in calendars:
        opening = calendar.next_open(now)
        if opening is not None and opening > now:
            times.append(opening)
    return min(times)
