"""The id of a mail: it says of which delivery it is, so that a mail that comes back is known again.

It holds a random part as well. Only who has the mail knows it, so nobody else can call a mail
undeliverable.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets

_FORM = re.compile(r"<([A-Za-z0-9_-]+)\.[0-9a-f]{32}@[^<>@\s]+>")


def make(key: str, sender: str) -> str:
    """A fresh `Message-ID` for a mail of the delivery `key`."""
    named = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    return f"<{named}.{secrets.token_hex(16)}@{sender.rpartition('@')[2]}>"


def key_of(message_id: str) -> str:
    """The key of the delivery; "" for what is no id of ours."""
    found = _FORM.fullmatch(message_id)
    if found is None:
        return ""
    try:
        return base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
