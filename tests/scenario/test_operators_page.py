"""The operators' page of the running bot, behind the pretend Microsoft's real sign-in."""

from __future__ import annotations

import pytest

from sandbox.browser import Browser, Page
from tests.scenario.conftest import NewApp, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def sign_in(browser: Browser, url: str, account: str) -> Page:
    """Come to the page, and sign in at Microsoft."""
    page = await browser.open(url)
    assert page.status == 401
    microsoft = await browser.press(page, "Sign in with Microsoft")
    return await browser.press(microsoft, "Sign in", {"account": account})


async def test_an_operator_reads_what_the_bot_knows(stage: Stage, new_app: NewApp) -> None:
    """The inventory and one app, by tokens that were really signed and validated."""
    app = await new_app("Overview")
    async with Browser() as browser:
        page = await sign_in(browser, f"{stage.bot.url}/operators?q=", "ola@contoso.example")
        assert page.status == 200
        assert "done" in page.text
        found = await browser.open(f"{stage.bot.url}/operators?part=all&q={app.label}")
        one = await browser.open(found.link(f"/operators/apps/contoso/{app.id}"))
        assert app.label in one.text
        assert "How we know" in one.text


async def test_a_global_administrator_who_does_not_operate_is_refused(stage: Stage) -> None:
    """The strongest role at Microsoft opens nothing here."""
    async with Browser() as browser:
        page = await sign_in(browser, f"{stage.bot.url}/operators", "gita@contoso.example")
        assert page.status == 403
        assert "This page is for operators" in page.text
        assert (await browser.open(f"{stage.bot.url}/operators")).status == 401
