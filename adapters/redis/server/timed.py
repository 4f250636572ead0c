"""Clients that measure how long the store takes to answer, and ask together what is asked at once.

A round trip costs the bot far more than a command. What several tasks ask in one turn of the event
loop goes out over one connection and is read from it in order, each answer or error for whoever
asked. What is asked alone goes its usual way, with redis-py's own retries; these are the same here,
for what is not answered yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from prometheus_client import Histogram
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError
from redis.exceptions import TimeoutError as RedisTimeoutError

_SECONDS = Histogram(
    "o365bot_store_seconds",
    "How long the store took to answer one command, retries included.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10),
)
PATIENCE = 0.02
"""Seconds that commands wait for the round trip under way, to share the next one."""
_ALONE = object()


@dataclass(slots=True, eq=False)
class _Asked:
    """A command, and who waits for its answer."""

    words: tuple[Any, ...]
    options: dict[str, Any]
    answer: asyncio.Future[Any]


class TimedRedis(Redis):
    """Of one server, or of whatever Sentinel names."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._asked: list[_Asked] = []
        self._exchanges: set[asyncio.Task[None]] = set()
        self._patience: asyncio.TimerHandle | None = None  # while a round trip is under way

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        with _SECONDS.time():
            loop = asyncio.get_running_loop()
            asked = _Asked(words, options, loop.create_future())
            if not self._asked and self._patience is None:
                loop.call_soon(self._ask)
            self._asked.append(asked)
            answer = await asked.answer
            if answer is not _ALONE:
                return answer
            run = super().execute_command
            return await run(*words, **options)  # type: ignore[no-untyped-call]  # it has no types

    def _ask(self, _: object = None) -> None:
        """Send what was asked since the last round trip began."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        asked = [one for one in self._asked if not one.answer.done()]
        self._asked.clear()
        if len(asked) == 1:
            asked[0].answer.set_result(_ALONE)
        elif asked:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PATIENCE, self._ask)
            exchange = loop.create_task(self._exchange(asked))
            self._exchanges.add(exchange)
            exchange.add_done_callback(self._exchanges.discard)
            exchange.add_done_callback(self._ask)

    async def _exchange(self, asked: Sequence[_Asked]) -> None:
        """One round trip, again for what has no answer when the connection fails."""
        pool: Any = self.connection_pool  # it has no types
        try:
            connection = await pool.get_connection()
            try:
                await connection.retry.call_with_retry(
                    lambda: self._talk(connection, asked), lambda _: connection.disconnect()
                )
            finally:
                await pool.release(connection)
        except Exception as error:  # noqa: BLE001 - whoever asked is told, whatever it is
            for one in asked:
                _settle(one, _own(error))

    async def _talk(self, connection: Any, asked: Sequence[_Asked]) -> None:
        left = [one for one in asked if not one.answer.done()]
        try:
            packed = connection.pack_commands([one.words for one in left])
        except (DataError, ValueError):  # one of them cannot be sent: it fails by itself
            for one in left:
                _settle(one, _ALONE)
            return
        await connection.send_packed_command(packed)
        for one in left:
            try:
                found = await self.parse_response(connection, one.words[0], **one.options)
            except (RedisConnectionError, RedisTimeoutError):
                raise
            except Exception as error:  # noqa: BLE001 - an answer like any other, for this one
                _settle(one, error)
            else:
                _settle(one, found)


def _own(error: Exception) -> Exception:
    """The same error for one of those whom it concerns: each adds a trace and a context to theirs.

    Made without its constructor, which may take something else than what it keeps.
    """
    kind = type(error)
    own = kind.__new__(kind, *error.args)
    vars(own).update(vars(error))
    own.__cause__, own.__context__ = error.__cause__, error.__context__
    own.__suppress_context__ = error.__suppress_context__
    return own.with_traceback(error.__traceback__)


def _settle(asked: _Asked, answer: object) -> None:
    """Tell who waits; nobody, where it was cancelled."""
    with suppress(asyncio.InvalidStateError):
        if isinstance(answer, Exception):
            asked.answer.set_exception(answer)
        else:
            asked.answer.set_result(answer)


class TimedCluster(RedisCluster):
    """Of a cluster."""

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        with _SECONDS.time():
            return await super().execute_command(*words, **options)
