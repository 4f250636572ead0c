"""Whom a server's certificate is checked against."""

from __future__ import annotations

import ssl
from pathlib import Path

from bot.errors import SettingsInvalid


def trusted(ca_file: Path | None, key: str = "mail.ca_file") -> ssl.SSLContext:
    """The system's authorities, or the one in the file that `key` of the settings names.

    Raises SettingsInvalid where there is no PEM.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise SettingsInvalid(
            (f"{key}: holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",)
        ) from None
