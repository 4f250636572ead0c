"""Digests: tell each operator of the apps that are close to their date, as the windows say.

Every operator has a schedule entry, and all apps are read when that is due: at the moment of a
digest, and at the beginning of each of the operator's days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import structlog

from bot.domain.campaign.cadence import start_of
from bot.domain.campaign.digests import Digest, evaluate, owing
from bot.domain.campaign.intents import Policy, Worklist
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.delivery.deliveries import Delivery
from bot.domain.people.access import Level
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import ScheduleEntry, operator
from bot.domain.time.calendar import DAY
from bot.errors import ChatError
from bot.ports.chat import Messenger
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.services.campaign.deadlines import open_deadlines
from bot.services.campaign.stuck import stuck_apps
from bot.services.people.access import Access
from bot.services.people.linked_accounts import LinkedAccounts
from bot.services.people.worklists import worklist_of
from bot.services.unit_of_work import write_once

log = structlog.get_logger(__name__)

WHY = "digest"


class Digests:
    """`evaluate` tells one operator what is due for them now."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        messengers: Mapping[Platform, Messenger],
        engine: Engine,
        policy: Policy,
        operators: tuple[ChatIdentity, ...],
        linked_accounts: LinkedAccounts | None = None,
        access: Access | None = None,
    ) -> None:
        self._linked_accounts = linked_accounts
        self._access = access
        self._ledger = ledger
        self._messengers = messengers
        self._engine = engine
        self._policy = policy
        self._operators = {str(chat): chat for chat in operators}
        self._read: tuple[datetime, tuple[date, ...], datetime | None] | None = None

    def entries(self, now: datetime) -> tuple[ScheduleEntry, ...]:
        """Each operator's entry, due now: settings may have changed."""
        return tuple(ScheduleEntry(operator(chat), now) for chat in self._operators.values())

    async def evaluate(self, entry: ScheduleEntry, chat: ChatIdentity, now: datetime) -> None:
        """Plan a digest that is due, and put the operator's next look on the schedule."""
        operates = str(chat) in self._operators
        accounts = (
            await self._linked_accounts.accounts(chat)
            if self._linked_accounts is not None
            else (chat,)
        )
        worklist = await worklist_of(self._ledger, chat, now, accounts)
        if not operates and not worklist.recipient.news:
            await self._ledger.commit(Changes(schedule=(replace(entry, at=None),)))
            return
        own = await self._ledger.recipient(chat) or Recipient(worklist.recipient.chat)
        if not operates and await self._operates_no_more(chat):
            gone = replace(entry, at=None)
            await self._ledger.commit(Changes(recipients=(own.told_nothing(),), schedule=(gone,)))
            return
        said = await self._profile(own.chat)
        worklist = replace(worklist, recipient=replace(worklist.recipient, chat=said))
        dates, stuck_at = await self._close_and_stuck(now) if operates else ((), None)
        decision = evaluate(worklist, dates, now, self._policy, stuck_at)
        calendar = self._policy.calendars.of_person(worklist.recipient.chat)
        # What comes close meanwhile is seen with the next day.
        again = start_of(calendar.today(now) + DAY, calendar)
        if decision.again is not None:
            again = min(again, decision.again)
        main = "" if str(accounts[0]) == str(chat) else str(accounts[0])
        news = replace(own.known_as(said), main=main)
        better = accounts[:1] if decision.digest is not None and main else ()
        planned: tuple[Delivery, ...] = ()
        if decision.digest is not None and await self._is_news(decision.digest):
            planned = (Delivery(replace(decision.digest.notice, news_only=not operates), now, WHY),)
        changes = Changes(
            planned=planned,
            recipients=(news,) if (said, main) != (own.chat, own.main) else (),
            # What came to one account of theirs is told on the best.
            schedule=(
                replace(entry, at=again),
                *(ScheduleEntry(operator(one), now) for one in better),
            ),
            audit=tuple(
                AuditEntry(
                    now,
                    "o365bot",
                    Action.REMIND,
                    str(d.notice.to),
                    {"delivery": d.key, "why": d.why},
                )
                for d in planned
            ),
        )
        # Where they answered just now, their entry is looked at again when the hold ends.
        await write_once(self._ledger, changes, self._engine)

    async def owing(self, worklist: Worklist, now: datetime) -> Worklist:
        """Somebody who is reminded, and who as an operator may have to hear of what is stuck."""
        chat = worklist.recipient.chat
        accounts = (
            await self._linked_accounts.accounts(chat)
            if self._linked_accounts is not None
            else (chat,)
        )
        if not any(str(one) in self._operators for one in accounts):
            return worklist
        _, stuck_at = await self._close_and_stuck(now)
        return owing(worklist, stuck_at)

    async def _operates_no_more(self, chat: ChatIdentity) -> bool:
        """News name apps and people: whoever asked and lost the right since is not told."""
        if self._access is None:
            return False
        admission = await self._access.of(chat)
        return not admission.untold and admission.level is not Level.OPERATOR

    async def _is_news(self, digest: Digest) -> bool:
        """Whether it is not on its way yet, here or on a better account of the same person."""
        if await self._ledger.delivery(digest.key) is not None:
            return False
        return self._linked_accounts is None or not await self._linked_accounts.are_told(
            digest.notice
        )

    async def _close_and_stuck(self, now: datetime) -> tuple[tuple[date, ...], datetime | None]:
        """The dates of what is open, and when something got stuck last.

        Read once for all entries of a tick.
        """
        if self._read is None or self._read[0] != now:
            counts = await self._ledger.counts()
            near = await open_deadlines(self._ledger, self._policy.campaign, counts)
            stuck = await stuck_apps(self._ledger, now, self._policy)
            stuck_at = stuck[-1].at if stuck else None
            self._read = (now, tuple(deadline.on for deadline in near), stuck_at)
        return self._read[1:]

    async def _profile(self, known: ChatIdentity) -> ChatIdentity:
        """The operator with the time zone and language of their account: settings name ids only."""
        messenger = self._messengers.get(known.platform)
        if messenger is None:
            return known
        try:
            return known.completed(await messenger.profile(known))
        except ChatError as error:
            log.info("could not look up an operator", operator=str(known), error=error.code)
            return known
