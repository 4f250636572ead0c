"""The buttons that set the bot's clock forward on the page to play in, in a real Chromium.

The bot lives by the real calendar, weekends and holidays included, so the test does what a person
would: it asks for the plan, goes to the day that stands there, and sees the message come.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.forked import looking_often

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "Office 365 HQ"
SOON = 45_000
"""Milliseconds within which a message that is due arrives: the bot looks every ten seconds."""


@pytest_asyncio.fixture(loop_scope="session")
async def often(page_url: str, tmp_path: Path) -> AsyncIterator[None]:
    """What is due by the clock that is set forward is looked at twice a second."""
    async with looking_often(tmp_path / "var"):
        yield


async def say(page: Page, words: str) -> None:
    """Type a line in the Slack channel, as Ola."""
    await page.get_by_label("Write a message in Slack").first.fill(words)
    await page.keyboard.press("Enter")


async def press(page: Page, button: str) -> date:
    """Press a button beside the clock; the day that the page shows then."""
    clock = page.locator("#clock-now")
    before = await clock.inner_text()
    await page.get_by_role("button", name=button, exact=True).click()
    await expect(clock).not_to_have_text(before)
    shown = (await clock.inner_text()).removeprefix("The bot’s clock: ")
    return datetime.strptime(shown, "%a, %b %d, %Y").replace(tzinfo=UTC).date()


async def planned_day(page: Page) -> date:
    """The day of the next message about the app, as the bot's plan says it."""
    await say(page, "/o365 plan 30")
    row = page.locator("#slack-messages").locator(".bk-section", has_text=f"reminder: {APP}").first
    found = re.search(r"\w+ \d+, \d{4}", await row.inner_text(timeout=SOON))
    assert found
    return datetime.strptime(found[0], "%B %d, %Y").replace(tzinfo=UTC).date()


async def test_what_comes_due_arrives_when_the_clock_is_set_forward(
    context: BrowserContext, page_url: str, often: None
) -> None:
    """By days and weeks to the day that the plan names, and the reminder is there; by one more
    button to the date of the migration, and the board says that no time is left.
    """
    page = await context.new_page()
    await page.goto(page_url)
    await expect(page.locator("#clock-now")).to_have_text("The bot’s clock: now")
    await say(page, "/o365 apps")  # the bot has looked once when it answers this
    await expect(page.locator("#slack-messages .bk-section").first).to_be_visible(timeout=SOON)
    await say(page, f"/o365 send {APP} now")
    letters = page.locator("#direct-slack-messages .message")
    await expect(letters).to_have_count(1, timeout=SOON)
    planned = await planned_day(page)

    today = datetime.now(UTC).date()
    day = await press(page, "Next day")
    assert day > today
    while day < planned:
        button, days = ("Next week", 7) if (planned - day).days >= 7 else ("Next day", 1)
        before, day = day, await press(page, button)
        assert day == before + timedelta(days=days)
    await expect(letters).to_have_count(2, timeout=SOON)
    await expect(letters.last).to_contain_text(APP)
    await expect(letters.last).to_contain_text("The links are new")

    await page.reload()
    await expect(page.locator("#clock-now")).to_contain_text(f"{day:%a, %b} {day.day}, {day.year}")
    to_the_date = page.get_by_role("button", name="To the date")
    deadline = date.fromisoformat(await to_the_date.get_attribute("title") or "")
    assert await press(page, "To the date") == deadline
    await expect(to_the_date).to_be_disabled()
    board = page.locator("#slack-messages .message").filter(has_text="9 apps to go")
    await expect(board).to_contain_text(
        f"Today, {deadline:%B} {deadline.day}, {deadline.year}, is the deadline", timeout=SOON
    )
