"""The addresses a store may have.

    redis://[user:password@]host[:port][/db]          one server (rediss: with TLS)
    unix:///path/to/socket                            one server on this machine
    redis+sentinel://[user:password@]host[:port],host2[:port]/service[/db]
    redis+cluster://[user:password@]host[:port]       any node of the cluster

Options may follow as a query: those of `OPTIONS`, and with TLS those of `TLS_OPTIONS`, as redis-py
names them. Any other is refused, for redis-py would stumble over it, or no longer answer in text.
Behind Sentinel the user and password are those of the data nodes; `sentinel_username` and
`sentinel_password` are those of the sentinels.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from redis.asyncio.connection import SSLConnection, parse_url
from redis.exceptions import RedisError

from bot.domain.normalization import exact
from bot.errors import StoreUnavailable
from bot.settings.sections.store import Weakness

SENTINEL_PORT = 26379
EXPECTED = (
    "Give redis.url as redis://, rediss://, unix://, redis+sentinel://host:port,host:port/service "
    "or redis+cluster://host:port."
)
ESCAPED = "In a password, write / ? # @ and % as %2F %3F %23 %40 and %25."
OPTIONS = frozenset(
    {"db", "client_name", "socket_timeout", "socket_connect_timeout", "socket_keepalive"}
)
TLS_OPTIONS = frozenset(
    {
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_ciphers",
        "ssl_keyfile",
        "ssl_min_version",
    }
)
_TIMEOUTS = ("socket_timeout", "socket_connect_timeout")
LONGEST_TIMEOUT = 3600.0
MOST_DATABASES = 2**31 - 1
SENTINEL_OPTIONS = frozenset({"sentinel_username", "sentinel_password"})


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """Where the sentinels are, and how the master that they name is spoken to."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    options: dict[str, Any] = field(repr=False)
    sentinel_options: dict[str, Any] = field(repr=False)

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(host for host, _ in self.sentinels)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """One server, or a node of a cluster, as a plain address."""

    url: str = field(repr=False)

    @property
    def options(self) -> dict[str, Any]:
        """As redis-py reads the address."""
        return dict(parse_url(self.url))

    @property
    def hosts(self) -> tuple[str, ...]:
        """None where it is a socket of this machine."""
        host = self.options.get("host")
        return (host,) if host else ()


class ClusterAddress(ServerAddress):
    """A node of a cluster."""


Found = ServerAddress | SentinelAddress


def parse(url: str) -> Found:
    """What the address means. Raises StoreUnavailable, which does not repeat the address."""
    scheme, found, rest = url.strip().partition("://")
    scheme = exact(scheme).replace("valkey", "redis")  # as Valkey's own clients write it
    if not found or not rest or not rest.isprintable():
        raise StoreUnavailable("The store's address is not a URL.", hint=EXPECTED)
    match scheme:
        case "redis" | "rediss" | "unix":
            server = ServerAddress(_readable(f"{scheme}://{rest}"))
            return _checked(server, _query(rest))
        case "redis+cluster" | "rediss+cluster":
            node = f"{scheme.removesuffix('+cluster')}://{rest}"
            cluster = ClusterAddress(_readable(node))
            if cluster.options.get("db"):
                raise StoreUnavailable("A cluster has no databases by number.", hint=EXPECTED)
            return _checked(cluster, _query(rest))
        case "redis+sentinel" | "rediss+sentinel":
            try:
                sentinels = _sentinel(rest, tls=scheme.startswith("rediss"))
            except ValueError:
                raise StoreUnavailable(
                    "The store's Sentinel address cannot be read.", hint=f"{EXPECTED} {ESCAPED}"
                ) from None
            return _checked(sentinels, _query(rest))
    raise StoreUnavailable("The store's address has an unknown scheme.", hint=EXPECTED)


def with_files(address: Found, ca_file: Path | None = None) -> Found:
    """The address, once all files that it needs are read; `ca_file` are whose certificates count.

    Raises StoreUnavailable.
    """
    if ca_file is None:
        if _has_tls(address.options):
            _load_files(address.options)
        return address
    if not _has_tls(address.options):
        raise StoreUnavailable(
            "A CA file is set, but the address has no TLS.", hint="Write rediss:// for it."
        )
    more = {"ssl_ca_certs": str(ca_file.expanduser())}
    if isinstance(address, SentinelAddress):
        address = replace(
            address,
            options=address.options | more,
            sentinel_options=address.sentinel_options | more,
        )
    else:
        joined = "&" if "?" in address.url else "?"
        address = replace(address, url=f"{address.url}{joined}{urlencode(more)}")
    _load_files(address.options)
    return address


