"""A bot that only writes down what the pretend platforms send it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.chatlog import ChatLog, Message
from sandbox.http.serving import serve
from sandbox.world import World
from tests.there import there

Json = dict[str, Any]


@dataclass
class Bot:
    """A bot that only writes down what it is sent; `answer` decides what it says."""

    log: ChatLog
    """Only woken, so that `wait_for` notices a request."""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[Json], Response] = lambda body: Response(status_code=200)
    delay: float = 0.0

    async def handle(self, request: Request) -> Response:
        """Any POST from a platform."""
        raw = await request.body()
        self.got.append((dict(request.headers), raw))
        self.log.touch()
        await asyncio.sleep(self.delay)
        body = json.loads(raw) if raw[:1] == b"{" else parse_qs(raw.decode())
        if body.get("type") == "url_verification":
            return JSONResponse({"challenge": body["challenge"]})
        return self.answer(body)

    def bodies(self) -> list[Json]:
        """The JSON bodies received so far."""
        return [json.loads(raw) for _, raw in self.got if raw[:1] == b"{"]


def messages_in(world: World, conversation_id: str) -> list[Message]:
    return there(world.log.get(conversation_id)).messages


def last_in(world: World, conversation_id: str) -> Message:
    return messages_in(world, conversation_id)[-1]


def message_in(world: World, conversation_id: str, message_id: str) -> Message:
    return next(m for m in messages_in(world, conversation_id) if m.id == message_id)


@asynccontextmanager
async def a_bot(world: World, directory: Path) -> AsyncIterator[Bot]:
    """A recording bot that the world sends to."""
    bot = Bot(world.log)
    app = Starlette(
        routes=[
            Route("/slack/events", bot.handle, methods=["POST"]),
            Route("/teams/messages", bot.handle, methods=["POST"]),
            Route("/c/{token}", lambda request: Response("page")),
        ]
    )
    async with serve({"bot": app}) as addresses:
        world.settings_toml(addresses["bot"], directory)
        yield bot
