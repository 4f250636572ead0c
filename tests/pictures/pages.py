"""The pages that the docs show: the operators' list, a personal link, and the sandbox.

The first two are the product's own pages over services in memory, at a time that stands still. In
the sandbox a real bot answers at its own time: its hours are put aside for the picture, its days
are those on which it is drawn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Page, ViewportSize, expect

from bot.domain.changes import Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import LinkBinding, Stage
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.choice import Nobody
from bot.domain.people.prospects import Prospect
from sandbox.bot_process import BotProcess, free_address
from sandbox.world import World
from tests.browser.conftest import has_looked
from tests.browser.test_consent_page import Look, Microsoft, look_at
from tests.browser.test_operators_page import entered
from tests.examples import RECORD
from tests.pictures.messages import APPS, DAY, EVIDENCE, HOUR, NOW, app, request
from tests.site import ASKED, TOKEN, WebSite, a_site
from tests.waiting import wait_until

SLOW = 45_000
"""Milliseconds that the bot's answer may take."""
SEEN: Mapping[State, tuple[Evidence, ...]] = {
    State.NEEDS_CONSENT: EVIDENCE,
    State.NEEDS_SAVE: (
        Evidence(EvidenceKind.CONNECTION_ON, NOW - HOUR),
        Evidence(EvidenceKind.ADMIN_PASSWORD_USED, NOW - HOUR, NOW - HOUR),
        Evidence(EvidenceKind.TENANT_CONSENTED, NOW - HOUR),
    ),
    State.NEEDS_REVIEW: (Evidence(EvidenceKind.CONNECTION_UNCLEAR, NOW - HOUR),),
    State.UNREADABLE: (Evidence(EvidenceKind.READ_FAILED, NOW - HOUR),),
    State.MIGRATED: (
        Evidence(EvidenceKind.CONNECTION_ON, NOW - HOUR),
        Evidence(EvidenceKind.PROVISIONING_APP_CREATED, NOW - HOUR, NOW - 2 * DAY),
    ),
}
DONE = (app("Office 365 Retail", "fabrikam", State.MIGRATED),)
DESK = Look("desk", ViewportSize(width=1100, height=1000), "light")
SANDBOX = ViewportSize(width=1400, height=900)
AT_HALF_PAST_NINE = r"""() => {
  for (const one of document.querySelectorAll("time")) {
    one.textContent = one.textContent.replace(/\d+:\d\d/, "09:30");
  }
  document.activeElement.blur();
}"""


@asynccontextmanager
async def operators(chromium: Browser) -> AsyncIterator[Page]:
    """The list of apps, as an operator has it."""
    async with a_site() as site:
        await fill(site)
        context, page = await entered(chromium, DESK, site)
        yield page
        await context.close()


@asynccontextmanager
async def personal_link(chromium: Browser) -> AsyncIterator[Page]:
    """What Gita sees when she opens hers."""
    async with a_site() as site:
        await fill(site)
        async with await look_at(chromium, DESK, Microsoft(site)) as context:
            page = await context.new_page()
            await page.goto(f"{site.url}/c/{TOKEN}")
            yield page


@asynccontextmanager
async def sandbox(chromium: Browser) -> AsyncIterator[Page]:
    """Asked in Slack and in Teams, and Gita has got her link."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with World(page_port=0) as world:
            url = free_address()
            settings = world.settings_toml(url, folder, targeted=True)
            async with BotProcess(settings, folder / "bot.log", url):
                await world.start_chat()
                await wait_until(lambda: has_looked(folder), within=60, what="the first look")
                page = await chromium.new_page(
                    viewport=SANDBOX, locale="en-GB", reduced_motion="reduce"
                )
                await page.goto(world.page_url)
                await _talk(page)
                await page.evaluate(AT_HALF_PAST_NINE)
                yield page
                await page.close()


async def _talk(page: Page) -> None:
    slack = page.get_by_label("Write a message in Slack").first
    await slack.fill("/o365 send Office 365 HQ now")
    await slack.press("Enter")
    letter = page.locator("#direct-slack-messages .message").last
    await expect(letter).to_contain_text("Open my personal link", timeout=SLOW)
    await slack.fill("/o365 apps")
    await slack.press("Enter")
    answer = page.locator("#slack-messages .message").last
    await expect(answer).to_contain_text("Office 365 Kiosk", timeout=SLOW)
    teams = page.get_by_label("Write a message in Teams").first
    await teams.fill("@O365 bot which O365 apps need migration")
    await teams.press("Enter")
    listed = page.locator("#teams-messages .message").last
    await expect(listed).to_contain_text("Office 365 Kiosk", timeout=SLOW)
    for one in (answer, listed, letter):
        await one.evaluate("message => message.scrollIntoView({ block: 'start' })")


async def fill(site: WebSite) -> None:
    """The company of the messages; its first app has the request of the page's link."""
    site.people.clock.forward(NOW - site.people.clock.now())
    gita = ChatIdentity(Platform.SLACK, "U7", "Gita Global", time_zone="Europe/Berlin")
    asked = replace(
        request(0, Stage.DELIVERED, "Gita Global", gita),
        id=ASKED.id,
        app=ASKED.app,
        code="7KQ-4XM",
        tenant_id="6f0c1b52-8a53-4a5e-9d21-3c1f0e7b2a94",
        proof=None,
        link=LinkBinding(link_digest(TOKEN), NOW + DAY),
        revision=2,
    )
    records = [
        replace(
            RECORD,
            app=one.app,
            evidence=SEEN[one.state],
            scanned_at=NOW,
            microsoft_at=NOW,
            assessed_at=NOW,
        )
        for one in (*APPS[1:], *DONE)
    ]
    first = replace(APPS[0].app, ref=ASKED.app)
    records.append(replace(RECORD, app=first, evidence=EVIDENCE, request_id=ASKED.id, revision=2))
    nobody = Prospect(APPS[1].ref, NOW, Nobody.ALL_RULED_OUT)
    await site.people.ledger.commit(
        Changes(apps=tuple(records), requests=(asked,), prospects=(nobody,))
    )
