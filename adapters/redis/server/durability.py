"""Answering only when it is on other machines too: `WAITAOF`, or `WAIT` before Redis 7.2.

A master that dies takes with it what its replicas did not have yet. Waiting narrows that window, it
does not close it: a replica that has nothing may still be elected (valkey.io, "WAITAOF").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio.client import Pipeline

from bot.errors import NotDurable

PATIENCE = 2000
"""Milliseconds; with `appendfsync everysec` a replica says yes once a second."""


@dataclass(frozen=True, slots=True)
class Durability:
    """How many replicas must have a write that is promised to somebody. Nought: none.

    `patience` are milliseconds, and half as many before for having it in memory.
    """

    replicas: int = 0
    keeps_file: bool = False
    waits_for_file: bool = False
    patience: int = PATIENCE

    @staticmethod
    def of(info: Mapping[str, Any], replicas: int) -> Durability:
        """By what the server says of itself (`INFO`)."""
        version = tuple(int(part) for part in str(info.get("redis_version", "0")).split(".")[:2])
        return Durability(replicas, info.get("aof_enabled") == 1, version >= (7, 2))

    def wait(self, pipe: Pipeline) -> None:
        """Add the wait to a pipeline: it counts for what the same connection wrote before.

        Its answer is the pipeline's last one. A replica is asked once for each wait, and would
        answer the first before it has synced the write that came with the question; the next it
        says by itself a second later. So it is asked for its memory first, then for its file:
        with `appendfsync always` that takes a millisecond instead of a second.
        """
        if self.waits_for_file:
            pipe.execute_command("WAIT", self.replicas, self.patience // 2)
            pipe.execute_command("WAITAOF", int(self.keeps_file), self.replicas, self.patience)
        else:
            pipe.execute_command("WAIT", self.replicas, self.patience)

    def check(self, answer: object) -> None:
        """Look at what the wait answered. Raises NotDurable when it fell short."""
        kept, reached = answer if isinstance(answer, list | tuple) else (0, answer)
        on_file = not (self.waits_for_file and self.keeps_file) or int(kept) >= 1
        if int(str(reached)) < self.replicas or not on_file:
            raise NotDurable(
                f"Only {reached} of {self.replicas} replicas have it yet.",
                hint="Please try again in a moment.",
            )


NONE = Durability()
