"""Who may change the provisioning of Office 365 apps in an org.

The list of assignees (roleassignmentauser, "List all users with role assignments") does not say
whether it has those who are admins through a group alone, so members are added. Where somebody may
be missing all the same, an entry without an address says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar
from urllib.parse import quote

import structlog

from adapters.http.client import CloudClient
from adapters.okta.calls.paging import body_link, pages
from adapters.okta.parse import inside, objects, text
from adapters.okta.rights import Right, Rights
from bot.domain.people.admins import OktaAdmin
from bot.errors import CloudNotFound, CloudRefused

_GONE = frozenset({"DEPROVISIONED", "SUSPENDED", "STAGED"})

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def read(client: CloudClient, org: str, names: Iterable[str]) -> tuple[OktaAdmin, ...]:
    """Every such user with a role of their own or through a group, ordered by user id.

    `names` are the catalogue's, of the apps that count. Those of whom it cannot be told are there
    too (`OktaAdmin.untold`); the last one may stand for persons who could not be listed. Raises
    CloudRefused when roles or profiles may not be read.
    """
    users = [
        text(entry.get("id"))
        async for page in pages(
            client, "/api/v1/iam/assignees/users", {"limit": 100}, next_of=body_link
        )
        for entry in objects(page.object().get("value"))
    ]
    users = sorted({user_id for user_id in users if user_id})
    known = Rights(client, names)
    found = await _all(known.of(user_id) for user_id in users)
    rights: dict[str, Right] = {}
    by_group: dict[str, Right] = {}
    for user_id, roles in zip(users, found, strict=True):
        for right in roles:
            _add(rights, user_id, right)
            for group_id in right.groups:
                _add(by_group, group_id, right)
    listed = await _all(_members(client, group_id) for group_id in by_group)
    named = frozenset(users)
    for group_id, members in zip(by_group, listed, strict=True):
        for user_id in members or ():
            if user_id not in named:  # of the others every role is known
                _add(rights, user_id, by_group[group_id])
    admins = await _all(_admin(client, org, user_id, rights[user_id]) for user_id in sorted(rights))
    told = tuple(admin for admin in admins if admin is not None)
    # An org always has a Super Administrator: a list without one is not whole.
    if None in listed or not any(right.is_super for right in rights.values()):
        return (*told, OktaAdmin(org, "", "", "", "", frozenset()))
    return told


def _add(rights: dict[str, Right], holder: str, right: Right) -> None:
    """What somebody may do besides what was known already."""
    rights[holder] = rights[holder] | right if holder in rights else right


async def _all(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Together, the first error ends them all; the pace decides how many are under way at once."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _members(client: CloudClient, group_id: str) -> list[str] | None:
    """The ids of a group's members; None when they cannot be listed.

    Some built-in groups refuse to list them (okta/terraform-provider-okta, issue 1845). The result
    only adds to the assignees, so that is no reason to fail.
    """
    path = f"/api/v1/groups/{quote(group_id, safe='')}/users"
    try:
        return [
            user_id
            async for page in pages(client, path, {"limit": 200})
            for member in objects(page.array())
            if (user_id := text(member.get("id")))
        ]
    except (CloudNotFound, CloudRefused) as error:
        log.warning("could not read group members", org=error.where, call=error.call)
        return None


async def _admin(client: CloudClient, org: str, user_id: str, right: Right) -> OktaAdmin | None:
    try:
        user = (await client.get(f"/api/v1/users/{quote(user_id, safe='')}")).object()
    except CloudNotFound:
        return None
    if text(user.get("status")).upper() in _GONE:
        return None
    profile = inside(user, "profile")
    login = text(inside(profile, "login"))
    names = (text(inside(profile, "firstName")), text(inside(profile, "lastName")))
    return OktaAdmin(
        org=org,
        user_id=user_id,
        display_name=text(inside(profile, "displayName")) or " ".join(filter(None, names)) or login,
        email=text(inside(profile, "email")) or login,
        role=right.role,
        app_ids=right.app_ids,
        login=login,
    )
