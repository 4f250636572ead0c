"""Boards of their own for each Okta org: each is about that org alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.campaign.channels.board import BoardPolicy
from bot.domain.campaign.windows import Campaign, Deadline, Scope
from bot.domain.changes import Changes
from bot.domain.delivery.notices import Channel, ChannelNudge, ChannelReport
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import OrgScan
from bot.domain.people.admins import Platform
from bot.errors import ChannelUnreachable, ChatThrottled, ChatUnreachable, MessageGone
from bot.message import Message, Text, plainly
from tests.boards import CHANNEL, HOUR, ONE, ChannelBoards
from tests.examples import APP, NOW, RECORD
from tests.reading import items_of
from tests.there import there

OTHER = replace(
    RECORD,
    app=replace(APP, ref=AppRef("fabrikam", "0oa9"), label="Fabrikam O365", domain="fabrikam.com"),
)
PER_ORG = BoardPolicy((CHANNEL,), ("contoso", "fabrikam"))
DAY = timedelta(days=1)
CLOSED = "This board is closed: I no longer update it."


@pytest.fixture
async def channel() -> ChannelBoards:
    """Two orgs with one open app each; fabrikam has a date of its own."""
    date = Deadline("target", NOW.date() + 9 * DAY, "fabrikam", Scope(org="fabrikam"))
    channel = ChannelBoards(kept=PER_ORG, campaign=Campaign(targets=(date,)))
    await channel.ledger.commit(Changes(apps=(RECORD, OTHER)))
    return channel


def titles(channel: ChannelBoards) -> list[str]:
    return [posted.message.summary for posted in channel.messenger.posted.values()]


def said(message: Message) -> str:
    return " ".join(plainly(block.text) for block in message.blocks if isinstance(block, Text))


async def test_each_org_has_a_board_that_is_about_it_alone(channel: ChannelBoards) -> None:
    """Its title, its apps, its own date, and how fresh it is."""
    late = NOW - 5 * HOUR
    for org, at in (("contoso", late), ("fabrikam", NOW)):
        await channel.ledger.save_scan(OrgScan(org, started_at=at, finished_at=at))
    await channel.show()
    assert titles(channel) == [
        "Office 365 migration of contoso: one app to go",
        "Office 365 migration of fabrikam: one app to go",
    ]
    contoso, fabrikam = (posted.message for posted in channel.messenger.posted.values())
    assert [(item.title, item.beside) for item in items_of(fabrikam)] == [("Fabrikam O365", "")]
    assert "has passed" in said(contoso)
    assert "7 working days left until March 12, 2025" in said(fabrikam)
    assert "04:00" in str(contoso.blocks)
    assert "04:00" not in str(fabrikam.blocks)


async def test_a_change_in_one_org_touches_the_other_ones_board_not_at_all(
    channel: ChannelBoards,
) -> None:
    """Neither the message nor its thread."""
    await channel.show()
    channel.clock.forward(timedelta(minutes=1))
    await channel.assess(State.MIGRATED, OTHER)
    await channel.show(timedelta(minutes=1))
    assert channel.messenger.updates == ["m2"]
    await channel.show(4 * HOUR)
    ((key, _),) = channel.engine.deliveries
    delivery = there(await channel.ledger.delivery(key))
    until = channel.clock.now().isoformat()
    nudge = ChannelNudge(CHANNEL, NOW.isoformat(), "fabrikam", until)
    assert delivery.notice == nudge
    assert there(await channel.letters.compose(nudge, {})).summary == "Done: Fabrikam O365."
    other = ChannelNudge(CHANNEL, NOW.isoformat(), "contoso")
    assert await channel.letters.compose(other, {}) is None


async def test_a_platform_that_asks_to_wait_is_not_asked_for_the_next_board(
    channel: ChannelBoards,
) -> None:
    """Not before the time that it named; then all of them are shown."""
    channel.messenger.refuses.append(ChatThrottled("slow down", retry_after=90))
    again = await channel.show()
    assert (titles(channel), again) == ([], NOW + timedelta(seconds=90))
    await channel.show(timedelta(seconds=90))
    assert len(titles(channel)) == 2


async def test_each_org_has_a_weekly_report_of_its_own(channel: ChannelBoards) -> None:
    """From its own history; an org where nothing is open has none."""
    await channel.show()
    await channel.assess(State.MIGRATED, OTHER)
    await channel.show(7 * DAY)
    reports = [key for key, _ in channel.engine.deliveries if key.startswith("report")]
    assert reports == ["report:2025-W11:slack:C1:contoso"]
    for org, title in (("contoso", "contoso: 0 of 1"), ("fabrikam", "fabrikam: 1 of 1")):
        message = there(await channel.letters.compose(ChannelReport(CHANNEL, "2025-W11", org), {}))
        assert message.summary.startswith(f"{title} apps done.")
    assert [(day.open, day.done) for day in await channel.ledger.history()] == [(2, 0), (1, 1)]


async def test_the_report_that_is_asked_for_comes_for_each_org(channel: ChannelBoards) -> None:
    """At once."""
    planned = await channel.boards.report("slack:U1")
    assert [delivery.key for delivery in planned] == [
        "report:2025-03-03T09:00:slack:C1:contoso",
        "report:2025-03-03T09:00:slack:C1:fabrikam",
    ]


@pytest.mark.parametrize(("before", "after"), [(ONE, PER_ORG), (PER_ORG, ONE)])
async def test_when_the_setting_changes_no_stale_board_stays(
    channel: ChannelBoards, before: BoardPolicy, after: BoardPolicy
) -> None:
    """The old ones say that they are closed, and are left alone; there and back again."""
    for kept in (before, after, before):
        already = len(titles(channel))
        channel.keep(kept)
        await channel.show(HOUR)
        old, new = titles(channel)[:already], titles(channel)[already:]
        assert set(old) <= {CLOSED}
        assert len(new) == len(kept.orgs)
        assert CLOSED not in new
    keys = [posted.key for posted in channel.messenger.posted.values()]
    assert len(set(keys)) == len(keys), "none is taken for another"
    channel.messenger.updates.clear()
    await channel.show(24 * HOUR)
    assert len(channel.messenger.updates) == len(before.orgs)


async def test_a_board_in_a_channel_that_is_followed_no_more_is_closed(
    channel: ChannelBoards,
) -> None:
    """Even when nobody can see it: then it is only forgotten."""
    for error in (None, MessageGone("gone"), ChannelUnreachable("archived")):
        channel.keep(ONE)
        await channel.show(HOUR)
        channel.keep(BoardPolicy())
        if error is not None:
            channel.messenger.refuses.append(error)
        await channel.show(HOUR)
        assert there(await channel.ledger.board(CHANNEL)).message_id == ""


async def test_a_board_that_could_not_be_closed_is_closed_later(channel: ChannelBoards) -> None:
    """And the others are shown all the same."""
    await channel.show()
    channel.keep(BoardPolicy((CHANNEL,), ("contoso",)))
    channel.messenger.refuses += [ChatUnreachable("down"), ChatUnreachable("down")]
    await channel.show(24 * HOUR)
    assert CLOSED not in titles(channel)
    await channel.show(timedelta(minutes=5))
    assert [title == CLOSED for title in titles(channel)] == [False, True]


async def test_a_board_of_a_platform_that_is_switched_off_waits_for_it(
    channel: ChannelBoards,
) -> None:
    """Nobody can change it; should the platform come back, it goes on."""
    teams = Channel(Platform.TEAMS, "19:x@thread.tacv2")
    kept = BoardPolicy((teams,)).boards()[0]
    shown = replace(kept, message_id="t1", posted_at=NOW, shown_at=NOW, revision=1)
    await channel.ledger.commit(Changes(boards=(shown,)))
    await channel.show()
    assert await channel.ledger.board(teams) == shown
