"""The conversation: who says what, what is done, what is answered. Platform-neutral.

Deny by default: whoever is not an operator gets help, and what was addressed to them in person.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from bot.chat import courtesies
from bot.chat.asked import Asked
from bot.chat.consent.personal import PersonalReplies
from bot.chat.operating import Operating
from bot.chat.patience import Patience
from bot.chat.replies import Replies
from bot.chat.typed.commands import (
    Allow,
    Command,
    Deny,
    Forget,
    Hello,
    Help,
    Home,
    ListApps,
    Mine,
    NeedsAccount,
    NeedsApp,
    NeedsCode,
    NeedsDomain,
    Onboard,
    Own,
    Personal,
    RemindNow,
    ReportNow,
    Send,
    Thanks,
    Unclear,
    Unsure,
    verb_about_app,
)
from bot.chat.typed.understanding import parse
from bot.chat.words import Words
from bot.domain.people.admins import ChatIdentity
from bot.errors import O365BotError, StoreError, TooManyTries
from bot.message import Message, Role
from bot.ports.chat import Presence
from bot.ports.limits import Limits
from bot.ports.system import Clock

Show = Callable[[Message], Awaitable[None]]

CHANGING = Send | RemindNow | ReportNow | Own | Deny | Allow | Onboard | Forget
"""Of what operators say, what changes something. (What a person does about a request changes their
letter.)"""
FALLING_SHORT = Unclear | Unsure | NeedsApp | NeedsAccount | NeedsDomain | NeedsCode
"""What was said and is no command, or lacks a part."""

log = structlog.get_logger(__name__)


class Conversation:
    """Answers what is said. `operators` holds chat identities such as `slack:U0123`."""

    def __init__(
        self,
        *,
        operating: Operating,
        asked: Asked,
        clock: Clock,
        operators: frozenset[str],
        limits: Limits,
        language: str,
        presence: Presence | None = None,
    ) -> None:
        self._operating = operating
        self._asked = asked
        self._clock = clock
        self._operators = operators
        self._patience = Patience(limits)
        self._language = language
        self._presence = presence

    async def answer(
        self,
        words: str,
        asker: ChatIdentity,
        progress: Show | None = None,
        *,
        private: bool = False,
    ) -> Message | None:
        """The answer to `words`; an error is answered in words, too.

        None for somebody who was told already that they say too much. `progress` shows interim
        messages of long work. `private`: nobody but the asker will see the answer.
        """
        texts = Words(asker.language or self._language)
        replies, personal = Replies(texts), PersonalReplies(texts)
        command = parse(words)
        operator = str(asker) in self._operators
        wait = await self._patience.ends(asker)
        log.info("asked", command=type(command).__name__, asker=str(asker), operator=operator)
        if wait:
            return replies.error(TooManyTries(retry_after=wait)) if wait > 0 else None
        await self._heard_of(asker)
        try:
            said = await self._said(
                command, asker, replies, personal, progress, operator=operator, private=private
            )
            return said if said.role is Role.REFUSAL else _as(_role(command), said)
        except O365BotError as error:
            log.info("answered with an error", code=error.code, reason=str(error))
            return _as(Role.REFUSAL, replies.error(error, verb_about_app(command)))
        except Exception:
            # The border of the conversation: whatever broke, the person gets an answer and a
            # reference, and the log gets the whole story.
            reference = uuid.uuid4().hex[:8]
            log.exception(
                "command failed unexpectedly", reference=reference, command=type(command).__name__
            )
            return _as(Role.REFUSAL, replies.broken(reference))

    async def _said(
        self,
        command: Command,
        asker: ChatIdentity,
        replies: Replies,
        personal: PersonalReplies,
        progress: Show | None,
        *,
        operator: bool,
        private: bool,
    ) -> Message:
        match command:
            case Help():
                return replies.help(asker.platform, operator=operator)
            case Home():
                return await self._home(asker, replies, personal, progress, operator=operator)
            case Thanks():
                return courtesies.welcome(replies.words)
            case Hello() | Mine():
                return await self._asked.mine(command, asker, replies, operator=operator)
        if isinstance(command, Personal):
            return await self._asked.do(
                command, asker, replies, personal, operator=operator, private=private
            )
        if operator:
            return await self._operating.do(
                command, asker, replies, personal, progress, private=private
            )
        waits = await self._asked.waiting(asker) if isinstance(command, Unclear) else ()
        if waits:
            return await self._asked.mine(Mine("unclear"), asker, replies, operator=False)
        return _as(Role.REFUSAL, replies.not_allowed(asker))

    async def _home(
        self,
        asker: ChatIdentity,
        replies: Replies,
        personal: PersonalReplies,
        progress: Show | None,
        *,
        operator: bool,
    ) -> Message:
        """What waits for them first; below it what operators come for."""
        mine = await self._asked.mine(Hello(), asker, replies, operator=operator)
        if not operator:
            return mine
        listed = await self._operating.do(
            ListApps(), asker, replies, personal, progress, private=True
        )
        waits = await self._asked.waiting(asker)
        return replace(listed, blocks=(*mine.blocks, *listed.blocks)) if waits else listed

    async def _heard_of(self, asker: ChatIdentity) -> None:
        """Where somebody speaks to the bot is where they are written to."""
        if self._presence is None:
            return
        try:
            await self._presence.seen(asker, self._clock.now())
        except StoreError as error:
            log.warning(
                "could not save where somebody last wrote", asker=str(asker), error=error.code
            )


def _role(command: Command) -> Role:
    if isinstance(command, FALLING_SHORT):
        return Role.REFUSAL
    return Role.OUTCOME if isinstance(command, CHANGING) else Role.ANSWER


def _as(role: Role, message: Message) -> Message:
    return replace(message, role=role)
