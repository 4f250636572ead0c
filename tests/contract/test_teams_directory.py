"""Who belongs to the tenant, to a team and to an Entra group: Teams' shapes, and odd ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.http.client import open_http
from adapters.teams.directory import TeamsDirectory
from adapters.teams.incoming.activities import Place
from adapters.teams.outgoing.connector import Connector
from bot.domain.people.access import Group, GroupKind
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatError, CloudUnreachable
from bot.ports.access import Directory
from tests.contract.pretend_teams import ADA, CHANNEL, PERSONAL, TENANT
from tests.contract.teams_world import TeamsBorder

Json = dict[str, Any]
WHO = ChatIdentity(Platform.TEAMS, ADA)
# As Microsoft Learn shows a TeamsChannelAccount.
MEMBER: Json = {
    "id": "29:1ada", "objectId": ADA, "aadObjectId": ADA, "name": "Ada Byron",
    "givenName": "Ada", "surname": "Byron", "email": "ada@contoso.com",
    "userPrincipalName": "ada@contoso.com", "tenantId": TENANT, "userRole": "user",
}  # fmt: skip


class Groups:
    """Microsoft Entra, where one group has Ada."""

    def __init__(self) -> None:
        self.down = False

    async def group_members(self, tenant_id: str, group_id: str) -> tuple[str, ...]:
        if self.down:
            raise CloudUnreachable("no answer", where=tenant_id, call="GET /groups")
        return (ADA,) if (tenant_id, group_id) == (TENANT, "g1") else ()


@pytest.fixture
async def here(teams: TeamsBorder) -> AsyncIterator[TeamsDirectory]:
    """Ada wrote in her chat with the bot."""
    async with open_http() as http, open_http() as login:
        connector = Connector(teams.settings, http, login)
        here = TeamsDirectory(teams.settings, teams.conversations, connector, Groups())
        here.heard(WHO, Place(f"{teams.settings.service_urls[0]}/", PERSONAL, personal=True))
        yield here


@pytest.mark.parametrize(
    ("more", "colleague"),
    [
        ({}, True),
        ({"tenantId": TENANT.upper()}, True),
        ({"userRole": "admin"}, True),
        ({"userRole": "guest"}, False),
        ({"userRole": "Guest"}, False),
        ({"userRole": "anonymous"}, False),
        ({"userRole": "", "userPrincipalName": "a_b.com#EXT#@contoso.onmicrosoft.com"}, False),
        ({"tenantId": "99999999-9999-4999-8999-999999999999"}, False),
    ],
)
async def test_a_colleague_is_a_member_of_the_tenant_and_no_guest(
    teams: TeamsBorder, here: TeamsDirectory, more: Json, colleague: bool
) -> None:
    """By what Teams says of the member, not by what the message says of its sender."""
    teams.microsoft.members = [MEMBER | more]
    assert await here.is_colleague(WHO) is colleague


async def test_whoever_is_not_where_they_wrote_is_no_colleague(
    teams: TeamsBorder, here: TeamsDirectory
) -> None:
    """In a chat, and in a thread of a channel."""
    teams.microsoft.members = []
    assert not await here.is_colleague(WHO)
    url = f"{teams.settings.service_urls[0]}/"
    here.heard(WHO, Place(url, f"{CHANNEL};messageid=1", personal=False))
    assert not await here.is_colleague(WHO)


async def test_what_teams_does_not_say_is_no_yes(teams: TeamsBorder, here: TeamsDirectory) -> None:
    """Without a tenant, without a conversation."""
    teams.microsoft.members = [{k: v for k, v in MEMBER.items() if k != "tenantId"}]
    with pytest.raises(ChatError):
        await here.is_colleague(WHO)
    with pytest.raises(ChatError):
        await here.is_colleague(ChatIdentity(Platform.TEAMS, "nobody-heard-of"))


async def test_a_team_is_read_to_its_end(teams: TeamsBorder, here: TeamsDirectory) -> None:
    """Page by page; ids are compared in small letters, and what has none is left out."""
    teams.microsoft.members = [MEMBER | {"aadObjectId": f"ID-{n}"} for n in range(5)]
    teams.microsoft.members.append({"id": "29:bot"})
    group = Group(Platform.TEAMS, GroupKind.CHANNEL, CHANNEL)
    assert set(await here.members(group)) == {f"id-{n}" for n in range(5)}


async def test_an_entra_group_is_asked_of_the_bots_own_tenant(here: Directory) -> None:
    """One that is not there has nobody."""
    for group_id, members in (("g1", {ADA}), ("g2", set())):
        group = Group(Platform.TEAMS, GroupKind.ENTRA_GROUP, group_id)
        assert set(await here.members(group)) == members
