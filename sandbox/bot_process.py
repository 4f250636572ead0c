"""The bot as a process of its own, run the way people run it: `o365bot run` and a settings file.

    async with BotProcess(settings, log, url) as bot:      # up: /health says so
        ...                                                # stopped at the end, by its id

It lives in a session of its own, so Ctrl-C reaches whoever looks after it and not the bot itself.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

import httpx

UP_WITHIN = 60.0
DOWN_WITHIN = 40.0
"""Seconds; the bot itself lets answers under way take 20."""
CHECK_EVERY = 0.02


class Running(Protocol):
    """A process, as asyncio's own has it."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def send_signal(self, signal: int) -> None: ...
    def kill(self) -> None: ...
    async def wait(self) -> int: ...


class BotFailed(Exception):
    """The bot did not come up, or did not end; the message says so in a sentence."""


def free_port() -> int:
    """A port on loopback that is free now, for a server that another process will start.

    Not one that the system would give: until the server is up, it may give the same to a connection
    that goes out (those have 32768 and more on Linux, 49152 and more elsewhere).
    """
    while True:
        port = random.randrange(20_000, 32_000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise


def free_address() -> str:
    """`http://127.0.0.1:port` with a free port."""
    return f"http://127.0.0.1:{free_port()}"


class BotProcess:
    """One life of the bot after the other; `settings` is its TOML file, `log` is appended to.

    `keeps` are file descriptors that the bot inherits (a lock that is to last as long as it does),
    `role` is an option of `o365bot run`, `environment` goes before the settings. `program` is what
    is run, by default the `o365bot` beside this Python.
    """

    def __init__(
        self,
        settings: Path,
        log: Path,
        url: str,
        *,
        keeps: tuple[int, ...] = (),
        role: str = "",
        environment: Mapping[str, str] = MappingProxyType({}),
        program: Path | None = None,
    ) -> None:
        self.url = url
        self._program = program or Path(sys.executable).with_name("o365bot")
        self.words = ("run", role) if role else ("run",)
        self._environment = dict(environment)
        self._settings = settings
        self.log = log
        self._keeps = keeps
        self._process: Running | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.stop()
        except BotFailed:
            if error is None:  # else it would hide what went wrong before
                raise

    @property
    def pid(self) -> int:
        """The process id. Raises BotFailed when the bot was never started."""
        if self._process is None:
            raise BotFailed("The bot was not started.")
        return self._process.pid

    async def begin(self, environment: Mapping[str, str]) -> Running:
        """A new process of `o365bot run`, which logs; nobody waits for what becomes of it."""
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                self._program,
                *self.words,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=self._keeps,
            )

    async def start(self, within: float = UP_WITHIN) -> None:
        """Start it and wait until /health is well. Raises BotFailed with its last words."""
        # What the caller's own shell sets for a bot must not reach this one.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("O365BOT_")}
        environment |= {"O365BOT_CONFIG": str(self._settings)} | self._environment
        self._process = await self.begin(environment)
        try:
            async with asyncio.timeout(within), httpx.AsyncClient(trust_env=False) as client:
                # Another process: there is no event to wait for.
                while not await self._is_well(client):  # noqa: ASYNC110 - another process tells no event
                    await asyncio.sleep(CHECK_EVERY)
        except TimeoutError:
            await self.kill()
            raise BotFailed(f"The bot was not up after {within:g} s. {self._said()}") from None
        except BaseException:
            await self.kill()
            raise

    async def wait(self) -> int | None:
        """Return when the bot has ended, for whatever reason: its status."""
        return await self._process.wait() if self._process is not None else None

    async def stop(self, within: float = DOWN_WITHIN) -> None:
        """Ask it to end, and wait. Raises BotFailed when it had to be killed in the end."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(within):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise BotFailed(f"The bot did not end within {within:g} s and was killed.") from None

    async def kill(self) -> None:
        """kill -9: nothing is drained, and its store goes on without it."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def revive(self) -> None:
        """Kill it, and start it anew."""
        await self.kill()
        await self.start()

    async def _is_well(self, client: httpx.AsyncClient) -> bool:
        if self._process is not None and self._process.returncode is not None:
            raise BotFailed(f"The bot ended while it was starting. {self._said()}")
        try:
            return (await client.get(f"{self.url}/health")).is_success
        except httpx.TransportError:
            return False

    def _said(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-3:]
        return "Its last words: " + (" / ".join(lines)[-600:] or "none.")
