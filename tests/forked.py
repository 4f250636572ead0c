"""Processes of `o365bot` that are forked from one which has loaded the product already.

What they do is the same as if they were started by name, but for the second that loading takes
each of them. A drill starts the real thing by its name (tests/drills), and so does `make demo`.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from redis.exceptions import RedisError

from adapters.engine.worker import Timing
from adapters.redis.keys import Keys
from adapters.redis.server.store import connect
from sandbox.bot_process import BotProcess, Running

LOADED = multiprocessing.get_context("forkserver")
LOADED.set_forkserver_preload(["tests.preloaded"])


def become_o365bot(words: Iterable[str], env: Mapping[str, str], files: Iterable[int]) -> None:
    """In the new process: `o365bot WORDS`, with these files as its input, output and errors."""
    from bot.__main__ import main

    for number, file in enumerate(files):
        os.dup2(file, number)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False) for n in (1, 2))
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["o365bot", *words]
    try:
        main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


class ForkedBot(BotProcess):
    """The running bot."""

    async def begin(self, environment: Mapping[str, str]) -> Running:
        process = LOADED.Process(
            target=run_logged, args=(self.words, dict(environment), str(self.log)), daemon=True
        )
        process.start()
        return _Forked(process)


def run_logged(words: tuple[str, ...], env: Mapping[str, str], log: str) -> None:
    """In the new process, which leads a session of its own: what it says goes into a file."""
    os.setsid()
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    become_o365bot(words, env, (os.open(os.devnull, os.O_RDONLY), said, said))


class _Forked:
    """A process of multiprocessing, with asyncio's methods."""

    def __init__(self, process: ForkServerProcess) -> None:
        assert process.pid is not None, "it was started"
        self.pid = process.pid
        self._process = process

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, signal: int) -> None:
        os.kill(self.pid, signal)

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        assert self._process.exitcode is not None, "its end was waited for"
        return self._process.exitcode


# Has the task `tick` come due, unless somebody works at it: then its time is the end of a lease.
_SOONER = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local due = tonumber(redis.call('ZSCORE', KEYS[1], 'tick') or 'inf')
if due - now <= tonumber(ARGV[1]) then redis.call('ZADD', KEYS[1], now, 'tick') end
"""


@asynccontextmanager
async def looking_often(data_dir: Path) -> AsyncIterator[None]:
    """What is due is looked at twice a second, not every ten, as if many replicas had just ended.

    By the engine's own queue, in the store under `data_dir`; while that is away nothing happens.
    """

    tick = Timing().tick // timedelta(milliseconds=1)

    async def hurry() -> None:
        while True:
            with contextlib.suppress(OSError, RedisError):
                socket = (data_dir / "store" / "socket").read_text()
                async with connect(f"unix://{socket}") as store:
                    sooner = store.register_script(_SOONER)
                    while True:
                        await sooner([Keys().tasks_due()], [tick])
                        await asyncio.sleep(0.5)
            await asyncio.sleep(0.5)

    hurrying = asyncio.create_task(hurry())
    try:
        yield
    finally:
        while not hurrying.done():  # redis-py may take a cancellation for a timeout of its own
            hurrying.cancel()
            await asyncio.wait([hurrying], timeout=1)
