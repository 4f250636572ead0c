"""Where an answer is shown: as a message of its own, or in the response to a pressed button.

What a response to an Action.Execute holds is seen by the presser alone, and goes back when the card
is touched again; a text is shown beside the card, which stays (Microsoft Learn, "Work with
Universal Actions for Adaptive Cards"). So what shall last is a message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import stamina
import structlog

from adapters.teams.incoming.activities import Place
from adapters.teams.outgoing.connector import Connector
from adapters.teams.rendering.card import CARD_TYPE, render
from adapters.teams.rendering.texts import plain
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatThrottled,
    ChatUnreachable,
    MessageGone,
    MessageRefused,
)
from bot.message import Message, Role

Json = dict[str, Any]

ATTEMPTS = 4
LONGEST_WAIT = 10.0  # seconds that an answer waits for a rate limit
TURN_AGAIN = 1.0  # seconds, after a message that surely did not leave
MAX_TEXT = 500  # characters
TEXT_TYPE = "application/vnd.microsoft.activity.message"
ERROR_TYPE = "application/vnd.microsoft.error"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Shown:
    """An answer on the screen: shown once, changed from then on.

    `to` is the activity that is answered; `shown_as` the message to change, "" at first. Where
    `place` names one who alone is to see it and Teams knows no such message, everybody sees it.
    """

    connector: Connector
    place: Place
    to: str
    shown_as: str = ""

    async def show(self, message: Message) -> None:
        """Show it, or say in the log why not: there is nobody else to tell."""
        try:
            async for attempt in stamina.retry_context(on=_wait, attempts=ATTEMPTS, timeout=None):
                with attempt:
                    await self._show(message)
        except ChatError as error:
            log.warning("could not show teams answer", error=error.code, reason=str(error))

    async def _show(self, message: Message) -> None:
        if self.place.only_for and not message.private:
            self.place = replace(self.place, only_for="")
        try:
            await self._put(message)
        except (ChannelUnreachable, MessageRefused) as error:
            if not self.place.only_for or self.shown_as:
                raise
            log.warning("teams shows answers to everybody", reason=str(error))
            self.place = replace(self.place, only_for="")
            await self._put(message)

    async def _put(self, message: Message) -> None:
        if self.shown_as:
            try:
                await self.connector.update(self.place, self.shown_as, message, own=True)
                return
            except MessageGone:
                self.shown_as = ""
        if self.to:
            self.shown_as = await self.connector.reply(self.place, self.to, message)
        else:
            self.shown_as = await self.connector.send(self.place, message, own=True)


def _wait(error: Exception) -> float | bool:
    """Only what Teams surely did not take is sent again, so that nobody reads it twice."""
    if isinstance(error, ChatThrottled) and error.retry_after <= LONGEST_WAIT:
        return error.retry_after
    if isinstance(error, ChatUnreachable) and error.nothing_sent:
        return TURN_AGAIN
    return False


def in_response(message: Message, *, own: bool, shared: bool = False, viewer: str = "") -> Json:
    """The body of the response to a pressed button. A refusal leaves the card as it is.

    `shared`: it can be shown to others. `viewer` (`29:…`) sees it, and their client is to ask for
    it again.
    """
    if message.role is Role.REFUSAL:
        return says(message.words)
    drawn = render(message, own=own, shared=shared, viewers=(viewer,) if viewer else ())
    return {"statusCode": 200, "type": CARD_TYPE, "value": drawn}


def says(text: str) -> Json:
    """A line beside the card."""
    line = plain(text)
    shown = line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 1] + "…"
    return {"statusCode": 200, "type": TEXT_TYPE, "value": shown}


def failed() -> Json:
    """An error that Teams words itself."""
    value = {"code": "InternalError", "message": "This could not be answered."}
    return {"statusCode": 500, "type": ERROR_TYPE, "value": value}
