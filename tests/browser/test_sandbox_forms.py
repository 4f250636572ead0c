"""What is filled in, chosen and shown to one alone, on the page to play in."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "Office 365 HQ"
SLOW = 45_000
"""Milliseconds that an answer may take."""


async def say(page: Page, platform: str, text: str) -> None:
    await page.get_by_label(f"Write a message in {platform}").first.fill(text)
    await page.keyboard.press("Enter")


async def test_forms_and_dialogs_of_both_are_filled_in(
    context: BrowserContext, page_url: str
) -> None:
    """A modal of Slack, fields on a card of Teams, and a message's dialog with its own buttons."""
    page = await context.new_page()
    await page.goto(page_url)

    await say(page, "Slack", "/o365 deny")
    modal = page.get_by_role("dialog")
    await modal.get_by_label("Account").fill("svc@contoso.example")
    await modal.locator(".primary").click()
    slack = page.locator("#slack-messages .message")
    await expect(slack.last).to_contain_text("svc@contoso.example", timeout=SLOW)
    await expect(slack.last).to_contain_text("Only visible to you")

    await say(page, "Teams", "@O365 bot allow")
    teams = page.locator("#teams-messages .message")
    asked = teams.filter(has=page.get_by_label("Account"))
    await expect(asked).to_contain_text("Only visible to you", timeout=SLOW)
    await asked.get_by_label("Account").fill("svc@contoso.example")
    await asked.locator(".button.primary").click()
    await expect(teams.last).to_contain_text("svc@contoso.example", timeout=SLOW)

    await page.get_by_label("You are").nth(1).select_option("carl")
    await expect(page.locator("#teams-messages")).not_to_contain_text("svc@contoso.example")
    await say(page, "Teams", f"is {APP} stuck?")
    await page.get_by_label("You are").nth(1).select_option("ola")
    stuck = teams.filter(has_text="stuck?").last
    await stuck.get_by_role("button", name="Ask about this app").click()
    dialog = page.get_by_role("dialog", name="Dialog in Teams")
    await expect(dialog).to_contain_text("How I know", timeout=SLOW)
    await dialog.get_by_role("button", name="Who can do it").click()
    await expect(dialog).to_contain_text("I would ask Gita Global", timeout=SLOW)
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_be_hidden()


async def test_a_german_admin_reads_german_and_puts_it_off_in_a_form(
    context: BrowserContext, page_url: str
) -> None:
    """Fay's letter, its form, and the Home tab."""
    page = await context.new_page()
    await page.goto(page_url)
    await say(page, "Slack", "/o365 send Office 365 Labs now")
    await page.locator("#direct-as").select_option("fay")
    letters = page.locator("#direct-slack-messages .message")
    await expect(letters.last).to_contain_text("Guten Tag Fay Fabrikam", timeout=SLOW)
    await letters.last.get_by_role("button", name="Später").click()
    form = page.get_by_role("dialog")
    await form.get_by_role("textbox").first.fill("2030-01-31")
    await form.locator(".primary").click()
    await expect(letters.last).to_contain_text("Ich melde mich", timeout=SLOW)
    await page.get_by_role("button", name="Home", exact=True).click()
    await expect(page.get_by_role("dialog", name="Home tab")).to_contain_text(
        "Office 365 Labs", timeout=SLOW
    )
