"""The personal link in a real Chromium: no JavaScript, on a desk and on a phone, light and dark.

Each walk leaves screenshots in `tests/artifacts`, for people to look at.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from adapters.web.app import build_app
from adapters.web.health import Health
from bot.chat.words import Words
from bot.domain.apps import AppRef
from bot.domain.consent import ConsentRequest, Stage
from bot.domain.people import ChatIdentity, Platform
from tests.fakes import FakeLinks
from tests.serving import served

NOW = datetime(2026, 3, 3, 14, 5, tzinfo=UTC)
TOKEN = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
TAB = (
    "https://contoso-admin.okta.com/admin/app/office365/instance/0oa1/"
    "#tab-user-management/api-credentials"
)
ASKED = ConsentRequest(
    id="request-1",
    app=AppRef("contoso", "0oa1"),
    app_label="Office 365 Europe",
    tenant_id="8d4f0f6e-5b7c-4c0e-9a55-2f1f1d3b6a10",
    tenant_domain="contoso.onmicrosoft.com",
    admin_object_id="3c1c2a88",
    admin_name="Adele Vance",
    admin_upn="adele.vance@contoso.com",
    chat=ChatIdentity(Platform.SLACK, "U1"),
    code="K7MQ-4TXR",
    requested_by="Oscar Ortiz",
    requested_at=NOW,
    stage=Stage.DELIVERED,
)

DESK = ViewportSize(width=1200, height=900)
PHONE = ViewportSize(width=360, height=740)
WCAG_2_2_AA = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}


@dataclass(frozen=True)
class Look:
    """How somebody looks at the page."""

    name: str
    screen: ViewportSize
    colours: Literal["light", "dark"]
    language: str = "en-GB"

    def __str__(self) -> str:
        return self.name


LOOKS = (
    Look("desk", DESK, "light"),
    Look("desk-dark", DESK, "dark"),
    Look("phone", PHONE, "light"),
    Look("phone-dark-german", PHONE, "dark", "de-DE"),
)


@dataclass(frozen=True)
class Site:
    url: str
    links: FakeLinks

    @property
    def link(self) -> str:
        return f"{self.url}/c/{TOKEN}"


async def well() -> Health:
    return Health(())


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The web app with one fresh link."""
    links = FakeLinks(NOW)
    links.integration_tab = TAB
    links.issue(ASKED, TOKEN)
    async with served(
        lambda url: build_app(
            links=links,
            words=cache(Words),
            public_url=url,
            slack=None,
            teams=None,
            health=well,
            metrics=bytes,
        )
    ) as url:
        yield Site(url, links)


async def look_at(chromium: Browser, look: Look, *, scripts: bool = False) -> BrowserContext:
    """A fresh browser profile with that screen, colour scheme and language."""
    return await chromium.new_context(
        viewport=look.screen,
        color_scheme=look.colours,
        locale=look.language,
        java_script_enabled=scripts,
    )


async def fits(page: Page) -> bool:
    """Whether the page needs no scrolling sideways."""
    width = await page.evaluate("document.documentElement.scrollWidth")
    return bool(width <= page.viewport_size["width"]) if page.viewport_size else False


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_the_walk_from_the_link_to_the_steps_works_without_javascript(
    site: Site, chromium: Browser, artifacts: Path, look: Look
) -> None:
    """Open, press, see the way into Okta; each page fits the screen and calls nobody else."""
    words = Words(look.language)
    asked_for: set[str] = set()
    async with await look_at(chromium, look) as context:
        page = await context.new_page()
        page.on("request", lambda request: asked_for.add(request.url.removeprefix(site.url)))
        await page.goto(site.link)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Office 365 Europe")
        assert await fits(page)
        await page.screenshot(path=artifacts / f"consent-1-ask-{look}.png", full_page=True)

        await page.get_by_role("button", name=words("page.press")).click()
        await expect(page.get_by_role("status")).to_contain_text(
            words("page.guide_thanks", name="Adele Vance")
        )
        assert page.url == site.link
        assert site.links.requests[ASKED.id].stage is Stage.ACKNOWLEDGED
        way = page.get_by_role("link", name=words("page.step_open_button"))
        await expect(way).to_have_attribute("href", TAB)
        assert await fits(page)
        await page.screenshot(path=artifacts / f"consent-2-guide-{look}.png", full_page=True)
    assert {address.partition("?")[0] for address in asked_for} == {
        f"/c/{TOKEN}",
        "/static/style.css",
        "/static/icon.svg",
    }


