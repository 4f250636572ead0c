"""A board that cannot be shown is somebody's to mend."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.delivery.incidents import Incident
from bot.domain.delivery.notices import Alarm
from bot.domain.people.admins import ChatIdentity
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatMisconfigured,
    ChatUnreachable,
    ScopeMissing,
)
from tests.boards import IN_TEAMS, ChannelBoards
from tests.examples import NOW, OPERATOR, RECORD

LATER = timedelta(minutes=5)


@pytest.fixture
async def channel() -> ChannelBoards:
    channel = ChannelBoards()
    await channel.ledger.commit(Changes(apps=(RECORD,)))
    return channel


async def alarms(channel: ChannelBoards) -> list[Alarm]:
    """What the operators are told."""
    found = [await channel.ledger.delivery(key) for key, _ in channel.engine.deliveries]
    return [one.notice for one in found if one is not None and isinstance(one.notice, Alarm)]


@pytest.mark.parametrize(
    ("error", "place", "owner"),
    [
        (ChannelUnreachable("not_in_channel"), "slack:C1", OPERATOR),
        (ChatMisconfigured("token_revoked"), "slack", IN_TEAMS),
    ],
)
async def test_its_owner_is_told_once_until_it_gets_through(
    channel: ChannelBoards, error: ChatError, place: str, owner: ChatIdentity
) -> None:
    """A channel's operators are on its platform; when that is out itself, on the other one."""
    for _ in range(3):
        channel.messenger.refuses.append(error)
        again = await channel.show(LATER)
        assert again == channel.clock.now() + LATER
    (alarm,) = await alarms(channel)
    assert (alarm.to, alarm.about) == (owner, place)
    assert list(await channel.ledger.incidents()) == [place]
    await channel.show(LATER)
    assert await channel.ledger.incidents() == {}
    assert len(channel.messenger.posted) == 1


async def test_a_board_that_cannot_be_changed_any_more_has_an_owner_too(
    channel: ChannelBoards,
) -> None:
    """Such as when its channel was archived."""
    await channel.show()
    channel.messenger.refuses.append(ChannelUnreachable("is_archived"))
    await channel.show(timedelta(days=1))
    assert [alarm.about for alarm in await alarms(channel)] == ["slack:C1"]


@pytest.mark.parametrize(("nothing_sent", "again"), [(True, timedelta(seconds=15)), (False, LATER)])
async def test_what_passes_by_itself_is_nobodys_trouble(
    channel: ChannelBoards, nothing_sent: bool, again: timedelta
) -> None:
    """It is tried again: soon, unless the platform may have taken it and was slow to say so."""
    channel.messenger.refuses.append(ChatUnreachable("no answer", nothing_sent=nothing_sent))
    assert await channel.show() == NOW + again
    assert await alarms(channel) == []


async def test_a_channel_that_may_not_be_read_gets_its_board_all_the_same(
    channel: ChannelBoards,
) -> None:
    """It can only not be looked for."""
    channel.messenger.looks_refused.append(ScopeMissing("missing_scope"))
    await channel.show()
    assert len(channel.messenger.posted) == 1
    assert await channel.ledger.incidents() == {}


@pytest.mark.parametrize("place", ["slack:C9", "teams", "teams:19:x"])
async def test_the_trouble_of_a_place_that_is_in_the_settings_no_more_is_over(
    channel: ChannelBoards, place: str
) -> None:
    """A channel was archived and taken out: no message will ever get through to end it."""
    old = Incident(place, "channel_unreachable", "is_archived", NOW)
    still = Incident("slack:C1", "channel_unreachable", "is_archived", NOW)
    await channel.ledger.commit(Changes(incidents=(old, still)))
    channel.messenger.refuses.append(ChannelUnreachable("is_archived"))
    await channel.show()
    assert list(await channel.ledger.incidents()) == ["slack:C1"]
