"""Hostile clients at the really running bot: half-sent requests, slow bodies, noise, many streams.

Everything on loopback and bounded. The bot has few descriptors, so that its caps are soon reached,
and a store of its own; the clouds and chats that it knows are closed ports.
"""

from __future__ import annotations

import asyncio
import resource
import string
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from urllib.parse import quote

from sandbox.bot_process import BotProcess, free_port
from tests.figures import Figure, at_least, at_most, measures

SETTINGS = """
public_url = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
data_dir = "{folder}/var"
[[okta]]
name = "contoso"
url = "http://127.0.0.1:9"
api_token = "none"
hook_secret = "none-none-none-none"
[slack]
bot_token = "xoxb-none"
signing_secret = "none"
channel = "C1"
operators = ["U9"]
api_url = "http://127.0.0.1:9/api"
"""
DESCRIPTORS = 512
HALVES = (
    b"",
    b"GET / HT",
    b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n",
    b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nab",
)
PATHS = (
    "/",
    "/c/{token}",
    "/s/{token}",
    "/o/{token}",
    "/r/{id}",
    "/r/{id}/live",
    "/auth/callback?code={token}&state={token}",
    "/auth/consented?admin_consent=True&state={token}",
    "/auth/again",
    "/p/{id}.png",
    "/static/{id}",
    "/slack/events",
    "/okta/events/{id}",
    "/health",
    "/health/ready",
    "/metrics",
    "/operators",
    "/operators/apps.csv?q={token}",
    "/privacy",
    "//evil.example/{id}",
    "http://evil.example/c/{token}",
)
# What is at odds with the length that is said, with the proxy before us, or with HTTP itself.
QUARRELS = (
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Content-Length: +3",
    "Expect: 100-continue",
    "Upgrade: h2c",
    "Host: evil",
    "X-Forwarded-For: 127.0.0.1, ::1",
    "X-Forwarded-Host: evil",
    f"X: {'a' * 20_000}",
    "X: a\r\n folded: b",
    "X: a\rb",
    "X: a\0b",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "DELETE", "BREW")
ODD = (
    "%00",
    "%0d%0a",
    "../",
    "%ff",
    "ü",
    "💥",
    "'",
    "<b>",
    "{{7*7}}",
    "%s",
    "x" * 300,
    "\u202e",
)


TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "x",
)


@measures("door")
async def door(tiny: bool) -> list[Figure]:
    """Held connections, then noise, then both at once; and what it took."""
    held, noise, probes = (300, 200, 5) if tiny else (1000, 10_000, 50)
    with tempfile.TemporaryDirectory() as place:
        folder, port = Path(place), free_port()
        settings, log = folder / "o365bot.toml", folder / "bot.log"
        settings.write_text(SETTINGS.format(port=port, folder=folder))
        async with AsyncExitStack() as stack:
            bot = BotProcess(settings, log, f"http://127.0.0.1:{port}")
            with descriptors(DESCRIPTORS):
                await stack.enter_async_context(bot)
            stack.enter_context(descriptors(held * 2 + 500))
            probed = []
            for number in range(held):
                with suppress(OSError):
                    await hold(stack, port, HALVES[number % len(HALVES)])
            for _ in range(probes):
                probed.append(await probe(port))
            statuses = await make_noise(port, noise)
            for _ in range(probes):
                probed.append(await probe(port))
        size = log.stat().st_size / 1e6
        written = log.read_text(errors="replace")
        broken = written.count("Traceback")
        # A request could have forged a line, or painted the terminal that shows it.
        forged = sum(not line.isprintable() for line in written.split("\n"))
        told = statuses["evil"]
    unanswered = sum(not answered for _, answered in probed)
    slowest = max(took for took, _ in probed)
    answered = statuses["answered"]
    return [
        at_most(f"door: probes unanswered while {held} hold it", unanswered, 0, "probes"),
        at_most("door: slowest probe", slowest, 5.0, "s"),
        at_most(f"door: server errors to {noise} odd requests", statuses["5xx"], 0, "answers"),
        at_least("door: odd requests that were answered", answered, noise / 2, "answers"),
        at_most("door: tracebacks in the log", broken, 0, "lines"),
        at_most("door: lines of the log with signs that cannot be seen", forged, 0, "lines"),
        at_most("door: answers that lead to another host", told, 0, "answers"),
        at_most("door: log written", size, 0.001 * (held + noise) + 1, "MB"),
    ]


