"""What a mail server's answer means: who or what is refused, and whether something was sent.

By the enhanced status code where there is one (RFC 3463; the registry is IANA's "SMTP Enhanced
Status Codes"), else by the reply code (RFC 5321, section 4.2). A code that nobody here knows is
about this one message: it holds up nobody else and condemns nobody.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
)

from bot.errors import (
    ChatError,
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    MessageRefused,
    PersonUnreachable,
)

WAIT_WHEN_TOLD_TO = 300.0
"""Seconds. A server that is busy names no time; most senders come again after some minutes."""

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")

# The subjects and details of permanent refusals (5.x.y). The longer one is looked for first.
_PERMANENT: Mapping[str, type[ChatError]] = {
    "1": PersonUnreachable,  # no such mailbox, or it moved
    "1.7": ChatMisconfigured,  # the sender's address is wrong
    "1.8": ChatMisconfigured,
    "2": PersonUnreachable,  # the mailbox is disabled or full
    "2.3": MessageRefused,  # longer than the mailbox allows
    "3": ChatMisconfigured,  # the server itself is not set up for it
    "3.4": MessageRefused,  # too big for the server
    "4.1": PersonUnreachable,  # Exchange Online: no such recipient here
    "5": ChatMisconfigured,  # what was said does not fit the protocol
    "5.3": MessageRefused,  # too many recipients
    "6": MessageRefused,  # the content
    "7.1": PersonUnreachable,  # may not be written to by this sender
    "7.8": ChatMisconfigured,  # the sign-in
    "7.9": ChatMisconfigured,
    "7.30": ChatMisconfigured,  # Exchange Online: no basic sign-in any more
    "7.57": ChatMisconfigured,  # Exchange Online: not signed in
    "7.60": ChatMisconfigured,  # Exchange Online: may not send as this sender
    "7.64": ChatMisconfigured,  # Exchange Online: may not relay
    "7.139": ChatMisconfigured,  # Exchange Online: the sign-in is switched off
}
# Without an enhanced code.
_BY_REPLY: Mapping[int, type[ChatError]] = {
    530: ChatMisconfigured,
    534: ChatMisconfigured,
    535: ChatMisconfigured,
    538: ChatMisconfigured,
    550: PersonUnreachable,
    551: PersonUnreachable,
    552: MessageRefused,
    553: PersonUnreachable,
}


def meaning(code: int, text: str) -> ChatError:
    """The error of a reply. `text` is only read for its code: it may hold addresses."""
    found = _ENHANCED.search(text)
    enhanced = found.group() if found else ""
    said = f"The mail server answered {enhanced or code}."
    if 400 <= code < 500:
        return ChatThrottled(said, retry_after=WAIT_WHEN_TOLD_TO)
    if found is None:
        return _BY_REPLY.get(code, MessageRefused)(said)
    subject, detail = found.group(2), found.group(3)
    if code == 550 and subject == "7" and "relay" in text.lower():
        return ChatMisconfigured(said)  # 5.7.1 stands for that, too
    kind = _PERMANENT.get(f"{subject}.{detail}") or _PERMANENT.get(subject)
    return (kind or MessageRefused)(said)


def refused(error: Exception, *, in_doubt: bool) -> ChatError:
    """What an exception while sending means; `in_doubt`: the message was being handed over.

    The error says nothing of the address, the text or the password.
    """
    if isinstance(error, SMTPAuthenticationError) and error.code >= 500:
        return ChatMisconfigured(f"The mail server refused the sign-in ({error.code}).")
    if isinstance(error, SMTPResponseException) and error.code >= 400:
        return meaning(error.code, error.message)
    if isinstance(error, SMTPNotSupported):
        return ChatMisconfigured("The mail server offers no TLS, or no sign-in that is known.")
    if isinstance(error, ssl.SSLCertVerificationError) or isinstance(
        error.__cause__, ssl.SSLCertVerificationError
    ):
        return ChatMisconfigured("The mail server's certificate cannot be trusted.")
    if isinstance(error, SMTPException) and "STARTTLS" in str(error):
        return ChatMisconfigured("The mail server offers no TLS.")
    return ChatUnreachable("The mail server does not answer.", nothing_sent=not in_doubt)
