"""The conversation: who says what, what is done, what is answered. Platform-neutral.

Deny by default: whoever is not an operator gets help, and nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bot.chat.commands import (
    Away,
    Check,
    Command,
    Help,
    Later,
    ListApps,
    NeedsApp,
    PlanAhead,
    RemindNow,
    ReportNow,
    Sample,
    ScanAll,
    Send,
    Unclear,
    Who,
    Why,
    parse,
)
from bot.chat.find_app import find_app
from bot.chat.moments import read_day, read_moment
from bot.chat.replies import Replies
from bot.chat.words import Words
from bot.domain.inventory import AppRecord
from bot.domain.people import ChatIdentity
from bot.errors import NothingToDo, O365BotError
from bot.message import Message
from bot.ports import Clock, Ledger
from bot.services.ask import Ask
from bot.services.boards import Boards
from bot.services.postpone import Postpone
from bot.services.rehearse import Rehearse
from bot.services.remind import Remind
from bot.services.scan import Scan

Show = Callable[[Message], Awaitable[None]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CampaignParts:
    """What is said about the campaign."""

    rehearse: Rehearse
    boards: Boards
    postpone: Postpone
    sample: Callable[[ChatIdentity], Awaitable[Message | None]]


class Conversation:
    """Answers what is said. `operators` holds chat identities such as `slack:U0123`."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        scan: Scan,
        ask: Ask,
        remind: Remind,
        clock: Clock,
        operators: frozenset[str],
        language: str,
        link_hours: int,
        campaign: CampaignParts,
    ) -> None:
        self._ledger = ledger
        self._scan = scan
        self._ask = ask
        self._remind = remind
        self._clock = clock
        self._operators = operators
        self._language = language
        self._link_hours = link_hours
        self._campaign = campaign

    async def answer(
        self, words: str, asker: ChatIdentity, progress: Show | None = None
    ) -> Message:
        """The answer to `words`. Always a message: an error is answered in words, too.

        `progress` shows interim messages of long work.
        """
        replies = Replies(Words(asker.language or self._language))
        command = parse(words)
        operator = str(asker) in self._operators
        log.info("asked", command=type(command).__name__, asker=str(asker), operator=operator)
        if isinstance(command, Help):
            return replies.help(operator)
        if not operator and not isinstance(command, Later | Away):
            return replies.not_allowed(asker)
        try:
            return await self._do(command, asker, replies, progress)
        except O365BotError as error:
            log.info("answered with an error", code=error.code)
            return replies.error(error)
        except Exception:
            # The border of the conversation: whatever broke, the person gets an answer and a
            # reference, and the log gets the whole story.
            reference = uuid.uuid4().hex[:8]
            log.exception("a command broke", reference=reference, command=type(command).__name__)
            return replies.broken(reference)

    async def _do(
        self, command: Command, asker: ChatIdentity, replies: Replies, progress: Show | None
    ) -> Message:
        match command:
            case ListApps(page, everything):
                return await self._list(replies, progress, page, everything)
            case Why(app):
                return replies.why(await self._find(app), self._clock.now())
            case Who(app):
                record = await self._find(app)
                return replies.who(record, await self._ask.candidates(record))
            case Send(app):
                record = await self._find(app)
                asked = await self._ask.send(record.app.ref, asker)
                return replies.asked(asked, self._link_hours)
            case Check(app):
                record = await self._find(app)
                again = await self._scan.app(record.app.ref)
                return replies.why(again or record, self._clock.now())
            case ScanAll():
                await self._look(self._scan.org_names, replies, progress)
                return await self._list(replies, progress, 1, everything=False)
            case RemindNow():
                return replies.reminded(len(await self._remind.now(str(asker))))
            case PlanAhead(days):
                return replies.plan(await self._campaign.rehearse.plan(days), days)
            case ReportNow():
                return replies.reported(len(await self._campaign.boards.report(str(asker))))
            case Sample():
                return replies.sample(await self._campaign.sample(asker))
            case Later(said):
                return await self._later(said, asker, replies)
            case Away(said):
                until = read_day(said)
                if until is None:
                    return replies.no_moment("away")
                return replies.away(until, await self._campaign.postpone.away(asker, until))
            case Unclear(said, closest):
                return replies.unclear(said, closest)
            case NeedsApp(verb):
                return replies.needs_app(verb)
            case Help():
                return replies.help(operator=True)

    async def _later(self, said: str, asker: ChatIdentity, replies: Replies) -> Message:
        postpone = self._campaign.postpone
        calendar = await postpone.calendar(asker)
        found = read_moment(said, self._clock.now(), calendar)
        if found is None:
            return replies.no_moment("later")
        wanted, reason = found
        try:
            snooze = await postpone.later(asker, wanted, reason)
        except NothingToDo:
            return replies.nothing_to_put_off()
        return replies.put_off(snooze.until, wanted, calendar.zone)

    async def _find(self, name: str) -> AppRecord:
        return find_app(name, await self._ledger.apps())

    async def _list(
        self, replies: Replies, progress: Show | None, page: int, everything: bool
    ) -> Message:
        scans = await self._ledger.scans()
        unseen = tuple(org for org in self._scan.org_names if org not in scans)
        if unseen:
            await self._look(unseen, replies, progress)
            scans = await self._ledger.scans()
        requests = {request.id: request for request in await self._ledger.open_requests()}
        return replies.apps(
            await self._ledger.apps(),
            scans,
            requests,
            self._clock.now(),
            page=page,
            everything=everything,
        )

    async def _look(self, orgs: tuple[str, ...], replies: Replies, progress: Show | None) -> None:
        for org in orgs:

            async def show(done: int, total: int, org: str = org) -> None:
                if progress is not None:
                    await progress(replies.scanning(org, done, total))

            await self._scan.org(org, show)
