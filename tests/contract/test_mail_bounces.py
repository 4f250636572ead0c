"""Delivery reports, read from a real IMAP server on loopback.

The reports have the shapes of RFC 3464, appendix E, and of Exchange Online's; names are changed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes

import pytest

from adapters.mail.bounces import ImapBounces, said
from adapters.mail.message_ids import make
from bot.errors import ChatUnreachable
from bot.settings.sections.mail import BouncesSettings
from tests.mail_server import Certificates
from tests.mailbox import PASSWORD, USER, Imap, Mailbox, imap_server, mailbox

KEY = "round:2025-03-03:mail:gita@contoso.com"
OURS = make(KEY, "o365bot@contoso.com")


def report(action: str, status: str, back: str, subject: str = "Undeliverable") -> bytes:
    """A delivery report; `back` is its third part, the mail or its headers."""
    return f"""\
From: postmaster@contoso.com
To: o365bot@contoso.com
Subject: {subject}
Content-Type: multipart/report; report-type=delivery-status;
 boundary="b1"
MIME-Version: 1.0

--b1
Content-Type: text/plain; charset=utf-8

Your message wasn't delivered to gita@contoso.com.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns;mail.contoso.com
Arrival-Date: Mon, 3 Mar 2025 09:00:00 +0000

Final-Recipient: rfc822;gita@contoso.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound

--b1
{back}
--b1--
""".replace("\n", "\r\n").encode()


WHOLE = f"""Content-Type: message/rfc822

From: o365bot <o365bot@contoso.com>
To: gita@contoso.com
Message-ID: {OURS}
Subject: Please connect

Hello
"""
HEADERS = f"""Content-Type: text/rfc822-headers

From: o365bot <o365bot@contoso.com>
message-id: {OURS}
Subject: Please connect
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Imap]:
    with imap_server() as running:
        yield running


@pytest.fixture
async def box(server: Imap, certificates: Certificates) -> AsyncIterator[Mailbox]:
    async with mailbox(server, certificates) as running:
        yield running


@pytest.fixture
def reading(box: Mailbox, certificates: Certificates) -> ImapBounces:
    """What the bot reads it with."""
    return bounces(box.port, certificates)


def bounces(port: int, certificates: Certificates, password: str = PASSWORD) -> ImapBounces:
    settings = BouncesSettings.model_validate(
        {"host": "127.0.0.1", "port": port, "user": USER, "password": password}
    )
    return ImapBounces(settings, certificates.authority)


@pytest.mark.parametrize("back", [WHOLE, HEADERS], ids=["whole mail", "headers only"])
async def test_a_mail_that_came_back_is_found_by_its_id_and_noted_once(
    box: Mailbox, reading: ImapBounces, back: str
) -> None:
    """Until it is noted it is told again; then it counts as read."""
    await box.put(report("failed", "5.1.10", back))
    found = await reading.returned()
    assert [(one.key, one.message_id) for one in found] == [(KEY, OURS)]
    assert await reading.returned() == found
    await reading.noted(found)
    assert await reading.returned() == ()


@pytest.mark.parametrize(
    ("action", "status"),
    [("delayed", "4.4.7"), ("failed", "4.4.7"), ("delivered", "2.1.5"), ("relayed", "2.0.0")],
)
async def test_only_what_is_for_good_counts(
    box: Mailbox, reading: ImapBounces, action: str, status: str
) -> None:
    """A late mail may still arrive."""
    await box.put(report(action, status, WHOLE))
    assert [one.key for one in await reading.returned()] == [""]


async def test_other_mail_is_left_alone(box: Mailbox, reading: ImapBounces) -> None:
    """People's answers stay unread, and an empty mailbox is no error."""
    assert await reading.returned() == ()
    await box.put(b"Subject: Re: Please connect\r\nFrom: gita@contoso.com\r\n\r\nIs this real?\r\n")
    assert await reading.returned() == ()
    await reading.noted(())
    assert await box.unread() == ["Re: Please connect"]


