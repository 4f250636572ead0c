"""A real Chromium, the page to play in, and a place for the pictures that the tests take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright

from adapters.redis.keys import Keys
from adapters.redis.server.store import connect
from sandbox.bot_process import free_address
from sandbox.world import World
from tests.forked import ForkedBot
from tests.waiting import wait_until

# A browser that calls nobody on its own.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    """One for all; each test has profiles of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=list(QUIET))
        try:
            yield browser
        finally:
            await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page_url(keys: Path, tmp_path: Path) -> AsyncIterator[str]:
    """The page of a fresh world, with a real bot in it."""
    async with World(key_directory=keys, page_port=0) as world:
        url = free_address()
        settings = world.settings_toml(url, tmp_path, targeted=True)
        async with ForkedBot(settings, tmp_path / "bot.log", url):
            await world.start_chat()
            await wait_until(lambda: has_looked(tmp_path), within=30, what="whom to ask is known")
            yield world.page_url


async def has_looked(folder: Path) -> bool:
    """Whether the look that the bot takes at its start is over."""
    socket = (folder / "var" / "store" / "socket").read_text()
    async with connect(f"unix://{socket}") as store:
        return bool(await store.exists(Keys().prospects("contoso")))


@pytest_asyncio.fixture(loop_scope="session")
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """One person's browser, light, at a desk."""
    context = await chromium.new_context(
        viewport=ViewportSize(width=1400, height=900),
        color_scheme="light",
        locale="en-GB",
        reduced_motion="reduce",
    )
    yield context
    await context.close()


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where screenshots are kept for people to look at (not in git)."""
    folder = Path(__file__).parent.parent / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder
