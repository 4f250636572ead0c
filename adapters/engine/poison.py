"""Messages of the engine's stream that cannot be read: put aside, so that the others go on.

pydocket reads a message before it runs it, and a worker that cannot read one ends; the message
stays pending and would end the next worker as well. Nothing is lost by putting it aside: the ledger
holds the truth, and what is due is added again. What the ended worker had read behind it was never
begun: it is let go, or it would wait as long as a dead worker's tasks do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from docket import Docket, Execution
from prometheus_client import Counter

log = structlog.get_logger(__name__)

PUT_ASIDE = Counter(
    "o365bot_engine_poison_total",
    "Messages of the engine that could not be read.",
)
Task = Callable[..., Awaitable[Any]]
AT_MOST = 1000
KEPT = 100
"""So many of the latest are kept in a stream of their own, for whoever looks into it."""


async def put_aside(docket: Docket, fallback: Task, worker: str, taken_over: timedelta) -> int:
    """Take what cannot be read out of the stream; returns how many messages that were.

    `worker`: the one that ended, drained. What it still holds can be claimed at once, as if it
    had been idle for `taken_over`.
    """
    found = 0
    unbegun: list[bytes] = []
    async with docket.redis() as redis:
        stream, group = docket.stream_key, docket.worker_group_name
        pending = await redis.xpending_range(stream, group, min="-", max="+", count=AT_MOST)
        for entry in pending:
            message_id = entry["message_id"]
            for _, message in await redis.xrange(stream, min=message_id, max=message_id):
                if await _readable(docket, message, fallback):
                    if entry["consumer"] == worker.encode():
                        unbegun.append(message_id)
                    continue
                key = message.get(b"key", b"").decode(errors="replace")
                log.error(
                    "a task cannot be read and is put aside",
                    message=message_id.decode(),
                    key=key,
                    task=message.get(b"function", b"").decode(errors="replace"),
                )
                PUT_ASIDE.inc()
                found += 1
                await redis.xadd(
                    docket.key("poison"), dict[Any, Any](message), maxlen=KEPT, approximate=False
                )
                await redis.expire(docket.key("poison"), 30 * 24 * 60 * 60)
                await redis.xack(stream, group, message_id)
                await redis.xdel(stream, message_id)
                if key:  # else the key would count as taken, and nothing could be added under it
                    await redis.delete(docket.runs_key(key))
        if found and unbegun:
            idle = int(taken_over.total_seconds() * 1000)
            await redis.xclaim(
                stream, group, worker, min_idle_time=0, message_ids=unbegun, idle=idle, justid=True
            )
    return found


async def _readable(
    docket: Docket, message: Mapping[Any, Any], fallback: Callable[..., Awaitable[Any]]
) -> bool:
    try:
        await Execution.from_message(docket, dict(message), fallback_task=fallback, sync=False)
    except Exception:  # noqa: BLE001 - unpickling may raise anything
        return False
    return True
