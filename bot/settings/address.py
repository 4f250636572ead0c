"""Addresses in the settings: https, or http on this machine only."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from bot.domain.normalization import exact

_PLAIN = re.compile(r"[!-\[\]-~]*")  # printable ASCII, neither spaces nor backslashes
_NO_HOST = re.compile(r"(?:^|\.)(?:-|\.|$)|-(?:\.|$)|%")  # empty labels, dashes at an end, a zone
_PORTS = {"https": 443, "http": 80}


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(value: str) -> str:
    """An https address without query; http is taken for loopback only.

    Scheme and host become small letters and the scheme's own port is left out, as browsers write
    them: what they send is compared with it.
    """
    if not _PLAIN.fullmatch(value):  # browsers write other letters of a host as `xn--…`
        raise ValueError("expected an address in plain ASCII, such as https://example.com")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("expected an address such as https://example.com") from None
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in ("https", "http") or port == 0 or _NO_HOST.search(host):
        raise ValueError("expected an address such as https://example.com")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("expected https (http works for loopback only)")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("expected an address without user, query or fragment")
    host = exact(parts.netloc)
    if port == _PORTS[parts.scheme] or host.endswith(":"):
        host = host.rpartition(":")[0]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def origin(value: str) -> str:
    """An address that others are built from by adding a path: it has none of its own."""
    parts = urlsplit(value)
    if parts.path:
        raise ValueError(f"expected an address without a path; try {parts.scheme}://{parts.netloc}")
    return value


Address = Annotated[str, AfterValidator(_address)]
Origin = Annotated[str, AfterValidator(_address), AfterValidator(origin)]
