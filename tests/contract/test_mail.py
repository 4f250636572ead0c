"""Mail, against a real SMTP server on loopback that speaks TLS and wants a sign-in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from adapters.http.tls import trusted
from adapters.mail.messenger import MailMessenger
from bot.chat.words import Words
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import (
    ChatError,
    ChatMisconfigured,
    ChatRefused,
    ChatThrottled,
    ChatUnreachable,
    MessageRefused,
    PersonUnreachable,
    SettingsInvalid,
)
from bot.message import Buttons, Command, Fact, Facts, Heading, Message, Note, OpenLink, Text
from bot.settings.sections.mail import MailSettings
from tests.examples import NOW
from tests.fakes import FakeClock
from tests.mail_server import (
    PASSWORD,
    USER,
    Certificates,
    MailServer,
    mail_server,
)
from tests.there import there

GITA = ChatIdentity(Platform.MAIL, "gita@contoso.com", "Gita Gupta")
LINK = "https://bot.contoso.com/c/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
MESSAGE = Message(
    "Please connect <Mail> & more",
    (
        Heading("Please connect <Mail> & more"),
        Text("Grüße, “Gita”."),
        Facts((Fact("Tenant", "contoso.onmicrosoft.com"),)),
        Buttons(
            (
                OpenLink("open", "Open", LINK, primary=True),
                Command("later", "Later", "later ABC-DEF", page=f"{LINK}#later"),
                Command("who", "Who can do it", "who Mail"),
            )
        ),
        Note("The link is yours alone."),
    ),
)


@pytest.fixture
async def server(certificates: Certificates) -> AsyncIterator[MailServer]:
    async with mail_server(certificates) as running:
        yield running


def messenger(
    port: int, authority: Path, *, seconds: float = 20.0, **more: object
) -> MailMessenger:
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "ca_file": authority,
        "user": USER,
        "password": PASSWORD,
        "sender": "o365bot@contoso.com",
        "domains": ["contoso.com", "fabrikam.com"],
    }
    settings = MailSettings.model_validate({**values, **more})
    return MailMessenger(settings, Words, "en", FakeClock(NOW), seconds)


@pytest.fixture
def out(server: MailServer, certificates: Certificates) -> MailMessenger:
    """Mail by the server."""
    return messenger(server.port, certificates.authority)


def parts(mail: EmailMessage) -> tuple[str, str]:
    """The plain text and the HTML."""
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


async def test_a_personal_message_arrives_in_both_forms(
    server: MailServer, out: MailMessenger
) -> None:
    """The same words and links as text and as HTML, escaped; from and to as they should be."""
    sent = await out.send_personal(GITA, MESSAGE, "k")
    (mail,) = server.mails
    assert server.envelopes == [("o365bot@contoso.com", ("gita@contoso.com",))]
    assert mail["Subject"] == "Please connect <Mail> & more"
    assert mail["From"] == "o365bot <o365bot@contoso.com>"
    assert mail["To"] == "Gita Gupta <gita@contoso.com>"
    assert mail["Message-ID"] == sent.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    plain, html = parts(mail)
    for said in ("Grüße, “Gita”.", "contoso.onmicrosoft.com", LINK, f"{LINK}#later"):
        assert said in plain
        assert said in html
    assert "Please connect &lt;Mail&gt; &amp; more" in html
    assert "Who can do it" not in plain  # it cannot be pressed here, and has no page
    assert "Who can do it" not in html
    assert "<img" not in html
    assert "<script" not in html


async def test_tls_from_the_first_byte_works_as_well(certificates: Certificates) -> None:
    """`security = "tls"`, mostly on port 465."""
    async with mail_server(certificates, implicit=True) as server:
        out = messenger(server.port, certificates.authority, security="tls")
        await out.send_personal(GITA, MESSAGE, "k")
        assert len(server.mails) == 1


async def test_nothing_goes_to_a_server_without_tls(certificates: Certificates) -> None:
    """Neither the password nor the link: STARTTLS that is not offered stops it."""
    async with mail_server(certificates, tls=False) as server:
        out = messenger(server.port, certificates.authority)
        with pytest.raises(ChatMisconfigured, match="TLS"):
            await out.send_personal(GITA, MESSAGE, "k")
        assert not server.mails


async def test_a_certificate_that_nobody_vouches_for_stops_it(
    server: MailServer, certificates: Certificates
) -> None:
    """Without the authority's file the server cannot be trusted."""
    out = messenger(server.port, certificates.authority, ca_file=None)
    with pytest.raises(ChatMisconfigured, match="certificate"):
        await out.send_personal(GITA, MESSAGE, "k")
    assert not server.mails


