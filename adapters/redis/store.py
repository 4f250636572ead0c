"""The connection to Redis, and the gate it must pass at start.

redis-py's `from_url` retries nothing unless it is told to (redis-py docs, "Retry"), so retries are
explicit here, with the asyncio class: the other one sleeps on the event loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    RedisError,
)

from adapters.redis.urls import ClusterAddress, SentinelAddress, ServerAddress, parse
from bot.errors import StoreUnavailable, StoreUnsafe

# 6.2 is the oldest on which everything here works; WAITAOF needs 7.2.
OLDEST = (6, 2)
CONNECTIONS = 50
POOL_TIMEOUT = 30.0


TIME_LIMIT = 10.0


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Redis]:
    """A client with explicit retries. Answers are text. Raises StoreUnavailable for no address.

    Whoever asks while all connections are taken waits for one: redis-py's usual pool refuses then.
    Of a cluster it is the cluster's own client: it has the methods of the plain one.
    """
    options: dict[str, Any] = {
        "decode_responses": True,
        # Bytes that are no text come through, for whoever reads them to tell of: redis-py would
        # else break off in the middle of an answer.
        "encoding_errors": "surrogateescape",
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=1), 6),
        # No health_check_interval: without the right password its PING, sent while connecting,
        # connects again to retry, and so on without end (redis-py 8.1). Retries do as much.
        "socket_timeout": TIME_LIMIT,
    }
    match parse(url):
        case ServerAddress(address):
            pool = BlockingConnectionPool.from_url(
                address,
                max_connections=CONNECTIONS,
                timeout=POOL_TIMEOUT,
                retry_on_error=[BusyLoadingError],
                **options,
            )
            client: Redis = Redis.from_pool(pool)
            try:
                yield client
            finally:
                await client.aclose()
        case ClusterAddress(address):
            cluster = RedisCluster.from_url(address, **options)
            try:
                yield cast("Redis", cluster)
            finally:
                await cluster.aclose()
        case SentinelAddress() as found:
            sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py gives it no types
                found.sentinels, sentinel_kwargs=found.sentinel_options
            )
            client = sentinel.master_for(
                found.service, retry_on_error=[BusyLoadingError], **(options | found.options)
            )
            try:
                yield client
            finally:
                await client.aclose()
                for watcher in sentinel.sentinels:
                    await watcher.aclose()


@contextmanager
def errors() -> Iterator[None]:
    """Turn redis-py's errors into ours, once, at the border."""
    try:
        yield
    except RedisError as error:
        if _refuses_credentials(error):
            raise StoreUnavailable(
                "The store refuses the credentials.", hint="Check user and password in redis.url."
            ) from error
        raise StoreUnavailable(
            f"The store does not answer ({type(error).__name__}).",
            hint="Check that Redis runs and that redis.url is right.",
        ) from error


def _refuses_credentials(error: BaseException | None) -> bool:
    """redis-py wraps what goes wrong while connecting into a plain ConnectionError."""
    while error is not None:
        if isinstance(error, AuthenticationError | AuthorizationError):
            return True
        error = error.__cause__
    return False


async def check(client: Redis) -> dict[str, str]:
    """Refuse a store that may lose what it is given; returns what it says of itself.

    `INFO` instead of `CONFIG`, which managed services block. Raises StoreUnsafe, StoreUnavailable.
    """
    with errors():
        info = {key: str(value) for key, value in (await client.info()).items()}
    policy = info.get("maxmemory_policy", "")
    if policy and policy != "noeviction":
        raise StoreUnsafe(
            f"The store may evict keys (maxmemory-policy is {policy}).",
            hint="Set maxmemory-policy to noeviction: acknowledgements must never be dropped.",
        )
    if info.get("role") not in (None, "master"):
        raise StoreUnsafe("The store is a replica.", hint="Point redis.url to the master.")
    version = tuple(int(part) for part in info.get("redis_version", "0").split(".")[:2])
    if version < OLDEST:
        raise StoreUnsafe(
            f"The store is Redis {info.get('redis_version')}.",
            hint="Use 6.2 or newer (7.2 recommended), or Valkey.",
        )
    return info
