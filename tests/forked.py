"""Processes of `o365bot` that are forked from one which has loaded the product already.

What they do is the same as if they were started by name, but for the second that loading takes
each of them. A drill starts the real thing by its name (tests/drills), and so does `make demo`.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Iterable, Mapping
from multiprocessing.context import ForkServerProcess

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
            target=_run, args=(self.words, dict(environment), str(self.log)), daemon=True
        )
        process.start()
        return _Forked(process)


def _run(words: tuple[str, ...], env: dict[str, str], log: str) -> None:
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
