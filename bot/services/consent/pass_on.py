"""Passing a consent request on: somebody else is asked, since its person does not do it.

They said "not me", could not be written to, ignored it or are away. Who ignored an app is left
alone for `ask_again_after`, while the date is far and nobody else is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog
from attrs import define

from bot.domain.campaign.intents import Policy, Reason
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.requests import PASSED_ON, ConsentRequest, Stage, Step
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.news import Happening, News
from bot.domain.schedule import AT_LEAST, HOLD, ScheduleEntry, instead
from bot.errors import (
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
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.consent.ask import Ask, Asked
from bot.services.delivery.tell import with_news
from bot.services.people.candidates import Candidates
from bot.services.people.reach import Reach
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


@define(kw_only=True, eq=False)
class PassOn:
    """`instead` of whoever ended a request, `escalate` where nothing came of it."""

    _ledger: Ledger
    _clock: Clock
    _ask: Ask
    _candidates: Candidates
    _reminding: Policy

    async def instead(self, request: ConsentRequest) -> datetime | None:
        """Ask somebody else, since this request ended without its person.

        The operator hears how a "not me" went on; of what could not be delivered they hear anyway.
        Whoever ended the request does this at once; the schedule has it for when they die on the
        way. Done again it changes nothing more. Returns when to do it again (UTC; None: it is
        done): nobody could be looked for now, such as while a cloud is away, or only those are left
        who ignored the app, and they are left alone for now. Raises StoreError.
        """
        if request.stage not in PASSED_ON or request.changed_at is None:
            return None
        try:
            happened, again = await self._ask_instead(request, request.changed_at)
        except MAY_PASS as error:
            log.warning("could not look for somebody else", request=request.id, error=error.code)
            return self._clock.now() + HOLD
        entry = ScheduleEntry(instead(request.id), again, held_until=request.changed_at + HOLD)

        async def decide() -> tuple[Changes, datetime | None]:
            now, changes = self._clock.now(), Changes(schedule=(entry,))
            if happened is None or request.stage is not Stage.DECLINED:
                return changes, again
            detail = {"request": request.id}
            line = AuditEntry(now, "o365bot", happened, str(request.app), detail)
            changes = replace(changes, audit=(line,))
            if happened is not Happening.REASSIGNED or request.asker is None:
                return changes, again  # where nobody is left, their digest says so by itself
            told = [News(happened, request.id)]
            return await with_news(self._ledger, changes, [request.asker], told, now), again

        return await write(self._ledger, decide)

    async def _ask_instead(
        self, request: ConsentRequest, since: datetime
    ) -> tuple[Happening | None, datetime | None]:
        """What came of it, None: nothing is to be asked (any more); and when to try again.

        `since` is when it ended. Raises MAY_PASS.
        """
        record = await self._ledger.app(request.app)
        if record is None:
            return None, None
        past = await self._ledger.requests_for(request.app)
        # A look at the app may have forgotten the request by now, since it has ended.
        faster = record.request_id not in ("", request.id)
        if faster or any(one.requested_at > request.requested_at for one in past):
            return Happening.REASSIGNED, None
        try:
            named: frozenset[str] = frozenset()
            if request.suggestion:
                right = (await self._candidates.of(record)).named(request.suggestion)
                named = frozenset({right.admin.object_id}) if right is not None else named
            silent = self._silent(past) - named
            try:
                await self._ask_other(request, past, silent)
            except NobodyReachable:
                still = self._silent(past, times=2) - named
                if still == silent:
                    raise
                again = self._asks_again_at(request, since)
                if again is not None:
                    return None, again
                await self._ask_other(request, past, still)
        except NothingToDo:
            return None, None
        except MAY_PASS:
            raise
        except (ConsentError, CloudError, ChatError) as reason:
            log.warning("nobody else asked", request=request.id, reason=str(reason))
            return Happening.NOBODY_LEFT, None
        return Happening.REASSIGNED, None

    def _silent(
        self, past: Iterable[ConsentRequest], *, times: int = 1, ends: str = ""
    ) -> frozenset[str]:
        """Object ids of those who ignored an app so often, of all its requests; `ends` does now.

        Whoever was passed over for an absence has ignored nothing.
        """
        often = Counter(
            one.admin_object_id
            for one in past
            if one.id == ends
            or (one.stage is Stage.EXPIRED and len(one.named) >= self._reminding.ignored_rounds)
        )
        return frozenset(who for who, count in often.items() if count >= times)

    def _asks_again_at(self, request: ConsentRequest, since: datetime) -> datetime | None:
        """When those who ignored it may be asked once more; None: now. By the day: dates move."""
        now, rules = self._clock.now(), self._reminding
        calendar = rules.calendars.of_person(request.chat)
        left = calendar.days_left(calendar.today(now), rules.deadline(request).on)
        at = since + rules.ask_again_after
        return min(at, now + AT_LEAST) if at > now and left > rules.ask_again_left else None

    async def _ask_other(
        self,
        request: ConsentRequest,
        past: Sequence[ConsentRequest],
        silent: frozenset[str],
    ) -> None:
        """Raises as `send`. `past` are all requests of the app."""
        app, by = request.app, request.asker or _nobody(request)
        if request.stage is Stage.DECLINED:
            why, prefer = "reassigned", request.suggestion
            await self._ask.send(app, by, why=why, prefer=prefer, silent=silent)
        else:
            lost = frozenset(r.chat for r in past if r.stage is Stage.UNDELIVERED)
            await self._ask.send(app, by, why="undelivered", without=lost, silent=silent)

    async def reach(self) -> Reach:
        """Where people are reached, for whoever escalates several at the same moment."""
        return await self._candidates.reach()

    async def escalate(self, request: ConsentRequest, reason: Reason, reach: Reach) -> Asked:
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
            without=frozenset(r.chat for r in past if r.stage is Stage.UNDELIVERED),
            former_ends=Step.EXPIRE,
            present=True,
            reach=reach,
        )
        try:
            return await send(silent=self._silent(past, ends=request.id))
        except NobodyReachable:
            if reason is not Reason.AGAIN:
                raise
            return await send(silent=self._silent(past, times=2, ends=request.id))


def _nobody(request: ConsentRequest) -> ChatIdentity:
    """In place of an operator who is not known any more."""
    return ChatIdentity(request.chat.platform, "o365bot", request.requested_by)
