"""What the bot says where it was just installed: what it does, and what waits there."""

from __future__ import annotations

import structlog

from bot.chat.words import Words
from bot.domain.people.access import Level
from bot.domain.people.admins import ChatIdentity
from bot.errors import O365BotError
from bot.message import Block, Buttons, Command, Heading, Message, Note, Text
from bot.services.consent.installations import Installations, Waiting
from bot.services.people.access import Access

log = structlog.get_logger(__name__)


class Welcome:
    """Welcomes people and teams, after a look at whom an installation makes reachable."""

    def __init__(self, installations: Installations, *, access: Access, language: str) -> None:
        self._installations = installations
        self._access = access
        self._language = language

    async def person(self, who: ChatIdentity) -> Message:
        """For somebody who has the app from now on. Raises nothing of ours."""
        words = Words(who.language or self._language)
        waiting = await self._waiting_for(who)
        title = words("welcome.title")
        blocks: list[Block] = [Heading(title), Text(words("help.what"))]
        operator = await self._operates(who)
        blocks.extend(_waits(words, waiting, operator=operator))
        if operator:
            blocks.append(Text(words("welcome.operator")))
            blocks.append(Buttons((Command("help", words("button.help"), "help"),)))
        return Message(title, tuple(blocks))

    def team(self) -> Message:
        """For a channel or a group: short, everybody reads it."""
        words = Words(self._language)
        title = words("welcome.title")
        return Message(
            title,
            (Heading(title), Text(words("help.what")), Note(words("welcome.team"))),
            private=False,
        )

    async def in_team(self) -> None:
        """A team was welcomed: lists say at once whom it makes reachable."""
        try:
            await self._installations.in_team()
        except O365BotError as error:
            log.warning("could not follow up a team's installation", error=error.code)

    async def moved(self, who: ChatIdentity) -> None:
        """Somebody removed the app, or put it back: lists say at once who can be asked now."""
        await self._waiting_for(who)

    async def _operates(self, who: ChatIdentity) -> bool:
        try:
            return (await self._access.of(who)).level is Level.OPERATOR
        except O365BotError as error:
            log.warning("could not tell what somebody may", who=str(who), error=error.code)
            return False

    async def _waiting_for(self, who: ChatIdentity) -> Waiting:
        try:
            return await self._installations(who)
        except O365BotError as error:
            log.warning("could not follow up an installation", who=str(who), error=error.code)
            return Waiting()


def _waits(words: Words, waiting: Waiting, *, operator: bool) -> list[Block]:
    said: list[Block] = [
        Text(words("welcome.request", app=request.app_label)) for request in waiting.requests
    ]
    if waiting.apps:
        said.append(Text(words("welcome.apps", count=waiting.apps)))
    if not said and not operator:
        said.append(Text(words("welcome.nothing")))
    return said
