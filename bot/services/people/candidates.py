"""Who can be asked for an app, and what is kept of that answer.

A list of apps shows for each whom the bot would ask, or why it can ask nobody. Looking that up
costs calls, so the answer is kept (`Prospect`) and reviewed when it is an hour old; whoever asks
about one app has it looked up anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog
from attrs import define, field

from bot.domain.campaign.cadence import calendar_of, is_missed
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import sms_retires
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import FRESH, ConsentRequest, Stage
from bot.domain.inventory.apps import AppRef, Tenant
from bot.domain.inventory.gaps import admin_gap
from bot.domain.inventory.records import AppRecord
from bot.domain.normalization import exact, normalized
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, OktaAdmin, Platform
from bot.domain.people.choice import Choice, Nobody, choose_admin, given_out, pair, partners
from bot.domain.people.policy import PeoplePolicy
from bot.domain.people.prospects import Prospect, prospect
from bot.domain.people.recipients import Recipient
from bot.domain.people.still_admin import admin_of, is_out
from bot.domain.people.weighing import Candidate
from bot.domain.schedule import ScheduleEntry, again
from bot.domain.summaries import AppSummary
from bot.domain.time.calendar import Calendar
from bot.errors import ChatError, CloudError
from bot.ports.chat import Messenger, Presence
from bot.ports.clouds import Entra
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.people.chat_accounts import ChatAccounts, elsewhere

REVIEW_AFTER = timedelta(hours=1)
BATCH = 50
# Okta admins who are looked up in chat for one app: a large org has dozens of them.
PARTNERS_LOOKED_UP = 8
NOTHING_ELSE: Mapping[str, int] = MappingProxyType({})

log = structlog.get_logger(__name__)


@define(kw_only=True, eq=False)
class Candidates:
    """Weighs the candidates of one app (`of`), or reviews what is kept for many (`review`)."""

    _ledger: Ledger
    _entra: Entra | None
    _messengers: Mapping[Platform, Messenger]
    _clock: Clock
    _policy: PeoplePolicy
    _reminding: Policy
    _presence: Presence | None = None

    async def of(
        self,
        record: AppRecord,
        without: frozenset[ChatIdentity] = frozenset(),
        silent: frozenset[str] = frozenset(),
        reach: ChatAccounts | None = None,
    ) -> Choice:
        """Every Global Administrator of the app's tenant, weighed. Raises CloudError, ChatError.

        `without`: chat accounts that could not be written to. `silent`: object ids that are left
        out, with all of their accounts. `reach`: what `shared` looked up is not looked up again.
        """
        if record.tenant is not None and self._entra is not None:
            await self._read_if_unknown(self._entra, record.tenant)
        choice = await (await self._search(reach)).choice(record, without, silent)
        now = self._clock.now()
        if record.state(now).wants_consent and not (without or silent):
            kept = await self._ledger.prospects_of([record.app.ref])
            await self._keep([prospect(record.app.ref, choice, now)], kept)
        return choice

    async def are_any(self, chat: ChatIdentity) -> bool:
        """Whether somebody is an administrator who might be asked for some app. Raises ChatError.

        No cloud is read: by what the last looks at tenants and orgs found.
        """
        messenger = self._messengers.get(chat.platform)
        said = await messenger.profile(chat) if messenger is not None else chat
        mine = {normalized(name) for name in (chat.user_id, chat.email, said.email) if name}
        policy = self._policy.with_notes(await self._ledger.account_notes())
        tenants = await self._ledger.tenants()
        for tenant in frozenset().union(*tenants.values()):
            for admin in await self._ledger.global_admins(tenant) or ():
                owner = policy.owner(admin)
                if not mine.isdisjoint(admin.names if owner is None else {normalized(owner)}):
                    return True
        for org in tenants:
            known = await self._ledger.okta_admins(org) or ()
            if any(not mine.isdisjoint(admin.names) for admin in known):
                return True
        return False

    async def out(
        self, requests: Iterable[ConsentRequest], apps: Mapping[AppRef, AppSummary]
    ) -> tuple[ConsentRequest, ...]:
        """Those of them whose person can do it no more, or must not be asked. No cloud is read."""
        search = await self._search()
        return tuple([r for r in requests if await search.is_out(r, apps[r.app].tenant_id)])

    async def elsewhere(self, chat: ChatIdentity) -> tuple[ChatIdentity, ...]:
        """The same person's accounts on other platforms."""
        return await elsewhere(self._messengers, chat)

    async def review(self, apps: Iterable[AppSummary], *, anew: bool = False) -> None:
        """Look again at whom to ask, wherever that was not looked at within the hour (or `anew`).

        No cloud is read: the scan does that. A chat platform that does not answer ends the review;
        what is kept stays, and the next review goes on.
        """
        wanting = [app for app in apps if app.wants_consent]
        kept = await self._ledger.prospects_of(app.ref for app in wanting)
        now = self._clock.now()
        search = await self._search()
        fresh: list[Prospect] = []
        for app in wanting:
            ref = app.ref
            old = kept.get(ref)
            if old is not None and now - old.at < REVIEW_AFTER and not anew:
                continue
            try:
                choice = await search.choice(app)
            except ChatError as error:
                log.warning("could not review everybody", reason=error.message, code=error.code)
                break
            fresh.append(prospect(ref, choice, now))
            if len(fresh) == BATCH:
                await self._keep(fresh, kept, anew=anew)
                fresh = []
        await self._keep(fresh, kept, anew=anew)

    async def shared(
        self, apps: Iterable[AppSummary]
    ) -> tuple[list[tuple[AppSummary, Candidate]], list[CloudError | ChatError], ChatAccounts]:
        """To whom each of these apps would go if all were asked for now; without who has nobody.

        Also what kept anybody from being looked for, once for each app; and where people were
        found, for who asks for these apps next.
        """
        reach = await self.reach()
        search = await self._search(reach)
        found: list[tuple[AppSummary, Choice]] = []
        untold: list[CloudError | ChatError] = []
        for app in apps:
            try:
                if app.tenant is not None and self._entra is not None:
                    await self._read_if_unknown(self._entra, app.tenant)
                found.append((app, await search.choice(app)))
            except (CloudError, ChatError) as error:
                untold.append(error)
        # Whose app few others can do gets the rest as well: so the fewest people are asked.
        found.sort(key=lambda pair: len(pair[1].equals))
        could = Counter(str(one.chat) for _, choice in found for one in choice.equals)
        given: list[tuple[AppSummary, Candidate]] = []
        for app, choice in found:
            could.subtract(str(one.chat) for one in choice.equals)
            chosen = (await search.given_out(app, choice, could)).chosen
            if chosen is not None and chosen.chat is not None:
                search.give(chosen.chat)
                given.append((app, chosen))
        return given, untold, reach

    async def reach(self) -> ChatAccounts:
        """Where people are reached, for several looks at the same moment."""
        policy = self._policy.with_notes(await self._ledger.account_notes())
        return ChatAccounts(self._messengers, policy, self._presence)

    async def _search(self, reach: ChatAccounts | None = None) -> _Search:
        policy = self._policy.with_notes(await self._ledger.account_notes())
        reach = reach or await self.reach()
        now = self._clock.now()
        return _Search(self._ledger, self._entra is not None, reach, policy, self._reminding, now)

    async def _read_if_unknown(self, entra: Entra, tenant: Tenant) -> None:
        if await self._ledger.global_admins(tenant.id) is None:
            admins = await entra.global_admins(tenant)
            gaps = tuple(map(admin_gap, entra.admin_gaps(tenant)))
            await self._ledger.save_global_admins(tenant.id, admins, gaps)

    async def _keep(
        self, fresh: list[Prospect], kept: Mapping[AppRef, Prospect], *, anew: bool = False
    ) -> None:
        """Write what is new, with an audit line where nobody became reachable, or somebody did.

        Where nobody was left to ask and that may have changed, it is looked for somebody at once.
        """
        news = [one for one in fresh if _is_news(one, kept.get(one.app))]
        changed = [one for one in fresh if anew or not one.says_the_same_as(kept.get(one.app))]
        still = await self._ledger.still() if changed else ()
        looks = [ScheduleEntry(again(one.app), one.at) for one in changed if one.app in still]
        if not (news or looks):
            return
        audit = []
        for one in news:
            old = kept.get(one.app)
            before = old.nobody if old else None
            if one.nobody is not before:
                audit.append(_audited(one, before))
        await self._ledger.commit(
            Changes(prospects=tuple(news), schedule=tuple(looks), audit=tuple(audit))
        )


