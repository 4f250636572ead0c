"""When the certificate of a server ends that a TLS connection was made to."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime


def ends(connection: ssl.SSLObject | ssl.SSLSocket | None) -> datetime | None:
    """In UTC; None without TLS, or where the certificate was not checked."""
    certificate = connection.getpeercert() if connection is not None else None
    told = (certificate or {}).get("notAfter")
    if not isinstance(told, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC)