@pytest.mark.parametrize(
    "odd",
    [
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nno parts at all",
        report("failed", "5.1.1", "Content-Type: message/rfc822\n\n\n"),
        report("failed", "5.1.1", "Content-Type: text/plain\n\nnothing came back"),
        report("failed", "oops", WHOLE),
        b"Content-Type: message/delivery-status\r\n\r\n\xff\xfe",
    ],
)
async def test_an_odd_report_says_nothing(box: Mailbox, reading: ImapBounces, odd: bytes) -> None:
    """Anybody may write to a mailbox."""
    await box.put(odd)
    assert [one.key for one in await reading.returned()] == [""]


BOUNDARIES = "".join(
    f'--b{n}\nContent-Type: multipart/mixed; boundary="b{n + 1}"\n\n' for n in range(3000)
)


@pytest.mark.parametrize(
    "hostile",
    [
        report("=?x-unknown?b?////?=", "5.1.1", WHOLE),
        report("failed", "5.1.1", HEADERS.replace("headers\n", "headers; charset=no-such\n")),
        report("failed", "5.1.1", f"{WHOLE}{'x' * 600_000}"),
        report("failed", "5.1.1", WHOLE, "=?utf-8?b?/////w==?= \x00\x1b[31m"),
    ],
    ids=["unknown words", "unknown letters", "huge", "odd subject"],
)
async def test_a_hostile_report_hides_no_other(
    box: Mailbox, reading: ImapBounces, hostile: bytes
) -> None:
    """Whatever is sent to the mailbox: the report beside it is read, and both are noted."""
    await box.put(hostile)
    await box.put(report("failed", "5.1.10", WHOLE))
    found = await reading.returned()
    assert (KEY, OURS) in [(one.key, one.message_id) for one in found]
    await reading.noted(found)
    assert await reading.returned() == ()


@pytest.mark.parametrize(
    "nested",
    [
        report("failed", "5.1.1", "Content-Type: message/rfc822\n\n" * 3000),
        f'Content-Type: multipart/report; boundary="b0"\n\n{BOUNDARIES}'.encode(),
    ],
    ids=["mails", "parts"],
)
def test_a_report_of_reports_without_end_says_nothing(nested: bytes) -> None:
    """Deeper than Python reads; the test's own server would not even take it."""
    assert said(lambda: message_from_bytes(nested)) == ""


@pytest.mark.parametrize(
    "message_id",
    [
        f"<{OURS[1:].partition('.')[0]}.{'0' * 32}@contoso.com>",  # right delivery, guessed part
        OURS.replace("@contoso.com", "@contoso.com\n Bcc: x"),
        f"{OURS} {OURS}",
        f"<{'QQ' * 40_000}.{'0' * 32}@contoso.com>",
        "<../../x@contoso.com>",
    ],
)
async def test_a_report_about_somebody_elses_mail_is_no_report(
    box: Mailbox, reading: ImapBounces, message_id: str
) -> None:
    """The id that was given out is compared as a whole (`bot.services.delivery.bounces`)."""
    await box.put(report("failed", "5.1.1", WHOLE.replace(OURS, message_id)))
    (found,) = await reading.returned()
    assert found.message_id != OURS or found.key == ""


async def test_a_mailbox_that_nobody_vouches_for_is_not_read(box: Mailbox) -> None:
    """Its password is told to no server whose certificate is not trusted."""
    settings = BouncesSettings.model_validate(
        {"host": "127.0.0.1", "port": box.port, "user": USER, "password": PASSWORD}
    )
    with pytest.raises(ChatUnreachable):
        await ImapBounces(settings, None).returned()


async def test_a_mailbox_that_cannot_be_read_is_told_without_its_password(
    box: Mailbox, certificates: Certificates
) -> None:
    """Wrong password, or nobody there."""
    for reading in (bounces(box.port, certificates, "other-hush"), bounces(1, certificates)):
        with pytest.raises(ChatUnreachable) as caught:
            await reading.returned()
        assert "hush" not in str(caught.value)
