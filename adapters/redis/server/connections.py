"""Connections that notice when they lead to the wrong server.

Behind one address (a DNS name, a proxy, a service) the primary may move. A connection made before
stays open and leads to the former one, which then refuses writes, or waits for something. redis-py
takes that for the answer to the command. Here it ends the connection, and all others of the pool
before they are used again, so that the address is asked anew; redis-py's own retries do the rest.
None of these answers follows a write that was carried out, so trying again is safe.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import BlockingConnectionPool, RedisCluster
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

WRONG_SERVER = frozenset(
    {
        "ASK",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MISCONF",
        "MOVED",
        "NOREPLICAS",
        "READONLY",
        "UNBLOCKED",
    }
)
"""Codes by which a server says that it is not the one to ask (valkey.io, "RESP", simple errors)."""

# Before Redis 7 an error inside a script is told as "ERR Error running script (…): -READONLY …";
# redis-py's of a pipeline is "Command # 2 (…) of pipeline caused error: ('READONLY …',)".
# A transaction tells what its commands were refused for.
_WITHIN = re.compile(
    r"(?:Error running script.*-|of pipeline caused error: \(['\"]|discarded because of: )([A-Z]+) "
)


def code(error: BaseException) -> str:
    """The code of a server's answer, such as `READONLY`; empty for what is none."""
    if not isinstance(error, RedisError):
        return ""
    text = str(error)
    given = getattr(error, "status_code", None) or text.partition(" ")[0]
    if found := _WITHIN.search(text):
        return found[1]
    if text.startswith("max number of clients"):
        return "MAXCLIENTS"  # it has none of its own
    return given if given.isupper() else ""


class WrongServer(RedisConnectionError):
    """The server is not the one to ask; `answer` is its code."""

    def __init__(self, answer: str) -> None:
        super().__init__(f"the server answers {answer}")
        self.answer = answer


@dataclass(slots=True)
class WrongServerCount:
    """How often a pool's connections turned out to lead to the wrong server."""

    number: int = 0


class _Following(AbstractConnection):
    """Ends itself where the server says that it is the wrong one."""

    def __init__(self, *, turn: WrongServerCount | None = None, **options: Any) -> None:
        self.turn = turn or WrongServerCount()
        self.since = self.turn.number
        super().__init__(**options)

    async def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*args, **options)
        except (ResponseError, RedisConnectionError) as error:
            answer = code(error)
            if answer not in WRONG_SERVER:
                raise
            self.turn.number += 1
            self.since = self.turn.number
            await self.disconnect(nowait=True)
            raise WrongServer(answer) from error


class _Plain(_Following, Connection):
    pass


class _Tls(_Following, SSLConnection):
    pass


class _Unix(_Following, UnixDomainSocketConnection):
    pass


class SentinelPlain(_Following, SentinelManagedConnection):
    """To the master that Sentinel names."""


class SentinelTls(_Following, SentinelManagedSSLConnection):
    """The same, with TLS."""


_KINDS: dict[type[AbstractConnection], type[_Following]] = {
    Connection: _Plain,
    SSLConnection: _Tls,
    UnixDomainSocketConnection: _Unix,
}


class FollowingPool(BlockingConnectionPool):
    """Whoever asks while all connections are taken waits for one; all follow a moved primary."""

    def __init__(self, connection_class: type[AbstractConnection], **options: Any) -> None:
        self._turn = WrongServerCount()
        super().__init__(connection_class=_KINDS[connection_class], turn=self._turn, **options)

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        if isinstance(connection, _Following) and connection.since != self._turn.number:
            await connection.disconnect(nowait=True)
            connection.since = self._turn.number
        await super().ensure_connection(connection)


@asynccontextmanager
async def one_of(client: Any) -> AsyncIterator[Any]:
    """A connection for what belongs together; of a cluster's client one to one of its nodes."""
    if isinstance(client, RedisCluster):
        node = client.get_default_node()
        connection: Any = node.acquire_connection()
        try:
            await connection.connect()
            yield connection
        finally:
            node.release(connection)
        return
    pool = client.connection_pool
    connection = await pool.get_connection()
    try:
        yield connection
    finally:
        await pool.release(connection)
