"""The connection to Redis, and the gate it must pass at start.

redis-py's `from_url` retries nothing unless it is told to (redis-py docs, "Retry"), so retries are
explicit here, with the asyncio class: the other one sleeps on the event loop.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, RedisError

from adapters.redis.keys import Keys
from adapters.redis.server.connections import (
    FollowingPool,
    SentinelPlain,
    SentinelTls,
    WrongServer,
    code,
)
from adapters.redis.server.timed import TimedCluster, TimedRedis
from adapters.redis.server.urls import (
    ClusterAddress,
    Found,
    SentinelAddress,
    parse,
    place,
    with_files,
)
from adapters.redis.server.waiting import said
from bot.domain.doctor.seen import Replica
from bot.errors import StoreError, StoreUnavailable, StoreUnsafe

log = structlog.get_logger(__name__)

# 6.2 is the oldest on which everything here works; WAITAOF needs 7.2.
OLDEST = (6, 2)
CONNECTIONS = 50
TRIES = 6
POOL_TIMEOUT = 30.0
TIME_LIMIT = 10.0
CONNECT_LIMIT = 3.0
"""Seconds for an answer, and for a connection with its TLS handshake."""


def connect(
    url: str, ca_file: Path | None = None, tries: int = TRIES
) -> AbstractAsyncContextManager[Redis]:
    """A client of the store at an address. Raises StoreUnavailable for no address."""
    return open_client(with_files(parse(url), ca_file), tries)


@asynccontextmanager
async def open_client(address: Found, tries: int = TRIES) -> AsyncIterator[Redis]:
    """A client with explicit retries. Answers are text.

    Whoever asks while all connections are taken waits for one: redis-py's usual pool refuses then.
    Of a cluster it is the cluster's own client: it has the methods of the plain one.
    """
    options: dict[str, Any] = {
        "decode_responses": True,
        # Bytes that are no text come through, for whoever reads them to tell of: redis-py would
        # else break off in the middle of an answer.
        "encoding_errors": "surrogateescape",
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=1), tries),
        # No health_check_interval: without the right password its PING, sent while connecting,
        # connects again to retry, and so on without end (redis-py 8.1). Retries do as much.
        "socket_timeout": TIME_LIMIT,
        "socket_connect_timeout": CONNECT_LIMIT,
    }
    if isinstance(address, SentinelAddress):
        found = dict(address.options)
        kind = SentinelTls if found.pop("ssl", False) else SentinelPlain
        sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py gives it no types
            address.sentinels,
            sentinel_kwargs={"socket_connect_timeout": CONNECT_LIMIT} | address.sentinel_options,
        )
        client = sentinel.master_for(
            address.service, TimedRedis, connection_class=kind, **(options | found)
        )
        try:
            yield client
        finally:
            await client.aclose()
            for watcher in sentinel.sentinels:
                await watcher.aclose()
    elif isinstance(address, ClusterAddress):
        found = address.options
        tls = found.pop("connection_class", Connection) is not Connection
        cluster = TimedCluster(**(options | found), ssl=tls)
        try:
            yield cast("Redis", cluster)
        finally:
            await cluster.aclose()
    else:
        found = {"connection_class": Connection} | options | address.options
        pool = FollowingPool(max_connections=CONNECTIONS, timeout=POOL_TIMEOUT, **found)
        client = TimedRedis.from_pool(pool)
        try:
            yield client
        finally:
            await client.aclose()


@contextmanager
def errors() -> Iterator[None]:
    """Turn redis-py's errors into ours, once, at the border."""
    try:
        yield
    except RedisError as error:
        raise _told(error) from error


