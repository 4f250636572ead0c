"""Bring two people together where one lacks half of what it takes.

Pressing the button takes an Okta App Administrator and a Global Administrator; where the person
asked is only the latter, somebody who is the former is found and both are put into contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import define

from bot.domain.campaign.cadence import is_missed
from bot.domain.campaign.intents import Policy
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.notices import Introduction
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity, OktaAdmin, Platform
from bot.domain.people.choice import partners
from bot.domain.people.policy import PeoplePolicy
from bot.domain.people.recipients import Recipient
from bot.errors import NobodyReachable, StepNotAllowed
from bot.ports.chat import Messenger
from bot.ports.clouds import OktaOrg
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.consent.actors import Actor, Actors
from bot.services.people.chat_accounts import elsewhere
from bot.services.unit_of_work import write

# More than this many people are not looked up in chat for one introduction.
MOST_LOOKED_UP = 10


@define(kw_only=True, eq=False)
class Introduce:
    """`offer` tells whether there is somebody; calling it brings them together."""

    _actors: Actors
    _ledger: Ledger
    _orgs: Mapping[str, OktaOrg]
    _messengers: Mapping[Platform, Messenger]
    _engine: Engine
    _clock: Clock
    _policy: Policy
    _people: PeoplePolicy

    async def offer(self, actor: Actor) -> tuple[str, ...]:
        """Names of the Okta admins for the app; empty when none is known or needed."""
        request = (await self._actors.of(actor)).request
        if request.okta_admin:
            return ()
        known = await self._ledger.okta_admins(request.app.org) or ()
        beside = await may_sit_beside(self._ledger, self._people, known, request)
        return tuple(a.display_name or a.email for a in beside)

    async def __call__(self, actor: Actor) -> ChatIdentity:
        """Plan the introduction and return the Okta admin. Twice is once, and so is for many apps.

        Whoever presses is at it; the other one is not disturbed out of hours, nor in a week that
        had its messages (`bot.domain.delivery.notices.Introduction`). Raises NobodyReachable,
        CloudError, ChatError, StepNotAllowed where the request is over, and what `Actors.acting`
        raises.
        """
        acting = await self._actors.acting(actor)
        request = acting.request
        if not request.stage.is_open:
            raise StepNotAllowed(f"A request that is {request.stage.value} needs nobody else.")

        async def decide() -> tuple[Changes, ChatIdentity]:
            now = self._clock.now()
            before, known = await self._partner(request, now)
            partner = known.chat
            planned: tuple[Delivery, ...] = ()
            if not await self._is_told(request, partner):
                introduction = Introduction(request.chat, partner, request.id)
                planned = (Delivery(introduction, now, "introduce"),)
            detail = {"request": request.id, "proof": acting.kind.value, "partner": str(partner)}
            entry = AuditEntry(now, acting.by, Action.INTRODUCE, str(request.app), detail)
            learnt = (known,) if known != before else ()
            return Changes(planned=planned, recipients=learnt, audit=(entry,)), partner

        return await write(self._ledger, decide, self._engine)

    async def _is_told(self, request: ConsentRequest, partner: ChatIdentity) -> bool:
        """Whether one is on its way, or came since they were first asked for this app.

        Whichever of their apps it was asked for at: it names this one, too.
        """
        past = await self._ledger.requests_for(request.app)
        before = [one for one in past if one.person == request.person]
        since = min(one.requested_at for one in (*before, request))
        about = (*before, *await self._ledger.requests_of(request.chat))
        keys = {Introduction(one.chat, partner, one.id).key for one in about}
        return any(
            one.phase is not Phase.FAILED and (one.sent_at is None or one.sent_at >= since)
            for one in (await self._ledger.deliveries(sorted(keys))).values()
        )

    async def _partner(self, request: ConsentRequest, now: datetime) -> tuple[Recipient, Recipient]:
        """The first Okta admin for the app who is to be found where the person was asked.

        Whoever is away comes after all who are there. As they are stored, and with what they said
        on their other accounts.
        """
        admins = await self._ledger.okta_admins(request.app.org)
        org = self._orgs.get(request.app.org)
        if admins is None and org is not None:
            admins = await org.app_admins()
            await self._ledger.save_okta_admins(request.app.org, admins)
        messenger = self._messengers.get(request.chat.platform)
        away: tuple[Recipient, Recipient] | None = None
        beside = await may_sit_beside(self._ledger, self._people, admins or (), request)
        for admin in beside[:MOST_LOOKED_UP]:
            address = (exact(admin.email),)
            found = await messenger.find_person(address, "", "") if messenger is not None else ()
            others = [one for one in found if not request.is_bound_to(one)]
            if len(others) != 1:
                continue
            known = await self._known(others[0])
            if not self._is_away(known[1], now):
                return known
            away = away or known
        if away is not None:
            return away
        raise NobodyReachable(f"No Okta admin for {request.app_label} can be found in chat.")

    async def _known(self, chat: ChatIdentity) -> tuple[Recipient, Recipient]:
        """What is known of them on this account, and together with their others."""
        mine = await self._ledger.recipient(chat) or Recipient(chat)
        accounts = await elsewhere(self._messengers, chat)
        others = [await self._ledger.recipient(one) for one in accounts]
        return mine, mine.joined(one for one in others if one is not None)

    def _is_away(self, known: Recipient, now: datetime) -> bool:
        return is_missed(known, now, self._policy.calendars.of_person(known.chat))


async def may_sit_beside(
    ledger: Ledger, people: PeoplePolicy, admins: Iterable[OktaAdmin], request: ConsentRequest
) -> list[OktaAdmin]:
    """Who may help with it, best first; not those who said "not me" themselves."""
    past = await ledger.requests_for(request.app)
    without = (request, *(one for one in past if one.stage is Stage.DECLINED))
    gone = {name for one in without for name in one.names}
    policy = people.with_notes(await ledger.account_notes())
    beside = partners(admins, request.app.app_id, policy, gone=gone)
    return [one.admin for one in beside if one.eligible and one.admin.email]
