"""Who belongs to the tenant, to its teams and to its Entra groups.

A member as Teams tells it has `tenantId` and `userRole` (Microsoft Learn, "Get Teams specific
context for your bot"); a guest's user name has `#EXT#` in it. Members of a channel are read as
those of its team: whether a private or shared channel tells its own is not documented.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from attrs import define, field

from adapters.teams.incoming.activities import Place
from adapters.teams.outgoing.connector import Connector
from adapters.teams.outgoing.viewers import EntraGroups
from adapters.teams.roster import addresses_of
from bot.domain.normalization import exact
from bot.domain.people.access import Group, GroupKind
from bot.domain.people.admins import ChatIdentity
from bot.errors import ChannelUnreachable, ChatUnreachable, PersonUnreachable
from bot.ports.chat import Conversations
from bot.settings.sections.chat import TeamsSettings

MOST_REMEMBERED = 10_000
_NO_COLLEAGUES = ("guest", "anonymous")


@define(eq=False)
class TeamsDirectory:
    """Implements `bot.ports.access.Directory`; `entra` is None where Graph is not set up."""

    _settings: TeamsSettings
    _conversations: Conversations
    _connector: Connector
    _entra: EntraGroups | None
    _places: dict[str, Place] = field(init=False, factory=dict)

    def heard(self, who: ChatIdentity, place: Place) -> None:
        """Somebody wrote from there: there Teams can tell who they are."""
        if len(self._places) >= MOST_REMEMBERED:
            self._places.clear()
        self._places[who.user_id] = place

    async def is_colleague(self, who: ChatIdentity) -> bool:
        """A member of the bot's own tenant, and no guest."""
        place = await self._place(who)
        try:
            member = await self._connector.member(place, who.user_id)
        except (PersonUnreachable, ChannelUnreachable):
            return False  # nobody of that id is where they wrote from
        if not _text(member, "tenantId"):
            raise ChatUnreachable("Teams does not say which tenant somebody belongs to.")
        if not is_colleague(member, self._settings.tenant_id):
            return False
        if place.personal:  # so they have the app
            await self._conversations.save_addresses(who.user_id, addresses_of(member))
        return True

    async def members(self, group: Group) -> Collection[str]:
        """Everybody in a team, or in an Entra group and the groups in it, by object id."""
        if group.kind is GroupKind.ENTRA_GROUP:
            if self._entra is None:
                return ()
            return await self._entra.group_members(self._settings.tenant_id, group.id)
        found = set()
        async for member in self._connector.members(await self._channel(group.id)):
            found.add(exact(_text(member, "aadObjectId") or _text(member, "objectId")))
        return found - {""}

    async def person_name(self, who: ChatIdentity) -> str:
        known = await self._conversations.personal(who.user_id)
        return known.name if known is not None else ""

    async def name_of(self, group: Group) -> str:
        if group.kind is GroupKind.ENTRA_GROUP:
            return ""
        known = await self._conversations.conversation(group.id)
        return known.name if known is not None else ""

    async def _place(self, who: ChatIdentity) -> Place:
        """Where they wrote just now, else their 1:1 chat. A thread's members are its channel's."""
        place = self._places.get(who.user_id)
        if place is not None:
            channel = place.conversation_id.partition(";messageid=")[0]
            return Place(place.service_url, channel, place.personal)
        known = await self._conversations.personal(who.user_id)
        if known is None:
            raise ChatUnreachable("There is no conversation in which Teams could tell who that is.")
        return Place(known.service_url, known.conversation_id, personal=True)

    async def _channel(self, channel_id: str) -> Place:
        known = await self._conversations.conversation(channel_id)
        service_url = known.service_url if known else self._settings.service_urls[0]
        return Place(service_url, channel_id, personal=False)


def is_colleague(member: dict[str, Any], tenant_id: str) -> bool:
    """Whether a member as Teams tells it is of this tenant, and no guest."""
    role, name = exact(_text(member, "userRole")), exact(_text(member, "userPrincipalName"))
    at_home = exact(_text(member, "tenantId")) == exact(tenant_id)
    return at_home and role not in _NO_COLLEAGUES and "#ext#" not in name


def _text(member: dict[str, Any], name: str) -> str:
    value = member.get(name)
    return value if isinstance(value, str) else ""
