"""The same failure is logged once a second at most: who provokes it does not fill the disk."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

EVERY = 1.0  # seconds
MOST_KNOWN = 1000
# What differs from one occurrence to the next, and says nothing about which failure it is.
_VARIES = re.compile(r"0x[0-9a-f]+|\d+|\[blanked\]", re.IGNORECASE)
# The fields that tell failures of one name apart; whoever provokes them chooses none of these.
_TELLS = ("error", "code", "reason", "org", "platform", "place", "status")

Failure = tuple[object, ...]


class RepeatFilter(logging.Filter):
    """Drops warnings and errors like one that was written within the last second.

    The next one that is written says how many were dropped (`repeated`). `clock` is in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._written: dict[Failure, float] = {}
        self._dropped: dict[Failure, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        failure, now = _failure(record), self._clock()
        if now - self._written.get(failure, now - EVERY) < EVERY:
            self._dropped[failure] = self._dropped.get(failure, 0) + 1
            return False
        if len(self._written) >= MOST_KNOWN:
            self._written.clear()
            self._dropped.clear()
        self._written[failure] = now
        if dropped := self._dropped.pop(failure, 0):
            _say(record, dropped)
        return True


def _failure(record: logging.LogRecord) -> Failure:
    kind = record.exc_info[0] if record.exc_info else None
    said = record.msg
    if isinstance(said, dict):  # structlog's
        told = tuple(_same(said.get(name, "")) for name in _TELLS)
        last = _same(said.get("exception", "")).rstrip().rpartition("\n")[2]
        return (record.name, record.levelno, _same(said.get("event", "")), last, *told)
    return (record.name, record.levelno, _same(said), kind)


def _same(told: object) -> str:
    return _VARIES.sub("#", str(told)[:2000])


def _say(record: logging.LogRecord, dropped: int) -> None:
    if isinstance(record.msg, dict):
        record.msg = {**record.msg, "repeated": dropped}
    else:
        record.msg = f"{record.getMessage()} (and {dropped} more like it)"
        record.args = ()
