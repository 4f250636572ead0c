"""Mail that came back: delivery reports (RFC 3464) in the mailbox of the sender, over IMAP.

A server that takes a mail and finds out later that nobody has the address writes such a report.
Only reports are looked at; whatever else lies in the mailbox stays as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from email.message import Message as Mail
from functools import partial
from imaplib import IMAP4
from pathlib import Path

import structlog
from imap_tools import AND, H, MailBox, MailMessageFlags
from imap_tools.errors import ImapToolsError

from adapters.http.tls import trusted
from adapters.mail.message_ids import key_of
from bot.domain.normalization import exact
from bot.errors import ChatUnreachable
from bot.ports.chat import Bounce
from bot.settings.sections.mail import BouncesSettings

SECONDS_PER_ANSWER = 20.0
AT_ONCE = 50  # reports; the rest is read the next time
LARGEST = 512 * 1024  # bytes; a report with a mail of ours in it has a tenth of that

log = structlog.get_logger(__name__)


class ImapBounces:
    """Implements `bot.ports.chat.BounceMailbox`."""

    def __init__(self, settings: BouncesSettings, ca_file: Path | None) -> None:
        self._settings = settings
        self._tls = trusted(ca_file)

    async def returned(self) -> tuple[Bounce, ...]:
        """What came back for good and was not noted yet. Raises ChatUnreachable."""
        return await asyncio.to_thread(self._returned)

    async def noted(self, returned: Sequence[Bounce]) -> None:
        """They are read no more. Raises ChatUnreachable."""
        await asyncio.to_thread(self._noted, [one.report_id for one in returned])

    async def opens(self) -> None:
        """Sign in and open the folder. Raises ChatUnreachable."""
        await asyncio.to_thread(self._opens)

    def _opens(self) -> None:
        with _errors(), self._open():
            return

    def _returned(self) -> tuple[Bounce, ...]:
        reports = AND(seen=False, size_lt=LARGEST, header=[H("Content-Type", "delivery-status")])
        found = []
        with _errors(), self._open() as box:
            # One at a time: a mail that cannot be read must not hide the others.
            for uid in box.uids(reports)[:AT_ONCE]:
                message_id = said(partial(_fetched, box, uid))
                found.append(Bounce(uid, message_id, key_of(message_id)))
        return tuple(found)

    def _noted(self, report_ids: list[str]) -> None:
        with _errors(), self._open() as box:
            box.flag(report_ids, MailMessageFlags.SEEN, value=True)

    def _open(self) -> MailBox:
        settings = self._settings
        box = MailBox(
            settings.host.strip("[]"),
            settings.port,
            timeout=SECONDS_PER_ANSWER,
            ssl_context=self._tls,
        )
        try:
            return box.login(
                settings.user, settings.password.get_secret_value(), initial_folder=settings.folder
            )
        except BaseException:
            box.client.shutdown()  # else the connection stays open
            raise


def _fetched(box: MailBox, uid: str) -> Mail:
    """The mail with this id. Raises LookupError when it is gone."""
    for mail in box.fetch(AND(uid=uid), mark_seen=False):
        return mail.obj
    raise LookupError(uid)


class _errors:
    """Whatever the mailbox does wrong, in our own words: nothing of it holds anything up."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if isinstance(error, (ImapToolsError, IMAP4.error, OSError)):
            raise ChatUnreachable(
                "The mailbox for undeliverable mail cannot be read.", nothing_sent=True
            ) from error


def said(report: Callable[[], Mail]) -> str:
    """What `failed` says of the mail that `report` reads; "" as well where it is none.

    What the reader of mails stumbles over is up to whoever wrote the mail.
    """
    try:
        return failed(report())
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        log.warning("a delivery report cannot be read", reason=type(error).__name__)
        return ""


def failed(report: Mail) -> str:
    """The `Message-ID` of the mail that a report calls undeliverable for good; "" if it does not.

    A report may also tell of a delay, or that a mail was delivered.
    """
    gave_up, message_id = False, ""
    for part in report.walk():
        match part.get_content_type():
            case "message/delivery-status":
                fields = part.get_payload()
                blocks = [block for block in fields if isinstance(block, Mail)]
                gave_up = gave_up or any(_failed(block) for block in blocks)
            case "message/rfc822" | "message/rfc822-headers" | "text/rfc822-headers":
                message_id = message_id or _message_id(part)
    return message_id if gave_up else ""


def _failed(block: Mail) -> bool:
    """About one recipient: given up, and with a status that is for good."""
    action = exact(str(block.get("Action", "")).strip())
    return action == "failed" and str(block.get("Status", "")).strip().startswith("5.")


def _message_id(part: Mail) -> str:
    """Of the mail that came back, whole or only its headers."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Mail):
        return str(payload[0].get("Message-ID", "")).strip()
    for line in str(payload).splitlines():
        name, colon, value = line.partition(":")
        if colon and exact(name.strip()) == "message-id":
            return value.strip()
    return ""
