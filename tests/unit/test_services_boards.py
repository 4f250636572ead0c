"""One message per channel that always shows where the migration stands."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.campaign.board import BURIED
from bot.domain.changes import Changes
from bot.domain.delivery.notices import ChannelNudge, ChannelReport
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import OrgScan
from bot.domain.people.choice import Nobody
from bot.domain.people.prospects import Prospect
from bot.errors import ChatThrottled, ChatUnreachable, MessageGone, ScopeMissing
from bot.message import Picture, Progress, Said
from tests.boards import CHANNEL, HOUR, World
from tests.examples import APP, NOW, RECORD, REQUEST
from tests.reading import items_of, text_of


@pytest.fixture
async def world() -> World:
    world = World()
    await world.ledger.commit(Changes(apps=(RECORD,)))
    return world


async def test_a_board_is_posted_once_pinned_and_then_changed_in_place(world: World) -> None:
    """However often it is shown, there is one message in the channel."""
    await world.show()
    await world.assess(State.MIGRATED)
    await world.show(2 * HOUR)
    assert len(world.messenger.posted) == 1
    assert world.messenger.pinned == ["m1"]
    assert world.messenger.updates == ["m1"]
    assert world.shown.summary == "Office 365 migration: all done"


async def test_of_two_that_would_post_a_board_one_does(world: World) -> None:
    """Such as a command and a tick; should the first one die, the second looks a minute later."""
    await asyncio.gather(world.show(), world.show())
    assert len(world.messenger.posted) == 1
    board = await world.ledger.board(CHANNEL)
    assert board is not None
    assert (board.message_id, board.posting_until) == ("m1", None)


async def test_a_board_says_who_holds_what_and_how_fresh_it_is(world: World) -> None:
    """Bar, counts, the most urgent with their holders."""
    await world.ledger.commit(
        Changes(apps=(replace(RECORD, request_id=REQUEST.id, revision=2),), requests=(REQUEST,))
    )
    await world.show()
    assert Progress in {type(block) for block in world.shown.blocks}
    said = text_of(world.shown)
    assert "▲ Needs a Global Administrator’s consent (1)" in said
    assert "Contoso O365 · contoso: Goes out to Ada Moreau: Mon, Mar 3, 09:14." in said


async def test_a_board_says_why_nobody_can_be_asked(world: World) -> None:
    """As the list and the reminder do; and that somebody can be again, once that is known."""
    known = Prospect(APP.ref, NOW, nobody=Nobody.NO_TENANT)
    said: list[Said] = []
    for prospect in (known, replace(known, nobody=None)):
        await world.ledger.commit(Changes(prospects=(prospect,)))
        await world.show(timedelta(minutes=2))
        (item,) = items_of(world.shown)
        said += item.lines
    assert said == ["Nobody to ask: its Microsoft tenant was not found.", "Nobody asked yet."]


async def test_changes_are_gathered_for_a_minute(world: World) -> None:
    """A burst of changes is one edit, and the next look is when the minute is over."""
    await world.show()
    await world.assess(State.MIGRATED)
    again = await world.show(timedelta(seconds=20))
    assert world.messenger.updates == []
    assert again == NOW + timedelta(minutes=1)
    await world.show(timedelta(seconds=40))
    assert world.messenger.updates == ["m1"]


async def test_nothing_is_edited_while_nothing_changed(world: World) -> None:
    """Apart from once a day, so that nobody takes it for forgotten; a look alone is no change."""
    await world.show()
    for hour in range(1, 24):
        looked = OrgScan("contoso", NOW, finished_at=NOW + hour * HOUR)
        await world.ledger.save_scan(looked)
        await world.show(HOUR)
    assert len(world.messenger.updates) <= 1  # where a day that is left less lies in between
    world.messenger.updates.clear()
    await world.show(timedelta(days=1))
    assert world.messenger.updates == ["m1"]


async def test_a_board_that_was_deleted_is_posted_again(world: World) -> None:
    """Under a key of its own, so that the old one is never taken for it."""
    await world.show()
    world.messenger.refuses.append(MessageGone("gone"))
    await world.show(24 * HOUR)
    assert [p.key for p in world.messenger.posted.values()] == [
        "board:1:slack:C1",
        "board:2:slack:C1",
    ]


async def test_a_board_that_scrolled_away_goes_on_further_down(world: World) -> None:
    """And the old one says so."""
    await world.show()
    await world.chatter(BURIED)
    await world.show(timedelta(days=29))
    assert world.messenger.asked_after == []
    await world.show(timedelta(days=1))
    first, *_, second = (p.message for p in world.messenger.posted.values())
    assert "further down" in first.summary
    assert second.summary.startswith("Office 365 migration")
    await world.show(2 * timedelta(days=1))
    assert world.messenger.asked_after == ["m1"]


async def test_an_old_board_that_can_still_be_seen_stays_where_it_is(world: World) -> None:
    """Slack is asked how far down it is, once a day."""
    await world.show()
    await world.chatter(BURIED - 1)
    await world.show(timedelta(days=30))
    for _ in range(47):
        await world.show(HOUR)
    assert world.messenger.asked_after == ["m1", "m1"]
    assert "further down" not in world.messenger.posted["m1"].message.summary
    await world.chatter(1)
    await world.show(HOUR)
    assert "further down" in world.messenger.posted["m1"].message.summary


@pytest.mark.parametrize("scope_is_missing", [False, True])
async def test_where_nobody_can_tell_age_alone_decides(scope_is_missing: bool) -> None:
    """In Teams, and where Slack does not let the app read the channel."""
    world = World(tells=scope_is_missing)
    await world.ledger.commit(Changes(apps=(RECORD,)))
    await world.show()
    if scope_is_missing:
        world.messenger.refuses.append(ScopeMissing("missing scope"))
    await world.show(timedelta(days=30))
    first, second = (p.message for p in world.messenger.posted.values())
    assert "further down" in first.summary
    assert second.summary.startswith("Office 365 migration")


async def test_a_crash_after_the_post_does_not_make_a_second_board(world: World) -> None:
    """The platform is asked for the key before it is posted."""
    world.messenger.breaks.append(ChatUnreachable("lost"))
    await world.show()
    await world.show(HOUR)
    assert len(world.messenger.posted) == 1
    board = await world.ledger.board(CHANNEL)
    assert board is not None
    assert board.message_id == "m1"


async def test_a_platform_that_asks_to_wait_is_waited_for(world: World) -> None:
    """And nothing is lost by it."""
    world.messenger.refuses.append(ChatThrottled("slow down", retry_after=90))
    again = await world.show()
    assert again == NOW + timedelta(seconds=90)
    await world.show(timedelta(seconds=90))
    assert len(world.messenger.posted) == 1


async def test_what_changed_is_told_in_the_thread_and_in_working_hours(world: World) -> None:
    """Several changes come in one reply; without a change there is none."""
    await world.show()
    world.clock.forward(timedelta(minutes=1))
    await world.assess(State.MIGRATED)
    await world.show(2 * HOUR)
    assert world.engine.deliveries == []
    await world.show(3 * HOUR)
    ((key, _),) = world.engine.deliveries
    delivery = await world.ledger.delivery(key)
    assert delivery is not None
    assert isinstance(delivery.notice, ChannelNudge)
    reply = await world.letters.compose(delivery.notice, {})
    assert reply is not None
    assert reply.summary == "Done: Contoso O365."
    await world.show(2 * HOUR)
    assert len(world.engine.deliveries) == 1


async def test_replies_that_were_held_up_together_do_not_repeat_each_other(world: World) -> None:
    """The platform was away for a day: each tells what came before the next one."""
    second = replace(RECORD, app=replace(APP, ref=AppRef("contoso", "0oa2"), label="Second"))
    await world.ledger.commit(Changes(apps=(second,)))
    await world.show()
    for record in (RECORD, second):
        world.clock.forward(timedelta(minutes=1))
        await world.assess(State.MIGRATED, record)
        await world.show(5 * HOUR if record is RECORD else 19 * HOUR)
    held_up = [await world.ledger.delivery(key) for key, _ in world.engine.deliveries]
    replies = []
    for delivery in held_up:
        assert delivery is not None
        assert isinstance(delivery.notice, ChannelNudge)
        reply = await world.letters.compose(delivery.notice, {})
        replies.append(reply.summary if reply is not None else "")
    assert replies == ["Done: Contoso O365.", "Done: Second."]


async def test_nobody_is_nudged_at_night(world: World) -> None:
    """It waits until the channel opens."""
    await world.show()
    world.clock.forward(9 * HOUR)
    await world.assess(State.MIGRATED)
    await world.show(5 * HOUR)
    assert world.engine.deliveries == []
    await world.show(10 * HOUR)
    ((key, at),) = world.engine.deliveries
    assert key.startswith("nudge")
    assert at == NOW + timedelta(days=1)


async def test_what_happens_before_the_channel_opens_for_the_first_time_is_told(
    world: World,
) -> None:
    """A board that is posted at night is behind by morning: its thread says by what."""
    world.clock.forward(-5 * HOUR)
    await world.show()
    world.clock.forward(HOUR)
    await world.assess(State.MIGRATED)
    await world.show(HOUR)
    assert world.engine.deliveries == []
    await world.show(3 * HOUR)
    ((key, at),) = world.engine.deliveries
    assert key.startswith("nudge")
    assert at == NOW


async def test_a_report_comes_on_the_first_working_day_of_a_week(world: World) -> None:
    """Once per week and channel, with a picture and its words for whoever cannot see it."""
    await world.show()
    for _ in range(7 * 24):
        await world.show(HOUR)
    reports = [k for k, _ in world.engine.deliveries if k.startswith("report")]
    assert reports == ["report:2025-W11:slack:C1"]
    delivery = await world.ledger.delivery(reports[0])
    assert delivery is not None
    assert isinstance(delivery.notice, ChannelReport)
    message = await world.letters.compose(delivery.notice, {})
    assert message is not None
    (picture,) = [block for block in message.blocks if isinstance(block, Picture)]
    assert picture.alt.startswith("Burn-down of open apps: 1 on March 3, 2025")
    name = picture.url.rpartition("/")[2].removesuffix(".png")
    assert await world.ledger.picture(name) == b"png"


async def test_a_channel_of_an_unknown_migration_has_no_board_yet() -> None:
    """Before the first look there is nothing to show."""
    world = World()
    await world.show()
    assert world.messenger.posted == {}


async def test_every_day_is_counted(world: World) -> None:
    """The history is what the burn-down is drawn from."""
    await world.show()
    other = replace(RECORD, app=replace(APP, ref=AppRef("contoso", "0oa2")))
    await world.ledger.commit(Changes(apps=(other,)))
    await world.show(timedelta(days=1))
    assert [day.open for day in await world.ledger.history()] == [1, 2]
