"""One reading of a list for all who ask at once, and a few lists at a time."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from bot.chat.answering.lists import Shared
from bot.message import Message
from tests.waiting import wait_until


class Drawer:
    """Draws messages as slowly as it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go_on = asyncio.Event()

    async def draw(self, name: str) -> Message:
        self.begun.append(name)
        await self.go_on.wait()
        return Message(f"{name} {len(self.begun)}")


async def test_those_who_ask_before_it_is_begun_share_one_answer() -> None:
    """Thirty-two people who ask for the same page cost one reading."""
    shared, drawer = Shared(1), Drawer()
    drawer.go_on.set()
    answers = await asyncio.gather(
        *(shared.get("apps", lambda: drawer.draw("apps")) for _ in range(32))
    )
    assert drawer.begun == ["apps"]
    assert {answer.summary for answer in answers} == {"apps 1"}


async def test_who_asks_while_it_is_made_gets_the_next_one() -> None:
    """What they have just changed may not be in the one that was begun before."""
    shared, drawer = Shared(2), Drawer()
    first = asyncio.create_task(shared.get("apps", lambda: drawer.draw("apps")))
    await wait_until(lambda: drawer.begun == ["apps"])
    second = asyncio.create_task(shared.get("apps", lambda: drawer.draw("apps")))
    await wait_until(lambda: drawer.begun == ["apps", "apps"])
    drawer.go_on.set()
    await asyncio.gather(first, second)
    assert len(drawer.begun) == 2


async def test_only_some_are_made_at_a_time_and_the_others_after_them() -> None:
    """Memory is bounded by that number, however many ask for however many lists."""
    shared, drawer = Shared(2), Drawer()
    asked = [
        asyncio.create_task(shared.get(name, partial(drawer.draw, name)))
        for name in ("one", "two", "three", "four")
    ]
    await wait_until(lambda: len(drawer.begun) == 2)
    for _ in range(20):
        await asyncio.sleep(0)
    assert drawer.begun == ["one", "two"]
    drawer.go_on.set()
    await asyncio.gather(*asked)
    assert drawer.begun == ["one", "two", "three", "four"]


async def test_one_who_leaves_takes_nobody_along() -> None:
    """The others who wait for the same answer still get it."""
    shared, drawer = Shared(1), Drawer()
    leaves, stays = (
        asyncio.create_task(shared.get("apps", lambda: drawer.draw("apps"))) for _ in range(2)
    )
    await wait_until(lambda: drawer.begun == ["apps"])
    leaves.cancel()
    drawer.go_on.set()
    assert (await stays).summary == "apps 1"
    with pytest.raises(asyncio.CancelledError):
        await leaves


async def test_a_failure_reaches_all_who_shared_it_and_nobody_after() -> None:
    """The next who asks has it made anew."""
    shared, made = Shared(1), 0

    async def fails() -> Message:
        nonlocal made
        made += 1
        if made == 1:
            raise ValueError("the store is away")
        return Message("apps")

    results = await asyncio.gather(
        *(shared.get("apps", fails) for _ in range(2)), return_exceptions=True
    )
    assert [type(one) for one in results] == [ValueError, ValueError]
    assert (await shared.get("apps", fails)).summary == "apps"
