"""TLS: whom a server's certificate is checked against, and when it ends."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx

from bot.errors import SettingsInvalid


def trust() -> ssl.SSLContext:
    """The authorities of `certifi`, or those that SSL_CERT_FILE or SSL_CERT_DIR names.

    Loaded once for all connection pools: that takes some 50 ms and a megabyte, and there is a pool
    for each org.
    """
    return _loaded(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))


@cache
def _loaded(file: str, folder: str) -> ssl.SSLContext:
    """httpx looks at these variables itself; they are the key only."""
    return httpx.create_ssl_context()


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


def ends(connection: ssl.SSLObject | ssl.SSLSocket | None) -> datetime | None:
    """When the certificate of the server ends that this connection was made to.

    In UTC; None without TLS, or where the certificate was not checked.
    """
    certificate = connection.getpeercert() if connection is not None else None
    told = (certificate or {}).get("notAfter")
    if not isinstance(told, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC)
