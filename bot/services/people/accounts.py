"""What people say of admin accounts by command: whose they are, whom never to ask, whom to ask."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.normalization import cleaned, exact, normalized
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.policy import AccountNote, AccountRule
from bot.domain.summaries import AppSummary
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.unit_of_work import NO_CHANGE, write


@dataclass(frozen=True, slots=True)
class Noted:
    """What was noted.

    `known` are the administrators that have this name, as they are called; none yet is no error.
    `affected` are the apps for which one of them may be asked.
    """

    note: AccountNote
    known: tuple[str, ...]
    affected: tuple[AppSummary, ...]


class Accounts:
    """Three verbs; each writes one note and its audit line, over what was said before."""

    def __init__(self, *, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def own(self, account: str, owner: str, by: ChatIdentity) -> Noted:
        """`account` belongs to the person with the address `owner`; to nobody when that is ""."""
        return await self._say(account, AccountRule.OWNER, by, exact(cleaned(owner)))

    async def deny(self, account: str, by: ChatIdentity) -> Noted:
        """`account` is never to be asked."""
        return await self._say(account, AccountRule.DENIED, by)

    async def allow(self, account: str, by: ChatIdentity) -> Noted:
        """`account` is no longer denied, and is no emergency account."""
        return await self._say(account, AccountRule.ALLOWED, by)

    async def take_back(self, key: str, by: ChatIdentity) -> Noted | None:
        """Take back the note of that key; None when there is none."""

        async def decide() -> tuple[Changes, AccountNote | None]:
            now = self._clock.now()
            note = next((one for one in await self._ledger.account_notes() if one.key == key), None)
            if note is None:
                return NO_CHANGE, None
            detail = {"said": note.said.value, "owner": note.owner, "by": note.by}
            entry = AuditEntry(now, str(by), Action.UNSAY_ACCOUNT, note.account, detail)
            return Changes(unsaid=(note,), audit=(entry,)), note

        note = await write(self._ledger, decide)
        return await self._noted(note) if note is not None else None

    async def _say(
        self, account: str, said: AccountRule, by: ChatIdentity, owner: str = ""
    ) -> Noted:
        async def decide() -> tuple[Changes, AccountNote]:
            now = self._clock.now()
            note = AccountNote(normalized(account), said, by.display_name or by.user_id, now, owner)
            notes = {one.key: one for one in await self._ledger.account_notes()}
            former = notes.get(note.key)
            if former is not None:
                note = replace(note, revision=former.revision + 1)
            detail = {"said": said.value, "owner": owner, "before": _before(former)}
            entry = AuditEntry(now, str(by), Action.NOTE_ACCOUNT, note.account, detail)
            return Changes(notes=(note,), audit=(entry,)), note

        return await self._noted(await write(self._ledger, decide))

    async def _noted(self, note: AccountNote) -> Noted:
        there = await self._ledger.tenants()
        known: dict[str, str] = {}
        tenants, orgs = set(), set()
        for tenant_id in frozenset().union(*there.values()):
            for admin in await self._ledger.global_admins(tenant_id) or ():
                if note.account in admin.names:
                    known[admin.object_id] = admin.display_name
                    tenants.add(tenant_id)
        for org in there:
            for one in await self._ledger.okta_admins(org) or ():
                if note.account in one.names:
                    known.setdefault(one.user_id, one.display_name)
                    orgs.add(org)
        affected = [
            app
            for org, some in there.items()
            if org in orgs or not some.isdisjoint(tenants)
            for app in await self._ledger.summaries(org)
            if org in orgs or app.tenant_id in tenants
        ]
        return Noted(note, tuple(dict.fromkeys(known.values())), tuple(affected))


def _before(former: AccountNote | None) -> str:
    if former is None:
        return ""
    return former.owner if former.said is AccountRule.OWNER else former.said.value