@contextmanager
def descriptors(wanted: int) -> Iterator[None]:
    """This process, and what it starts meanwhile, may have so many open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def hold(stack: AsyncExitStack, port: int, said: bytes) -> None:
    """Connect, say half of it, and stay."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.transport.abort)
    writer.write(said)


async def probe(port: int) -> tuple[float, bool]:
    """Seconds that `/health` took, and whether it answered at all."""
    began = time.monotonic()
    status, _ = await ask(port, b"GET /health HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n")
    return time.monotonic() - began, status in (200, 503)


async def ask(port: int, said: bytes) -> tuple[int, bytes]:
    """The status that comes back, 0 for none; and where it leads to."""
    leads_to = b""
    try:
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(said)
                line = await reader.readline()
                while (header := await reader.readline()).strip():
                    if header.lower().startswith(b"location:"):
                        leads_to = header
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError, ValueError):  # ValueError: a line without end
        return 0, b""
    words = line.split()
    return (int(words[1]) if len(words) > 1 and words[1].isdigit() else 0), leads_to


async def make_noise(port: int, many: int) -> Counter[str]:
    """Odd requests, twenty at a time; each seed gives the same ones."""
    found: Counter[str] = Counter()
    numbers = iter(range(many))

    async def some() -> None:
        for number in numbers:
            status, leads_to = await ask(port, odd_request(Random(number), port))
            found["answered"] += status > 0
            found["evil"] += b"evil" in leads_to
            # 503 is an answer: such as of a stream's cap, or of the store while it is away.
            found["5xx"] += status >= 500 and status != 503

    await asyncio.gather(*(some() for _ in range(20)))
    return found


def odd_request(chance: Random, port: int) -> bytes:
    """A request of ours with something wrong in it: a path, a header, a body, or bytes at all."""
    letters = string.ascii_letters + string.digits + "-_"
    token = "".join(chance.choices(letters, k=43))
    path = chance.choice(PATHS).format(token=token, id=token[: chance.choice((1, 16, 40))])
    if chance.random() < 0.5:
        at = chance.randrange(len(path))
        odd = chance.choice(ODD)
        path = (
            path[:at] + (odd if odd.isascii() else quote(odd, errors="surrogateescape")) + path[at:]
        )
    body = chance.randbytes(chance.choice((0, 1, 40, 5000)))
    if chance.random() < 0.3:
        body = b'{"eventId":"e","data":{"events":' + b"[" * chance.choice((1, 50, 100_000))
    headers = [
        f"Host: {chance.choice((f'127.0.0.1:{port}', f'127.0.0.1:{port}', 'evil', ''))}",
        f"Content-Length: {chance.choice((len(body), len(body), 0, 10**12, -1))}",
        f"Content-Type: {chance.choice(TYPES)}",
        f"Cookie: o365bot-session={token}; o365bot-csrf={token}; o365bot-origin=c.{token}",
        f"Authorization: {chance.choice(('none', 'Bearer x', ''))}",
        "Sec-Fetch-Site: same-origin",
        f"Accept-Language: {chance.choice(('de', 'q=;q=,', 'x' * 3000))}",
        f"Accept: {chance.choice(('text/html', '*/*'))}",
    ]
    if chance.random() < 0.3:
        headers.append(chance.choice(QUARRELS))
    chance.shuffle(headers)
    version = chance.choice(("1.1", "1.1", "1.1", "1.0", "0.9", "2.0"))
    said = f"{chance.choice(METHODS)} {path} HTTP/{version}\r\n" + "\r\n".join(headers) + "\r\n\r\n"
    whole = said.encode(errors="replace") + body
    if chance.random() < 0.1:
        at = chance.randrange(len(whole))
        whole = whole[:at] + chance.randbytes(8) + whole[at:]
    return whole
