"""The store as the bot uses it, where a test that leaves a key for ever without need fails, and
the places that several files' tests play on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import stamina
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server import store as redis_store
from bot.ports.store.ledger import Ledger
from bot.settings.settings import load
from sandbox.world import World
from tests import site as web
from tests.contract import okta_org, slack_stage, teams_world
from tests.contract.chat_stage import Bot, a_bot
from tests.contract.clouds_stage import Clouds, a_company
from tests.contract.doctor_stage import Installation
from tests.expiry import lasting_keys
from tests.fake_ledger import FakeLedger
from tests.terminal import Terminal, settings_file


@pytest_asyncio.fixture
async def redis_url(store_server: str) -> AsyncIterator[str]:
    """The address of a real, empty Valkey, whose keys are looked at before they are gone."""
    yield store_server
    async with redis_store.connect(store_server) as client:
        lasting = await lasting_keys(client)
        await client.flushall()
    assert lasting == [], "these keys would stay for ever; see tests/expiry.py"


@pytest_asyncio.fixture
async def store(redis_url: str) -> AsyncIterator[Redis]:
    """A client of this test's store, made as the bot makes it."""
    async with redis_store.connect(redis_url) as client:
        yield client


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """Repeats happen as often as in reality, but at once."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest_asyncio.fixture
async def org() -> AsyncIterator[okta_org.Org]:
    """One Okta org and the bot's client of it."""
    async with okta_org.an_org() as org:
        yield org


@pytest_asyncio.fixture
async def border(request: pytest.FixtureRequest) -> AsyncIterator[slack_stage.SlackBorder]:
    """A pretend Slack and the bot's endpoint; its bounds can be given by `indirect`."""
    async with slack_stage.staged(**getattr(request, "param", {})) as border:
        yield border


@pytest_asyncio.fixture
async def teams() -> AsyncIterator[teams_world.TeamsBorder]:
    """A pretend Teams and the bot's endpoint."""
    async with teams_world.teams_world() as border:
        yield border


@pytest_asyncio.fixture
async def clouds(keys: Path) -> AsyncIterator[Clouds]:
    """The sandbox's Okta and Microsoft on their first day, without a server."""
    async with a_company(keys) as clouds:
        yield clouds


@pytest_asyncio.fixture
async def world(keys: Path) -> AsyncIterator[World]:
    """The sandbox's running world, without a page."""
    async with World(key_directory=keys, page_port=None) as running:
        yield running


@pytest_asyncio.fixture
async def bot(world: World, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot of that world that only writes down what it is sent."""
    async with a_bot(world, tmp_path) as bot:
        yield bot


@pytest.fixture
def installation(world: World, tmp_path: Path) -> Installation:
    """That world and the settings of a bot for it, of which a test breaks one thing."""
    return Installation(world, load(world.settings_toml("http://127.0.0.1:9", tmp_path)))


@pytest.fixture
def terminal(redis_url: str, tmp_path: Path) -> Terminal:
    """The command line of a bot on this test's store."""
    return Terminal(settings_file(tmp_path, redis_url))


@pytest_asyncio.fixture
async def site() -> AsyncIterator[web.WebSite]:
    """The pages over http on loopback."""
    async with web.a_site() as site:
        yield site


@pytest.fixture
def redis_ledger(store: Redis) -> RedisLedger:
    """The ledger on Valkey, empty."""
    return RedisLedger(store, Keys())


@pytest.fixture(params=["valkey", "memory"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """Each ledger in turn, empty."""
    if request.param == "memory":
        return FakeLedger()
    found: Ledger = request.getfixturevalue("redis_ledger")
    return found
