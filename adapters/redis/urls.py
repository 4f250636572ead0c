"""The addresses a store may have.

    redis://[user:password@]host[:port][/db]          one server (rediss: with TLS)
    unix:///path/to/socket                            one server on this machine
    redis+sentinel://[user:password@]host[:port],host2[:port]/service[/db]
    redis+cluster://[user:password@]host[:port]       any node of the cluster

Options may follow as a query, such as `?ssl_ca_certs=/path`, as redis-py names them. Behind
Sentinel the user and password are those of the data nodes; `sentinel_username` and
`sentinel_password` are those of the sentinels. The engine's library reads the same forms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from redis.asyncio.connection import parse_url

from bot.errors import StoreUnavailable

SENTINEL_PORT = 26379
EXPECTED = (
    "Give redis.url as redis://, rediss://, unix://, redis+sentinel://host:port,host:port/service "
    "or redis+cluster://host:port."
)


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """Where the sentinels are, and how the master that they name is spoken to."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    options: dict[str, Any] = field(repr=False)
    sentinel_options: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """A node of a cluster, as a plain address."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """One server."""

    url: str = field(repr=False)


def parse(url: str) -> ServerAddress | SentinelAddress | ClusterAddress:
    """What the address means. Raises StoreUnavailable, which does not repeat the address."""
    scheme, found, rest = url.partition("://")
    if not found or not rest:
        raise StoreUnavailable("The store's address is none.", hint=EXPECTED)
    match scheme.lower():
        case "redis" | "rediss" | "unix":
            return ServerAddress(_readable(url))
        case "redis+cluster" | "rediss+cluster":
            node = f"{scheme.lower().removesuffix('+cluster')}://{rest}"
            return ClusterAddress(_readable(node))
        case "redis+sentinel" | "rediss+sentinel":
            try:
                return _sentinel(rest, tls=scheme.lower().startswith("rediss"))
            except ValueError:
                raise StoreUnavailable(
                    "The store's Sentinel address cannot be read.", hint=EXPECTED
                ) from None
    raise StoreUnavailable("The store's address is of no kind that is known.", hint=EXPECTED)


def _readable(url: str) -> str:
    """The address, if redis-py can read it; what it says of one that it cannot shows parts of it,
    which may be parts of the password.
    """
    try:
        parse_url(url)
    except ValueError:
        raise StoreUnavailable(
            "The store's address cannot be read.",
            hint=f"{EXPECTED} In a password, write / ? # @ and % as %2F %3F %23 %40 and %25.",
        ) from None
    return url


def _sentinel(rest: str, *, tls: bool) -> SentinelAddress:
    """Raises ValueError. The hosts are cut off by hand: urlsplit knows one host only."""
    end = min((i for i in map(rest.find, "/?#") if i >= 0), default=len(rest))
    user_part, _, hosts = rest[:end].rpartition("@")
    parts = urlsplit(f"//host{rest[end:]}")
    path = [part for part in parts.path.split("/") if part]
    if not 1 <= len(path) <= 2:
        raise ValueError("a Sentinel address names a service")

    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    sentinel_options: dict[str, Any] = {
        name: query.pop(f"sentinel_{name}")
        for name in ("username", "password")
        if f"sentinel_{name}" in query
    }
    # redis-py's own reading of the options, so that each has its type
    options: dict[str, Any] = dict(parse_url(f"redis://?{urlencode(query)}")) if query else {}
    options["db"] = int(path[1]) if len(path) > 1 else 0
    user, _, password = user_part.partition(":")
    options |= {"username": unquote(user)} if user else {}
    options |= {"password": unquote(password)} if password else {}
    if tls:
        sentinel_options |= {k: v for k, v in options.items() if k.startswith("ssl_")}
        sentinel_options["ssl"] = options["ssl"] = True
    return SentinelAddress(
        tuple(map(_member, hosts.split(","))), path[0], options, sentinel_options
    )


def _member(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text.strip()}")
    if not parts.hostname:
        raise ValueError("a sentinel without a host")
    return parts.hostname, parts.port or SENTINEL_PORT
