"""One message per channel that always shows where the migration stands."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.campaign.channels.board import BURIED
from bot.domain.changes import Changes
from bot.domain.delivery.notices import ChannelNudge, ChannelReport
from bot.domain.evidence.verdict import State
from bot.domain.inventory.records import OrgScan
from bot.domain.people.choice import Nobody
from bot.domain.people.prospects import Prospect
from bot.errors import ChatThrottled, ChatUnreachable, MessageGone, ScopeMissing
from bot.message import Picture, Progress, Said
from tests.boards import CHANNEL, HOUR, ChannelBoards
from tests.examples import APP, NOW, RECORD, REQUEST, record_of
from tests.reading import items_of, text_of
from tests.there import there


@pytest.fixture
async def channel() -> ChannelBoards:
    channel = ChannelBoards()
    await channel.ledger.commit(Changes(apps=(RECORD,)))
    return channel


async def test_a_board_is_posted_once_pinned_and_then_changed_in_place(
    channel: ChannelBoards,
) -> None:
    """However often it is shown, there is one message in the channel."""
    await channel.show()
    await channel.assess(State.MIGRATED)
    await channel.show(2 * HOUR)
    assert len(channel.messenger.posted) == 1
    assert channel.messenger.pinned == ["m1"]
    assert channel.messenger.updates == ["m1"]
    assert channel.shown.summary == "Office 365 migration: all done"


async def test_no_board_is_posted_while_the_first_scan_is_half_through(
    channel: ChannelBoards,
) -> None:
    """What is not read yet may still need something; once it is read, or failed, it is posted."""
    await channel.assess(State.MIGRATED)
    await channel.ledger.save_scan(OrgScan("contoso", NOW, apps=9, done=1))
    await channel.show()
    assert channel.messenger.posted == {}
    await channel.ledger.save_scan(OrgScan("contoso", NOW, NOW, apps=9, done=9))
    await channel.show(timedelta(minutes=1))
    assert len(channel.messenger.posted) == 1
    await channel.ledger.save_scan(OrgScan("contoso", NOW + HOUR, NOW, apps=9, done=1))
    await channel.assess(State.NEEDS_CONSENT)
    await channel.show(2 * HOUR)
    assert channel.messenger.updates == ["m1"]


async def test_of_two_that_would_post_a_board_one_does(channel: ChannelBoards) -> None:
    """Such as a command and a tick; should the first one die, the second looks a minute later."""
    await asyncio.gather(channel.show(), channel.show())
    assert len(channel.messenger.posted) == 1
    board = there(await channel.ledger.board(CHANNEL))
    assert (board.message_id, board.posting_until) == ("m1", None)


async def test_a_board_says_who_holds_what_and_how_fresh_it_is(channel: ChannelBoards) -> None:
    """Bar, counts, the most urgent with their holders."""
    await channel.ledger.commit(
        Changes(apps=(replace(RECORD, request_id=REQUEST.id, revision=2),), requests=(REQUEST,))
    )
    await channel.show()
    assert Progress in {type(block) for block in channel.shown.blocks}
    said = text_of(channel.shown)
    assert "▲ Needs a Global Administrator’s consent (1)" in said
    assert "Contoso O365 · contoso: Goes out to Ada Moreau: Mon, Mar 3, 09:14." in said


async def test_a_board_says_why_nobody_can_be_asked(channel: ChannelBoards) -> None:
    """As the list and the reminder do; and that somebody can be again, once that is known."""
    known = Prospect(APP.ref, NOW, nobody=Nobody.NO_TENANT)
    said: list[Said] = []
    for prospect in (known, replace(known, nobody=None)):
        await channel.ledger.commit(Changes(prospects=(prospect,)))
        await channel.show(timedelta(minutes=2))
        (item,) = items_of(channel.shown)
        said += item.lines
    assert said == ["Nobody to ask: its Microsoft tenant was not found.", "Nobody asked yet."]


async def test_changes_are_gathered_for_a_minute(channel: ChannelBoards) -> None:
    """A burst of changes is one edit, and the next look is when the minute is over."""
    await channel.show()
    await channel.assess(State.MIGRATED)
    again = await channel.show(timedelta(seconds=20))
    assert channel.messenger.updates == []
    assert again == NOW + timedelta(minutes=1)
    await channel.show(timedelta(seconds=40))
    assert channel.messenger.updates == ["m1"]


async def test_nothing_is_edited_while_nothing_changed(channel: ChannelBoards) -> None:
    """Apart from once a day, so that nobody takes it for forgotten; a look alone is no change."""
    await channel.show()
    for hour in range(1, 24):
        looked = OrgScan("contoso", NOW, finished_at=NOW + hour * HOUR)
        await channel.ledger.save_scan(looked)
        await channel.show(HOUR)
    assert len(channel.messenger.updates) <= 1  # where a day that is left less lies in between
    channel.messenger.updates.clear()
    await channel.show(timedelta(days=1))
    assert channel.messenger.updates == ["m1"]


async def test_a_board_that_was_deleted_is_posted_again(channel: ChannelBoards) -> None:
    """Under a key of its own, so that the old one is never taken for it."""
    await channel.show()
    channel.messenger.refuses.append(MessageGone("gone"))
    await channel.show(24 * HOUR)
    assert [p.key for p in channel.messenger.posted.values()] == [
        "board:1:slack:C1",
        "board:2:slack:C1",
    ]


async def test_a_board_that_scrolled_away_goes_on_further_down(channel: ChannelBoards) -> None:
    """And the old one says so."""
    await channel.show()
    await channel.chatter(BURIED)
    await channel.show(timedelta(days=29))
    assert channel.messenger.asked_after == []
    await channel.show(timedelta(days=1))
    first, *_, second = (p.message for p in channel.messenger.posted.values())
    assert "further down" in first.summary
    assert second.summary.startswith("Office 365 migration")
    await channel.show(2 * timedelta(days=1))
    assert channel.messenger.asked_after == ["m1"]


async def test_an_old_board_that_can_still_be_seen_stays_where_it_is(
    channel: ChannelBoards,
) -> None:
    """Slack is asked how far down it is, once a day."""
    await channel.show()
    await channel.chatter(BURIED - 1)
    await channel.show(timedelta(days=30))
    for _ in range(47):
        await channel.show(HOUR)
    assert channel.messenger.asked_after == ["m1", "m1"]
    assert "further down" not in channel.messenger.posted["m1"].message.summary
    await channel.chatter(1)
    await channel.show(HOUR)
    assert "further down" in channel.messenger.posted["m1"].message.summary


@pytest.mark.parametrize("scope_is_missing", [False, True])
async def test_where_nobody_can_tell_age_alone_decides(scope_is_missing: bool) -> None:
    """In Teams, and where Slack does not let the app read the channel."""
    channel = ChannelBoards(tells=scope_is_missing)
    await channel.ledger.commit(Changes(apps=(RECORD,)))
    await channel.show()
    if scope_is_missing:
        channel.messenger.refuses.append(ScopeMissing("missing scope"))
    await channel.show(timedelta(days=30))
    first, second = (p.message for p in channel.messenger.posted.values())
    assert "further down" in first.summary
    assert second.summary.startswith("Office 365 migration")


async def test_a_crash_after_the_post_does_not_make_a_second_board(channel: ChannelBoards) -> None:
    """The platform is asked for the key before it is posted."""
    channel.messenger.breaks.append(ChatUnreachable("lost"))
    await channel.show()
    await channel.show(HOUR)
    assert len(channel.messenger.posted) == 1
    assert there(await channel.ledger.board(CHANNEL)).message_id == "m1"


async def test_a_platform_that_asks_to_wait_is_waited_for(channel: ChannelBoards) -> None:
    """And nothing is lost by it."""
    channel.messenger.refuses.append(ChatThrottled("slow down", retry_after=90))
    again = await channel.show()
    assert again == NOW + timedelta(seconds=90)
    await channel.show(timedelta(seconds=90))
    assert len(channel.messenger.posted) == 1


async def test_what_changed_is_told_in_the_thread_and_in_working_hours(
    channel: ChannelBoards,
) -> None:
    """Several changes come in one reply; without a change there is none."""
    await channel.show()
    channel.clock.forward(timedelta(minutes=1))
    await channel.assess(State.MIGRATED)
    await channel.show(2 * HOUR)
    assert channel.engine.deliveries == []
    await channel.show(3 * HOUR)
    ((key, _),) = channel.engine.deliveries
    delivery = there(await channel.ledger.delivery(key))
    assert isinstance(delivery.notice, ChannelNudge)
    reply = there(await channel.letters.compose(delivery.notice, {}))
    assert reply.summary == "Done: Contoso O365."
    await channel.show(2 * HOUR)
    assert len(channel.engine.deliveries) == 1


async def test_replies_that_were_held_up_together_do_not_repeat_each_other(
    channel: ChannelBoards,
) -> None:
    """The platform was away for a day: each tells what came before the next one."""
    second = record_of("0oa2", "Second")
    await channel.ledger.commit(Changes(apps=(second,)))
    await channel.show()
    for record in (RECORD, second):
        channel.clock.forward(timedelta(minutes=1))
        await channel.assess(State.MIGRATED, record)
        await channel.show(5 * HOUR if record is RECORD else 19 * HOUR)
    held_up = [there(await channel.ledger.delivery(key)) for key, _ in channel.engine.deliveries]
    replies = []
    for delivery in held_up:
        assert isinstance(delivery.notice, ChannelNudge)
        reply = await channel.letters.compose(delivery.notice, {})
        replies.append(reply.summary if reply is not None else "")
    assert replies == ["Done: Contoso O365.", "Done: Second."]


async def test_nobody_is_nudged_at_night(channel: ChannelBoards) -> None:
    """It waits until the channel opens."""
    await channel.show()
    channel.clock.forward(9 * HOUR)
    await channel.assess(State.MIGRATED)
    await channel.show(5 * HOUR)
    assert channel.engine.deliveries == []
    await channel.show(10 * HOUR)
    ((key, at),) = channel.engine.deliveries
    assert key.startswith("nudge")
    assert at == NOW + timedelta(days=1)


async def test_what_happens_before_the_channel_opens_for_the_first_time_is_told(
    channel: ChannelBoards,
) -> None:
    """A board that is posted at night is behind by morning: its thread says by what."""
    channel.clock.forward(-5 * HOUR)
    await channel.show()
    channel.clock.forward(HOUR)
    await channel.assess(State.MIGRATED)
    await channel.show(HOUR)
    assert channel.engine.deliveries == []
    await channel.show(3 * HOUR)
    ((key, at),) = channel.engine.deliveries
    assert key.startswith("nudge")
    assert at == NOW


async def test_a_report_comes_on_the_first_working_day_of_a_week(channel: ChannelBoards) -> None:
    """Once per week and channel, with a picture and its words for whoever cannot see it."""
    await channel.show()
    for _ in range(7 * 24):
        await channel.show(HOUR)
    reports = [k for k, _ in channel.engine.deliveries if k.startswith("report")]
    assert reports == ["report:2025-W11:slack:C1"]
    delivery = there(await channel.ledger.delivery(reports[0]))
    assert isinstance(delivery.notice, ChannelReport)
    message = there(await channel.letters.compose(delivery.notice, {}))
    (picture,) = [block for block in message.blocks if isinstance(block, Picture)]
    assert picture.alt.startswith("Burn-down of open apps: 1 on March 3, 2025")
    name = picture.url.rpartition("/")[2].removesuffix(".png")
    assert await channel.ledger.picture(name) == b"png"


async def test_a_channel_of_an_unknown_migration_has_no_board_yet() -> None:
    """Before the first look there is nothing to show."""
    channel = ChannelBoards()
    await channel.show()
    assert channel.messenger.posted == {}


async def test_every_day_is_counted(channel: ChannelBoards) -> None:
    """The history is what the burn-down is drawn from."""
    await channel.show()
    other = record_of("0oa2")
    await channel.ledger.commit(Changes(apps=(other,)))
    await channel.show(timedelta(days=1))
    assert [day.open for day in await channel.ledger.history()] == [1, 2]
