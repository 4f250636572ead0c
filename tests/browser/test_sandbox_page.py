"""The page to play in, in a real Chromium: the whole journey with nothing but mouse and keyboard.

Leaves screenshots in `tests/artifacts`; those in the docs are drawn by `tests.pictures`.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, expect

from sandbox.page.walk import POST

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "Office 365 HQ"
SLOW = 45_000
"""Milliseconds that an answer may take: the bot keeps Microsoft's limit of reports, too."""


async def click_through(context: BrowserContext, page: Page, label: str) -> Page:
    """Click a link that opens a tab of its own; the tab."""
    async with context.expect_page() as opened:
        await page.get_by_role("link", name=label).last.click()
    tab = await opened.value
    await tab.wait_for_load_state()
    return tab


async def follow_the_link(context: BrowserContext, page: Page, artifacts: Path) -> None:
    """As Gita: from her message to the end, at Microsoft, in Okta and on the bot's own page."""
    letter = page.locator("#direct-slack-messages .message").last
    # The personal link
    consent = await click_through(context, page, "Open my personal link")
    await expect(consent.get_by_role("heading", level=1)).to_have_text(f"{APP} needs you")
    await consent.screenshot(path=artifacts / "journey-consent-page.png", full_page=True)
    await consent.get_by_role("button", name="Sign in and take it on").click()
    await consent.get_by_label("Gita Global").check()
    await consent.screenshot(path=artifacts / "journey-sign-in.png", full_page=True)
    await consent.get_by_role("button", name="Sign in", exact=True).click()
    await expect(consent.get_by_role("heading", level=1)).to_have_text(f"Finish {APP} in Okta")
    await expect(letter).to_contain_text("Thank you for taking on", timeout=SLOW)
    await expect(letter).to_contain_text("edited")

    # Okta and Microsoft
    okta = await click_through(context, consent, "Open the Integration tab")
    await okta.get_by_label("You are signed in to Okta as").select_option(
        label="Gita Global (Application administrator)"
    )
    await okta.get_by_role("button", name="Authenticate with Microsoft Office 365").click()
    await expect(okta.get_by_role("heading", level=1)).to_contain_text("Sign in and accept")
    await okta.get_by_label("Gita Global").check()
    await okta.screenshot(path=artifacts / "journey-microsoft.png", full_page=True)
    await okta.get_by_role("button", name="Accept").click()
    await expect(okta.get_by_role("status")).to_contain_text("Press Save to finish")
    await okta.get_by_role("button", name="Save").click()
    await expect(okta.get_by_role("status")).to_contain_text("verified successfully")
    await okta.screenshot(path=artifacts / "journey-okta.png", full_page=True)

    # Her page follows by itself, once she says so
    await consent.bring_to_front()
    await consent.get_by_role("button", name="I have saved it").click()
    await expect(consent.get_by_role("heading", level=1)).to_have_text(
        f"{APP} is done", timeout=SLOW
    )
    await consent.screenshot(path=artifacts / "journey-done.png", full_page=True)


async def test_the_whole_journey_on_the_page(
    context: BrowserContext, page_url: str, artifacts: Path
) -> None:
    """Type, press, follow the link, take it on, consent and save: every message follows."""
    problems: list[str] = []
    context.on(
        "console",
        lambda said: (
            problems.append(f"{said.text} {said.location}") if said.type == "error" else None
        ),
    )
    context.on("weberror", lambda error: problems.append(str(error.error)))
    page = await context.new_page()
    await page.goto(page_url)

    # The question, in Slack and in Teams
    channel = page.locator("#slack-messages")
    await page.get_by_label("Write a message in Slack").first.fill("/o365 apps")
    await page.keyboard.press("Enter")
    answer = channel.locator(".message").filter(has=page.get_by_role("button", name="Ask Gita"))
    listed = answer.locator(".bk-section", has_text=APP).first  # the board is there, too
    await expect(listed).to_be_visible(timeout=SLOW)
    ways = listed.locator("xpath=following-sibling::*[1]")
    await page.get_by_label("Write a message in Teams").first.fill(
        "@O365 bot which O365 apps need migration"
    )
    await page.keyboard.press("Enter")
    in_teams = page.locator("#teams-messages .ac-columns", has_text=APP).first
    await expect(in_teams).to_be_visible(timeout=SLOW)

    # Who, and send, by the buttons
    await ways.get_by_role("button", name="Ask Gita").click()
    question = page.get_by_role("dialog")
    await expect(question).to_contain_text(f"Gita Global gets a personal link for {APP} in Slack")
    await question.get_by_role("button", name="Ask Gita").click()
    # It waits for her working hours, whatever the day is here: sent at once by a word.
    await page.get_by_label("Write a message in Slack").first.fill(f"/o365 send {APP} now")
    await page.keyboard.press("Enter")
    letter = page.locator("#direct-slack-messages .message").last
    await expect(letter).to_contain_text(f"Please connect {APP}", timeout=SLOW)

    await follow_the_link(context, page, artifacts)

    # And back: the app's state on the page, and what the bot finds
    tile = page.locator("#apps li").filter(has_text=APP)
    await expect(tile).to_contain_text(re.compile("Saved"), timeout=SLOW)
    await page.get_by_label("Write a message in Slack").first.fill(f"/o365 check {APP}")
    await page.keyboard.press("Enter")
    await expect(channel.locator(".message").last).to_contain_text("migrated", timeout=SLOW)
    await page.get_by_role("button", name="/o365 apps").click()
    await expect(channel.locator(".message").last).to_contain_text("2 of 10 done", timeout=SLOW)
    await page.bring_to_front()
    await page.screenshot(path=artifacts / "journey-page.png")
    assert not problems, problems