async def test_a_wrong_password_is_about_the_installation_and_is_not_told(
    server: MailServer, certificates: Certificates
) -> None:
    """Everything is held, and no part of the password is in the error."""
    out = messenger(server.port, certificates.authority, password="other-hush")
    with pytest.raises(ChatMisconfigured) as caught:
        await out.send_personal(GITA, MESSAGE, "k")
    assert "hush" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("550 5.1.1 The email account does not exist", PersonUnreachable),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", PersonUnreachable),
        ("550 5.4.1 Recipient address rejected: Access denied", PersonUnreachable),
        ("550 No such user here", PersonUnreachable),
        ("552 5.2.2 mailbox full", PersonUnreachable),
        ("550 5.7.1 recipient does not accept mail from you", PersonUnreachable),
        ("550 5.7.1 Unable to relay", ChatMisconfigured),
        ("550 5.7.64 TenantAttribution; Relay Access Denied", ChatMisconfigured),
        ("530 5.7.57 Client not authenticated to send mail", ChatMisconfigured),
        ("450 4.2.1 this mailbox is busy", ChatUnreachable),
        ("421 try again", ChatThrottled),
        ("451 4.3.2 try again", ChatThrottled),
        ("452 4.5.3 too many recipients", ChatThrottled),
        ("554 5.9.9 nobody knows this code", ChatRefused),
        ("554 no", ChatRefused),
    ],
)
async def test_a_refused_recipient_is_read_by_its_code(
    server: MailServer, out: MailMessenger, reply: str, expected: type[ChatError]
) -> None:
    """A person, the installation, this message, or later: never more than the code says."""
    server.refuses[GITA.user_id] = reply
    with pytest.raises(ChatError) as caught:
        await out.send_personal(GITA, MESSAGE, "k")
    assert type(caught.value) is expected
    assert GITA.user_id not in str(caught.value)


async def test_a_refused_sender_is_about_the_installation(
    server: MailServer, out: MailMessenger
) -> None:
    """Exchange Online's answer when the account may not send as this address."""
    server.refuses_sender = "550 5.7.60 Client does not have permissions to send as this sender"
    with pytest.raises(ChatMisconfigured):
        await out.send_personal(GITA, MESSAGE, "k")


async def test_a_message_that_is_too_big_condemns_nobody(
    server: MailServer, out: MailMessenger
) -> None:
    """The content was refused, not the person."""
    server.says = "552 5.3.4 message too big"
    with pytest.raises(MessageRefused):
        await out.send_personal(GITA, MESSAGE, "k")


async def test_a_server_that_is_away_got_nothing(certificates: Certificates) -> None:
    """Tried again without a doubt."""
    async with mail_server(certificates) as server:
        port = server.port
    with pytest.raises(ChatUnreachable) as caught:
        await messenger(port, certificates.authority).send_personal(GITA, MESSAGE, "k")
    assert caught.value.nothing_sent


async def test_a_server_that_hangs_after_the_message_leaves_a_doubt(
    server: MailServer, certificates: Certificates
) -> None:
    """It may have taken it."""
    server.hangs = True
    out = messenger(server.port, certificates.authority, seconds=0.5)
    with pytest.raises(ChatUnreachable) as caught:
        await out.send_personal(GITA, MESSAGE, "k")
    assert not caught.value.nothing_sent


async def test_only_the_named_domains_are_written_to(certificates: Certificates) -> None:
    """The first address that is in one of them; a subdomain or a look-alike is none."""
    out = messenger(1, certificates.authority)
    found = await out.find_person(
        ("gita@evil.example", "gita@contoso.com.example.com", "Gita@Fabrikam.com"), "oid", "tid"
    )
    assert [one.user_id for one in found] == ["gita@fabrikam.com"]
    assert await out.find_person(("gita@mail.contoso.com", "@contoso.com", "gita"), "", "") == ()
    assert await out.find_person(("\u212aay@contoso.com",), "", "") == ()  # the Kelvin sign


