"""Whoever turns out to be unreachable: asked by another way if there is one, else the next one is.

A request that takes the place of another is sent in the person's hours; so that this holds at any
hour, the operator says "now".
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from sandbox.company.records import (
    EntraAccount,
    EntraTenant,
    Hold,
    OktaApp,
    RoleHolding,
    guid,
    okta_id,
)
from tests.mail_server import Certificates, MailServer, mail_settings
from tests.mailbox import PASSWORD as IMAP_PASSWORD
from tests.mailbox import USER as IMAP_USER
from tests.mailbox import Imap, Mailbox, imap_server, mailbox
from tests.scenario.conftest import AT_ANY_HOUR, Stage, listed, open_stage, said
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN = 60.0


@pytest.fixture(scope="module")
def imap() -> Iterator[Imap]:
    with imap_server() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(imap: Imap, certificates: Certificates) -> AsyncIterator[Mailbox]:
    """Undeliverable mail comes back to it."""
    async with mailbox(imap, certificates) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory,
    keys: Path,
    server: MailServer,
    box: Mailbox,
    certificates: Certificates,
) -> AsyncIterator[Stage]:
    settings = f"""
{mail_settings(server, certificates)}
[mail.bounces]
host = "127.0.0.1"
port = {box.port}
user = "{IMAP_USER}"
password = "{IMAP_PASSWORD}"
{AT_ANY_HOUR}
"""
    async with open_stage(tmp_path_factory.mktemp("lost"), keys, settings) as stage:
        yield stage


class Asking:
    """One app of a tenant, as it is asked for."""

    def __init__(self, stage: Stage, server: MailServer, label: str) -> None:
        self.stage, self.server, self.label = stage, server, f"Office 365 {label}"

    async def appears(self, tenant: str, org: str = "contoso") -> None:
        """A scan finds it."""
        company = self.stage.world.company
        now, domain = company.now(), company.tenant(tenant).domains[0].name
        ref = okta_id("0oa", f"{org}/{self.label}")
        app = OktaApp(ref, self.label, domain, tenant, created=now, last_updated=now)
        company.org(org).apps.append(app)
        await self.stage.command("/o365 scan", lambda m: listed(m) and said(self.label)(m))

    async def send_now(self) -> None:
        await self.stage.command(f"/o365 send {self.label} now", said(self.label))

    async def request(self) -> dict[str, Any]:
        """The newest request."""
        async with self.stage.stored() as stored:
            return dict(await stored.request(self.label))

    async def is_asked(self, account: str) -> None:
        """Until the newest request is for this account; in its hours it is told at once."""

        async def found() -> bool:
            chat = (await self.request())["chat"]
            return f"{chat['platform']}:{chat['user_id']}" == account

        await wait_until(found, within=WITHIN, what=f"{account} is asked for {self.label}")

    async def is_mailed(self) -> str:
        """The address of the one mail about it, once that is there."""
        await wait_until(lambda: bool(self.mailed()), within=WITHIN, what=f"mail on {self.label}")
        (address,) = self.mailed()
        return address

    def mailed(self) -> list[str]:
        """To whom mail about it went."""
        letters = zip(self.server.mails, self.server.envelopes, strict=True)
        return [to[0] for mail, (_, to) in letters if self.label in mail.as_string()]

    def said_in_chat(self) -> int:
        """How many personal messages name it, on any chat."""
        chats = [one for one in self.stage.world.log if one.kind == "dm"]
        return sum(m.from_bot and said(self.label)(m) for chat in chats for m in chat.messages)


async def test_a_mail_that_comes_back_is_noted_and_the_next_one_is_asked(
    stage: Stage, server: MailServer, box: Mailbox
) -> None:
    """The report names the mail by its id; both administrators are in no chat."""
    _add_vera(stage.world.company.tenant("northwind"))
    asking = Asking(stage, server, "Bounced")
    await asking.appears("northwind")
    await asking.send_now()
    first = await asking.is_mailed()
    (mail,) = (one for one in server.mails if asking.label in one.as_string())
    await box.put(_report(str(mail["Message-ID"]), first))

    socket = (stage.directory / "var" / "store" / "socket").read_text()
    store = Redis(unix_socket_path=socket, decode_responses=True)
    async with store:

        async def other_is_asked() -> bool:
            await store.zadd("{o365bot}:agenda", {"returned-mail": 0})  # its five minutes are over
            return bool((await asking.request())["chat"]["user_id"] != first)

        await wait_until(other_is_asked, within=WITHIN, what="the next candidate is asked")
        known = str(await store.get(f"{{o365bot}}:recipient:mail:{first}"))
        assert json.loads(known.partition("|")[2])["lost_at"]

    async def is_read() -> bool:
        return await box.unread() == []

    await wait_until(is_read, within=WITHIN, what="the report counts as read")

    await asking.send_now()
    await wait_until(lambda: len(asking.mailed()) == 2, within=WITHIN, what="the other one's mail")
    assert set(asking.mailed()) == {"uma@northwind.example.com", "vera@northwind.example.com"}


async def test_whom_slack_refuses_gets_mail_and_nothing_in_chat(
    stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack finds Gita, and then takes no message for her."""
    await stage.world.teams.uninstall("gita")
    monkeypatch.setattr(stage.world.slack.workspace, "unwritable", {"U0GITA"})
    await _one_letter_by_mail(Asking(stage, server, "Refused in Slack"))
    await stage.world.teams.install("gita")


