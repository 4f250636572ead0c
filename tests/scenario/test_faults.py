"""What can be made to go wrong from the sandbox's page, and that the bot comes through it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from sandbox.bot_process import BotProcess, free_address
from sandbox.faults import FAULTS
from sandbox.page.stored import Stored
from sandbox.world import World
from tests.forked import ForkedBot
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SERVICES = {
    "okta_busy": ("okta-contoso", 429),
    "graph_refuses": ("graph", 403),
    "sign_in_down": ("login", 503),
    "slack_down": ("slack", 503),
    "teams_down": ("teams", 503),
}


class Room:
    """The page, and a bot behind it."""

    def __init__(self, world: World, bot: BotProcess, client: httpx.AsyncClient) -> None:
        self.world, self.bot, self.client = world, bot, client

    async def do(self, **deed: object) -> int:
        return (await self.client.post(f"{self.world.page_url}/do", json=deed)).status_code

    async def answers(self, service: str) -> int:
        return (await self.client.get(f"{self.world.company.addresses[service]}/")).status_code

    async def is_well(self) -> bool:
        try:
            return (await self.client.get(f"{self.bot.url}/health")).is_success
        except httpx.TransportError:
            return False


@pytest_asyncio.fixture(loop_scope="session")
async def room(keys: Path, tmp_path: Path) -> AsyncIterator[Room]:
    async with (
        World(key_directory=keys, page_port=0) as world,
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        url = free_address()
        settings = world.settings_toml(url, tmp_path)
        async with (
            ForkedBot(settings, tmp_path / "bot.log", url) as bot,
            Stored(tmp_path / "var") as stored,
        ):
            world.faults.demote, world.faults.revive = stored.demote, bot.revive
            yield Room(world, bot, client)
            await bot.kill()  # it would wait for what the clouds refused
            await stored.shut_down()


async def test_each_fault_of_a_service_is_what_the_real_one_answers_and_ends(room: Room) -> None:
    """By its switch; an unknown one is refused."""
    for name, (service, status) in SERVICES.items():
        before = await room.answers(service)
        assert await room.do(what="fault", name=name, on=True) == 200
        assert await room.answers(service) == status
        assert await room.do(what="fault", name=name, on=False) == 200
        assert await room.answers(service) == before
    assert FAULTS.keys() - SERVICES.keys() == {"store_demoted"}
    assert await room.do(what="fault", name="fire", on=True) == 400


async def test_a_demoted_store_is_told_and_its_return_noticed(room: Room) -> None:
    """Health says so while it lasts."""
    assert await room.is_well()
    await room.do(what="fault", name="store_demoted", on=True)
    await wait_until(lambda: _not(room), within=60, what="the bot tells of it")
    await room.do(what="fault", name="store_demoted", on=False)
    await wait_until(room.is_well, within=60, what="the bot is well again")


async def _not(room: Room) -> bool:
    return not await room.is_well()


async def test_a_killed_bot_comes_back(room: Room) -> None:
    """Another process, on the same store."""
    before = room.bot.pid
    assert await room.do(what="kill") == 200
    assert room.bot.pid != before
    assert await room.is_well()
