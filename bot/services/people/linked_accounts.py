"""Operators who are on both chats: which accounts are one person's, so that they are told once.

The settings name accounts, not people. Slack tells the address of an account, and Teams whose
address that is, among the members of the channel's team. Where that cannot be told, they are told
on both: twice is the smaller harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from attrs import define, field

from bot.domain.delivery.deliveries import Phase
from bot.domain.delivery.kinds import SendTime
from bot.domain.delivery.notices import Channel, Notice
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity, Platform, preferred
from bot.errors import ChatError
from bot.ports.chat import Messenger, Presence
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock

KNOWN_FOR = timedelta(hours=1)

log = structlog.get_logger(__name__)


async def accounts_of(
    ledger: Ledger, chat: ChatIdentity, linked_accounts: LinkedAccounts | None
) -> tuple[ChatIdentity, ...]:
    """This account first, then those on which the same person is asked for something, or told."""
    found = {str(chat): chat}
    for request in await ledger.requests_elsewhere(chat):
        found[str(request.chat)] = request.chat
    for account in await linked_accounts.accounts(chat) if linked_accounts is not None else ():
        found.setdefault(str(account), account)
    return tuple(found.values())


@define(kw_only=True, eq=False)
class LinkedAccounts:
    """Answers whether an operator hears of something on another account of theirs."""

    _ledger: Ledger
    _messengers: Mapping[Platform, Messenger]
    _clock: Clock
    _operators: tuple[ChatIdentity, ...] = ()
    _presence: Presence | None = None
    _first: Platform = Platform.SLACK
    _known: Mapping[str, tuple[ChatIdentity, ...]] = field(init=False, factory=dict)
    _known_at: datetime | None = field(init=False, default=None)

    async def accounts(self, chat: ChatIdentity) -> tuple[ChatIdentity, ...]:
        """All accounts of an operator, the best to write to first. Raises StoreError."""
        same = (await self._same()).get(str(chat), ())
        if not same:
            return (chat,)
        seen = await self._presence.last_seen(same) if self._presence is not None else {}
        return preferred(same, first=self._first, seen=seen)

    async def are_told(self, notice: Notice) -> bool:
        """Whether the same person is told on a better account, or was on any. Raises StoreError."""
        if isinstance(notice.to, Channel):
            return False
        accounts = await self.accounts(notice.to)
        for account in accounts:  # one that is less good wrote while the best was away
            other = notice.for_other(account) if str(account) != str(notice.to) else None
            there = await self._ledger.delivery(other.key) if other is not None else None
            if there is not None and there.phase is Phase.SENT:
                return True
        best = accounts[0]
        if str(best) == str(notice.to) or best.platform.value in await self._ledger.incidents():
            return False
        other = notice.for_other(best)
        there = await self._ledger.delivery(other.key) if other is not None else None
        if there is None:  # what is decided comes there in its own hours
            return notice.send_time is SendTime.DECIDED
        return there.phase is not Phase.FAILED

    async def _same(self) -> Mapping[str, tuple[ChatIdentity, ...]]:
        """Every account that has a twin, with all of the person's."""
        now = self._clock.now()
        if self._known_at is None or now - self._known_at >= KNOWN_FOR:
            try:
                self._known, self._known_at = await self._look_up(), now
            except ChatError as error:
                log.info("could not compare operators", error=error.code)
        return self._known

    async def _look_up(self) -> Mapping[str, tuple[ChatIdentity, ...]]:
        slack, teams = (self._messengers.get(one) for one in (Platform.SLACK, Platform.TEAMS))
        in_teams = {str(one): one for one in self._operators if one.platform is Platform.TEAMS}
        found: dict[str, tuple[ChatIdentity, ...]] = {}
        if slack is None or teams is None or not in_teams:
            return found
        for account in self._operators:
            if account.platform is not Platform.SLACK:
                continue
            address = exact((await slack.profile(account)).email)
            there = await teams.find_person((address,), "", "") if address else ()
            others = [in_teams[str(one)] for one in there if str(one) in in_teams]
            if len(others) == 1:
                both = (account, others[0])
                found |= {str(one): both for one in both}
        return found
