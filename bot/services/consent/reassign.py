"""Passing a consent request on: somebody else is asked, since its person does not do it.

They said "not me", could not be written to, ignored it, are away or can do it no more. Who ignored
an app is left alone for `ask_again_after`, while the date is far and nobody else is left. Where
nobody is, it is looked again once a day, and as soon as something is seen to have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from attrs import define

from bot.domain.campaign.asking_again import asked_again_at, silent
from bot.domain.campaign.intents import Policy, Reason
from bot.domain.campaign.reminders import ignored
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.requests import PASSED_ON, ConsentRequest, Stage, Step, step
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.news import News, NewsKind
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import AT_LEAST, HOLD, ScheduleEntry, again, instead
from bot.errors import (
    AppUnreadable,
    AppWaived,
    ChatError,
    ChatMisconfigured,
    ChatRefused,
    ChatThrottled,
    ChatUnreachable,
    CloudError,
    CloudThrottled,
    CloudUnreachable,
    ConsentError,
    NobodyReachable,
    NothingToDo,
)
from bot.ports.chat import Presence
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.consent.ask import Ask, Asked
from bot.services.delivery.notify import changed, with_news
from bot.services.people.candidates import Candidates
from bot.services.people.chat_accounts import ChatAccounts
from bot.services.unit_of_work import write

log = structlog.get_logger(__name__)

MAY_PASS = (
    CloudUnreachable,
    CloudThrottled,
    ChatUnreachable,
    ChatThrottled,
    ChatMisconfigured,
    ChatRefused,
)
"""After these nobody knows whether somebody is left: a cloud or platform is away, or held."""


FOR_NOW = (AppWaived, AppUnreadable)
"""After these an app may need somebody again."""
UNREACHED_FOR = timedelta(days=7)
"""A chat account that could not be written to is tried again after so long, or once heard of."""


@define(kw_only=True, eq=False)
class Reassign:
    """`instead` of whoever ended a request, `escalate` where nothing came of it.

    `again`, where nobody was left. `review`, where the person can do it no more.
    """

    _ledger: Ledger
    _clock: Clock
    _ask: Ask
    _candidates: Candidates
    _reminding: Policy
    _presence: Presence | None = None

    async def instead(self, request: ConsentRequest) -> datetime | None:
        """Ask somebody else, since this request ended without its person.

        The operator hears how a "not me" went on; of what could not be delivered they hear anyway.
        Whoever ended the request does this at once; the schedule has it for when they die on the
        way. Done again it changes nothing more. Returns when to do it again (UTC; None: it is
        done): while a cloud is away, nobody can be looked for. Raises StoreError.
        """
        if request.stage not in PASSED_ON or request.changed_at is None:
            return None
        try:
            happened, left = await self._ask_instead(request)
        except MAY_PASS as error:
            log.warning("could not look for somebody else", request=request.id, error=error.code)
            return self._clock.now() + HOLD
        over = ScheduleEntry(instead(request.id), None, held_until=request.changed_at + HOLD)

        async def decide() -> tuple[Changes, None]:
            now = self._clock.now()
            looks = (
                (over,) if left else (over, ScheduleEntry(again(request.app), self._next(request)))
            )
            changes = Changes(schedule=looks)
            if happened is None or request.stage is not Stage.DECLINED:
                return changes, None
            detail = {"request": request.id}
            line = AuditEntry(now, "o365bot", happened, str(request.app), detail)
            changes = replace(changes, audit=(line,))
            if happened is not NewsKind.REASSIGNED or request.asker is None:
                return changes, None  # where nobody is left, their digest says so by itself
            told = [News(happened, request.id)]
            return await with_news(self._ledger, changes, [request.asker], told, now), None

        await write(self._ledger, decide)
        return None

    async def _ask_instead(self, request: ConsentRequest) -> tuple[NewsKind | None, bool]:
        """What came of it, None: nothing new; and whether somebody is left. Raises MAY_PASS."""
        record = await self._ledger.app(request.app)
        if record is None:
            return None, True
        past = await self._ledger.requests_for(request.app)
        # A look at the app may have forgotten the request by now, since it has ended.
        faster = record.request_id not in ("", request.id)
        if faster or any(one.requested_at > request.requested_at for one in past):
            return NewsKind.REASSIGNED, True
        try:
            await self._ask_other(request, record, past)
        except NothingToDo:
            return None, True
        except _Patience:
            return None, False
        except MAY_PASS:
            raise
        except (ConsentError, CloudError, ChatError) as reason:
            log.warning("nobody else asked", request=request.id, reason=str(reason))
            return NewsKind.NOBODY_LEFT, False
        return NewsKind.REASSIGNED, True

    async def again(self, app: AppRef) -> datetime | None:
        """Look for somebody once more, where nobody was left: they may be back, reachable, or new.

        Returns when to look next (UTC; None: there is no need to any more). Raises StoreError.
        """
        record = await self._ledger.app(app)
        past = await self._ledger.requests_for(app)
        if record is None or not past or past[-1].still_since is None:
            return None
        last = past[-1]
        if record.request_id not in ("", last.id):
            return None
        try:
            if not last.stage.is_open:
                await self._ask_other(last, record, past)
            elif await self._may_pass(last):
                await self.escalate(last, Reason.IGNORED)
            else:
                return self._next(last)
        except MAY_PASS as error:
            log.warning("could not look for somebody else", request=last.id, error=error.code)
            return self._clock.now() + HOLD
        except (ConsentError, CloudError, ChatError) as error:
            is_over = isinstance(error, NothingToDo) and not isinstance(error, FOR_NOW)
            return None if is_over else self._next(last)
        return None

    async def _may_pass(self, request: ConsentRequest) -> bool:
        """Whether an open request that is stuck would be better off with somebody else."""
        known = await self._ledger.recipient(request.chat) or Recipient(request.chat)
        match request.stuck and request.stuck.why:
            case Reason.AWAY:
                calendar = self._reminding.calendars.of_person(known.chat)
                return known.is_away(calendar.today(self._clock.now()))
            case Reason.IGNORED | Reason.AGAIN:
                return ignored(request, known) >= self._reminding.ignored_rounds
            case _:
                return False  # nobody else could do more about it

    def _next(self, request: ConsentRequest) -> datetime:
        """When to look next for somebody (UTC): daily, and when who ignored it may be asked."""
        now, at = self._clock.now(), asked_again_at(request, self._reminding)
        return min(at, now + AT_LEAST) if at > now else now + AT_LEAST

    async def review(self, org: str) -> None:
        """After a look at an org: whoever can do it no more is asked no longer, the next one is.

        Their role is gone, their account is disabled, or the app leads to another tenant by now;
        of what they have not taken on, also where somebody said never to ask them. Raises
        StoreError.
        """
        asked = await self._ledger.open_requests(org)
        apps = {one.ref: one for one in await self._ledger.summaries_of(r.app for r in asked)}
        wanted = [r for r in asked if r.app in apps and apps[r.app].wants_consent]
        for request in await self._candidates.out(wanted, apps):
            try:
                await self._replace(request)
            except (*MAY_PASS, ConsentError, CloudError, ChatError) as error:
                log.warning("could not ask somebody else", request=request.id, error=error.code)

    async def _replace(self, request: ConsentRequest) -> None:
        """Ask the next candidate; where there is none, withdraw it. Raises as `send`."""
        past = await self._ledger.requests_for(request.app)
        record = await self._ledger.app(request.app)
        if record is None or record.request_id != request.id:
            return
        by, happened = request.asker or _nobody(request), NewsKind.PASSED_ON
        lost, once = await self._lost(past), silent(past, self._reminding)
        try:
            await self._ask.send(request.app, by, why="passed_on", without=lost, silent=once)
        except NobodyReachable:
            happened = NewsKind.WITHDRAWN

        async def decide() -> tuple[Changes, None]:
            now, changes = self._clock.now(), Changes()
            if happened is NewsKind.WITHDRAWN:
                record = await self._ledger.app(request.app)
                current = await self._ledger.request(request.id)
                if record is None or current is None or not current.stage.is_open:
                    return changes, None
                ended = step(current, Step.REVOKE, now)
                free = replace(record, request_id="", revision=record.revision + 1)
                changes = Changes(apps=(free,), requests=(ended,), planned=(changed(ended, now),))
            line = AuditEntry(now, "o365bot", happened, str(request.app), {"request": request.id})
            changes = replace(changes, audit=(line,))
            asker = (request.asker,) if request.asker is not None else ()
            told = [News(happened, request.id)]
            return await with_news(self._ledger, changes, asker, told, now), None

        await write(self._ledger, decide)

    async def _lost(self, past: Iterable[ConsentRequest]) -> frozenset[ChatIdentity]:
        """Accounts that could not be written to lately, and were not heard of since."""
        now = self._clock.now()
        failed = {
            one.chat: one.changed_at
            for one in past
            if one.stage is Stage.UNDELIVERED
            and one.changed_at is not None
            and now - one.changed_at < UNREACHED_FOR
        }
        seen = await self._presence.last_seen(tuple(failed)) if self._presence is not None else {}
        return frozenset(one for one, at in failed.items() if seen.get(str(one), at) <= at)

    async def _ask_other(
        self, request: ConsentRequest, record: AppRecord, past: Sequence[ConsentRequest]
    ) -> None:
        """In place of an ended request. Raises as `send`, and _Patience. `past`: all of the app."""
        wanted: frozenset[str] = frozenset()
        if request.suggestion:
            right = (await self._candidates.of(record)).named(request.suggestion)
            wanted = frozenset({right.admin.object_id}) if right is not None else wanted
        declined = request.stage is Stage.DECLINED
        send = partial(
            self._ask.send,
            request.app,
            request.asker or _nobody(request),
            why="reassigned" if declined else "undelivered",
            prefer=request.suggestion,
            without=await self._lost(past),
        )
        once = silent(past, self._reminding) - wanted
        try:
            await send(silent=once)
        except NobodyReachable as nobody:
            twice = silent(past, self._reminding, times=2) - wanted
            if twice == once:
                raise
            if self._clock.now() < asked_again_at(request, self._reminding):
                raise _Patience(request.app_label) from nobody
            await send(silent=twice)

    async def reach(self) -> ChatAccounts:
        """Where people are reached, for whoever escalates several at the same moment."""
        return await self._candidates.reach()

    async def escalate(
        self, request: ConsentRequest, reason: Reason, reach: ChatAccounts | None = None
    ) -> Asked:
        """Ask somebody else, since nothing came from whom this request was for.

        Nobody is asked twice in this way, but once more where `reason` is AGAIN and nobody else has
        come back or been found since. Raises as `send`; NothingToDo also when somebody else was
        asked meanwhile.
        """
        record = await self._ledger.app(request.app)
        if record is None or record.request_id != request.id:
            raise NothingToDo(f"{request.app_label} is in other hands.")
        past = await self._ledger.requests_for(request.app)
        send = partial(
            self._ask.send,
            request.app,
            request.asker or _nobody(request),
            why="ignored",
            without=await self._lost(past),
            former_ends=Step.EXPIRE,
            present=True,
            reach=reach,
        )
        try:
            return await send(silent=silent(past, self._reminding, ends=request.id))
        except NobodyReachable:
            if reason is not Reason.AGAIN:
                raise
            twice = silent(past, self._reminding, times=2, ends=request.id)
            return await send(silent=twice)


class _Patience(NobodyReachable):
    """Only those are left who ignored it, and they are left alone for now."""


def _nobody(request: ConsentRequest) -> ChatIdentity:
    """In place of an operator who is not known any more."""
    return ChatIdentity(request.chat.platform, "o365bot", request.requested_by)