_SAYS = {
    "OOM": (
        "The store is full: it takes no more writes.",
        "Give it more memory (maxmemory); nothing is lost or evicted meanwhile.",
    ),
    "MISCONF": (
        "The store cannot write its file.",
        "Is its disk full? See its own log; it goes on by itself once there is room.",
    ),
    "LOADING": ("The store still reads its file.", "It answers as soon as it has."),
    "NOREPLICAS": ("The store lacks replicas and accepts no writes.", "Check the replicas."),
    "MOVED": ("The store is a cluster.", "Give redis.url as redis+cluster://host:port."),
    "ASK": ("The store is a cluster.", "Give redis.url as redis+cluster://host:port."),
    "CLUSTERDOWN": ("The store's cluster is down.", "Look at its nodes."),
    "READONLY": (
        "The store at this address is a replica and takes no writes.",
        "Does redis.url lead to the primary?",
    ),
    "MASTERDOWN": (
        "The store at this address is a replica without its primary.",
        "Does redis.url lead to the primary?",
    ),
    "BUSY": ("The store is busy with a script.", "It goes on by itself; whose script is it?"),
    "MAXCLIENTS": (
        "The store takes no more connections.",
        "Raise maxclients there, or close what others keep open.",
    ),
    "DENIED": (
        "The store takes connections of its own machine alone (protected mode).",
        "Give it a password and an address to listen at.",
    ),
    "UNBLOCKED": ("The store changed its role.", "It is asked anew."),
    "NOPERM": (
        "The store does not let this user do what the bot needs.",
        "docs/store.md has the rights that its user needs.",
    ),
    "WRONGTYPE": (
        "A key of the bot's holds something of another kind.",
        "Does anything else write to this store? Give it another database or user.",
    ),
}
_CREDENTIALS = ("The store refuses the credentials.", "Check user and password in redis.url.")
_START_IT = "Start it, or check that redis.url leads to it."
_NOBODY = ("Nothing listens at the store's address.", _START_IT)
_UNREACHED: Mapping[type[OSError], tuple[str, str]] = {
    ssl.SSLCertVerificationError: (
        "The store's certificate is not trusted.",
        "Name its authority in redis.ca_file; the certificate must be for the host in redis.url, "
        "and not be over.",
    ),
    ssl.SSLError: (
        "No TLS connection to the store comes about.",
        "Does this port speak TLS (rediss://), and does it want a certificate of the bot?",
    ),
    socket.gaierror: (
        "The store's host is not known.",
        "Check the host in redis.url, and the DNS here.",
    ),
    ConnectionRefusedError: _NOBODY,
    FileNotFoundError: _NOBODY,
}
_DENIED = re.compile(r"permissions to run the '([a-z|]+)' command")


def _told(error: RedisError) -> StoreError:
    return _known(error) or StoreUnavailable(
        f"The store does not answer ({type(error).__name__}).",
        hint=_START_IT,
    )


def _known(error: BaseException) -> StoreUnavailable | None:
    """What can be told more exactly.

    redis-py wraps what goes wrong while connecting, and waits while it handles what it tries again:
    so the causes are looked at, and what was at work when time was up.
    """
    for cause in _causes(error):
        answer = cause.answer if isinstance(cause, WrongServer) else code(cause)
        if answer in _SAYS:
            message, hint = _SAYS[answer]
            if denied := _DENIED.search(str(cause)):
                hint = f"It lacks the command {denied[1]}; {hint}"
            return StoreUnavailable(message, hint=hint)
        if isinstance(cause, AuthenticationError | AuthorizationError):
            return StoreUnavailable(_CREDENTIALS[0], hint=_CREDENTIALS[1])
        for kind, (message, hint) in _UNREACHED.items():
            if isinstance(cause, kind):
                return StoreUnavailable(message, hint=hint)
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


async def check(client: Redis) -> dict[str, Any]:
    """Refuse a store that may lose what it is given; returns what it says of itself.

    `INFO` instead of `CONFIG`, which managed services block. Raises StoreUnsafe, StoreUnavailable.
    """
    with errors():
        info: dict[str, Any] = await client.info()
    policy = info.get("maxmemory_policy", "")
    if policy and policy != "noeviction":
        raise StoreUnsafe(
            f"The store may evict keys (maxmemory-policy is {policy}).",
            hint="Set maxmemory-policy to noeviction: acknowledgements must never be dropped.",
        )
    if info.get("role") not in (None, "master"):
        raise StoreUnsafe("The store is a replica.", hint="Point redis.url to the primary.")
    version = tuple(int(part) for part in str(info.get("redis_version", "0")).split(".")[:2])
    if version < OLDEST:
        raise StoreUnsafe(
            f"The store is Redis {info.get('redis_version')}.",
            hint="Use 6.2 or newer (7.2 recommended), or Valkey.",
        )
    return info


