"""`make pictures`: draws the messages as each platform does, and the pages, into docs/images.

Slack's by the page of the sandbox, Teams' by Microsoft's own renderer (npm `adaptivecards`, with a
host configuration in the colours of Teams). Each at the width of a phone and of a window. The pages
are those of `tests.pictures.pages`.
"""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Page, Route, async_playwright

from adapters.charts.burn_down import render as draw_chart
from adapters.slack.rendering.message import render as draw_for_slack
from adapters.teams.rendering.card import render as draw_for_teams
from bot.chat.words import languages
from bot.domain.people.admins import Platform
from bot.message import Message
from tests.browser.conftest import QUIET
from tests.pictures import pages
from tests.pictures.messages import CHART_URL, NOW, burn_down_of, chart_labels, messages

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
STATIC = ROOT / "sandbox" / "page" / "static"
PACKAGES = ROOT / "build" / "pictures"
NEEDED = ("adaptivecards@3.0.6", "markdown-it@14.1.0")
WIDTHS = (360, 680)
NARROWEST = 320  # Teams breaks no row of buttons
DARK = ("apps", "why")
COLOURS = 48
PAGES = (
    ("operators", pages.operators, False),
    ("personal-link", pages.personal_link, True),
    ("sandbox", pages.sandbox, False),
)


def renderer() -> None:
    """Microsoft's renderer, unless it is there already."""
    if (PACKAGES / "node_modules" / "adaptivecards").exists():
        return
    npm = shutil.which("npm") or sys.exit("npm is needed for Microsoft's renderer")
    PACKAGES.mkdir(parents=True, exist_ok=True)
    command = (npm, "install", "--no-audit", "--no-fund", "--prefix", str(PACKAGES), *NEEDED)
    subprocess.run(command, check=True)


async def main(to: Path) -> None:
    """Draw them all."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=list(QUIET))
        for language in languages():
            page = await browser.new_page(locale=language, timezone_id="Europe/Berlin")
            chart = draw_chart(burn_down_of(), chart_labels(language))
            await page.route("**/*", partial(_serve, chart))
            await page.clock.set_fixed_time(NOW)
            await page.goto("https://o365bot.example.com/frame.html")
            for platform in (Platform.SLACK, Platform.TEAMS):
                for name, message in (await messages(platform, language)).items():
                    for theme in ("light", *(("dark",) if name in DARK else ())):
                        await _draw(page, platform, theme, message)
                        for width in WIDTHS:
                            dark = "-dark" if theme == "dark" else ""
                            file = (
                                to / "messages" / f"{platform}-{name}-{language}-{width}{dark}.png"
                            )
                            file.write_bytes(await _shot(page, width))
        for name, drawn, whole in PAGES:
            async with drawn(browser) as page:
                await page.screenshot(path=to / f"{name}.png", full_page=whole)
        await browser.close()


async def _draw(page: Page, platform: Platform, theme: str, message: Message) -> None:
    shown: Any = draw_for_teams(message, own=True)
    if platform is Platform.SLACK:
        shown = draw_for_slack(message, shared=True).blocks
    await page.evaluate(SHOW, [platform, theme, shown])
    await page.evaluate(LOADED)
    narrow = NARROWEST if platform is Platform.TEAMS else min(WIDTHS)
    await _judge(page, f"{platform} {message.summary} {theme}", narrow)


async def _judge(page: Page, what: str, narrow: int) -> None:
    """Nothing is cut off on a phone, and every text stands out enough (WCAG 2.2, 1.4.3)."""
    await page.set_viewport_size({"width": narrow, "height": 900})
    edge = await page.evaluate(EDGE)
    found = await Axe().run(page, options={"runOnly": ["color-contrast"]})
    if edge > narrow or found.response["violations"]:
        sys.exit(f"{what}: right edge {edge}, contrast {found.response['violations']}")


LOADED = """() => Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.decode();
}))"""
EDGE = """() => Math.max(...[...document.querySelectorAll("#shown *")]
  .filter((one) => !one.closest("select")).map((one) => one.getBoundingClientRect().right))"""
SHOW = "([platform, theme, shown]) => window.show(platform, theme, shown)"


async def _shot(page: Page, width: int) -> bytes:
    """The page at this width, in few colours."""
    await page.set_viewport_size({"width": width, "height": 200})
    picture = Image.open(io.BytesIO(await page.screenshot(full_page=True)))
    out = io.BytesIO()
    few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


async def _serve(chart: bytes, route: Route) -> None:
    url = route.request.url
    path = url.removeprefix("https://o365bot.example.com/")
    if url == CHART_URL:
        await route.fulfill(body=chart, content_type="image/png")
    elif path == "frame.html":
        await route.fulfill(path=HERE / "frame.html")
    elif path.startswith("static/"):
        await route.fulfill(path=STATIC / path.removeprefix("static/"))
    elif path.startswith("npm/"):
        await route.fulfill(path=PACKAGES / "node_modules" / path.removeprefix("npm/"))
    else:
        await route.fulfill(status=404, body=json.dumps({"unknown": path}))


if __name__ == "__main__":
    renderer()
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    (place / "messages").mkdir(parents=True, exist_ok=True)
    asyncio.run(main(place))
