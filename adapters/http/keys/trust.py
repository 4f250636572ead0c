"""Whom servers' certificates are checked against, loaded once for all connection pools.

Reading the authorities takes some 50 ms and a megabyte each time, and there is a pool for each org.
"""

from __future__ import annotations

import os
import ssl
from functools import cache

import httpx


def trust() -> ssl.SSLContext:
    """The authorities of `certifi`, or those that SSL_CERT_FILE or SSL_CERT_DIR names."""
    return _loaded(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))


@cache
def _loaded(file: str, folder: str) -> ssl.SSLContext:
    """httpx looks at these variables itself; they are the key only."""
    return httpx.create_ssl_context()