def _is_news(one: Prospect, old: Prospect | None) -> bool:
    return old is None or not one.says_the_same_as(old) or one.at - old.at >= REVIEW_AFTER


def _audited(one: Prospect, before: Nobody | None) -> AuditEntry:
    detail = {"from": before.value if before else "", "to": one.nobody.value if one.nobody else ""}
    action = Action.NOBODY_REACHABLE if one.nobody else Action.SOMEBODY_REACHABLE
    return AuditEntry(one.at, "o365bot", action, str(one.app), detail)


@define(eq=False)
class _Search:
    """One look at people: each tenant, org and person is asked for once."""

    _ledger: Ledger
    _reads_tenants: bool
    _reach: ChatAccounts
    _policy: PeoplePolicy
    _reminding: Policy
    _now: datetime
    _held: Counter[str] = field(init=False, factory=Counter)
    _away: set[str] = field(init=False, factory=set)
    _met: dict[str, Calendar] = field(init=False, factory=dict)
    _global: dict[str, tuple[GlobalAdmin, ...] | None] = field(init=False, factory=dict)
    _okta: dict[str, tuple[OktaAdmin, ...] | None] = field(init=False, factory=dict)

    async def choice(
        self,
        record: AppRecord | AppSummary,
        without: frozenset[ChatIdentity] = frozenset(),
        silent: frozenset[str] = frozenset(),
    ) -> Choice:
        """Raises ChatError."""
        if not self._reads_tenants:
            return Choice(cannot=Nobody.UNREADABLE)
        if record.tenant is None:
            return Choice(cannot=Nobody.NO_TENANT)
        admins = await self._global_admins(record.tenant.id)
        if admins is None:
            return Choice(cannot=Nobody.UNREADABLE)
        ref = record.app.ref
        past = await self._ledger.requests_for(ref)
        found = await self._reach.admins(tuple(a for a in admins if a.object_id not in silent))
        out = _accounts_of(found, (r for r in past if r.admin_object_id in silent))
        lost = {str(account) for account in without}
        reach = {
            object_id: await self._in_use(
                [one for one in where if str(one) not in lost and not await self._is_lost(one)]
            )
            for object_id, where in found.items()
            if object_id not in out
        }
        okta_admins = await self._okta_admins(ref.org)
        declined = [r for r in past if r.stage is Stage.DECLINED]
        choice = choose_admin(
            (admin for admin in admins if admin.object_id in reach),
            app_id=ref.app_id,
            reach=reach,
            okta_admins=okta_admins,
            policy=self._policy,
            declined=_accounts_of(found, declined),
            sms_retires=sms_retires(record.tenant.graph_host),
        )
        choice = await self.given_out(record, choice)
        if choice.chosen is not None and not choice.chosen.is_okta_admin:
            # Whoever said "not me" is not asked to help either.
            gone = {name for r in declined for name in r.names}
            nearest = partners(okta_admins or (), ref.app_id, self._policy, gone=gone)
            able = tuple(one.admin for one in nearest[:PARTNERS_LOOKED_UP])
            choice = pair(
                choice,
                able,
                app_id=ref.app_id,
                reach=await self._reach.okta_admins(able),
                policy=self._policy,
            )
        people = (
            *(c.admin.names for c in choice.candidates),
            *(p.admin.names for p in choice.partners),
        )
        return replace(
            choice,
            gaps=await self._ledger.admin_gaps(record.tenant.id),
            notes=self._policy.said_of(people),
        )

    async def is_out(self, request: ConsentRequest, tenant_id: str) -> bool:
        """Whether its person can do it no more, of an app that leads to that tenant by now."""
        if tenant_id and exact(tenant_id) != exact(request.tenant_id):
            return True
        if request.stage is Stage.SAVED:
            return False  # what they say is looked at all the same
        admins = await self._global_admins(request.tenant_id)
        admin = admin_of(request.admin_object_id, admins or ())
        if request.stage in FRESH and admin is not None and self._policy.rules_out(admin):
            return True
        gaps = await self._ledger.admin_gaps(request.tenant_id)
        return is_out(request.admin_object_id, admins, gaps)

    async def _in_use(self, accounts: Sequence[ChatIdentity]) -> tuple[ChatIdentity, ...]:
        """With the account first on which they are asked for something: one message has it all."""
        if len(accounts) < 2:
            return tuple(accounts)
        asked = {str(one) for one in accounts if await self._ledger.requests_of(one)}
        return tuple(sorted(accounts, key=lambda one: str(one) not in asked))

    async def _is_lost(self, account: ChatIdentity) -> bool:
        """Whether mail to this address came back lately; a chat says so when it is written to."""
        if account.platform is not Platform.MAIL:
            return False
        known = await self._ledger.recipient(account)
        return known is not None and known.is_lost(self._now)

    async def given_out(
        self, app: AppRecord | AppSummary, choice: Choice, could: Mapping[str, int] = NOTHING_ELSE
    ) -> Choice:
        """The choice by who is there, who has how many apps, and who `could` do more of them."""
        on = self._reminding.campaign.deadline_for(app.app.ref, app.tenant_id).on
        most: dict[str, int] = {}
        for candidate in choice.candidates:
            if candidate.chat is not None:
                calendar = await self._meet(candidate.chat, candidate.accounts)
                most[str(candidate.chat)] = self._reminding.can_do(calendar, self._now, on)
        return given_out(choice, away=self._away, held=self._held, most=most, could=could)

    def give(self, chat: ChatIdentity) -> None:
        """They have one app more."""
        self._held[str(chat)] += 1

    async def _meet(self, chat: ChatIdentity, accounts: Sequence[ChatIdentity]) -> Calendar:
        """Read, once, whether they are away and how many apps wait for them, on all accounts.

        Returns their working time.
        """
        name = str(chat)
        if name in self._met:
            return self._met[name]
        known: list[Recipient] = []
        for account in accounts:
            self._held[name] += len(await self._ledger.requests_of(account))
            found = await self._ledger.recipient(account)
            known += [found] if found is not None else []
        person = known[0].joined(known[1:]) if known else Recipient(chat)
        person = person.known_as(person.chat.completed(chat))
        if is_missed(person, self._now, self._reminding.calendars.of_person(person.chat)):
            self._away.add(name)
        calendar = self._met[name] = calendar_of(person, self._now, self._reminding)
        return calendar

    async def _global_admins(self, tenant_id: str) -> tuple[GlobalAdmin, ...] | None:
        if tenant_id not in self._global:
            self._global[tenant_id] = await self._ledger.global_admins(tenant_id)
        return self._global[tenant_id]

    async def _okta_admins(self, org: str) -> tuple[OktaAdmin, ...] | None:
        if org not in self._okta:
            self._okta[org] = await self._ledger.okta_admins(org)
        return self._okta[org]


def _accounts_of(
    found: Mapping[str, tuple[ChatIdentity, ...]], asked: Iterable[ConsentRequest]
) -> frozenset[str]:
    """The object ids of who was asked, and of who is found on the same chat accounts.

    Whoever has an account for administration besides their own answers for both.
    """
    asked = tuple(asked)
    theirs = {str(request.chat) for request in asked}
    same = (each for each, where in found.items() if not theirs.isdisjoint(map(str, where)))
    return frozenset({*(request.admin_object_id for request in asked), *same})