async def test_a_report_looks_in_slack_and_in_teams_as_it_should(
    context: BrowserContext, page_url: str
) -> None:
    """The report's picture comes from the bot's own site, and the page may show it; its facts
    stand as they do in Slack.
    """
    page = await context.new_page()
    await page.goto(page_url)
    await page.get_by_role("button", name="/o365 apps").click()  # the bot has looked once then
    await expect(page.locator("#slack-messages .bk-section").first).to_be_visible(timeout=SLOW)
    reports = page.locator("#slack-messages").get_by_text("1 of 10 apps done.", exact=True)
    for days in range(2):  # of one day there is no picture
        if days:
            await page.get_by_role("button", name="Next day").click()
        await page.get_by_label("Write a message in Slack").first.fill("/o365 report sure")
        await page.keyboard.press("Enter")
        await expect(reports).to_have_count(days + 1, timeout=SLOW)
    for platform in ("slack", "teams"):
        picture = page.locator(f"#{platform}-messages .body img")
        await expect(picture).to_be_attached(timeout=SLOW)
        await picture.scroll_into_view_if_needed()
        await expect(picture).to_have_js_property("complete", value=True)
        assert await picture.evaluate("image => image.naturalWidth") > 0, platform

    # Slack sets facts in two columns, however wide the window is: a name, and what it is
    for width in (390, 1400, 2200):
        await page.set_viewport_size({"width": width, "height": 900})
        facts = page.locator("#slack-messages .bk-fields").last
        columns = await facts.evaluate("one => getComputedStyle(one).gridTemplateColumns")
        assert len(columns.split()) == 2, f"{columns} at {width}"
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_page_is_accessible(context: BrowserContext, page_url: str) -> None:
    """axe finds nothing on the page with messages of every kind on it."""
    page = await context.new_page()
    await page.goto(page_url)
    await page.get_by_role("button", name="/o365 apps").click()
    ask = page.get_by_role("button", name="Ask Gita").first
    await expect(ask).to_be_visible(timeout=SLOW)
    # Playwright reads with a policy of its own, where the page allows no inline script.
    async with asyncio.timeout(60):  # it was seen not to end while boards were being posted
        found = await Axe().run(page)
    assert not found.response["violations"], found.generate_report()


async def test_the_tour_leads_through_the_job_and_a_fault(
    context: BrowserContext, page_url: str, artifacts: Path
) -> None:
    """Who you are, what to type, what comes of it; with the keyboard alone where nothing else is
    told. It goes on where it was after a reload, and fits a phone.
    """
    page = await context.new_page()
    await page.goto(page_url)
    tour, done = page.get_by_role("complementary").filter(has=page.locator("#tour-title")), "✓"
    title, told = tour.get_by_role("heading"), tour.get_by_role("status")

    async def typed(step: str) -> None:
        """One step with the keyboard: have it written, send it, and go on."""
        await expect(title).to_have_text(step)
        await expect(title).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(tour.get_by_role("button", name="Write it for me")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Write a message in Slack").first).to_be_focused()
        await page.keyboard.press("Enter")

    async def next_step() -> None:
        await expect(told).to_contain_text(done, timeout=SLOW)
        await tour.get_by_role("button", name=re.compile("Next|End")).press("Enter")

    await page.get_by_role("button", name="Guided tour").press("Enter")
    await expect(told).to_have_text("")
    await typed("Ask what is left")
    await next_step()
    await typed("Look who would be asked")
    await next_step()
    await typed("Send Gita a link")
    await expect(told).to_contain_text(done, timeout=SLOW)
    await page.screenshot(path=artifacts / "tour.png")
    await page.reload()
    await expect(title).to_have_text("Send Gita a link")
    await next_step()
    await follow_the_link(context, page, artifacts)
    await page.bring_to_front()
    await next_step()
    await typed("See how the bot knows")
    await next_step()
    await typed("Remind everybody")
    await page.locator("#slack-messages").get_by_role("button", name=POST).last.click()
    await next_step()
    await page.locator(".faults summary").click()
    await page.get_by_label("Microsoft Graph refuses").check()
    await page.locator(".faults summary").click()
    await title.focus()
    await typed("Make something fail")
    await expect(told).to_contain_text(done, timeout=SLOW)
    await expect(page.locator("#slack-messages .message").last).to_contain_text("Domain.Read.All")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.screenshot(path=artifacts / "tour-phone.png")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    found = await Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    await page.set_viewport_size({"width": 1400, "height": 900})
    await next_step()
    await page.locator(".faults summary").click()
    await page.get_by_label("Microsoft Graph refuses").uncheck()
    await page.locator(".faults summary").click()
    await title.focus()
    await typed("Mend it")
    await next_step()
    await expect(tour).to_be_hidden()
    await expect(page.get_by_role("button", name="Guided tour")).to_be_focused()