async def test_who_blocked_the_bot_in_teams_gets_mail_and_nothing_in_chat(
    stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Teams answers with 403 and MessageWritesBlocked; in Slack nobody of them is."""
    for person in stage.world.teams.service.people():
        if person.key not in ("ola", "oskar"):
            monkeypatch.setattr(person, "slack_id", None)
    monkeypatch.setattr(stage.world.teams.service, "blocked", {"gita"})
    await _one_letter_by_mail(Asking(stage, server, "Blocked in Teams"))


async def test_who_has_no_other_way_is_passed_over(
    stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No mail may go to Fabrikam: the next one there is asked in Slack."""
    asking = Asking(stage, server, "Refused at Fabrikam")
    await asking.appears("fabrikam", "fabrikam")
    monkeypatch.setattr(stage.world.slack.workspace, "unwritable", {"U0FAY"})
    await asking.send_now()
    await asking.is_asked("slack:U0FELIX")
    await asking.send_now()
    await stage.next(stage.world.slack.dm_of("felix"), 0, said(asking.label))
    assert (asking.said_in_chat(), asking.mailed()) == (1, [])


async def _one_letter_by_mail(asking: Asking) -> None:
    await asking.appears("contoso")
    await asking.send_now()
    await asking.is_asked("mail:gita@contoso.example")
    await asking.send_now()
    assert await asking.is_mailed() == "gita@contoso.example"
    assert asking.said_in_chat() == 0


def _add_vera(tenant: EntraTenant) -> None:
    """A second Global Administrator of Northwind."""
    upn = "vera@northwind.example.com"
    made = tenant.accounts[0].created
    vera = EntraAccount(guid(f"{tenant.id}/{upn}"), upn, "Vera Verified", made, mail=upn)
    vera.methods = list(tenant.accounts[0].methods)
    tenant.accounts.append(vera)
    tenant.admins.append(RoleHolding("vera-1", vera.id, Hold.ACTIVE))


def _report(message_id: str, address: str) -> bytes:
    """A delivery report (RFC 3464) on that mail."""
    return f"""\
From: postmaster@contoso.example
To: o365bot@contoso.example
Subject: Undeliverable
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"
MIME-Version: 1.0

--b1
Content-Type: text/plain; charset=utf-8

Your message wasn't delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns;mail.contoso.example

Final-Recipient: rfc822;{address}
Action: failed
Status: 5.1.1

--b1
Content-Type: text/rfc822-headers

To: {address}
Message-ID: {message_id}

--b1--
""".replace("\n", "\r\n").encode()
