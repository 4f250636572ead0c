"""Store servers on loopback ports, for what the embedded one does not do: replicas, Sentinel."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from adapters.redis.server.embedded import server_binary
from sandbox.bot_process import free_port
from tests.waiting import wait_until


class Server:
    """One server process in a directory of its own, which can be killed, frozen, started again."""

    def __init__(self, folder: Path, *options: str, config: str = "", port: int = 0) -> None:
        self.port = port or free_port()
        self._folder = folder
        self._options = options
        self._config = config
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns when it answers; a server that still reads its file counts as answering."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [server_binary()]
        if self._config:  # Sentinel rewrites its file, so it keeps what it learnt
            path = self._folder / "server.conf"
            if not path.exists():
                path.write_text(self._config)
            command.append(str(path))
        command += ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        command += ["--logfile", "server.log", "--save", "", *self._options]
        if "--cluster-enabled" in self._options:  # else port + 10,000, which the system may give
            command += ["--cluster-port", str(free_port())]
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            restore_signals=False,  # a file that may not grow is an error then, and not the end
        )
        await wait_until(self.answers, within=60, what=f"the server on {self.port} answers")

    async def answers(self) -> bool:
        """Raises AssertionError when the server has ended by itself, with what it wrote last."""
        if self._process is not None and self._process.returncode is not None:
            told = (self._folder / "server.log").read_text()[-500:]
            raise AssertionError(f"the server on {self.port} ended: {told}")
        async with self.client() as client:
            try:
                return bool(await client.ping())
            except AuthenticationError:
                return True
            except RedisError:
                return False

    def client(self, username: str | None = None, password: str | None = None) -> Redis:
        """A client that asks once."""
        return Redis(
            port=self.port,
            username=username,
            password=password,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=1,
            decode_responses=True,
        )

    def signal(self, signum: signal.Signals) -> None:
        """SIGKILL, SIGSTOP or SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signum)

    def limit_files(self, size: int) -> None:
        """Let no file grow beyond so many bytes, as on a full disk; those that are longer stay."""
        assert self._process is not None
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            await self._process.wait()


@asynccontextmanager
async def running_server(folder: Path, *options: str, config: str = "") -> AsyncIterator[int]:
    """A server for as long as it is needed; its port on loopback."""
    server = Server(folder, *options, config=config)
    try:
        await server.start()
        yield server.port
    finally:
        await server.kill()
