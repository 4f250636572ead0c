"""Whom the mail servers' certificates are checked against."""

from __future__ import annotations

import ssl
from pathlib import Path

from bot.errors import SettingsInvalid


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, or the one in `ca_file`. Raises SettingsInvalid for no PEM."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise SettingsInvalid(
            ("mail.ca_file: holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",)
        ) from None
