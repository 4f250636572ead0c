"""Where people can be written to: each is looked up once, on every platform."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from attrs import define, field

from bot.domain.normalization import exact, normalized
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, OktaAdmin, Platform, preferred
from bot.domain.people.policy import PeoplePolicy
from bot.errors import ChatError, ScopeMissing
from bot.ports.chat import Messenger, Presence

# Looking somebody up costs calls of the platforms' scarcer kind.
AT_ONCE = 4


async def elsewhere(
    messengers: Mapping[Platform, Messenger], chat: ChatIdentity
) -> tuple[ChatIdentity, ...]:
    """Whom the other platforms know by the same address; a platform that is away is left out."""
    found: list[ChatIdentity] = []
    here, address = messengers.get(chat.platform), exact(chat.email)
    if here is not None and not address:
        with suppress(ChatError):
            address = exact((await here.profile(chat)).email)
    for platform, messenger in messengers.items():
        if address and platform is not chat.platform:
            with suppress(ChatError):
                there = await messenger.find_person((address,), "", "")
                found += there if len(there) == 1 else ()
    return tuple(found)


@define(eq=False)
class ChatAccounts:
    """Looks people up, and remembers for as long as it lives. Raises ChatError.

    Of several accounts of a person the best to write to comes first.
    """

    _messengers: Mapping[Platform, Messenger]
    _policy: PeoplePolicy
    _presence: Presence | None = None
    _known: dict[tuple[str, ...], asyncio.Task[tuple[ChatIdentity, ...]]] = field(
        init=False, factory=dict
    )
    _gate: asyncio.Semaphore = field(init=False, factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def admins(self, admins: tuple[GlobalAdmin, ...]) -> dict[str, tuple[ChatIdentity, ...]]:
        """Every chat account of each Global Administrator, by object id."""
        found = await asyncio.gather(*(self._admin(admin) for admin in admins))
        return {admin.object_id: where for admin, where in zip(admins, found, strict=True)}

    async def okta_admins(
        self, admins: tuple[OktaAdmin, ...]
    ) -> dict[str, tuple[ChatIdentity, ...]]:
        """Every chat account of each Okta admin, by Okta user id."""
        found = await asyncio.gather(*(self._find((exact(a.email),), "", "") for a in admins))
        return {admin.user_id: where for admin, where in zip(admins, found, strict=True)}

    async def _admin(self, admin: GlobalAdmin) -> tuple[ChatIdentity, ...]:
        """Nobody is looked up for an account that is disabled, or that is nobody's.

        Where the organisation named the person behind an account, only that person is looked for:
        the account's own addresses may be read by others.
        """
        owner = self._policy.owner(admin)
        if not admin.enabled or owner == "":
            return ()
        if owner is not None:
            return await self._find((owner,), "", "")
        return await self._find(admin.addresses, admin.object_id, admin.tenant_id)

    async def _find(
        self, addresses: tuple[str, ...], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        key = (object_id, tenant_id, *addresses)
        if key not in self._known:
            self._known[key] = asyncio.create_task(self._look_up(addresses, object_id, tenant_id))
        return await asyncio.shield(self._known[key])

    async def _look_up(
        self, addresses: tuple[str, ...], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        """Where the app may not look people up, nobody is kept from being found elsewhere."""

        async def on(messenger: Messenger) -> tuple[ChatIdentity, ...] | ScopeMissing:
            try:
                return await messenger.find_person(addresses, object_id, tenant_id)
            except ScopeMissing as error:
                return error

        async with self._gate:
            found = await asyncio.gather(*map(on, self._messengers.values()))
        closed = [where for where in found if isinstance(where, ScopeMissing)]
        accounts = tuple(
            one for where in found if not isinstance(where, ScopeMissing) for one in where
        )
        if closed and not accounts:
            raise closed[0]
        if len({account.platform for account in accounts}) < 2:
            return accounts
        seen = await self._presence.last_seen(accounts) if self._presence is not None else {}
        names = (normalized(name) for name in (object_id, *addresses))
        return preferred(
            accounts,
            wanted=self._policy.chat_of(names),
            first=self._policy.first_chat,
            seen=seen,
        )
