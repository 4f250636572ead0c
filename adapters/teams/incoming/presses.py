"""Pressed buttons: answered in the response, and shown for good where that is to last.

A button shows a spinner until its answer comes, so that is waited for a little while.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.teams.incoming.activities import Place, Pressed
from adapters.teams.incoming.answering import Shown, failed, in_response, says
from adapters.teams.outgoing.connector import Connector
from bot.message import Message, Role
from bot.ports.store.limits import Once
from bot.settings.sections.chat import TeamsSettings

Json = dict[str, Any]
Progress = Callable[[Message], Awaitable[None]]
Answer = Callable[[Pressed, Progress], Awaitable[Message | None]]
Start = Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]]
Press = tuple[str, str, str, str]  # who, in which conversation, on which card, which words

SHARED_ONCE = timedelta(minutes=1)  # so long the same press shares the same thing once


class Presses:
    """`answer` has the conversation answer a press; `start` begins work that is to be ended well.

    `working` is what a button says when its answer takes longer, `shared` when everybody gets it.
    """

    def __init__(
        self,
        settings: TeamsSettings,
        connector: Connector,
        once: Once,
        answer: Answer,
        start: Start,
        *,
        working: str,
        shared: str,
        answer_within: float,
    ) -> None:
        self._targeted = settings.targeted_answers
        self._channel = settings.channel
        self._connector = connector
        self._once = once
        self._answer = answer
        self._start = start
        self._working = working
        self._shared = shared
        self._answer_within = answer_within
        self._pressed: dict[Press, asyncio.Task[Message | None]] = {}  # being answered

    async def press(self, event: Pressed) -> Json:
        """The body of the response to a button. Pressed again meanwhile, it is the same press.

        Whether something was done just before, under another id, is known to what does it: Teams
        may send a press anew some 30 seconds later (microsoft/botbuilder-dotnet#5005).
        """
        press = (event.asker.user_id, event.place.conversation_id, event.card_id, event.words)
        answering = self._pressed.get(press)
        if answering is None:
            return await self._first(event, press)
        await asyncio.wait({answering}, timeout=self._answer_within)
        return self._response(answering, event, None)

    async def _first(self, event: Pressed, press: Press) -> Json:
        latest: Message | None = None
        late = False
        place = event.place if self._targeted else replace(event.place, only_for="")
        shown = Shown(self._connector, place, event.card_id)

        async def progress(message: Message) -> None:
            nonlocal latest
            latest = message
            if late:
                await self._show_late(event, message, shown)

        async def settle() -> None:
            await asyncio.wait({answering})
            if answering.cancelled() or answering.exception() is not None:
                return
            if (message := answering.result()) is not None:
                await self._let_last(event, message, shown, late=late)

        answering = self._start(self._answered(event, press, progress))
        self._pressed[press] = answering
        answering.add_done_callback(lambda _: self._pressed.pop(press, None))
        await asyncio.wait({answering}, timeout=self._answer_within)
        late = not answering.done()
        self._start(settle())
        return self._response(answering, event, latest)

    async def _answered(self, event: Pressed, press: Press, progress: Progress) -> Message | None:
        """The answer; one that is for everybody is posted, and the presser told."""
        message = await self._answer(event, progress)
        place = self._everybody(event)
        if message is None or message.private or place is None:
            return message
        name = hashlib.sha256("\n".join(press).encode()).hexdigest()
        if await self._once.first_time(f"teams:shared:{name}", SHARED_ONCE):
            if place.conversation_id == self._channel:
                await self._connector.start_thread(place, message)
            else:
                await self._connector.send(place, message, own=True)
        return Message(self._shared, role=Role.REFUSAL)  # the card stays as it is

    def _everybody(self, event: Pressed) -> Place | None:
        """Where what somebody sees alone can be shown to all: where they are, else the channel."""
        if not event.place.personal:
            return replace(event.place, only_for="")
        if not self._channel:
            return None
        return Place(event.place.service_url, self._channel, personal=False)

    async def _let_last(
        self, event: Pressed, message: Message, shown: Shown, *, late: bool
    ) -> None:
        """Show for good what the response shows for a moment, or is too late for.

        An outcome takes the place of our answer that offered it, for everybody. No other card is
        touched: boards, letters and notices are changed by what keeps them.
        """
        outcome = message.role is Role.OUTCOME
        if outcome and event.own:
            shown.shown_as = event.card_id
            await shown.show(message)
        elif late:
            await self._show_late(event, message, shown)
        elif outcome and event.place.personal:
            await shown.show(message)

    async def _show_late(self, event: Pressed, message: Message, shown: Shown) -> None:
        """Our own answer to one person becomes the next one; in a channel it is everybody's."""
        replaces = event.own and event.place.personal and message.role is not Role.REFUSAL
        if replaces and not shown.shown_as:
            shown.shown_as = event.card_id
        await shown.show(message)

    def _response(
        self, answering: asyncio.Task[Message | None], event: Pressed, latest: Message | None
    ) -> Json:
        if not answering.done():
            if latest is None:
                return says(self._working)
            return in_response(latest, own=event.own)
        if answering.cancelled() or answering.exception() is not None:
            return failed()
        message = answering.result()
        if message is None:
            return says(self._working)
        return in_response(message, own=event.own, shared=self._everybody(event) is not None)
