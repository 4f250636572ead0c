"""A loopback server that speaks what o365bot uses of Slack's Web API, and may misbehave.

One asyncio protocol and no framework: in a benchmark it shares the machine with what is measured,
and no sandbox should know how to take a message and hang.
It keeps every message it took, so a test can count what is lost and what is seen twice.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
import urllib.request
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

FAULTS = ("429", "500", "hang", "accept and drop", "accept and hang")


@dataclass
class Slack:
    """The messages, and how the server answers. `faults`: how likely each is, in 0..1."""

    faults: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._ts = itertools.count(1)

    def fault(self) -> str:
        """What goes wrong with this call, "" for nothing."""
        drawn = self._chance.random()
        for name, likely in self.faults.items():
            if drawn < likely:
                return name
            drawn -= likely
        return ""

    def call(self, method: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """The body of the answer."""
        match method:
            case "conversations.open":
                users = args["users"]
                return {"ok": True, "channel": {"id": f"D{users}"}}
            case "chat.postMessage":
                channel, ts = args["channel"], f"{1_700_000_000 + next(self._ts)}.000100"
                if channel.startswith("U"):  # a member id means the conversation with them
                    channel = f"D{channel}"
                metadata = args.get("metadata") or {}
                if isinstance(metadata, str):
                    metadata = json.loads(metadata)
                self.messages[channel].append({"ts": ts, "metadata": metadata})
                return {"ok": True, "channel": channel, "ts": ts}
            case "chat.update":
                return {"ok": True, "channel": args["channel"], "ts": args["ts"]}
            case "conversations.history":
                newest_first = self.messages[args["channel"]][::-1]
                start, limit = int(args.get("cursor") or 0), int(args.get("limit") or 100)
                page = newest_first[start : start + limit]
                more = str(start + limit) if start + limit < len(newest_first) else ""
                return {"ok": True, "messages": page, "response_metadata": {"next_cursor": more}}
        return {"ok": False, "error": "unknown_method"}

    def seen(self) -> Counter[str]:
        """How often each delivery's message is there, by the delivery's key."""
        return Counter(
            message["metadata"].get("event_payload", {}).get("key", "")
            for channel in self.messages.values()
            for message in channel
        )


class _Connection(asyncio.Protocol):
    """HTTP/1.1, one request after another; every request of the client has a Content-Length."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, found, rest = self._received.partition(b"\r\n\r\n")
            if not found:
                return
            lines = head.decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines[1:])
            }
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            self._received = rest[length:]
            path = lines[0].split(" ")[1]
            self._answer(path, headers.get("content-type", ""), rest[:length].decode())

    def _answer(self, path: str, kind: str, body: str) -> None:
        address, _, query = path.partition("?")
        if address == "/seen":
            found = {"seen": self._slack.seen(), "answers": self._slack.answers}
            return self._write(200, found)
        args: dict[str, Any] = dict(parse_qsl(query))
        args |= json.loads(body) if "json" in kind else dict(parse_qsl(body))
        fault = self._slack.fault()
        self._slack.answers[fault or "ok"] += 1
        match fault:
            case "429":
                return self._write(429, {"ok": False, "error": "ratelimited"}, "Retry-After: 1\r\n")
            case "500":
                return self._write(500, {"ok": False})
            case "hang":
                return None
        answer = self._slack.call(address.rpartition("/")[2], args)
        match fault:
            case "accept and drop":
                self._transport.abort()
            case "":
                self._write(200, answer)

    def _write(self, status: int, body: Mapping[str, Any], more: str = "") -> None:
        content = json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        self._transport.write(head.encode() + content)


@asynccontextmanager
async def chat_server(seed: int = 0, faults: dict[str, float] | None = None) -> AsyncIterator[int]:
    """The chat server as a process of its own; its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(
            "-m",
            "tests.chaos.chat_server",
            "--seed",
            str(seed),
            "--faults",
            json.dumps(faults or {}),
        ),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield int(await asyncio.wait_for(process.stdout.readline(), 20))
    finally:
        process.kill()
        await process.wait()


def seen(port: int) -> tuple[Counter[str], Counter[str]]:
    """How often each delivery's message is there; how often each kind of answer was given."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/seen") as answer:
        found = json.load(answer)
    return Counter(found["seen"]), Counter(found["answers"])


async def _main(seed: int, faults: Mapping[str, float]) -> None:
    loop, slack = asyncio.get_running_loop(), Slack(faults, seed)
    server = await loop.create_server(lambda: _Connection(slack), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - the parent reads it
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faults", type=json.loads, default={})
    given = parser.parse_args()
    asyncio.run(_main(given.seed, given.faults))
