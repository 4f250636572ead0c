"""Somebody who is in no chat is asked by mail, over a real SMTP server, and finishes the app."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from html import unescape
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from sandbox.browser import Browser
from sandbox.company.records import OktaApp, okta_id
from tests.mail_server import Certificates, MailServer, mail_settings
from tests.scenario.conftest import WITHIN, Stage, listed, open_stage, said
from tests.there import there
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

APP = "Office 365 Northwind"
UMA = "uma@northwind.example.com"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory,
    keys: Path,
    server: MailServer,
    certificates: Certificates,
) -> AsyncIterator[Stage]:
    """A world and a bot of their own: in the shared one this person cannot be reached."""
    settings = mail_settings(server, certificates)
    async with open_stage(tmp_path_factory.mktemp("mail"), keys, settings) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with Browser() as fresh:
        yield fresh


def about(server: MailServer, label: str) -> list[EmailMessage]:
    """The mails that name an app."""
    return [mail for mail in server.mails if label in mail.as_string()]


def links_in(mail: EmailMessage) -> list[str]:
    """The personal links of the plain text."""
    return re.findall(r"https?://\S+/c/\S+", there(mail.get_body(("plain",))).get_content())


async def scan(mail: EmailMessage) -> None:
    """A mail scanner follows every link of either form, over and over, by GET and by HEAD."""
    bodies = [mail.get_body((kind,)) for kind in ("plain", "html")]
    text = unescape("".join(body.get_content() for body in bodies if body is not None))
    links = {one.partition("#")[0] for one in re.findall(r'https?://[^\s"<>]+/c/[^\s"<>]+', text)}
    assert links
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for link in (*links, *links):
            assert (await client.head(link)).status_code == 200
            assert (await client.get(link)).status_code == 200


async def test_somebody_in_no_chat_is_asked_by_mail_and_takes_it_on(
    stage: Stage, server: MailServer, browser: Browser
) -> None:
    """The same link, page and proof; a scanner that opens every link spends nothing."""
    await stage.command("/o365 scan", listed)
    await stage.command(f"/o365 who {APP}", said("Uma Unreachable", "by email"))
    await stage.command(f"/o365 send {APP} now", said(APP))
    await wait_until(lambda: bool(about(server, APP)), within=WITHIN, what="the mail arrives")
    (mail,) = about(server, APP)
    assert server.envelopes == [("o365bot@contoso.example", (UMA,))]

    links = links_in(mail)
    await scan(mail)
    async with stage.stored() as stored:
        before = await stored.request(APP)
        assert (before["stage"], before["snooze"]) == ("delivered", None)
        assert before["link"]["used_at"] is None

        page = await browser.open(links[0])
        microsoft = await browser.press(page, page.buttons[0])
        guide = await browser.press(microsoft, "Sign in", {"account": UMA})
        assert guide.status == 200
        after = await stored.request(APP)
    assert after["stage"] == "acknowledged"
    assert after["proof"]["kind"] == "signed_in_mfa"
    assert about(server, APP) == [mail], "what changed since is on the page, not in another mail"


async def test_later_and_not_me_are_on_the_page_of_a_mails_link(
    stage: Stage, server: MailServer, browser: Browser
) -> None:
    """Without a sign-in: one puts it off, the other ends it; neither sends another mail."""
    label, now = "Office 365 By Page", stage.world.company.now()
    ref = okta_id("0oa", f"contoso/{label}")
    domain, tenant = "northwind.example.com", "northwind"
    app = OktaApp(ref, label, domain, tenant, created=now, last_updated=now)
    stage.world.company.org("contoso").apps.append(app)
    await stage.command("/o365 scan", lambda m: listed(m) and said(label)(m))
    await stage.command(f"/o365 send {label} now", said(label))
    await wait_until(lambda: bool(about(server, label)), within=WITHIN, what="the mail arrives")
    (mail,) = about(server, label)
    address = links_in(mail)[0].partition("#")[0]

    await browser.press(await browser.open(address), "Remind me then")
    async with stage.stored() as stored:
        assert (await stored.request(label))["snooze"] is not None
        page = await browser.press(await browser.open(address), "Ask somebody else")
        assert "Thank you for letting us know" in page.text
        assert (await stored.request(label))["stage"] == "declined"
    assert (await browser.open(address)).status == 410
    assert about(server, label) == [mail]


async def test_who_is_in_a_chat_gets_no_mail(stage: Stage, server: MailServer) -> None:
    """Gita's address may be written to, and she is in Slack and in Teams: one message, one way."""
    app = "Office 365 HQ"
    chats = [platform.dm_of("gita") for platform in (stage.world.slack, stage.world.teams)]
    await stage.command("/o365 scan", listed)
    await stage.command(f"/o365 send {app} now", said(app))
    await stage.delivered(app)
    assert sum(said(app)(message) for chat in chats for message in chat.messages) == 1
    assert about(server, app) == []
