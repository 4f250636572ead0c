"""News of one request as server-sent events (HTML standard, section 9.2).

    event: status     the part of the page that tells how it stands, drawn anew
    event: ended      nothing more is expected of the person: read the page once more

The page works without them; whoever has no JavaScript follows a link to look again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from adapters.web.links.phrases import status_of
from adapters.web.pages import Pages
from bot.chat.words import Words
from bot.errors import ConsentError, StoreError
from bot.services.consent.actors import BySession
from bot.services.consent.request_steps import Progress, RequestSteps

MOST_STREAMS = 100  # per process; each looks into the store once a second
MOST_OF_ONE = 4  # of one session: its browser's tabs
LONGEST = 600.0  # seconds; a browser then comes again by itself
QUIET = 15.0  # seconds until a sign of life, so that no proxy gives the connection up


class Live:
    """Streams. `closing` ends them all when the server is to stop."""

    def __init__(self, request_steps: RequestSteps, pages: Pages, closing: asyncio.Event) -> None:
        self._request_steps = request_steps
        self._pages = pages
        self._closing = closing
        self._open: Counter[str] = Counter()

    def stream(self, words: Words, actor: BySession) -> Response:
        """The news for this actor; 503 when too many listen already (the page then stays still).

        Counted here and not when the answer begins: of many who ask at once all would be let in.
        """
        full = self._open.total() >= MOST_STREAMS or self._open[actor.secret] >= MOST_OF_ONE
        if full or self._closing.is_set():
            return Response(status_code=503, headers={"Retry-After": "60"})
        self._open[actor.secret] += 1
        return _Counted(self._events(words, actor), lambda: self._left(actor.secret))

    def _left(self, secret: str) -> None:
        self._open[secret] -= 1
        if not self._open[secret]:
            del self._open[secret]

    async def _events(self, words: Words, actor: BySession) -> AsyncIterator[str]:
        try:
            async with aclosing(self._news(actor)) as news:
                async for progress in news:
                    if progress is None:
                        yield ": still here\n\n"
                    elif progress.request.stage.is_open:
                        part = self._pages.render(
                            words, "status.html", request_status=status_of(words, progress)
                        )
                        yield _event("status", part)
                    else:
                        yield _event("ended", progress.request.stage.value)
        except (ConsentError, StoreError):
            return  # the browser comes again, and is told what there is to tell

    async def _news(self, actor: BySession) -> AsyncGenerator[Progress | None, None]:
        """What `watch` gives, and None where it is quiet for long; ends when the server does."""
        watching = self._request_steps.watch(actor)
        closing = asyncio.create_task(self._closing.wait())
        following: asyncio.Task[Progress | None] | None = None
        loop = asyncio.get_running_loop()
        ends = loop.time() + LONGEST
        try:
            while loop.time() < ends:
                following = following or asyncio.create_task(_next(watching))
                done, _ = await asyncio.wait(
                    {following, closing}, timeout=QUIET, return_when=asyncio.FIRST_COMPLETED
                )
                if closing in done:
                    return
                if following not in done:
                    yield None
                    continue
                progress = following.result()
                following = None
                if progress is None:
                    return
                yield progress
        finally:
            for task in (following, closing):
                if task is not None:
                    task.cancel()
            await asyncio.gather(*(t for t in (following, closing) if t), return_exceptions=True)


class _Counted(StreamingResponse):
    """Gives its place back however it ends, also when it never begins."""

    def __init__(self, events: AsyncIterator[str], left: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left()


async def _next(watching: AsyncIterator[Progress]) -> Progress | None:
    return await anext(watching, None)


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"