@pytest.mark.parametrize(
    "sly",
    [
        "One\r\nBcc: all@contoso.com",
        "One\nBcc: all@contoso.com\n\nDear all",
        "One\rBcc: all@contoso.com",
        "One\x0bBcc: all@contoso.com",
        "One\x85Bcc: all@contoso.com",
        "One\u2028Bcc: all@contoso.com",
        "One\x00\ud800\r\n\tBcc: all@contoso.com",
        "=?utf-8?q?One=0D=0ABcc:_all@contoso.com?=",
        "=?us-ascii?B?T25lDQpCY2M6IGFsbEBjb250b3NvLmNvbQ==?=",
        "x =?utf-8?q?=0ABcc=3A?= =?utf-8?q?_all=40contoso.com?=",
        "==??utf-8?q?=0D=0ABcc:_all@contoso.com?=",
        "=\u200b?utf-8?q?=0D=0ABcc:_all@contoso.com?=",
        f"{'x' * 148}=?utf-8?q?=0D=0ABcc:_all@contoso.com?=",
        'One"\r\nBcc: all@contoso.com, "',
    ],
)
async def test_no_name_adds_a_header(server: MailServer, out: MailMessenger, sly: str) -> None:
    """Of an app, in the subject; of a person. It is there as text, and the mail arrives."""
    await out.send_personal(GITA, MESSAGE, "k")
    gita = replace(GITA, display_name=sly)
    await out.send_personal(gita, Message(f"Please look at {sly}", MESSAGE.blocks), "k")
    usual, mail = server.mails
    assert mail.keys() == usual.keys()
    assert mail["Subject"].strip().startswith("Please look at")
    assert [one.addr_spec for one in mail["To"].addresses] == ["gita@contoso.com"]
    assert server.envelopes[1][1] == ("gita@contoso.com",)


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        "</td></table><a href='https://evil.example'>Sign in</a>",
        "&lt;b&gt;{{7*7}}{% raw %}",
        "Ada\u202e\u200b\U000e0041",
    ],
)
async def test_no_text_of_others_is_markup(
    server: MailServer, out: MailMessenger, name: str
) -> None:
    """Of apps, people and tenants: it reads as it is written, and opens nothing."""
    blocks = (
        Text(name),
        Facts((Fact(name, name),)),
        Buttons((OpenLink("x", name, "https://o365bot.example.com/c/x"),)),
    )
    await out.send_personal(GITA, Message(name, blocks), "k")
    page = there(server.mails[0].get_body(("html",))).get_content()
    for tag in ("<img", "<a href='https", "<b>", "\u202e", "\u200b", "\U000e0041"):
        assert tag not in page
    assert re.findall(r'href="([^"]*)"', page) == ["https://o365bot.example.com/c/x"]


async def test_two_people_are_introduced_in_one_mail(
    server: MailServer, out: MailMessenger
) -> None:
    """Both are in `To`, so an answer to all reaches the other."""
    ben = ChatIdentity(Platform.MAIL, "ben@fabrikam.com", "Ben")
    await out.introduce((GITA, ben), MESSAGE, "k")
    assert server.envelopes[0][1] == ("gita@contoso.com", "ben@fabrikam.com")


async def test_each_attempt_is_a_mail_of_its_own(server: MailServer, out: MailMessenger) -> None:
    """A second one carries a fresh link, so no mail system may take it for the first."""
    first = await out.send_personal(GITA, MESSAGE, "k")
    second = await out.send_personal(GITA, MESSAGE, "k")
    assert first != second


def test_an_authority_that_is_none_is_found_by_check(tmp_path: Path) -> None:
    """Text of any other kind, a key for a certificate, an empty file."""
    for number, text in enumerate(("", "no pem", "-----BEGIN NOTHING-----\nAA\n")):
        path = tmp_path / f"{number}.pem"
        path.write_text(text)
        with pytest.raises(SettingsInvalid, match=r"mail\.ca_file: holds no certificate"):
            trusted(path)
