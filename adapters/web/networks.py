"""Which network a caller belongs to, so that one customer counts as one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Network, ip_address

from starlette.requests import Request


def network_of(request: Request) -> str:
    """The caller's network, as the socket or a trusted proxy knows it; no other header counts."""
    return network_named(request.client.host if request.client else "")


def network_named(host: str) -> str:
    """Of IPv6 the /64, which one customer has whole (RFC 6177); IPv4 written as IPv6 is IPv4."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, 64), strict=False))
