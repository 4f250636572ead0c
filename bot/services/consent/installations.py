"""Somebody can be reached from now on, or no longer: whom it concerns is looked at again at once.

Otherwise lists and boards would say for up to an hour that nobody can be asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.consent.requests import ConsentRequest
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity, GlobalAdmin
from bot.domain.people.policy import PeoplePolicy
from bot.domain.summaries import AppSummary
from bot.ports.store.ledger import Ledger
from bot.services.people.candidates import Candidates


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for somebody: requests that are open with them, and apps they may be asked for."""

    requests: tuple[ConsentRequest, ...] = ()
    apps: int = 0


class Installations:
    """Called when the app was installed or removed. Done twice it changes nothing more."""

    def __init__(self, *, ledger: Ledger, candidates: Candidates, policy: PeoplePolicy) -> None:
        self._ledger = ledger
        self._candidates = candidates
        self._policy = policy

    async def __call__(self, person: ChatIdentity) -> Waiting:
        """Review the apps that this person may be asked for. Raises StoreError.

        They are known by their Entra object id, and by their address where the platform tells it.
        """
        mine, beside = await self._apps_of(person)
        await self._candidates.review((*mine, *beside), anew=True)
        prospects = await self._ledger.prospects_of(app.ref for app in mine)
        chosen = [app for app in mine if (one := prospects.get(app.ref)) and one.nobody is None]
        return Waiting(await self._ledger.requests_of(person), len(chosen))

    async def in_team(self) -> None:
        """The app is in a team from now on, which tells the addresses of those who are there.

        Review the apps for which nobody can be asked. Raises StoreError.
        """
        prospects = await self._ledger.prospects()
        known = ((app, prospects.get(app.ref)) for app in await self._ledger.summaries())
        lost = [app for app, one in known if app.wants_consent and one and one.nobody is not None]
        await self._candidates.review(lost, anew=True)

    async def _apps_of(
        self, person: ChatIdentity
    ) -> tuple[tuple[AppSummary, ...], tuple[AppSummary, ...]]:
        """The apps for which they may be asked, and those they may only be asked beside another."""
        policy = self._policy.with_notes(await self._ledger.account_notes())
        there = await self._ledger.tenants()
        tenants = {
            tenant
            for tenant in frozenset().union(*there.values())
            if any(
                _is(person, admin, policy)
                for admin in await self._ledger.global_admins(tenant) or ()
            )
        }
        orgs = {
            org
            for org in there
            if person.email
            and any(
                exact(one.email) == exact(person.email)
                for one in await self._ledger.okta_admins(org) or ()
            )
        }
        about = [org for org, some in there.items() if org in orgs or not some.isdisjoint(tenants)]
        found = [await self._ledger.summaries(org) for org in about]
        apps = [app for some in found for app in some if app.wants_consent]
        mine = tuple(app for app in apps if app.tenant_id in tenants)
        return mine, tuple(app for app in apps if app.ref.org in orgs and app not in mine)


def _is(person: ChatIdentity, admin: GlobalAdmin, policy: PeoplePolicy) -> bool:
    """Whether this person is behind that account."""
    address, owner = exact(person.email), policy.owner(admin)
    if owner is not None:
        return bool(address) and exact(owner) == address
    return exact(admin.object_id) == exact(person.user_id) or address in admin.addresses
