"""Waiting for something to become true, instead of sleeping and hoping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def wait_until(
    holds: Callable[[], bool | Awaitable[bool]], *, within: float = 20.0, what: str = ""
) -> None:
    """Return as soon as `holds()` is true; raise AssertionError after `within` seconds.

    What takes long is asked for less often: to ask may cost a call, or a whole process.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    deadline = began + within
    while True:
        answer = holds()
        if answer if isinstance(answer, bool) else await answer:
            return
        if (now := loop.time()) > deadline:
            raise AssertionError(f"not true within {within} s: {what or holds}")
        await asyncio.sleep(min(max(0.01, (now - began) / 20), 0.25))
