"""The conversation: who says what, what is done, what is answered. Platform-neutral.

Denied by default: `bot.chat.answering.admission.permissions` says what each command takes, and
`bot.services.people.access` what an account has. Whoever has nothing gets help, and what they were
asked in person.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog
from attrs import define

from bot.chat.answering.admission import refusing
from bot.chat.answering.admission.permissions import READING, needed, offered
from bot.chat.answering.admission.rate_limit import must_wait
from bot.chat.answering.helping import help_
from bot.chat.answering.operator_commands import OperatorCommands
from bot.chat.answering.own_requests import OwnRequests
from bot.chat.consent.personal import PersonalReplies
from bot.chat.phrases import plain
from bot.chat.replies import Replies
from bot.chat.typed.commands import (
    Allow,
    Command,
    Deadlines,
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
    SomebodyElse,
    Thanks,
    Unclear,
    Unsure,
    Who,
    Why,
)
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import GROUPS, verb_about_app
from bot.chat.words import Words
from bot.domain.people.access import Admission, Level
from bot.domain.people.admins import ChatIdentity
from bot.domain.summaries import Wanted
from bot.errors import O365BotError, StoreError, TooManyTries
from bot.message import Message, Role
from bot.ports.chat import Presence
from bot.ports.spans import span
from bot.ports.store.limits import Limits
from bot.ports.system import Clock
from bot.services.people.access import Access

Show = Callable[[Message], Awaitable[None]]

CHANGING = Send | RemindNow | ReportNow | Own | Deny | Allow | Onboard | Forget
"""Of what operators say, what changes something. (What a person does about a request changes their
letter.)"""
FALLING_SHORT = Unclear | Unsure | NeedsApp | NeedsAccount | NeedsDomain | NeedsCode
"""What was said and is no command, or lacks a part."""

log = structlog.get_logger(__name__)


@define(kw_only=True, eq=False)
class Conversation:
    """Answers what is said, to whom it may be answered."""

    _operating: OperatorCommands
    _asked: OwnRequests
    _clock: Clock
    _access: Access
    _limits: Limits
    _language: str
    _presence: Presence | None = None

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
        wait = await must_wait(self._limits, asker)
        if wait:
            log.info(
                "too many requests from one account",
                command=type(command).__name__,
                asker=str(asker),
            )
            return replies.error(TooManyTries(retry_after=wait)) if wait > 0 else None
        with span("command") as told:
            told.note(command=type(command).__name__)
            try:
                admission = await self._access.of(asker)
                may = admission.level
                log.info("asked", command=type(command).__name__, asker=str(asker), may=may.name)
                if may is Level.OUTSIDE:
                    return _as(Role.REFUSAL, plain(texts("refused.outside")))
                await self._heard_of(asker)
                said = await self._said(
                    command, asker, replies, personal, progress, admission, private=private
                )
                said = offered(said, may)
                return said if said.role is Role.REFUSAL else _as(_role(command), said)
            except O365BotError as error:
                log.info("answered with an error", code=error.code, reason=str(error))
                return _as(Role.REFUSAL, replies.error(error, verb_about_app(command)))
            except Exception:
                # The border of the conversation: whatever broke, the person gets an answer and a
                # reference, and the log gets the whole story.
                reference = uuid.uuid4().hex[:8]
                log.exception(
                    "command failed unexpectedly",
                    reference=reference,
                    command=type(command).__name__,
                )
                return _as(Role.REFUSAL, replies.broken(reference))

    async def view(self, name: str, asker: ChatIdentity) -> Message | None:
        """What a message shows that many see, as this one may see it; None: as all others.

        Their client asks, whenever they look: nothing is done, and it counts as nothing said.
        """
        try:
            if (await self._access.of(asker)).level < Level.OPERATOR:
                return None
            return await self._operating.view(
                name, Replies(Words(asker.language or self._language))
            )
        except O365BotError as error:
            log.info("could not show somebody a view", code=error.code, reason=str(error))
            return None

    async def _said(
        self,
        command: Command,
        asker: ChatIdentity,
        replies: Replies,
        personal: PersonalReplies,
        progress: Show | None,
        admission: Admission,
        *,
        private: bool,
    ) -> Message:
        level = admission.level
        match command:
            case Help(about):
                said = help_(replies.words, asker.platform, level, about)
                theirs = level > Level.ANYBODY or about in GROUPS["mine"]
                if theirs or not await self._asked.waiting(asker):
                    return said
                waits = await self._asked.mine(Mine(), asker, replies, level)
                return replace(waits, blocks=(*waits.blocks, *said.blocks))
            case Home():
                return await self._home(asker, replies, personal, progress, level)
            case Thanks(parting):
                return plain(replies.words("courtesy.bye" if parting else "courtesy.welcome"))
            case Hello() | Mine():
                return await self._asked.mine(command, asker, replies, level)
            case SomebodyElse(name):
                if await self._asked.waiting(asker):
                    return await self._asked.mine(command, asker, replies, level)
                command = ListApps(wanted=Wanted(person=name))
            case Unclear(text, closest, part) if part is not None and not closest:
                if level < Level.VIEWER or not await self._operating.speaks_of_apps(text):
                    return await self._said(
                        part, asker, replies, personal, progress, admission, private=private
                    )
        if isinstance(command, Personal):
            return await self._asked.do(
                command,
                asker,
                replies,
                personal,
                operator=level is Level.OPERATOR,
                private=private,
            )
        if level >= needed(command):
            return await self._operating.do(
                command, asker, replies, personal, progress, private=private
            )
        if isinstance(command, READING | FALLING_SHORT) and (
            requests := await self._asked.waiting(asker)
        ):
            about_app = Why(command.said) if isinstance(command, Unclear) else command
            if isinstance(about_app, Why | Who) and await self._operating.is_about(
                about_app, {one.app for one in requests}
            ):
                return await self._operating.do(
                    about_app, asker, replies, personal, progress, private=private
                )
            unclear = isinstance(command, FALLING_SHORT) and not isinstance(command, NeedsApp)
            about = "unclear" if unclear else ""
            about = "due" if isinstance(command, Deadlines) else about
            mine = await self._asked.mine(Mine(about), asker, replies, level)
            return _as(Role.REFUSAL, mine)
        if level is Level.VIEWER and isinstance(command, Unclear):
            return await self._operating.do(
                command, asker, replies, personal, progress, private=private
            )
        refused = await self._refused(asker, replies.words, admission)
        if await self._asked.waiting(asker):
            waits = await self._asked.mine(Mine(), asker, replies, level)
            refused = replace(refused, blocks=(*refused.blocks, *waits.blocks))
        return _as(Role.REFUSAL, refused)

    async def _refused(self, asker: ChatIdentity, words: Words, admission: Admission) -> Message:
        """Why not, and who can; while nobody can tell whether they may, that."""
        if admission.untold:
            return plain(words("refused.untold"))
        contacts = await self._access.contacts(asker.platform)
        return refusing.not_allowed(words, asker, contacts, admission.level)

    async def _home(
        self,
        asker: ChatIdentity,
        replies: Replies,
        personal: PersonalReplies,
        progress: Show | None,
        level: Level,
    ) -> Message:
        """What waits for them first; then, for operators, what is stuck; then the list."""
        mine = await self._asked.mine(Hello(), asker, replies, level)
        if level < needed(ListApps()):
            return mine
        listed = await self._operating.do(
            ListApps(), asker, replies, personal, progress, private=True
        )
        waits = await self._asked.waiting(asker)
        stuck = await self._operating.stuck(replies) if level is Level.OPERATOR else []
        first = mine.blocks if waits else ()
        return replace(listed, blocks=(*first, *stuck, *listed.blocks))

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
