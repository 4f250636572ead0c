"""What a channel will get by itself is foreseen by the rules that the running bot has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.chat.campaign.plans import line, plan
from bot.chat.words import Words
from bot.domain.campaign.channels.board import ASK_EVERY, BURIED, BoardPolicy, next_report, week_of
from bot.domain.campaign.channels.planned_posts import PostKind
from bot.domain.campaign.windows import WINDOWS, Audience, Campaign, Deadline, Window
from bot.domain.changes import Changes
from bot.domain.evidence.verdict import State
from bot.domain.time.calendar import Calendar, Calendars
from bot.message import Note
from tests.boards import CHANNEL, HOUR, ChannelBoards
from tests.examples import NOW, RECORD, record_of

DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
QUIET = frozenset(date(2025, 3, 10) + n * DAY for n in range(9))
"""A whole week, and the Monday and Tuesday of the next one."""
SILENT_AT_FIRST = tuple(
    replace(window, audience=frozenset({Audience.PERSON})) if window.begins > 20 else window
    for window in WINDOWS
)


def calendar(zone: ZoneInfo = BERLIN, quiet: frozenset[date] = frozenset()) -> Calendar:
    return Calendar(zone, quiet=quiet)


def test_a_report_is_due_on_the_first_working_moment_of_a_week_without_one() -> None:
    """At the organisation's own nine o'clock, also when the clocks change on the day before."""
    monday = datetime(2025, 3, 24, 8, tzinfo=UTC)
    assert next_report("", monday, calendar()) == monday
    assert next_report("2025-W12", monday + HOUR, calendar()) == monday + HOUR
    assert next_report("2025-W13", monday, calendar()) == datetime(2025, 3, 31, 7, tzinfo=UTC)
    saturday = datetime(2025, 3, 29, 8, tzinfo=UTC)
    assert next_report("2025-W12", saturday, calendar()) == datetime(2025, 3, 31, 7, tzinfo=UTC)


def test_a_week_that_is_free_has_no_report() -> None:
    """The next one has it on its own first working day."""
    found = next_report("2025-W10", NOW, calendar(ZoneInfo("UTC"), QUIET))
    assert found == datetime(2025, 3, 19, 9, tzinfo=UTC)


def test_the_week_is_that_of_the_local_date() -> None:
    """On Sunday evening in UTC it is Monday in Auckland; a year may begin in the last week."""
    sunday = datetime(2025, 3, 9, 22, tzinfo=UTC)
    auckland = calendar(ZoneInfo("Pacific/Auckland"))
    assert week_of(sunday, auckland) == "2025-W11"
    assert next_report("2025-W10", sunday, auckland) == sunday
    assert week_of(datetime(2024, 12, 31, 12, tzinfo=UTC), calendar()) == "2025-W01"


@pytest.mark.parametrize(
    ("zone", "quiet", "windows"),
    [
        ("UTC", frozenset(), WINDOWS),
        ("UTC", QUIET, SILENT_AT_FIRST),
        ("America/New_York", frozenset(), SILENT_AT_FIRST),
        ("America/New_York", QUIET, WINDOWS),
        ("Pacific/Auckland", frozenset(), SILENT_AT_FIRST),
        ("Pacific/Auckland", QUIET, WINDOWS),
    ],
)
async def test_the_running_bot_posts_what_was_foreseen(
    zone: str, quiet: frozenset[date], windows: tuple[Window, ...]
) -> None:
    """Six weeks, hour by hour, from a channel that never had a board."""
    target = Deadline("target", NOW.date() + 50 * DAY, "ours")
    channel = ChannelBoards(
        campaign=Campaign(targets=(target,), windows=windows),
        calendars=Calendars(ZoneInfo(zone), quiet=quiet),
    )
    await channel.ledger.commit(Changes(apps=(RECORD,)))
    foreseen = await channel.planner.plan(42)
    while channel.clock.now() < foreseen.until:
        await channel.show()
        channel.clock.forward(HOUR)
    posted = [(at, key) for key, at in channel.engine.deliveries if key.startswith("report")]
    reports = [post.at for post in foreseen.posts if post.kind is PostKind.REPORT]
    assert [at for at, _ in posted] == reports
    assert len(reports) == len({key for _, key in posted}) >= 2


async def test_a_plan_has_a_channels_own_posts_in_words() -> None:
    """In the organisation's zone, with the reason; replies cannot be foreseen, and it says so."""
    channel = ChannelBoards(kept=BoardPolicy((CHANNEL,), ("contoso", "fabrikam")))
    await channel.ledger.commit(Changes(apps=(RECORD,)))
    await channel.show()
    found = await channel.planner.plan(10)
    (post,) = found.lines
    assert line(Words(), found, post) == (
        "the channel in Slack",
        "March 10, 2025, 09:00 UTC",
        "weekly report: contoso",
        "once a week, while apps are open",
    )
    message = plan(Words(), found, 10)
    assert message.summary.startswith("One message over the next 10 days")
    (note,) = [block.text for block in message.blocks if isinstance(block, Note)]
    assert "cannot be foreseen" in note


async def test_nothing_is_foreseen_where_nothing_is_open() -> None:
    """Nor where nothing was looked at."""
    channel = ChannelBoards()
    assert (await channel.planner.plan(30)).lines == ()
    await channel.ledger.commit(Changes(apps=(RECORD,)))
    await channel.assess(State.MIGRATED)
    assert (await channel.planner.plan(30)).lines == ()


async def test_a_board_is_posted_anew_at_the_earliest_when_it_is_old() -> None:
    """And a day after it was still to be seen; never before now."""
    channel = ChannelBoards()
    await channel.ledger.commit(Changes(apps=(RECORD,)))
    await channel.show()

    async def foreseen(days: int) -> list[datetime]:
        found = await channel.planner.plan(days)
        return [post.at for post in found.posts if post.kind is PostKind.BOARD]

    assert await foreseen(30) == []
    assert await foreseen(31) == [NOW + 30 * DAY]
    channel.clock.forward(40 * DAY)
    now = channel.clock.now()
    assert await foreseen(1) == [now]
    await channel.show()
    assert await foreseen(2) == [now + ASK_EVERY]
    await channel.chatter(BURIED)
    await channel.show(DAY)
    assert await foreseen(29) == []


async def test_what_is_due_now_includes_the_channels() -> None:
    """A report that the next tick will post."""
    channel = ChannelBoards()
    await channel.ledger.commit(Changes(apps=(RECORD,)))
    await channel.show()
    assert (await channel.planner.due()).lines == ()
    channel.clock.forward(7 * DAY)
    assert [post.kind for post in (await channel.planner.due()).posts] == [PostKind.REPORT]
    await channel.show()
    assert (await channel.planner.due()).lines == ()


async def test_a_plan_from_a_date_in_the_past_forgets_what_came_later() -> None:
    """Reports that were posted since are in it."""
    channel = ChannelBoards()
    other = record_of("0oa2")
    await channel.ledger.commit(Changes(apps=(RECORD, other)))
    for _ in range(4):
        await channel.show()
        channel.clock.forward(7 * DAY)
    found = await channel.planner.plan(14, date(2025, 3, 10))
    assert [post.at.day for post in found.posts] == [10, 17]
    assert [post.at.day for post in (await channel.planner.plan(14, NOW.date())).posts] == [10]
