"""Somebody who is in no chat is asked by mail, over a real SMTP server, and finishes the app."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.browser import Browser
from tests.mail_server import (
    PASSWORD,
    USER,
    Certificates,
    MailServer,
    mail_server,
    make_certificates,
)
from tests.scenario.conftest import Stage, listed, open_stage, said
from tests.there import there
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

APP = "Office 365 Northwind"
UMA = "uma@northwind.example.com"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(certificates: Certificates) -> AsyncIterator[MailServer]:
    async with mail_server(certificates) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory,
    keys: Path,
    server: MailServer,
    certificates: Certificates,
) -> AsyncIterator[Stage]:
    """A world and a bot of their own: in the shared one this person cannot be reached."""
    settings = f"""
[mail]
host = "127.0.0.1"
port = {server.port}
ca_file = "{certificates.authority}"
user = "{USER}"
password = "{PASSWORD}"
sender = "o365bot@contoso.example"
domains = ["northwind.example.com"]
"""
    async with open_stage(tmp_path_factory.mktemp("mail"), keys, settings) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with Browser() as fresh:
        yield fresh


def links_in(mail: EmailMessage) -> list[str]:
    """The personal links of the plain text."""
    return re.findall(r"https?://\S+/c/\S+", there(mail.get_body(("plain",))).get_content())


async def test_somebody_in_no_chat_is_asked_by_mail_and_takes_it_on(
    stage: Stage, server: MailServer, browser: Browser
) -> None:
    """The same link, page and proof; a scanner that opens every link spends nothing."""
    await stage.command("/o365 scan", listed)
    await stage.command(f"/o365 who {APP}", said("Uma Unreachable", "by email"))
    await stage.command(f"/o365 send {APP} now", said(APP))
    await wait_until(lambda: bool(server.mails), within=30, what="the mail arrives")
    (mail,) = server.mails
    assert server.envelopes == [("o365bot@contoso.example", (UMA,))]

    links = links_in(mail)
    for link in links:  # a mail scanner
        assert (await browser.open(link.partition("#")[0])).status == 200
    async with stage.stored() as stored:
        assert (await stored.request(APP))["stage"] == "delivered"

        page = await browser.open(links[0])
        microsoft = await browser.press(page, page.buttons[0])
        guide = await browser.press(microsoft, "Sign in", {"account": UMA})
        assert guide.status == 200
        after = await stored.request(APP)
    assert after["stage"] == "acknowledged"
    assert after["proof"]["kind"] == "signed_in_mfa"
    assert len(server.mails) == 1, "what changed since is on the page, not in another mail"