async def test_going_back_and_pressing_again_is_told_kindly(
    site: Site, chromium: Browser, artifacts: Path
) -> None:
    """A page that was still open elsewhere: pressing there says that it was taken on, and when."""
    press = Words("en")("page.press")
    async with await look_at(chromium, LOOKS[2]) as context:
        first, second = await context.new_page(), await context.new_page()
        await first.goto(site.link)
        await second.goto(site.link)
        await first.get_by_role("button", name=press).click()
        await second.get_by_role("button", name=press).click()
        await expect(second.get_by_role("status")).to_contain_text("already taken on")
        await second.screenshot(path=artifacts / "consent-3-again-phone.png", full_page=True)


async def test_a_form_on_another_site_cannot_press_the_button(
    site: Site, chromium: Browser
) -> None:
    """A foreign page that knows the link posts to it: it has neither our cookie nor our origin."""
    evil = f"<form method=post action='{site.link}'><input name=csrf value={'x' * 43}><button>"
    async with await look_at(chromium, LOOKS[0]) as context:
        mine, foreign = await context.new_page(), await context.new_page()
        await mine.goto(site.link)
        await foreign.set_content(evil)
        await foreign.get_by_role("button").click()
        await expect(foreign.get_by_role("heading", level=1)).to_have_text(
            Words("en")("page.stale_title")
        )
    assert site.links.requests[ASKED.id].stage is Stage.DELIVERED


async def test_the_keyboard_alone_is_enough(site: Site, chromium: Browser, artifacts: Path) -> None:
    """The button is the first stop of the Tab key, shows that it has the focus, and takes Enter."""
    async with await look_at(chromium, LOOKS[0]) as context:
        page = await context.new_page()
        await page.goto(site.link)
        await page.keyboard.press("Tab")
        button = page.get_by_role("button", name=Words("en")("page.press"))
        await expect(button).to_be_focused()
        await expect(button).to_have_css("outline-style", "solid")
        await page.screenshot(path=artifacts / "consent-focus.png")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_every_page_meets_wcag_2_2_aa(
    site: Site, chromium: Browser, artifacts: Path, look: Look
) -> None:
    """axe finds no violation on the question, the steps, the front page and the problems."""
    words = Words(look.language)
    axe = Axe()
    async with await look_at(chromium, look, scripts=True) as context:
        page = await context.new_page()

        async def check(name: str) -> None:
            results = await axe.run(page, options=WCAG_2_2_AA)
            assert results.violations_count == 0, f"{name}: {results.generate_report()}"
            assert await fits(page), name

        await page.goto(site.link)
        await check("ask")
        await page.get_by_role("button", name=words("page.press")).click()
        await page.get_by_role("status").wait_for()
        await check("guide")
        await page.goto(f"{site.link}?again=1")
        await check("again")
        await page.goto(site.url)
        await check("home")
        await page.screenshot(path=artifacts / f"home-{look}.png", full_page=True)
        await page.goto(f"{site.url}/c/{'x' * 43}")
        await check("unknown")
        await page.screenshot(path=artifacts / f"link-unknown-{look}.png", full_page=True)
        site.links.issue(ASKED, TOKEN, hours=0)
        await page.goto(site.link)
        await check("expired")
        site.links.down = True
        await page.goto(site.link)
        await check("store away")
        await page.screenshot(path=artifacts / f"store-away-{look}.png", full_page=True)
