"""The operators' pages in a real Chromium: on a phone, in the dark, by keyboard, by screen reader.

Leaves screenshots in `tests/artifacts`, for people to look at.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from bot.domain.changes import Changes
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.waivers import Waiver
from tests.browser.test_consent_page import (
    LOOKS,
    WCAG_2_2_AA,
    Look,
    Microsoft,
    fits,
    look_at,
)
from tests.examples import NOW, RECORD
from tests.site import WebSite, a_site
from tests.wiring import HOME_TENANT, OPERATOR_THERE

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGES = ("", "/apps/contoso/0oa1", "/requests", "/plan", "/incidents")


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[WebSite]:
    """Some apps in several states."""
    async with a_site() as one:
        await fill(one)
        yield one


async def fill(site: WebSite) -> None:
    """Beside the app that Ada was asked about: done, waived, long names."""
    app = RECORD.app
    found = (
        Evidence(EvidenceKind.CONNECTION_ON, NOW),
        Evidence(EvidenceKind.PROVISIONING_APP_CREATED, NOW, NOW),
    )
    ends = NOW + timedelta(days=30)
    waiver = Waiver(ends.date(), ends, "It is retired in January.", "slack:U9", "Olga", NOW)
    mail = replace(app, ref=AppRef("contoso", "0oa2"), label="Fabrikam Mail")
    long = "Office 365 for the whole of the sales department, including partners"
    sales = replace(app, ref=AppRef("contoso", "0oa3"), label=long)
    kiosk = replace(app, ref=AppRef("contoso", "0oa4"), label="Office 365 Kiosk")
    apps = (
        replace(RECORD, app=mail),
        replace(RECORD, app=sales, evidence=found),
        replace(RECORD, app=kiosk, waiver=waiver),
    )
    await site.people.ledger.commit(Changes(apps=apps))


async def entered(
    chromium: Browser, look: Look, site: WebSite, *, scripts: bool = False
) -> tuple[BrowserContext, Page]:
    """A browser that signed in as an operator."""
    operator = Microsoft(site, f"{OPERATOR_THERE}@{HOME_TENANT}")
    context = await look_at(chromium, look, operator, scripts=scripts)
    page = await context.new_page()
    await page.goto(f"{site.url}/operators")
    await page.locator("button[value=sign_in]").click()
    await page.locator("#back").click()
    await expect(page.locator("table.list")).to_be_visible()
    return context, page


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_every_page_is_readable_for_everybody(
    chromium: Browser, site: WebSite, look: Look, artifacts: Path
) -> None:
    """Nothing has to be scrolled sideways, and axe finds nothing against WCAG 2.2 AA."""
    context, page = await entered(chromium, look, site, scripts=True)
    axe = Axe()  # it runs in the page, so scripts are on here and nowhere else
    for path in PAGES:
        await page.goto(f"{site.url}/operators{path}")
        assert await fits(page), path
        name = path.strip("/").partition("/")[0] or "list"
        await page.screenshot(path=artifacts / f"operators-{name}-{look}.png", full_page=True)
        results = await axe.run(page, options=WCAG_2_2_AA)
        assert results.violations_count == 0, results.generate_report()
    await context.close()


async def test_by_keyboard_alone(chromium: Browser, site: WebSite) -> None:
    """From the filter to an app and back."""
    context, page = await entered(chromium, LOOKS[0], site)
    await page.locator("#q").focus()
    await page.keyboard.type("fabrikam")
    await page.keyboard.press("Enter")
    await expect(page.locator("table.list tbody tr")).to_have_count(1)
    await page.locator("table.list a").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Fabrikam Mail")
    await context.close()
