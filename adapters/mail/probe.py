"""What the doctor sees of mail: the server's certificate and sign-in, the mailbox of bounces."""

from __future__ import annotations

from datetime import datetime

from aiosmtplib import SMTP, SMTPException

from adapters.http.tls import ends, trusted
from adapters.mail.bounces import ImapBounces
from adapters.mail.messenger import client_for
from adapters.mail.refusals import refused
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import MailSeen
from bot.errors import ChatError, SettingsInvalid
from bot.settings.sections.mail import MailSettings


class MailProbe:
    """Implements `bot.ports.doctor.Probe`. Sends nothing."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    async def probe(self) -> MailSeen:
        settings = self._settings
        try:
            tls = trusted(settings.ca_file)
        except SettingsInvalid as error:
            return MailSeen(Failure(error.problems[0]), settings.host)
        certificate_ends: datetime | None = None
        failure: Failure | None = None
        client = client_for(settings, tls)
        try:
            await client.connect()
            certificate_ends = _certificate(client)
            await client.quit()
        except (SMTPException, OSError, ValueError) as error:
            failure = Failure.of(refused(error, in_doubt=False))
        finally:
            client.close()
        return MailSeen(
            failure,
            settings.host,
            certificate_ends,
            settings.bounces is not None,
            await self._bounces(),
        )

    async def _bounces(self) -> Failure | None:
        if self._settings.bounces is None:
            return None
        try:
            await ImapBounces(self._settings.bounces, self._settings.ca_file).opens()
        except ChatError as error:
            return Failure.of(error)
        return None


def _certificate(client: SMTP) -> datetime | None:
    transport = client.transport
    return ends(transport.get_extra_info("ssl_object")) if transport is not None else None
