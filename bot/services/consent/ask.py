"""Ask the right person: find the Global Administrator for an app and note that they are asked.

When the message goes out is decided like everything that reaches a person
(`bot.domain.campaign.reminders`); an operator's "now" alone plans it here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.domain.campaign.intents import Policy, Reason
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import PASSED_ON, ConsentRequest, Stage, Step, step
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity, Colleague, Platform
from bot.domain.people.choice import Candidate, Choice, Point
from bot.domain.people.news import Happening, News
from bot.domain.people.policy import PeoplePolicy
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import AT_LEAST, HOLD, ScheduleEntry, instead
from bot.domain.summaries import AppSummary
from bot.errors import (
    AppUnknown,
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
from bot.ports.chat import Messenger, Presence
from bot.ports.clouds import Entra
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock, Secrets
from bot.services.delivery.tell import changed, with_news
from bot.services.people.candidates import Candidates
from bot.services.people.reach import Reach
from bot.services.unit_of_work import NO_CHANGE, write

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


SAME = timedelta(minutes=1)
"""So long the same question to the same person is the same one, such as a button pressed twice."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody is asked: the request, and the one it took the place of, if any.

    `before`: they were asked already, nothing changed.
    """

    request: ConsentRequest
    replaced: ConsentRequest | None = None
    before: bool = False


class Ask:
    """Who can do it (`candidates`), and asking the best of them (`send`)."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        entra: Entra | None,
        messengers: Mapping[Platform, Messenger],
        engine: Engine,
        clock: Clock,
        secrets: Secrets,
        policy: PeoplePolicy,
        reminding: Policy,
        presence: Presence | None = None,
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._clock = clock
        self._secrets = secrets
        self._candidates = Candidates(
            ledger=ledger,
            entra=entra,
            messengers=messengers,
            clock=clock,
            policy=policy,
            reminding=reminding,
            presence=presence,
        )
        self._reminding = reminding

    async def candidates(self, record: AppRecord) -> Choice:
        """Every Global Administrator of the app's tenant, weighed. Raises CloudError, ChatError."""
        return await self._candidates.of(record)

    async def reach(self) -> Reach:
        """Where people are reached, for who asks for several apps at the same moment."""
        return await self._candidates.reach()

    async def shared(
        self, apps: Iterable[AppSummary]
    ) -> tuple[list[tuple[AppSummary, Candidate]], list[CloudError | ChatError], Reach]:
        """To whom these apps would go if all were asked for now, and what kept it from being seen:
        one error for each app. Also where people were found, for `send`.
        """
        return await self._candidates.shared(apps)

    async def are_any(self, chat: ChatIdentity) -> bool:
        """Whether somebody might be asked for some app. Raises ChatError."""
        return await self._candidates.are_any(chat)

    async def elsewhere(self, chat: ChatIdentity) -> tuple[ChatIdentity, ...]:
        """The same person's accounts on other platforms."""
        return await self._candidates.elsewhere(chat)

    async def review(self, apps: Iterable[AppSummary], *, anew: bool = False) -> None:
        """Look again at whom these apps' consent could be asked of, where that look is old."""
        await self._candidates.review(apps, anew=anew)

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
            await self.send(app, by, why=why, prefer=prefer, silent=silent)
        else:
            lost = frozenset(r.chat for r in past if r.stage is Stage.UNDELIVERED)
            await self.send(app, by, why="undelivered", without=lost, silent=silent)

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
            self.send,
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

    async def send(
        self,
        ref: AppRef,
        by: ChatIdentity,
        *,
        why: str = "asked_by_operator",
        prefer: str = "",
        without: frozenset[ChatIdentity] = frozenset(),
        silent: frozenset[str] = frozenset(),
        former_ends: Step = Step.REVOKE,
        present: bool = False,
        anew: bool = True,
        reach: Reach | None = None,
    ) -> Asked:
        """Ask the best candidate for this app; a request that was open is replaced.

        Where the same person was asked within `SAME`, or waits for their first message, it is the
        same request; without `anew` also where they have that message. `prefer` names somebody who
        comes first if they may be asked (a name, an address, an object id). `without`: chat
        accounts that could not be written to. `silent`: object ids of admins who did not answer.
        `former_ends`: the step by which the replaced request ends. `present`: nobody who is away.
        `reach`: who was looked up with it, just before, is not looked up again.
        Raises AppUnknown, AppUnreadable, NothingToDo, NobodyReachable, CloudError, ChatError.
        """

        async def decide() -> tuple[Changes, Asked]:
            record = await self._ledger.app(ref)
            if record is None:
                raise AppUnknown(str(ref))
            now = self._clock.now()
            state = record.state(now)
            if record.waiver is not None and record.waiver.holds(now):
                raise AppWaived(record.app.label, record.waiver.until)
            if state is State.UNREADABLE:
                raise AppUnreadable(record.app.label)
            if not state.wants_consent:
                raise NothingToDo(f"{record.app.label} needs no consent now.")
            choice = await self._candidates.of(record, without, silent, reach)
            former = await self._ledger.request(record.request_id) if record.request_id else None
            if former is not None and _is_the_same(former, choice, now, anew=anew):
                return NO_CHANGE, Asked(former, before=True)
            chosen = choice.named(prefer) or choice.chosen
            if chosen is None or chosen.chat is None or (present and Point.AWAY in chosen.con):
                raise NobodyReachable(f"Nobody can be asked for {record.app.label}.")
            colleague = choice.partner.colleague if choice.partner else None
            known = await self._ledger.recipient(chosen.chat)
            joined = await self._joined(chosen, chosen.chat, known)
            said = joined.chat.completed(chosen.chat)
            request = self._request(record, chosen, said, by, now, colleague)
            revoked = step(former, former_ends, now) if former and former.stage.is_open else None
            replaced = (revoked,) if revoked else ()
            entry = AuditEntry(
                now,
                str(by),
                Action.ASK,
                str(ref),
                {
                    "request": request.id,
                    "admin": request.admin_object_id,
                    "to": str(request.chat),
                    "replaces": revoked.id if revoked else "",
                    "colleague": colleague.email if colleague else "",
                    "why": why,
                },
            )
            changes = Changes(
                apps=(replace(record, request_id=request.id, revision=record.revision + 1),),
                requests=(request, *replaced),
                planned=tuple(changed(one, now) for one in replaced),
                recipients=_news(known, joined, said),
                audit=(entry,),
            )
            return changes, Asked(request, revoked)

        return await write(self._ledger, decide, self._engine)

    async def _joined(
        self, chosen: Candidate, chat: ChatIdentity, known: Recipient | None
    ) -> Recipient:
        """What is known of them on this account, and on the others that they have."""
        others = [
            await self._ledger.recipient(one) for one in chosen.accounts if str(one) != str(chat)
        ]
        mine = known if known is not None else Recipient(chat)
        return mine.joined(one for one in others if one is not None)

    def _request(
        self,
        record: AppRecord,
        chosen: Candidate,
        chat: ChatIdentity,
        by: ChatIdentity,
        now: datetime,
        colleague: Colleague | None,
    ) -> ConsentRequest:
        tenant = record.tenant
        assert tenant is not None  # without a tenant there are no candidates
        return ConsentRequest(
            id=self._secrets.identifier(),
            app=record.app.ref,
            app_label=record.app.label,
            tenant_id=tenant.id,
            tenant_domain=tenant.domain,
            admin_object_id=chosen.admin.object_id,
            admin_name=chosen.admin.display_name,
            admin_upn=chosen.admin.upn,
            chat=chat,
            code=self._secrets.code(),
            requested_by=by.display_name or by.user_id,
            requested_at=now,
            colleague=colleague,
            asker=by,
            holding=chosen.admin.holding,
            okta_admin=_okta_admin(chosen),
            told=(),
        )


