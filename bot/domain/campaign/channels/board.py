"""The board: one message of a channel that always shows where the migration stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from bot.domain.delivery.notices import Channel
from bot.domain.time.calendar import Calendar

DEBOUNCE = timedelta(minutes=1)
"""A board is not changed more often than this."""
CHECK_EVERY = timedelta(hours=1)
"""What a board says besides, such as when somebody is asked, may be so old."""
FRESH = timedelta(days=1)
"""A board of which nothing changed says at least this often how old it is."""
NUDGE_GAP = timedelta(hours=4)
"""Between two thread replies; what happens meanwhile comes in one."""
BURIED = 30
"""With so many messages after it, nobody sees a board any more."""
POSTING = timedelta(minutes=1)
"""So long a replica that posts a board has it to itself; should it die, another one looks then."""
ASK_EVERY = timedelta(days=1)
"""A platform is not asked more often how far down a board is."""


@dataclass(frozen=True, slots=True)
class Board:
    """The board of a channel, as it was last shown. Times are UTC; `revision` counts changes.

    `digest` names what it shows (`needs_showing`); `number` counts how often it was posted anew;
    changes up to `told_until` were told in its thread; `reported` is the week of the last report.
    `org` is the Okta org that it is about, "" for all of them; `asked_at` is when the platform was
    last asked how far down it is; until `posting_until` somebody is posting it.
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
    org: str = ""
    asked_at: datetime | None = None
    posting_until: datetime | None = None

    @property
    def place(self) -> str:
        """Names it among all boards."""
        return f"{self.channel}:{self.org}" if self.org else str(self.channel)

    @property
    def key(self) -> str:
        """Marks the message on its platform."""
        return f"board:{self.number}:{self.place}"

    def shown(self, message_id: str, digest: str, now: datetime, *, anew: bool) -> Board:
        """After it was posted (`anew`) or changed in place."""
        return replace(
            self,
            message_id=message_id,
            digest=digest,
            posted_at=now if anew else self.posted_at,
            shown_at=now,
            posting_until=None,
        )

    def closed(self) -> Board:
        """After its message was given up for good: should it be kept again, it begins anew."""
        return Board(self.channel, number=self.number + 1, revision=self.revision, org=self.org)


@dataclass(frozen=True, slots=True)
class BoardPolicy:
    """Which boards are kept: one in each channel for each of `orgs`, where "" means all of them.

    One that was posted `post_anew_after` ago may have scrolled away.
    """

    channels: tuple[Channel, ...] = ()
    orgs: tuple[str, ...] = ("",)
    post_anew_after: timedelta = timedelta(days=30)

    def boards(self) -> tuple[Board, ...]:
        """Each of them, as if it had never been shown."""
        return tuple(Board(channel, org=org) for channel in self.channels for org in self.orgs)


def needs_showing(board: Board, digest: str, now: datetime) -> bool:
    """Whether the channel should see it changed now.

    `digest` is `main:all`: a name for what is to be seen soon, and one for all but its age.
    """
    if not board.message_id or board.shown_at is None:
        return True
    age = now - board.shown_at
    if digest == board.digest:
        return age >= FRESH
    is_main = digest.partition(":")[0] != board.digest.partition(":")[0]
    return age >= (DEBOUNCE if is_main else CHECK_EVERY)


def may_be_buried_from(board: Board, after: timedelta) -> datetime | None:
    """From when on (UTC) the platform is asked how far down it is; None without a message."""
    if not board.message_id or board.posted_at is None:
        return None
    old = board.posted_at + after
    return old if board.asked_at is None else max(old, board.asked_at + ASK_EVERY)


def is_buried(messages_after: int | None) -> bool:
    """Whether so many messages hide it; where nobody can tell (None), its age alone decides."""
    return messages_after is None or messages_after >= BURIED


def may_nudge(board: Board, now: datetime, calendar: Calendar) -> bool:
    """Whether the channel may be told of changes now."""
    rested = board.told_until is None or now - board.told_until >= NUDGE_GAP
    return rested and calendar.is_open(now)


def next_report(reported: str, now: datetime, calendar: Calendar) -> datetime | None:
    """When the next weekly report is due, from `now` on (UTC); None within a year never.

    That is the first working moment of a week after the one that was `reported` last.
    """
    at = calendar.next_open(now)
    if at is not None and week_of(at, calendar) == reported:
        today = calendar.today(at)
        monday = today + timedelta(days=7 - today.weekday())
        midnight = datetime.combine(monday, time(), calendar.zone)
        at = calendar.next_open(midnight.astimezone(UTC))
    return at


def week_of(now: datetime, calendar: Calendar) -> str:
    """The ISO week of the local date, such as `2026-W10`."""
    year, week, _ = calendar.today(now).isocalendar()
    return f"{year}-W{week:02}"


def next_evaluation(
    boards: Sequence[Board], now: datetime, calendars: Sequence[Calendar]
) -> datetime:
    """When to look again though nothing changed: each hour, and when a channel opens."""
    times = [now + CHECK_EVERY]
    times += [
        max(board.shown_at + DEBOUNCE, now + timedelta(seconds=1))
        for board in boards
        if board.shown_at is not None and board.shown_at + DEBOUNCE > now
    ]
    times += [
        board.posting_until
        for board in boards
        if board.posting_until is not None and board.posting_until > now
    ]
    for calendar in calendars:
        opening = calendar.next_open(now)
        if opening is not None and opening > now:
            times.append(opening)
    return min(times)