def weaknesses(address: Found) -> Iterator[Weakness]:
    """What would let others read or change what is spoken with a store on another machine."""
    if all(map(_is_here, address.hosts)):
        return
    options = address.options
    if not _has_tls(options):
        yield "clear_text"
    elif options.get("ssl_cert_reqs", "required") != "required" or not options.get(
        "ssl_check_hostname", True
    ):
        yield "unchecked_certificate"
    if not options.get("password") and not options.get("ssl_certfile"):
        yield "no_password"


def place(address: Found) -> str:
    """Where it is, without user and password."""
    if isinstance(address, SentinelAddress):
        return ", ".join(f"{host}:{port}" for host, port in address.sentinels)
    options = address.options
    if path := options.get("path"):
        return str(path)
    return f"{options.get('host')}:{options.get('port', 6379)}"


def _has_tls(options: Mapping[str, Any]) -> bool:
    return bool(options.get("ssl")) or options.get("connection_class") is SSLConnection


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return exact(host) == "localhost"


def _query(rest: str) -> dict[str, str]:
    return dict(parse_qsl(rest.partition("?")[2].partition("#")[0], keep_blank_values=True))


def _readable(url: str) -> str:
    """The address, if redis-py can read it; what it says of one that it cannot shows parts of it,
    which may be parts of the password.
    """
    try:
        options = parse_url(url)
        parts = urlsplit(url)
        if parts.scheme == "unix":
            good = bool(options.get("path")) and not parts.netloc.rpartition("@")[2]
        else:
            host = options.get("host", "")
            good = bool(host) and not set(host) & set(", \\")
            good = good and (parts.path in ("", "/") or parts.path[1:].isdecimal())
            good = good and parts.port != 0  # which redis-py would take for none
    except ValueError:
        good = False
    if not good:
        raise StoreUnavailable(
            "The store's address cannot be read.", hint=f"{EXPECTED} {ESCAPED}"
        ) from None
    return url


def _checked(address: Found, query: Mapping[str, str]) -> Found:
    """The address, if redis-py takes the options of its query."""
    known = OPTIONS | (TLS_OPTIONS if _has_tls(address.options) else frozenset())
    if isinstance(address, SentinelAddress):
        known |= SENTINEL_OPTIONS
    for name in query.keys() - known:
        if name in TLS_OPTIONS:
            raise StoreUnavailable(
                f"The store's address has {name}, and no TLS.", hint="Write rediss:// for it."
            )
        raise StoreUnavailable(
            "The store's address has an option that is not known.",
            hint=f"There are: {', '.join(sorted(known))}.",
        )
    options = address.options
    if any(not 0 < options.get(name, 1) < LONGEST_TIMEOUT for name in _TIMEOUTS):
        raise StoreUnavailable(
            "The store's address gives a time that is none.",
            hint=f"{' and '.join(_TIMEOUTS)} are seconds, such as 10.",
        )
    if options.get("db", 0) > MOST_DATABASES:
        raise StoreUnavailable("The store's address has a database that cannot be.", hint=EXPECTED)
    if empty := [name for name, value in query.items() if not value]:
        raise StoreUnavailable(f"The store's address gives {empty[0]} no value.", hint=EXPECTED)
    return address


def _load_files(options: Mapping[str, Any]) -> None:
    given = {name: value for name, value in options.items() if name.startswith("ssl_")}
    try:
        SSLConnection(**given).ssl_context.get()
    except FileNotFoundError as error:
        raise StoreUnavailable(
            "A file with a certificate or key for the store is not there.",
            hint="Look at redis.ca_file, and at the ssl_ options of redis.url.",
        ) from error
    except (ssl.SSLError, RedisError, OSError, ValueError) as error:
        raise StoreUnavailable(
            "The certificates, keys or other ssl_ options for the store cannot be used.",
            hint="Certificates and keys are PEM files; ssl_cert_reqs is required.",
        ) from error


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
    if not parts.hostname or set(parts.hostname) & set(" \\/"):
        raise ValueError("a sentinel without a host")
    return parts.hostname, parts.port or SENTINEL_PORT
