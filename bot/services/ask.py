"""Ask the right person: find the Global Administrator for an app and send the personal link."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.apps import AppRef
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent import ConsentRequest, Stage, Step, step
from bot.domain.deliveries import Delivery
from bot.domain.inventory import AppRecord
from bot.domain.notices import PersonalLink
from bot.domain.people import (
    Candidate,
    ChatIdentity,
    Choice,
    GlobalAdmin,
    PeoplePolicy,
    Platform,
    choose_admin,
)
from bot.errors import AppUnknown, Conflict, NobodyReachable, NothingToDo
from bot.ports import Clock, Engine, Entra, Ledger, Messenger, Secrets


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody was asked: the new request, and the one it took the place of, if any."""

    request: ConsentRequest
    replaced: ConsentRequest | None = None


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
    ) -> None:
        self._ledger = ledger
        self._entra = entra
        self._messengers = messengers
        self._engine = engine
        self._clock = clock
        self._secrets = secrets
        self._policy = policy

    async def candidates(
        self,
        record: AppRecord,
        without: frozenset[ChatIdentity] = frozenset(),
        silent: frozenset[str] = frozenset(),
    ) -> Choice:
        """Every Global Administrator of the app's tenant, weighed. Raises CloudError, ChatError.

        `without`: chat accounts that could not be written to. `silent`: object ids that are left
        out, with all of their accounts.
        """
        if record.tenant is None:
            return Choice()
        admins = await self._ledger.global_admins(record.tenant.id)
        if admins is None:
            if self._entra is None:
                return Choice()
            admins = await self._entra.global_admins(record.tenant)
            await self._ledger.save_global_admins(record.tenant.id, admins)
        admins = tuple(admin for admin in admins if admin.object_id not in silent)
        found = await asyncio.gather(*(self._reach(admin) for admin in admins))
        past = await self._ledger.requests_for(record.app.ref)
        lost = {str(account) for account in without}
        return choose_admin(
            admins,
            app_id=record.app.ref.app_id,
            reach={
                admin.object_id: tuple(one for one in where if str(one) not in lost)
                for admin, where in zip(admins, found, strict=True)
            },
            okta_admins=await self._ledger.okta_admins(record.app.ref.org),
            policy=self._policy,
            declined=frozenset(r.admin_object_id for r in past if r.stage is Stage.DECLINED),
        )

    async def _reach(self, admin: GlobalAdmin) -> tuple[ChatIdentity, ...]:
        """Every chat account of the person. A disabled account's owner is not looked up."""
        if not admin.enabled:
            return ()
        addresses = self._policy.addresses(admin)
        found = await asyncio.gather(
            *(
                messenger.find_person(addresses, admin.object_id, admin.tenant_id)
                for messenger in self._messengers.values()
            )
        )
        return tuple(identity for where in found for identity in where)

    async def another(self, request: ConsentRequest) -> Asked:
        """Ask somebody else, since nobody could write to whom this request was for.

        Raises as `send`; NothingToDo also when somebody else was asked meanwhile.
        """
        record = await self._ledger.app(request.app)
        if record is None or record.request_id != request.id:
            raise NothingToDo(f"{request.app_label} is in other hands.")
        past = await self._ledger.requests_for(request.app)
        without = frozenset(r.chat for r in past if r.stage is Stage.UNDELIVERED)
        by = ChatIdentity(request.chat.platform, "o365bot", request.requested_by)
        return await self.send(request.app, by, without)

    async def sideways(self, request: ConsentRequest) -> Asked:
        """Ask somebody else, since nothing came from whom this request was for.

        Nobody is asked twice in this way. Raises as `another`.
        """
        record = await self._ledger.app(request.app)
        if record is None or record.request_id != request.id:
            raise NothingToDo(f"{request.app_label} is in other hands.")
        past = await self._ledger.requests_for(request.app)
        silent = {r.admin_object_id for r in past if r.stage is Stage.EXPIRED}
        lost = frozenset(r.chat for r in past if r.stage is Stage.UNDELIVERED)
        by = ChatIdentity(request.chat.platform, "o365bot", request.requested_by)
        return await self.send(
            request.app,
            by,
            lost,
            silent=frozenset({*silent, request.admin_object_id}),
            former_ends=Step.EXPIRE,
        )

    async def send(
        self,
        ref: AppRef,
        by: ChatIdentity,
        without: frozenset[ChatIdentity] = frozenset(),
        *,
        silent: frozenset[str] = frozenset(),
        former_ends: Step = Step.REVOKE,
    ) -> Asked:
        """Ask the best candidate for this app; a request that was open is replaced.

        `without`: chat accounts that could not be written to. `silent`: object ids of admins who
        did not answer. `former_ends`: the step by which the replaced request ends. Raises
        AppUnknown, NothingToDo, NobodyReachable, CloudError, ChatError.
        """
        while True:
            record = await self._ledger.app(ref)
            if record is None:
                raise AppUnknown(str(ref))
            if not record.state.wants_consent:
                raise NothingToDo(f"{record.app.label} needs no consent now.")
            chosen = (await self.candidates(record, without, silent)).chosen
            if chosen is None or chosen.chat is None:
                raise NobodyReachable(f"Nobody can be asked for {record.app.label}.")
            now = self._clock.now()
            request = self._request(record, chosen, chosen.chat, by, now)
            former = await self._ledger.request(record.request_id) if record.request_id else None
            revoked = step(former, former_ends, now) if former and former.stage.is_open else None
            delivery = Delivery(PersonalLink(chosen.chat, request.id), now, "asked_by_operator")
            entry = AuditEntry(
                now,
                str(by),
                "ask",
                str(ref),
                {
                    "request": request.id,
                    "admin": request.admin_object_id,
                    "to": str(request.chat),
                    "replaces": revoked.id if revoked else "",
                },
            )
            try:
                await self._ledger.commit(
                    Changes(
                        apps=(
                            replace(record, request_id=request.id, revision=record.revision + 1),
                        ),
                        requests=(request, *((revoked,) if revoked else ())),
                        planned=(delivery,),
                        audit=(entry,),
                    )
                )
            except Conflict:
                continue
            await self._engine.deliver(delivery.key, now)
            return Asked(request, revoked)

    def _request(
        self,
        record: AppRecord,
        chosen: Candidate,
        chat: ChatIdentity,
        by: ChatIdentity,
        now: datetime,
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
        )
