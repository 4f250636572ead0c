"""Ask the right person: find the Global Administrator for an app and note that they are asked.

When the message goes out is decided like everything that reaches a person
(`bot.domain.campaign.reminders`); an operator's "now" alone plans it here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from attrs import define

from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Stage, Step, step
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity, Colleague
from bot.domain.people.choice import Choice
from bot.domain.people.recipients import Recipient
from bot.domain.people.weighing import Candidate, Point
from bot.errors import (
    AppUnknown,
    AppUnreadable,
    AppWaived,
    NobodyReachable,
    NothingToDo,
)
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock, Secrets
from bot.services.delivery.notify import changed
from bot.services.people.candidates import Candidates
from bot.services.people.chat_accounts import ChatAccounts
from bot.services.unit_of_work import NO_CHANGE, write

log = structlog.get_logger(__name__)

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


@define(kw_only=True, eq=False)
class Ask:
    """Asks the best of the candidates."""

    _ledger: Ledger
    _candidates: Candidates
    _engine: Engine
    _clock: Clock
    _secrets: Secrets

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
        reach: ChatAccounts | None = None,
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
