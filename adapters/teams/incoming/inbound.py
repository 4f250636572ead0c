"""Requests from Teams: checked, answered in time, acted on once.

Teams sends an activity again when it got no answer within 15 seconds, so messages are answered at
once and worked on afterwards. Pressed buttons are in `presses`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import httpx
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from adapters.teams.directory import TeamsDirectory
from adapters.teams.incoming import dialogs
from adapters.teams.incoming.activities import (
    Event,
    InDialog,
    Installed,
    Left,
    Place,
    Pressed,
    Removed,
    Said,
    Turn,
    Turns,
    Viewed,
)
from adapters.teams.incoming.answering import Shown, failed, in_response, says
from adapters.teams.incoming.askers import Askers
from adapters.teams.incoming.envelope import MAX_BYTES, ActivityInvalid, Envelope, open_envelope
from adapters.teams.incoming.presses import Presses
from adapters.teams.outgoing.connector import CONNECTIONS, Connector
from adapters.teams.outgoing.installing import WELCOMED, welcome_key
from adapters.teams.outgoing.messenger import identity_of
from adapters.teams.outgoing.tokens import InboundTokens, TokenRefused
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatError, CloudError, StoreError
from bot.message import Message, Role
from bot.ports.chat import ConversationRef, Conversations
from bot.ports.store.limits import Once
from bot.settings.sections.chat import TeamsSettings

Json = dict[str, Any]
Progress = Callable[[Message], Awaitable[None]]
Result = TypeVar("Result")

ANSWER_WITHIN = 5.0  # seconds for a pressed button; some clients show an error soon after
REMEMBER = timedelta(minutes=10)  # longer than Teams goes on repeating an activity
TYPING_AFTER = 1.0  # seconds until somebody who asked sees that the bot is at it

log = structlog.get_logger(__name__)


class Answers(Protocol):
    """The conversation: words in, a message out."""

    async def answer(
        self,
        words: str,
        asker: ChatIdentity,
        progress: Progress | None = None,
        *,
        private: bool = False,
    ) -> Message | None:
        """Authorises the asker, and never raises O365BotError. `words` may be "".

        None: it is not to be answered. `private`: the asker alone will see the answer.
        """
        ...

    async def view(self, name: str, asker: ChatIdentity) -> Message | None:
        """What a card shows, as this one may see it. None: as all others. Does nothing."""
        ...


class Welcomes(Protocol):
    """What is said where the app was installed, after a look at whom that makes reachable.

    None of them raises O365BotError.
    """

    async def person(self, who: ChatIdentity) -> Message: ...

    def team(self) -> Message: ...

    async def in_team(self) -> None: ...

    async def moved(self, who: ChatIdentity) -> None: ...


class Rights(Protocol):
    """Told of what may change who may say what. Raises StoreError."""

    async def person_changed(self, platform: Platform, user_id: str) -> None: ...

    async def groups_changed(self, platform: Platform) -> None: ...


class TeamsInbound:
    """The endpoint of the bot registration. Every answer is 2xx, 4xx, 501 or 503.

    `working` is what a button says when its answer takes longer; the answer then comes as a
    message; `shared` is what it says when everybody gets it. `http` is for the Bot Framework's
    signing keys, whose age `clock` tells (monotonic seconds).
    """

    def __init__(
        self,
        settings: TeamsSettings,
        answers: Answers,
        welcomes: Welcomes,
        once: Once,
        conversations: Conversations,
        connector: Connector,
        http: httpx.AsyncClient,
        *,
        directory: TeamsDirectory | None = None,
        rights: Rights | None = None,
        working: str = "Working on it…",
        shared: str = "Shared in the channel.",
        answer_within: float = ANSWER_WITHIN,
        typing_after: float = TYPING_AFTER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answers = answers
        self._welcomes = welcomes
        self._askers = Askers(conversations, connector)
        self._once = once
        self._conversations = conversations
        self._connector = connector
        self._tokens = InboundTokens(settings, http, clock=clock)
        self._turns = Turns(settings.app_id)
        self._directory = directory
        self._rights = rights
        self._working = working
        self._targeted = settings.targeted_answers
        self._answer_within = answer_within
        self._typing_after = typing_after
        self._tasks: set[asyncio.Task[Any]] = set()
        self._presses = Presses(
            settings,
            connector,
            once,
            self._answer,
            self._start,
            working=working,
            shared=shared,
            answer_within=answer_within,
        )

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
            log.info("teams request is not an activity", reason=str(error))
            return Response(status_code=400)
        except TokenRefused as error:
            log.warning("teams request refused", reason=str(error))
            return Response(status_code=401)
        except (CloudError, StoreError) as error:
            log.error("cannot accept teams request now", error=error.code, reason=str(error))
            return Response(status_code=503, headers={"Retry-After": "5"})
        if answer is None:
            return _taken()
        status, body = answer
        return Response(status_code=status) if body is None else JSONResponse(body, status)

    @property
    def under_way(self) -> int:
        """How many are taken and not yet answered."""
        return len(self._tasks)

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
        if not isinstance(turn.event, Said | Pressed | InDialog):
            return False
        key = f"teams:{envelope.conversation_id}|{envelope.activity_id}"
        return not await self._once.first_time(key, REMEMBER)

    def _repeated(self, turn: Turn) -> Response:
        """The first of them is being answered; a button only needs its spinner to end."""
        if isinstance(turn.event, Pressed):
            return JSONResponse(says(self._working))
        if isinstance(turn.event, InDialog):
            return JSONResponse(dialogs.shown(Message(self._working)))
        return _taken()

    async def _handle(self, event: Event) -> Json | None:
        match event:
            case Said():
                shown = Shown(self._connector, self._place(event), event.activity_id)
                message = await self._patiently(event, shown)
                if message is None:
                    return None
                if message.role is Role.OUTCOME and event.card_id and not shown.shown_as:
                    shown.shown_as = event.card_id
                await shown.show(message)
            case Pressed():
                return await self._presses.press(event)
            case InDialog():
                return await self._in_dialog(event)
            case Viewed():
                return await self._view(event)
            case Installed(ref, anew):
                known = await self._conversations.conversation(ref.conversation_id)
                await self._conversations.remember(ref)
                if anew:
                    self._start(self._welcome(ref, back=known is None))
            case Left(object_ids):
                if self._rights is not None:
                    for object_id in object_ids:
                        await self._rights.person_changed(Platform.TEAMS, object_id)
                    await self._rights.groups_changed(Platform.TEAMS)
            case Removed(conversation_id):
                known = await self._conversations.conversation(conversation_id)
                await self._conversations.forget(conversation_id)
                if known is not None and known.object_id:
                    self._start(self._welcomes.moved(identity_of(known)))
        return None

    async def _welcome(self, ref: ConversationRef, *, back: bool) -> None:
        """Once: Teams tells of one installation in two ways, and may repeat both.

        `back`: it was not there. Who was welcomed lately is not again, but can be asked again.
        """
        key = welcome_key(ref.object_id or ref.conversation_id)
        place = Place(ref.service_url, ref.conversation_id, personal=ref.kind == "personal")
        if not await self._once.first_time(key, WELCOMED):
            if back and place.personal and ref.object_id:
                person = await self._askers.with_address(identity_of(ref), place)
                await self._welcomes.moved(person)
            return
        if ref.kind == "channel":
            try:
                await self._connector.start_thread(place, self._welcomes.team())
            except ChatError as error:
                log.warning("could not welcome a team", error=error.code, reason=str(error))
            await self._welcomes.in_team()
        elif ref.kind != "personal":
            await Shown(self._connector, place, "").show(self._welcomes.team())
        elif ref.object_id:
            person = await self._askers.with_address(identity_of(ref), place)
            await Shown(self._connector, place, "").show(await self._welcomes.person(person))

    def _place(self, event: Said) -> Place:
        """Where it is answered: before all who are there, unless Teams can show it to one."""
        return event.place if self._targeted else replace(event.place, only_for="")

    async def _patiently(self, event: Said, shown: Shown) -> Message | None:
        """The answer; what takes longer than a moment shows that the bot is at it."""
        loop = asyncio.get_running_loop()
        sign = loop.call_later(self._typing_after, lambda: self._start(self._typing(shown)))
        try:
            return await self._answer(event, shown.show)
        finally:
            sign.cancel()

    async def _typing(self, shown: Shown) -> None:
        """While more wait than there are connections, signs would only hold up answers."""
        if not shown.shown_as and self.under_way <= CONNECTIONS:
            with suppress(ChatError):  # it is only a courtesy
                await self._connector.typing(shown.place)

    async def _answer(self, event: Said | Pressed, progress: Progress) -> Message | None:
        asker = event.asker
        try:
            asker, ref = await self._askers.completed(asker, event.ref, event.place)
            if event.place.lasts:
                await self._conversations.met(ref)  # its address may have changed
        except StoreError as error:
            log.warning("could not save teams conversation", error=error.code)
        if self._directory is not None:
            self._directory.heard(asker, event.place)
        return await self._answers.answer(
            event.words, asker, progress, private=event.place.personal
        )

    async def _in_dialog(self, event: InDialog) -> Json:
        """The answer, in the dialog; of what takes long, that it is under way."""
        asker, _ = await self._askers.completed(event.asker, event.ref, event.place)

        async def progress(message: Message) -> None:
            """A dialog shows one answer."""

        answering = self._start(self._answers.answer(event.words, asker, progress, private=True))
        await asyncio.wait({answering}, timeout=self._answer_within)
        if not answering.done():
            return dialogs.shown(Message(self._working))
        return dialogs.shown(answering.result() or Message(self._working))

    async def _view(self, event: Viewed) -> Json:
        """The card as its viewer may see it; else the one that is there stays."""
        asker, _ = await self._askers.completed(event.asker, event.ref, event.place)
        if self._directory is not None:
            self._directory.heard(asker, event.place)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._answer_within):
                message = await self._answers.view(event.view, asker)
                if message is not None:
                    return in_response(message, own=False, viewer=event.place.only_for)
        return failed()

    def _start(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("could not answer teams activity", exc_info=error)


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
