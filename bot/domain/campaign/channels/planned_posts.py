"""What a channel will get by itself: its weekly reports, and a board that is posted anew.

The running bot decides by the same functions of `bot.domain.campaign.channels.board`. Thread
replies tell what changed, so nobody can foresee them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.campaign.channels.board import Board, may_be_buried_from, next_report, week_of
from bot.domain.campaign.channels.report import main_deadline
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Audience, Deadline
from bot.domain.delivery.notices import Channel
from bot.domain.time.calendar import DAY, Calendar


class PostKind(StrEnum):
    """What is posted; words under `plan.what_<value>` and `plan.why_<value>`."""

    REPORT = "report"
    BOARD = "board"  # anew, at the earliest: when it scrolled away


@dataclass(frozen=True, slots=True)
class ChannelPost:
    """A channel gets something. `at` is UTC; `org` is one Okta org, "" for all of them."""

    to: Channel
    org: str
    kind: PostKind
    at: datetime


def channel_posts(
    board: Board,
    dates: Sequence[Deadline],
    start: datetime,
    until: datetime,
    policy: Policy,
    post_anew_after: timedelta,
) -> Iterator[ChannelPost]:
    """What the channel of `board` gets from `start` until before `until` if nothing changed.

    `dates` are those of the open apps that the board is about.
    """
    calendar = policy.calendars.of("")
    old = may_be_buried_from(board, post_anew_after)
    if old is not None and old < until:
        yield ChannelPost(board.channel, board.org, PostKind.BOARD, max(old, start))
    if not dates:
        return

    def tells(at: datetime) -> bool:
        today = calendar.today(at)
        left = calendar.days_left(today, main_deadline(dates, today).on)
        return policy.campaign.tells(Audience.CHANNEL, left)

    reported = board.reported
    at = next_report(reported, start, calendar)
    while at is not None and at < until:
        if tells(at):
            if reported:  # the week in which a board is new has none
                yield ChannelPost(board.channel, board.org, PostKind.REPORT, at)
            reported = week_of(at, calendar)
        at = next_report(reported, _next_day(at, calendar), calendar)


def as_of(board: Board, at: datetime, calendar: Calendar) -> Board:
    """As it would have looked at `at`: what came later had not happened."""
    if board.posted_at is None or board.posted_at > at:
        return Board(board.channel, org=board.org)
    asked_at = board.asked_at if board.asked_at is None or board.asked_at <= at else None
    reported = board.reported
    if reported > week_of(at, calendar):
        reported = week_of(at - 7 * DAY, calendar)
    return replace(board, asked_at=asked_at, reported=reported)


def _next_day(at: datetime, calendar: Calendar) -> datetime:
    opening = calendar.opening(calendar.today(at))
    # Its end is a moment of that day in any zone, and not worked any more.
    return opening[1] if opening is not None and opening[1] > at else at + DAY
