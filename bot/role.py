"""What one process of the bot does. One does everything, or they share the work by role."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """`ALL`: both in one process. `WEB` answers people and platforms, and queues what follows.
    `WORKER` carries that out: it sends, looks, reminds; of the web it has the probes alone.
    """

    ALL = "all"
    WEB = "web"
    WORKER = "worker"

    @property
    def serves(self) -> bool:
        return self is not Role.WORKER

    @property
    def works(self) -> bool:
        return self is not Role.WEB
