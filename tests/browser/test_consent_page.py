"""The personal link in a real Chromium: by mouse, by keyboard, on a phone, without JavaScript.

The pages alone, with every outcome; the whole journey with a real bot is in `test_sandbox_page`.
Leaves screenshots in `tests/artifacts`, for people to look at.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Route, ViewportSize, expect

from bot.chat.words import Words
from bot.domain.changes import Changes
from bot.domain.consent.requests import ProofKind, Stage
from bot.domain.people.admins import Holding
from tests.examples import NOW
from tests.site import ASKED, SECOND, SIGN_IN, TAB, TOKEN, WebSite, a_site, state_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESK = ViewportSize(width=1200, height=900)
PHONE = ViewportSize(width=360, height=740)
WCAG_2_2_AA = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
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


# Each screen, each set of colours and each language once: none of them changes another.
LOOKS = (
    Look("desk", DESK, "light"),
    Look("phone-dark-german", PHONE, "dark", "de-DE"),
)


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[WebSite]:
    """The web app with one fresh link; Microsoft is `Microsoft` below."""
    async with a_site() as one:
        yield one


class Microsoft:
    """Stands where the sign-in page would: sends the browser straight back as `account`."""

    def __init__(self, site: WebSite, account: str = "ada@tenant-1") -> None:
        self.account = account
        self._site = site

    async def __call__(self, route: Route) -> None:
        state = state_in(route.request.url)
        back = f"{self._site.url}/auth/callback?code={self.account}&state={state}"
        page = f'<!doctype html><title>Microsoft</title><a id="back" href="{back}">Sign in</a>'
        await route.fulfill(status=200, content_type="text/html", body=page)


async def look_at(
    chromium: Browser, look: Look, microsoft: Microsoft, *, scripts: bool = False
) -> BrowserContext:
    """A fresh browser profile with that screen, colour scheme and language."""
    context = await chromium.new_context(
        viewport=look.screen,
        color_scheme=look.colours,
        locale=look.language,
        java_script_enabled=scripts,
    )
    await context.route(f"{SIGN_IN}/**", microsoft)
    return context


async def sign_in(page: Page, site: WebSite, look: Look) -> None:
    """Open the link, press its button, and come back from Microsoft."""
    await page.goto(f"{site.url}/c/{TOKEN}")
    name = Words(look.language)("page.press_sign_in")
    await page.get_by_role("button", name=name).click()
    await page.locator("#back").click()


async def fits(page: Page) -> bool:
    """Whether the page needs no scrolling sideways."""
    width = await page.evaluate("document.documentElement.scrollWidth")
    return bool(width <= page.viewport_size["width"]) if page.viewport_size else False


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_the_walk_from_the_link_to_the_steps_works_without_javascript(
    site: WebSite, chromium: Browser, artifacts: Path, look: Look
) -> None:
    """Open, sign in, tell what was seen; each page fits the screen and calls nobody else."""
    words = Words(look.language)
    await site.people.ledger.commit(Changes(requests=(SECOND,)))
    asked_for: set[str] = set()
    async with await look_at(chromium, look, Microsoft(site)) as context:
        page = await context.new_page()
        page.on("request", lambda request: asked_for.add(request.url.partition("?")[0]))
        await page.goto(f"{site.url}/c/{TOKEN}")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Contoso <Mail> & more")
        assert await fits(page)
        await page.screenshot(path=artifacts / f"link-1-ask-{look}.png", full_page=True)
        await page.get_by_text(words("page.grants_title")).click()
        await page.get_by_text(words("page.later_title"), exact=True).click()
        await page.get_by_text(words("page.not_me_title")).click()
        assert await fits(page)
        await page.screenshot(path=artifacts / f"link-1-ask-open-{look}.png", full_page=True)

        await sign_in(page, site, look)
        await expect(page.get_by_role("status")).to_contain_text(
            words("page.guide_thanks", name="Ada Moreau")
        )
        assert page.url == f"{site.url}/r/{ASKED.id}"
        assert await site.stage() is Stage.ACKNOWLEDGED
        way = page.get_by_role("link", name=words("page.step_open_button")).first
        await expect(way).to_have_attribute("href", TAB)
        assert await fits(page)
        await page.screenshot(path=artifacts / f"link-2-steps-{look}.png", full_page=True)

        await page.get_by_label(words("page.saw_reauthenticate")).check()
        await page.get_by_role("button", name=words("page.tell_press"), exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text(words("page.said_noted"))
        await page.get_by_role("button", name=words("page.saved_press")).click()
        assert await site.stage() is Stage.SAVED
        looked = words.moment(NOW).partition(",")[0]
        await expect(page.locator("[data-live]")).to_contain_text(looked)
        assert await fits(page)
        await page.screenshot(path=artifacts / f"link-3-saved-{look}.png", full_page=True)
        await site.change(stage=Stage.DONE)
        await page.get_by_role("link", name=words("page.status_refresh")).click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text(
            words("page.done_title", app="Contoso <Mail> & more")
        )
        await page.screenshot(path=artifacts / f"link-4-done-{look}.png", full_page=True)
    ours = {f"{site.url}{path}" for path in (f"/c/{TOKEN}", f"/r/{ASKED.id}", "/auth/callback")}
    ours |= {f"{site.url}/static/style.css", f"{site.url}/static/icon.svg"}
    assert asked_for - ours == {f"{SIGN_IN}/tenant-1"}


async def test_with_javascript_the_page_follows_by_itself(site: WebSite, chromium: Browser) -> None:
    """What changes is put in place, and the end is shown without a hand on the mouse."""
    async with await look_at(chromium, LOOKS[0], Microsoft(site), scripts=True) as context:
        page = await context.new_page()
        problems: list[str] = []
        page.on(
            "console",
            lambda said: problems.append(said.text) if said.type == "error" else None,
        )
        await sign_in(page, site, LOOKS[0])
        place = page.locator("[data-live]")
        await expect(place).to_contain_text("Once you say that it is saved")
        async with page.expect_request("**/live"):
            await page.reload()
        await site.people.request_steps.saved(await site.session(page.context))
        await expect(place).to_contain_text("Next check on", timeout=15_000)
        await site.change(stage=Stage.DONE)
        await expect(page.get_by_role("heading", level=1)).to_contain_text(
            "is done", timeout=15_000
        )
        assert problems == []


async def test_a_form_on_another_site_cannot_press_the_button(
    site: WebSite, chromium: Browser
) -> None:
    """A foreign page that knows the link posts to it: it has neither our cookie nor our origin."""
    link = f"{site.url}/c/{TOKEN}"
    evil = f"<form method=post action='{link}'><input name=csrf value={'x' * 43}><button>"
    async with await look_at(chromium, LOOKS[0], Microsoft(site)) as context:
        mine, foreign = await context.new_page(), await context.new_page()
        await mine.goto(link)
        await foreign.set_content(evil)
        await foreign.get_by_role("button").click()
        await expect(foreign.get_by_role("heading", level=1)).to_have_text(
            Words("en")("page.stale_title")
        )
    assert await site.stage() is Stage.DELIVERED


async def test_the_page_can_be_framed_by_nobody(site: WebSite, chromium: Browser) -> None:
    """A foreign page that puts it into a frame shows nothing of it."""
    async with await look_at(chromium, LOOKS[0], Microsoft(site)) as context:
        page = await context.new_page()
        await page.set_content(f"<iframe src='{site.url}/c/{TOKEN}'></iframe>")
        frame = page.frames[1]
        await frame.wait_for_load_state()
        assert "Contoso" not in await frame.content()


async def test_the_keyboard_alone_is_enough(
    site: WebSite, chromium: Browser, artifacts: Path
) -> None:
    """Every stop of the Tab key shows that it has the focus; Enter presses."""
    async with await look_at(chromium, LOOKS[0], Microsoft(site)) as context:
        page = await context.new_page()
        await page.goto(f"{site.url}/c/{TOKEN}")
        button = page.get_by_role("button", name=Words("en")("page.press_sign_in"))
        await page.keyboard.press("Tab")  # what Microsoft will ask to grant
        await page.keyboard.press("Tab")
        await expect(button).to_be_focused()
        await expect(button).to_have_css("outline-style", "solid")
        await page.screenshot(path=artifacts / "link-focus.png")
        await page.keyboard.press("Enter")
        await expect(page.locator("#back")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_every_page_meets_wcag_2_2_aa(site: WebSite, chromium: Browser, look: Look) -> None:
    """axe finds no violation on the question, the steps, every outcome and the problems."""
    words = Words(look.language)
    axe = Axe()
    microsoft = Microsoft(site)
    people = site.people
    async with await look_at(chromium, look, microsoft, scripts=True) as context:
        page = await context.new_page()

        async def check(name: str) -> None:
            await page.get_by_role("heading", level=1).wait_for()
            await page.eval_on_selector_all("details", "all => all.forEach((d) => (d.open = true))")
            results = await axe.run(page, options=WCAG_2_2_AA)
            assert results.violations_count == 0, f"{name}: {results.generate_report()}"
            assert await fits(page), name

        await page.goto(f"{site.url}/c/{TOKEN}")
        await check("ask")
        microsoft.account = "ben@tenant-1"
        await sign_in(page, site, look)
        await check("wrong-account")
        microsoft.account = "ada@tenant-1"
        people.entra.holdings["ada"] = Holding.ELIGIBLE
        await sign_in(page, site, look)
        await check("eligible-only")
        del people.entra.holdings["ada"]
        await sign_in(page, site, look)
        await check("role-gone")
        people.entra.holdings["ada"] = Holding.ACTIVE
        await page.goto(f"{site.url}/auth/callback?state=x&code=y")
        await check("strayed")
        await sign_in(page, site, look)
        await check("steps")
        await page.get_by_role("button", name=words("page.already_press")).click()
        await check("looking")
        await page.goto(f"{site.url}/c/{TOKEN}")
        await check("again")
        await context.clear_cookies()
        await page.goto(f"{site.url}/c/{TOKEN}")
        await check("used")
        await page.goto(f"{site.url}/r/{ASKED.id}")
        await check("session-gone")
        await page.goto(site.url)
        await check("home")
        await page.goto(f"{site.url}/c/{'x' * 43}")
        await check("unknown")
        await site.change(stage=Stage.REVOKED)
        await page.goto(f"{site.url}/c/{TOKEN}")
        await check("revoked")
        await site.change(stage=Stage.EXPIRED)
        await page.goto(f"{site.url}/c/{TOKEN}")
        await check("expired")
        people.ledger.down = True
        await page.goto(f"{site.url}/c/{TOKEN}")
        await check("store-away")


async def test_where_chat_confirms_the_page_says_what_to_press(
    chromium: Browser, artifacts: Path
) -> None:
    """Without a sign-in: one press in chat, whose answer leads on in this browser."""
    async with (
        a_site(minimum=ProofKind.CHAT_ACCOUNT, signs_in=False) as site,
        await look_at(chromium, Look("phone", PHONE, "light"), Microsoft(site)) as context,
    ):
        page = await context.new_page()
        await page.goto(f"{site.url}/c/{TOKEN}")
        await page.get_by_role("button", name="I’ll take care of it").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("One press in chat")
        await page.screenshot(path=artifacts / "link-in-chat-phone.png", full_page=True)
        confirmed = await site.people.prove.confirm(ASKED.chat, ASKED.code)
        await page.goto(f"{site.url}/s/{confirmed.way_on}")
        await page.screenshot(path=artifacts / "way-on-phone.png", full_page=True)
        await page.get_by_role("button", name="Show me the steps").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Finish")
