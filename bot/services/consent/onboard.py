"""Let the bot read one more tenant: a personal link to Microsoft's admin consent, then the proof.

What Microsoft's redirect says is a hint. `error` is read before `admin_consent` (an error may carry
both), the tenant it names is not read at all, and nothing counts before Microsoft Graph answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from attrs import define

from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.onboarding import Granting, Onboarding, grant
from bot.domain.consent.sign_in import Attempt
from bot.domain.inventory.apps import Tenant
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.news import News, NewsKind
from bot.errors import (
    CloudRefused,
    LinkExpired,
    LinkRevoked,
    LinkSpent,
    LinkUnknown,
    SignInDeclined,
    SignInError,
    TooManyTries,
)
from bot.ports.clouds import Entra
from bot.ports.engine import Engine
from bot.ports.sign_in import SignIn, SignIns
from bot.ports.store.ledger import Ledger
from bot.ports.store.limits import Limits
from bot.ports.system import Clock, Secrets
from bot.services.consent.prove import BEGUN_PER_LINK
from bot.services.consent.signing_in import refuse, take_attempt
from bot.services.delivery.notify import with_news
from bot.services.unit_of_work import NO_CHANGE, write

CHECKS_PER_LINK = (10, timedelta(minutes=10))
"""Each reads the tenant's administrators, with limits that all of the bot's reads share."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link for a Global Administrator of the tenant: `{public_url}/o/{token}`.

    `link` is "" when Graph answers already: then nothing is to be done.
    """

    tenant_domain: str
    link: str = field(default="", repr=False)


@define(kw_only=True, eq=False)
class Onboard:
    """Tenants that have not granted the bot its permissions yet."""

    _ledger: Ledger
    _entra: Entra
    _sign_in: SignIn
    _sign_ins: SignIns
    _limits: Limits
    _engine: Engine
    _clock: Clock
    _secrets: Secrets
    _public_url: str
    _link_lifetime: timedelta

    async def invite(self, domain: str, by: ChatIdentity) -> Invitation:
        """A fresh link for the tenant of `domain`; the former one is void. Raises CloudError."""
        tenant = await self._entra.find_tenant(domain)
        if await self._may_read(tenant):
            return Invitation(tenant.domain)
        token = self._secrets.token()

        async def decide() -> tuple[Changes, None]:
            now = self._clock.now()
            former = await self._ledger.onboarding_of(tenant.id)
            fresh = Onboarding(
                id=self._secrets.identifier(),
                tenant_id=tenant.id,
                domain=tenant.domain,
                asker=by,
                asked_at=now,
                link=link_digest(token),
                expires_at=now + self._link_lifetime,
            )
            replaced = (
                (grant(former, Granting.REPLACED, now),) if former and former.is_usable(now) else ()
            )
            return _changes(str(by), now, *replaced, fresh), None

        await write(self._ledger, decide)
        return Invitation(tenant.domain, f"{self._public_url}/o/{token}")

    async def view(self, token: str) -> Onboarding:
        """What the link is for, or that it was used (CONFIRMED). Changes nothing.

        Raises LinkUnknown, LinkExpired, LinkRevoked.
        """
        return await self._usable(link_digest(token))

    async def begin(self, token: str, *, browser: str = "", caller: str = "") -> tuple[str, str]:
        """Where to send the browser, and what it must bring back in its cookie.

        `caller` is the network that it is pressed from. Raises as `view`, LinkSpent once it
        can be read, TooManyTries and CloudError.
        """
        digest = link_digest(token)
        asked = await self._usable(digest)
        if asked.stage is Granting.CONFIRMED:
            raise LinkSpent("This link has already been used.")
        if wait := await self._limits.hit(f"begin:link:{digest}:{caller}", *BEGUN_PER_LINK):
            raise TooManyTries(retry_after=wait)
        tenant = await self._entra.find_tenant(asked.tenant_id)
        state, browser = self._secrets.token(), browser or self._secrets.token()
        address = self._sign_in.consent_address(tenant, state=state)
        attempt = Attempt(asked.id, asked.tenant_id, digest, link_digest(browser))
        await self._sign_ins.begin(state, attempt)
        return address, browser

    async def finish(
        self,
        *,
        state: str,
        browser: str,
        error: str = "",
        reason: str = "",
        admin_consent: str = "",
    ) -> Onboarding:
        """Microsoft's answer at `/auth/consented`. Its stage tells how it ended:

        CONFIRMED; or ANSWERED: Graph does not answer yet, `check` may be called in a minute.
        Raises SignInUnknown, SignInDeclined, SignInRefused, CloudError.
        """
        attempt = await take_attempt(self._sign_ins, state, browser, signs_in=False)
        try:
            refuse(error, reason)
            if exact(admin_consent) != "true":
                raise SignInDeclined("Microsoft does not say that consent was given.")
        except SignInError:
            await self._move(attempt.link, Granting.DECLINED)
            raise
        await self._move(attempt.link, Granting.ANSWERED)
        return await self._check(attempt.link)

    async def check(self, token: str, *, caller: str = "") -> Onboarding:
        """Ask Graph again. Raises as `view`, TooManyTries and CloudError."""
        digest = link_digest(token)
        await self._usable(digest)
        if wait := await self._limits.hit(f"check:link:{digest}:{caller}", *CHECKS_PER_LINK):
            raise TooManyTries(retry_after=wait)
        return await self._check(digest)

    async def _check(self, digest: str) -> Onboarding:
        asked = await self._usable(digest)
        if asked.stage is Granting.CONFIRMED:
            return asked
        tenant = await self._entra.find_tenant(asked.tenant_id)
        if not await self._may_read(tenant):
            return asked
        confirmed = await self._move(digest, Granting.CONFIRMED)
        for org, tenants in (await self._ledger.tenants()).items():
            if tenant.id in tenants:
                await self._engine.scan(org)
        return confirmed

    async def _may_read(self, tenant: Tenant) -> bool:
        """Whether Graph answers: the administrators are read, and kept, for it is them we need."""
        try:
            admins = await self._entra.global_admins(tenant)
        except CloudRefused:
            return False
        await self._ledger.save_global_admins(tenant.id, admins)
        return True

    async def _usable(self, digest: str) -> Onboarding:
        found = await self._ledger.onboarding_by_link(digest)
        if found is None:
            raise LinkUnknown("This link is not known.")
        if found.stage is Granting.REPLACED:
            raise LinkRevoked("A newer link took its place.")
        now = self._clock.now()
        if not found.is_usable(now) and not found.tells(now):
            raise LinkExpired("This link has expired.")
        return found

    async def _move(self, digest: str, stage: Granting) -> Onboarding:
        """One step; a stage that has been reached stays. The asker hears of the last one."""

        async def decide() -> tuple[Changes, Onboarding]:
            asked = await self._usable(digest)
            if asked.stage in (stage, Granting.CONFIRMED):
                return NO_CHANGE, asked
            now = self._clock.now()
            moved = grant(asked, stage, now)
            told = (asked.asker,) if stage is Granting.CONFIRMED else ()
            news = [News(NewsKind.ONBOARDED, asked.id)]
            changes = _changes("entra", now, moved)
            return await with_news(self._ledger, changes, told, news, now), moved

        return await write(self._ledger, decide)


def _changes(by: str, now: datetime, *moved: Onboarding) -> Changes:
    audit = tuple(
        AuditEntry(now, by, _ACTIONS[one.stage], one.tenant_id, {"onboarding": one.id})
        for one in moved
    )
    return Changes(onboardings=moved, audit=audit)


_ACTIONS: Mapping[Granting, Action] = {
    stage: Action(f"onboarding_{stage.value}") for stage in Granting
}
