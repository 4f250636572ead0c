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
from tests.boards import IN_TEAMS, World
from tests.examples import NOW, OPERATOR, RECORD

LATER = timedelta(minutes=5)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.ledger.commit(Changes(apps=(RECORD,)))
    return world


async def alarms(world: World) -> list[Alarm]:
    """What the operators are told."""
    found = [await world.ledger.delivery(key) for key, _ in world.engine.deliveries]
    return [one.notice for one in found if one is not None and isinstance(one.notice, Alarm)]


@pytest.mark.parametrize(
    ("error", "place", "owner"),
    [
        (ChannelUnreachable("not_in_channel"), "slack:C1", OPERATOR),
        (ChatMisconfigured("token_revoked"), "slack", IN_TEAMS),
    ],
)
async def test_its_owner_is_told_once_until_it_gets_through(
    world: World, error: ChatError, place: str, owner: ChatIdentity
) -> None:
    """A channel's operators are on its platform; when that is out itself, on the other one."""
    for _ in range(3):
        world.messenger.refuses.append(error)
        again = await world.show(LATER)
        assert again == world.clock.now() + LATER
    (alarm,) = await alarms(world)
    assert (alarm.to, alarm.about) == (owner, place)
    assert list(await world.ledger.incidents()) == [place]
    await world.show(LATER)
    assert await world.ledger.incidents() == {}
    assert len(world.messenger.posted) == 1


async def test_a_board_that_cannot_be_changed_any_more_has_an_owner_too(world: World) -> None:
    """Such as when its channel was archived."""
    await world.show()
    world.messenger.refuses.append(ChannelUnreachable("is_archived"))
    await world.show(timedelta(days=1))
    assert [alarm.about for alarm in await alarms(world)] == ["slack:C1"]


async def test_what_passes_by_itself_is_nobodys_trouble(world: World) -> None:
    """It is tried again."""
    world.messenger.refuses.append(ChatUnreachable("no connection", nothing_sent=True))
    assert await world.show() <= NOW + LATER
    assert await alarms(world) == []


async def test_a_channel_that_may_not_be_read_gets_its_board_all_the_same(world: World) -> None:
    """It can only not be looked for."""
    world.messenger.looks_refused.append(ScopeMissing("missing_scope"))
    await world.show()
    assert len(world.messenger.posted) == 1
    assert await world.ledger.incidents() == {}


@pytest.mark.parametrize("place", ["slack:C9", "teams", "teams:19:x"])
async def test_the_trouble_of_a_place_that_is_in_the_settings_no_more_is_over(
    world: World, place: str
) -> None:
    """A channel was archived and taken out: no message will ever get through to end it."""
    old = Incident(place, "channel_unreachable", "is_archived", NOW)
    still = Incident("slack:C1", "channel_unreachable", "is_archived", NOW)
    await world.ledger.commit(Changes(incidents=(old, still)))
    world.messenger.refuses.append(ChannelUnreachable("is_archived"))
    await world.show()
    assert list(await world.ledger.incidents()) == ["slack:C1"]
