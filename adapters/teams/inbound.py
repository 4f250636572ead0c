"""Requests from Teams: checked, answered in time, acted on once.

Teams sends an activity again when it got no answer within 15 seconds, so messages are answered at
once and worked on afterwards. A pressed button shows a spinner until its answer comes, so that is
waited for a little while.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import httpx
import stamina
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from adapters.teams.activities import Event, Installed, Place, Pressed, Removed, Said, Turn, Turns
from adapters.teams.connector import Connector
from adapters.teams.drawing import CARD_TYPE, draw
from adapters.teams.envelope import MAX_BYTES, ActivityInvalid, Envelope, open_envelope
from adapters.teams.tokens import InboundTokens, TokenRefused
from bot.domain.people import ChatIdentity
from bot.errors import ChatError, ChatThrottled, CloudError, MessageGone, StoreError
from bot.message import Message
from bot.ports.chat import Conversations
from bot.ports.limits import Once
from bot.settings.chat import TeamsSettings

Json = dict[str, Any]
Progress = Callable[[Message], Awaitable[None]]
Result = TypeVar("Result")

ANSWER_WITHIN = 5.0  # seconds for a pressed button; some clients show an error soon after
REMEMBER = timedelta(minutes=10)  # longer than Teams goes on repeating an activity
LONGEST_WAIT = 10.0  # seconds that an answer waits for a rate limit
TEXT_TYPE = "application/vnd.microsoft.activity.message"
ERROR_TYPE = "application/vnd.microsoft.error"

log = structlog.get_logger(__name__)


class Answers(Protocol):
    """The conversation: words in, a message out."""

    async def answer(
        self, words: str, asker: ChatIdentity, progress: Progress | None = None
    ) -> Message:
        """Authorises the asker, and never raises O365BotError. `words` may be ""."""
        ...


class TeamsInbound:
    """The endpoint of the bot registration. Every answer is 2xx, 4xx, 501 or 503.

    `working` is what a button says when its answer takes longer; the answer then comes as a
    message. `http` is for the Bot Framework's signing keys, whose age `clock` tells (monotonic
    seconds).
    """

    def __init__(
        self,
        settings: TeamsSettings,
        answers: Answers,
        once: Once,
        conversations: Conversations,
        connector: Connector,
        http: httpx.AsyncClient,
        *,
        working: str = "Working on it…",
        answer_within: float = ANSWER_WITHIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answers = answers
        self._once = once
        self._conversations = conversations
        self._connector = connector
        self._tokens = InboundTokens(settings, http, clock=clock)
        self._turns = Turns(settings.app_id)
        self._working = working
        self._answer_within = answer_within
        self._tasks: set[asyncio.Task[Any]] = set()

    async def endpoint(self, request: Request) -> Response:
        """POST of one activity: 202 taken, 200 with the answer to an invoke, else why not."""
        try:
            raw = await _read(request)
            if raw is None:
                return Response(status_code=413)
            envelope = open_envelope(raw)
            claims = await self._tokens.validate(request.headers.get("authorization", ""), envelope)
            turn = self._turns.read(envelope)
            if await self._is_repeated(turn, envelope):
                return self._repeated(turn)
            running = self._turns.run(turn, claims, self._handle)
            if isinstance(turn.event, Said):
                self._start(running)
                return _taken()
            answer = await running
        except (ActivityInvalid, ClientDisconnect) as error:
            log.info("teams request is no activity", reason=str(error))
            return Response(status_code=400)
        except TokenRefused as error:
            log.warning("teams request refused", reason=str(error))
            return Response(status_code=401)
        except (CloudError, StoreError) as error:
            log.error("teams request cannot be taken now", error=error.code, reason=str(error))
            return Response(status_code=503, headers={"Retry-After": "5"})
        if answer is None:
            return _taken()
        status, body = answer
        return Response(status_code=status) if body is None else JSONResponse(body, status)

    async def drain(self, timeout: float) -> None:
        """Let the work under way end; what has not after `timeout` seconds is cancelled."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=timeout)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _is_repeated(self, turn: Turn, envelope: Envelope) -> bool:
        """True for what was seen before. Installing and removing may be done twice."""
        if not isinstance(turn.event, Said | Pressed):
            return False
        key = f"teams:{envelope.conversation_id}|{envelope.activity_id}"
        return not await self._once.first_time(key, REMEMBER)

    def _repeated(self, turn: Turn) -> Response:
        """The first of them is being answered; a button only needs its spinner to end."""
        if isinstance(turn.event, Pressed):
            return JSONResponse(_says(self._working))
        return _taken()

    async def _handle(self, event: Event) -> Json | None:
        match event:
            case Said():
                answer = _Answer(self._connector, event.place, event.activity_id)
                await answer.show(await self._answer(event, answer.show))
            case Pressed():
                return await self._press(event)
            case Installed(ref):
                await self._conversations.remember(ref)
            case Removed(conversation_id):
                await self._conversations.forget(conversation_id)
        return None

    async def _answer(self, event: Said | Pressed, progress: Progress) -> Message:
        try:
            await self._conversations.remember(event.ref)  # its address may have changed
        except StoreError as error:
            log.warning("teams conversation not remembered", error=error.code)
        return await self._answers.answer(event.words, event.asker, progress)

    async def _press(self, event: Pressed) -> Json:
        """The body of the answer to a button: a card if it is ready in time.

        Later the answer changes the card in a personal chat. In a channel it becomes a reply: the
        card there is everybody's.
        """
        latest: Message | None = None
        late = False
        card_id = event.card_id if event.place.personal else ""
        answer = _Answer(self._connector, event.place, event.card_id, shown_as=card_id)

        async def progress(message: Message) -> None:
            nonlocal latest
            latest = message
            if late:
                await answer.show(message)

        async def answer_late() -> None:
            await asyncio.wait({answering})
            if not answering.cancelled() and answering.exception() is None:
                await answer.show(answering.result())

        answering = self._start(self._answer(event, progress))
        await asyncio.wait({answering}, timeout=self._answer_within)
        if not answering.done():
            late = True
            self._start(answer_late())
            return _shows(latest) if latest is not None else _says(self._working)
        if answering.cancelled() or answering.exception() is not None:
            return _failed()
        return _shows(answering.result())

    def _start(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("teams activity not answered", exc_info=error)


@dataclass(slots=True)
class _Answer:
    """An answer on the screen: shown once, changed from then on.

    `to` is the activity that is answered; `shown_as` the message to change, "" at first.
    """

    connector: Connector
    place: Place
    to: str
    shown_as: str = ""

    async def show(self, message: Message) -> None:
        """Show it, or say in the log why not: there is nobody else to tell."""
        try:
            async for attempt in stamina.retry_context(on=_wait, attempts=3, timeout=None):
                with attempt:
                    await self._show(message)
        except ChatError as error:
            log.warning("teams answer not shown", error=error.code, reason=str(error))

    async def _show(self, message: Message) -> None:
        if self.shown_as:
            try:
                await self.connector.update(self.place, self.shown_as, message)
                return
            except MessageGone:
                self.shown_as = ""
        if self.to:
            self.shown_as = await self.connector.reply(self.place, self.to, message)
        else:
            self.shown_as = await self.connector.send(self.place, message)


def _wait(error: Exception) -> float | bool:
    """Only what Teams surely did not take is sent again, so that nobody reads it twice."""
    if isinstance(error, ChatThrottled) and error.retry_after <= LONGEST_WAIT:
        return error.retry_after
    return False


async def _read(request: Request) -> bytes | None:
    """The body, or None as soon as it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


def _taken() -> Response:
    return Response(status_code=202)


def _shows(message: Message) -> Json:
    return {"statusCode": 200, "type": CARD_TYPE, "value": draw(message)}


def _says(text: str) -> Json:
    return {"statusCode": 200, "type": TEXT_TYPE, "value": text}


def _failed() -> Json:
    value = {"code": "InternalError", "message": "This could not be answered."}
    return {"statusCode": 500, "type": ERROR_TYPE, "value": value}