def named(info: Mapping[str, Any]) -> str:
    """Which server it is, such as "Valkey 8.1.0", by what `check` returned."""
    server = "Valkey" if "valkey_version" in info else "Redis"
    return f"{server} {info.get('valkey_version') or info.get('redis_version', '')}".strip()


def replicas(info: Mapping[str, Any]) -> tuple[Replica, ...]:
    """Those that are connected, by what `check` returned (valkey.io, "INFO", `slaveXXX`)."""
    told = [one for name, one in info.items() if _REPLICA.fullmatch(name) and isinstance(one, dict)]
    written = int(info.get("master_repl_offset", 0))
    return tuple(
        Replica(
            f"{one.get('ip', '')}:{one.get('port', '')}",
            one.get("state") == "online",
            int(one.get("lag", 0)),
            max(0, written - int(one.get("offset", 0))),
        )
        for one in told
    )


def ready(info: Mapping[str, Any]) -> int:
    """How many replicas have caught up."""
    return sum(one.ready for one in replicas(info))


_REPLICA = re.compile(r"slave\d+")


async def await_replicas(client: Redis, wanted: int) -> None:
    """Wait until so many replicas are connected: without them no acknowledgement would be taken.

    Raises StoreUnavailable after START_LIMIT.
    """
    deadline = asyncio.get_running_loop().time() + START_LIMIT
    told = False
    while (connected := ready(await check(client)) if wanted else 0) < wanted:
        if asyncio.get_running_loop().time() > deadline:
            raise StoreUnavailable(
                f"Of {wanted} replicas that redis.replicas asks for, {connected} are connected.",
                hint="Check the replicas, or lower redis.replicas.",
            )
        if not told:
            log.info("waiting for the store's replicas", connected=connected, wanted=wanted)
            told = True
        await asyncio.sleep(REPLICA_POLL)


REPLICA_POLL = 0.5
"""Seconds between two looks at a store that is not ready, or whose replicas are not there."""
START_LIMIT = 15.0
"""Seconds that a start waits for the store."""


@asynccontextmanager
async def awaited(address: Found, seconds: float = START_LIMIT) -> AsyncIterator[None]:
    """What is done inside waits for the store so long at most. Raises StoreUnavailable."""
    try:
        with said("waiting for the store", address=place(address)):
            async with asyncio.timeout(seconds):
                yield
    except TimeoutError as error:
        raise _known(error) or StoreUnavailable(
            f"The store at {place(address)} did not answer within {seconds:.0f} s.",
            hint="Is this port one of TLS (rediss://) or of none (redis://), as redis.url says?"
            if address.hosts
            else "Is it the right socket?",
        ) from error


@dataclass(frozen=True, slots=True)
class State:
    """What the store says of itself, after it took a write. Memory in bytes, 0: without a limit."""

    role: str
    used: int
    limit: int

    @property
    def nearly_full(self) -> bool:
        return bool(self.limit) and self.used > 0.9 * self.limit


PROBE_LIMIT = 3.0


async def probe(client: Redis, keys: Keys) -> State:
    """Write something, and look at role and memory. Raises StoreUnavailable, also when it is slow.

    A read would not do: a replica answers it, and so does a store that is full. The write
    shares no round trip, so that what it waits for can be told.
    """
    try:
        async with asyncio.timeout(PROBE_LIMIT):
            with errors():
                async with client.pipeline(transaction=False) as alone:
                    alone.set(keys.probe(), "1", ex=60)
                    await alone.execute()
                info = await client.info()
    except TimeoutError as error:
        raise _known(error) or StoreUnavailable(
            f"The store takes longer than {PROBE_LIMIT:.0f} s.",
            hint="Does it run, is its machine busy, and does the network let the bot through?",
        ) from error
    return State(
        str(info.get("role", "")), int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    )


async def writable(client: Redis, keys: Keys) -> None:
    """Return once the store takes a write: while its primary moves, that is a matter of seconds.

    Raises StoreUnavailable for what does not pass by itself.
    """
    while True:
        try:
            await probe(client, keys)
        except StoreUnavailable as error:
            if not any(isinstance(cause, WrongServer) for cause in _causes(error)):
                raise
            await asyncio.sleep(REPLICA_POLL)
        else:
            return
