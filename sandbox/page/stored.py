"""What the bot has stored, read from its own embedded store, as somebody with `redis-cli` would.

Nothing is written.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotThere

Json = dict[str, Any]

PREFIX = "{o365bot}"


class Stored:
    """The embedded store under `data_dir`; an async context manager."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir / "store"

    async def __aenter__(self) -> Self:
        self._redis = Redis(
            unix_socket_path=(self.directory / "socket").read_text(),
            decode_responses=True,
            encoding_errors="replace",  # the engine keeps binary arguments
            retry=Retry(NoBackoff(), 0),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()

    @property
    def server_pid(self) -> int:
        """The process id of the store's server."""
        return int((self.directory / "valkey.pid").read_text())

    async def request(self, app_label: str) -> Json:
        """The newest consent request for the app with this label; LookupError if there is none."""
        found = [
            request
            for request in await self._records(f"{PREFIX}:request:*")
            if request["app_label"] == app_label
        ]
        if not found:
            raise LookupError(f"no consent request for {app_label}")
        return max(found, key=lambda request: str(request["requested_at"]))

    async def letter(self, request: Json) -> Json:
        """The delivery of the request's personal message; LookupError if there is none."""
        rounds = await self._records(f"{PREFIX}:delivery:round:*")
        found = [one for one in rounds if request["id"] in one["notice"]["requests"]]
        if not found:
            raise LookupError(f"no delivery for request {request['id']}")
        return found[0]

    async def outcomes(self, kind: str) -> list[str]:
        """Of the deliveries whose key begins like this: why they failed, else where they stand."""
        found = await self._records(f"{PREFIX}:delivery:{kind}*")
        return [str(one.get("failure") or one["phase"]) for one in found]

    async def _records(self, pattern: str) -> list[Json]:
        """Every record under such a key, without the revision in front of it."""
        keys = [key async for key in self._redis.scan_iter(pattern)]
        records = await self._redis.mget(keys) if keys else []
        return [json.loads(str(record).partition("|")[2]) for record in records if record]

    async def audit(self, request: Json) -> list[Json]:
        """Every line of the audit stream about this request's app, oldest first."""
        subject = f"{request['app']['org']}/{request['app']['app_id']}"
        lines: Any = await self._redis.xrange(f"{PREFIX}:audit")
        return [fields for _, fields in lines if fields["subject"] == subject]

    async def mentions(self, text: str) -> list[str]:
        """The keys, of the bot and of its engine alike, whose name or content holds this text."""
        return [
            key
            async for key in self._redis.scan_iter()
            if text in key or text in str(await self._content(key))
        ]

    async def demote(self, on: bool) -> None:
        """Make the store a replica of nobody there, as a failover does; or a primary again."""
        if on:
            await self._redis.slaveof("127.0.0.1", 1)
        else:
            await self._redis.slaveof()

    async def shut_down(self) -> None:
        """End the server; one that nobody listens at any more has ended already."""
        with contextlib.suppress(NotThere):
            await self._redis.shutdown(nosave=True)

    async def _content(self, key: str) -> object:
        match await self._redis.type(key):
            case "string":
                return await self._redis.get(key)
            case "hash":
                return await self._redis.hgetall(key)
            case "stream":
                return await self._redis.xrange(key)
            case "zset":
                return await self._redis.zrange(key, 0, -1)
            case "set":
                return await self._redis.smembers(key)
            case "list":
                return await self._redis.lrange(key, 0, -1)
            case _:  # expired meanwhile
                return ""


async def end_orphan(data_dir: Path) -> None:
    """Shut down a store in `data_dir` that a killed bot has left behind, if there is one."""
    if not (data_dir / "store" / "socket").exists():
        return
    async with Stored(data_dir) as stored:
        await stored.shut_down()
