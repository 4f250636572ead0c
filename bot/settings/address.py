"""Addresses in the settings: https, or http on this machine only."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(value: str) -> str:
    """An https address without query; http is taken for loopback only."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - looks whether it is one
    except ValueError:
        raise ValueError("expected an address such as https://example.com") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("expected an address such as https://example.com")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("expected https (http is taken for loopback only)")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("expected an address without user, query or fragment")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
