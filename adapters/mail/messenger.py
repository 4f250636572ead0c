"""Messages out by mail: the Messenger port on SMTP.

One connection for each message: they are few, and a server that was restarted is no matter then.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from aiosmtplib import SMTP, SMTPException
from attrs import define, field

from adapters.http.counts import Api, counted
from adapters.http.tls import trusted
from adapters.mail import message_ids
from adapters.mail.refusals import refused
from adapters.mail.rendering import MailRenderer
from bot.chat.words import Words
from bot.domain.delivery.notices import Channel
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.visible import visible
from bot.errors import ChannelUnreachable, MessageRefused
from bot.message import Message
from bot.ports.chat import Sent
from bot.ports.system import Clock
from bot.settings.sections.mail import MailSettings

SECONDS_PER_ANSWER = 20.0
LONGEST_LINE = 150  # characters


def client_for(
    settings: MailSettings, tls: ssl.SSLContext, seconds: float = SECONDS_PER_ANSWER
) -> SMTP:
    """A client that connects over TLS and signs in, or not at all."""
    return SMTP(
        hostname=settings.host.strip("[]"),
        port=settings.port,
        timeout=seconds,
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        tls_context=tls,
        username=settings.user or None,
        password=settings.password.get_secret_value() if settings.password else None,
    )


@define(eq=False)
class MailMessenger:
    """Implements `bot.ports.chat.Messenger`. A message id is the mail's `Message-ID`.

    A mail cannot be found again, changed or pinned: what was sent stays as it is.
    """

    tells = False

    _settings: MailSettings
    _words: Callable[[str], Words]
    _language: str
    _clock: Clock
    _seconds: float = SECONDS_PER_ANSWER
    _drawing: MailRenderer = field(init=False, factory=MailRenderer)
    _tls: ssl.SSLContext = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._tls = trusted(self._settings.ca_file)

    async def find_person(
        self, addresses: Sequence[str], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        """The first address in a domain that may be written to. Whether it exists nobody asks."""
        for address in dict.fromkeys(exact(a.strip()) for a in addresses):
            name, at, domain = address.rpartition("@")
            if name and at and address.isascii() and domain in self._settings.domains:
                return (ChatIdentity(Platform.MAIL, address, email=address),)
        return ()

    async def profile(self, account: ChatIdentity) -> ChatIdentity:
        """Mail tells nothing of its people: no name, no time zone, no language."""
        return account

    async def send_personal(self, to: ChatIdentity, message: Message, key: str) -> Sent:
        """Raises ChatError; PersonUnreachable when the server knows that nobody has the address."""
        return await self._send([to], message, key)

    async def introduce(self, people: Sequence[ChatIdentity], message: Message, key: str) -> Sent:
        """One mail to all of them: an answer to all reaches the others."""
        return await self._send(people, message, key)

    async def post(self, to: Channel, message: Message, key: str, thread: str = "") -> Sent:
        raise ChannelUnreachable("There are no channels in mail.")

    async def pin(self, message_id: str) -> None:
        """Does nothing: a mail lies where its reader puts it."""

    async def update(self, message_id: str, message: Message) -> None:
        """Does nothing: the links in a mail lead to pages that say what is true by then."""

    async def find_sent(
        self, to: ChatIdentity | Channel, key: str, thread: str = ""
    ) -> Sent | None:
        return None

    async def keys_since(self, to: ChatIdentity, at: datetime) -> frozenset[str] | None:
        return None

    async def messages_after(self, message_id: str, enough: int) -> int | None:
        return None

    async def _send(self, people: Sequence[ChatIdentity], message: Message, key: str) -> Sent:
        mail = self._mail(people, message, key)
        settings = self._settings
        client = client_for(settings, self._tls, self._seconds)
        in_doubt = False
        try:
            await client.connect()
            await client.mail(settings.sender)
            for person in people:
                await client.rcpt(person.user_id)
            in_doubt = True
            with counted(Api.MAIL) as call:
                call.status = (await client.data(mail.as_bytes())).code
        except (SMTPException, OSError, ValueError) as error:  # ValueError: no such host name
            raise refused(error, in_doubt=in_doubt) from error
        finally:
            client.close()
        return Sent(mail["Message-ID"])

    def _mail(self, people: Sequence[ChatIdentity], message: Message, key: str) -> EmailMessage:
        """Made anew for each attempt: its links are fresh, so no mail system may fold it away."""
        settings, words = self._settings, self._words(people[0].language or self._language)
        mail = EmailMessage(policy=SMTP_POLICY)
        try:
            mail["Subject"] = _line(message.summary)
            mail["From"] = Address("o365bot", addr_spec=settings.sender)
            mail["To"] = [Address(_line(p.display_name), addr_spec=p.user_id) for p in people]
            if settings.reply_to:
                mail["Reply-To"] = settings.reply_to
        except (ValueError, IndexError) as error:  # an address that is none
            raise MessageRefused("This cannot be written as a mail.") from error
        mail["Date"] = format_datetime(self._clock.now())
        mail["Message-ID"] = message_ids.make(key, settings.sender)
        # RFC 3834, and Microsoft's own ([MS-OXCMAIL] 2.2.3.2.14): no absence notes in answer.
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
        mail.set_content(self._drawing.plain(words, message), cte="quoted-printable")
        mail.add_alternative(
            self._drawing.html(words, message), subtype="html", cte="quoted-printable"
        )
        return mail


def _line(text: str) -> str:
    """Text of others for a header: one line, and nothing that is decoded.

    Python decodes what looks like an encoded word (RFC 2047) when it is set, and the line break in
    it would begin a header of the sender's choice.
    """
    return " ".join(visible(text).split())[:LONGEST_LINE].replace("=?", "= ?")
