"""A real nginx in front of something on loopback, for as long as a test needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.waiting import wait_until


@asynccontextmanager
async def running_nginx(path: str, config: str, port: int, folder: Path) -> AsyncIterator[None]:
    """With its files in `folder` in place of /tmp; up when it takes connections on `port`."""
    where = folder / "nginx.conf"
    where.write_text(config.replace("/tmp/", f"{folder}/").replace("/dev/stderr", "stderr"))
    process = await asyncio.create_subprocess_exec(
        path,
        "-p",
        str(folder),
        "-c",
        str(where),
        "-g",
        "daemon off;",
        stdin=asyncio.subprocess.DEVNULL,
    )

    async def answers() -> bool:
        assert process.returncode is None, "nginx has ended: what it said is above"
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    try:
        await wait_until(answers, within=20, what="nginx takes connections")
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