def _is_the_same(former: ConsentRequest, choice: Choice, now: datetime, *, anew: bool) -> bool:
    """Whether asking now is what `former` did: just now, it waits to be sent, or is not `anew`.

    What waits for somebody who is away by now goes to one who is there.
    """
    asked = choice.named(former.admin_object_id) if former.stage.is_open else None
    if asked is None:
        return False
    if now - former.requested_at < SAME:
        return True
    if former.stage is not Stage.REQUESTED:
        return not anew
    best = choice.chosen
    return Point.AWAY not in asked.con or best is None or Point.AWAY in best.con


def _news(known: Recipient | None, joined: Recipient, said: ChatIdentity) -> tuple[Recipient, ...]:
    """What to write: they may have moved, and were perhaps told of something elsewhere."""
    revision = (known.revision if known is not None else 0) + 1
    moved = known is not None and known.chat != said
    if not moved and joined == (known if known is not None else Recipient(joined.chat)):
        return ()
    return (replace(joined, chat=said, revision=revision),)


def _okta_admin(chosen: Candidate) -> bool | None:
    """Whether the person may change the app in Okta, too; None when Okta would not say."""
    return None if Point.OKTA_ADMIN_UNTOLD in chosen.con else chosen.is_okta_admin


def _nobody(request: ConsentRequest) -> ChatIdentity:
    """In place of an operator who is not known any more."""
    return ChatIdentity(request.chat.platform, "o365bot", request.requested_by)
