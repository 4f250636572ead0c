"""Servers and a clock for the contract tests of the clients that call out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

CRLF = b"\r\n"


class SteppingClock:
    """A clock that moves only when somebody sleeps by it; `slept` lists for how many seconds."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._now

    def seconds(self) -> float:
        """The time, in seconds since 1970."""
        return self._now.timestamp()

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once; other tasks get their turn."""
        self.slept.append(seconds)
        self.forward(seconds)
        await asyncio.sleep(0)


def http_bytes(
    body: bytes, *, status: str = "200 OK", kind: str = "application/json", length: int = -1
) -> bytes:
    """A whole answer as it goes over the wire; `length` may lie about the body."""
    told = len(body) if length < 0 else length
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {told}"]
    return CRLF.join([line.encode() for line in [*head, "Connection: close"]] + [b"", body])


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that says `answers` in turn (the last one for ever), one for each connection.

    Gives its address and the list of the request lines that came in.
    """
    seen: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(CRLF * 2)
            seen.append(head.split(CRLF, 1)[0].decode())
            writer.write(answers[min(len(seen), len(answers)) - 1])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client has heard enough
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
