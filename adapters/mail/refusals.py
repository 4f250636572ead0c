"""What a mail server's answer means: who or what is refused, and whether something was sent.

By the enhanced status code where there is one (RFC 3463; the registry is IANA's "SMTP Enhanced
Status Codes"), else by the reply code (RFC 5321, section 4.2). A code that nobody here knows holds
up nobody else and condemns nobody.
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

from bot.domain.normalization import exact
from bot.domain.refusals import Scope
from bot.errors import ChatError, ChatMisconfigured, ChatThrottled, ChatUnreachable
from bot.errors import refused as refused_for

WAIT_WHEN_TOLD_TO = 300.0
"""Seconds. A server that is busy names no time; most senders come again after some minutes."""

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")

# The subjects and details of permanent refusals (5.x.y). The longer one is looked for first.
_PERMANENT: Mapping[str, Scope] = {
    "1": Scope.PERSON,  # no such mailbox, or it moved
    "1.7": Scope.INSTALLATION,  # the sender's address is wrong
    "1.8": Scope.INSTALLATION,
    "2": Scope.PERSON,  # the mailbox is disabled or full
    "2.3": Scope.MESSAGE,  # longer than the mailbox allows
    "3": Scope.INSTALLATION,  # the server itself is not set up for it
    "3.4": Scope.MESSAGE,  # too big for the server
    "4.1": Scope.PERSON,  # Exchange Online: no such recipient here
    "5": Scope.INSTALLATION,  # what was said does not fit the protocol
    "5.3": Scope.MESSAGE,  # too many recipients
    "6": Scope.MESSAGE,  # the content
    "7.1": Scope.PERSON,  # may not be written to by this sender
    "7.8": Scope.INSTALLATION,  # the sign-in
    "7.9": Scope.INSTALLATION,
    "7.30": Scope.INSTALLATION,  # Exchange Online: no basic sign-in any more
    "7.57": Scope.INSTALLATION,  # Exchange Online: not signed in
    "7.60": Scope.INSTALLATION,  # Exchange Online: may not send as this sender
    "7.64": Scope.INSTALLATION,  # Exchange Online: may not relay
    "7.139": Scope.INSTALLATION,  # Exchange Online: the sign-in is switched off
}
# Without an enhanced code.
_BY_REPLY: Mapping[int, Scope] = {
    530: Scope.INSTALLATION,
    534: Scope.INSTALLATION,
    535: Scope.INSTALLATION,
    538: Scope.INSTALLATION,
    550: Scope.PERSON,
    551: Scope.PERSON,
    552: Scope.MESSAGE,
    553: Scope.PERSON,
}


def meaning(code: int, text: str) -> ChatError:
    """The error of a reply. `text` is only read for its code: it may hold addresses."""
    found = _ENHANCED.search(text)
    enhanced = found.group() if found else ""
    said = f"The mail server answered {enhanced or code}."
    if 400 <= code < 500:
        if found is not None and found.group(2) in ("1", "2"):  # this mailbox alone is busy
            return ChatUnreachable(said, nothing_sent=True)
        return ChatThrottled(said, retry_after=WAIT_WHEN_TOLD_TO)
    if found is None:
        return refused_for(_BY_REPLY.get(code, Scope.UNTOLD), said)
    subject, detail = found.group(2), found.group(3)
    if code == 550 and subject == "7" and "relay" in exact(text):
        return refused_for(Scope.INSTALLATION, said)  # 5.7.1 stands for that, too
    scope = _PERMANENT.get(f"{subject}.{detail}") or _PERMANENT.get(subject) or Scope.UNTOLD
    return refused_for(scope, said)


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
