"""Many who ask at once: signed requests over kept connections, and the platform that is answered.

The bot and what it is compared with are processes of their own; the askers and the pretend platform
share this one, as one event loop with raw connections, so that they cost little of the machine.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]

IDLE = 2.0
"""Seconds; a server closes a connection that was idle for some more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to be sent: headers and body; `name` is in the answer to it.

    `holds` is what only the right answer says: any other, such as a refusal, counts as lost.
    """

    name: str
    headers: Mapping[str, str]
    body: bytes
    holds: str


@dataclass
class Heard:
    """What a run took: seconds to each acknowledgement and to each answer, and seconds in all."""

    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    lost: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.answered) / self.seconds


def percentile(seconds: Sequence[float], share: float) -> float:
    return sorted(seconds)[max(0, round(len(seconds) * share) - 1)]


class Platform:
    """A pretend platform: one HTTP server on loopback that answers every call at once, and checks
    nothing: what the sandbox checks would cost more than what is measured.

    `reply(path, url, told)` makes the body of an answer and the name of the request that it is the
    answer to ("" for any other call); `delay` seconds pass before each. `url` is the platform's,
    `told` what the call says in its body and its query.
    """

    def __init__(
        self, reply: Callable[[str, str, Json], tuple[Json, str]], delay: float = 0.0
    ) -> None:
        self._reply = reply
        self._delay = delay
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Platform]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def answer(self, name: str, patience: float) -> str:
        """The body of the answer to the request of that name; "" where none came in time."""
        try:
            return await asyncio.wait_for(self._expected(name), patience)
        except TimeoutError:
            return ""
        finally:
            del self._waiting[name]

    def _expected(self, name: str) -> asyncio.Future[str]:
        return self._waiting.setdefault(name, asyncio.get_running_loop().create_future())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                first, headers, body = await _read(reader)
                target = urlsplit(first.split(" ")[1])
                told = _parsed(headers, body) | dict(parse_qsl(target.query))
                answer, name = self._reply(target.path, self.url, told)
                if self._delay:
                    await asyncio.sleep(self._delay)  # what a far platform takes
                content = json.dumps(answer).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(content), content)
                )
                if name and not (waiting := self._expected(name)).done():
                    waiting.set_result(body.decode())
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # whoever called is gone
        finally:
            writer.close()


async def ask(
    url: str,
    platform: Platform,
    make: Callable[[int], Asked],
    *,
    connections: int,
    seconds: float,
    ahead: int = 1,
    patience: float = 30.0,
) -> Heard:
    """Each connection asks, waits for its acknowledgement, and asks again.

    It does not wait for the answer while no more than `ahead` are missing.
    """
    parts, heard = urlsplit(url), Heard()
    began = time.perf_counter()
    numbers = iter(range(10**9))

    async def answered(asked: Asked, at: float, turn: asyncio.Semaphore) -> None:
        if asked.holds in await platform.answer(asked.name, patience):
            heard.answered.append(time.perf_counter() - at)
        else:
            heard.lost += 1
        turn.release()

    async def one() -> None:
        turn, missing = asyncio.Semaphore(ahead), set[asyncio.Task[None]]()
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        used = time.perf_counter()
        while time.perf_counter() - began < seconds:
            await turn.acquire()
            asked = make(next(numbers))
            if time.perf_counter() - used > IDLE:
                writer.close()
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            at = time.perf_counter()
            writer.write(_written(parts.path, parts.netloc, asked))
            first, _, _ = await _read(reader)
            used = time.perf_counter()
            heard.acknowledged.append(used - at)
            assert first.split(" ")[1].startswith("2"), first
            task = asyncio.create_task(answered(asked, at, turn))
            missing.add(task)
            task.add_done_callback(missing.discard)
        await asyncio.gather(*missing)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    heard.seconds = time.perf_counter() - began
    return heard


async def say(some: Callable[[], Awaitable[Heard]], count: int) -> None:
    """So many messages, some after some. Raises AssertionError where one has no answer."""
    left = count
    while left > 0:
        heard = await some()
        assert not heard.lost, heard.lost
        left -= len(heard.answered)


def _written(path: str, host: str, asked: Asked) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(asked.body)}"]
    lines += [f"{name}: {value}" for name, value in asked.headers.items()]
    return "\r\n".join((*lines, "", "")).encode() + asked.body


async def _read(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """First line, headers and body of one HTTP/1.1 message, which tells its length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return head[0], headers, body


def _parsed(headers: Mapping[str, str], body: bytes) -> Json:
    if "json" in headers.get("content-type", ""):
        found = json.loads(body)
        return found if isinstance(found, dict) else {}
    return dict(parse_qsl(body.decode()))
