"""Who may change the provisioning of Office 365 apps in an org.

Okta asks for the App Administrator role; a Super Administrator may do everything (help.okta.com,
"Administrators"). What a custom role or an Organization Administrator may do there is not
documented for this, so neither counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import structlog

from adapters.http.client import CloudClient
from adapters.okta.paging import body_link, pages
from adapters.okta.parse import CATALOG_NAME, inside, objects, text
from bot.domain.people import OktaAdmin
from bot.errors import CloudNotFound, CloudRefused

SUPER_ADMIN = "SUPER_ADMIN"
APP_ADMIN = "APP_ADMIN"
_GONE = frozenset({"DEPROVISIONED", "SUSPENDED", "STAGED"})
_NAMES = (CATALOG_NAME, "")
_EXPAND = "targets/catalog/apps"

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Right:
    """What one user may change by their roles: `app_ids` None is every Office 365 app."""

    role: str
    app_ids: frozenset[str] | None
    groups: frozenset[str] = frozenset()

    def __or__(self, other: _Right) -> _Right:
        both = None
        if self.app_ids is not None and other.app_ids is not None:
            both = self.app_ids | other.app_ids
        role = SUPER_ADMIN if SUPER_ADMIN in (self.role, other.role) else self.role
        return _Right(role, both, self.groups | other.groups)


async def read(client: CloudClient, org: str) -> tuple[OktaAdmin, ...]:
    """Every such user with a role of their own or through a group, ordered by user id.

    Raises CloudRefused when roles or profiles may not be read.
    """
    users = [
        text(entry.get("id"))
        async for page in pages(
            client, "/api/v1/iam/assignees/users", {"limit": 100}, next_of=body_link
        )
        for entry in objects(page.object().get("value"))
    ]
    users = sorted({user_id for user_id in users if user_id})
    found = await _all(_rights(client, user_id) for user_id in users)
    rights: dict[str, _Right] = {}
    by_group: dict[str, _Right] = {}
    for user_id, roles in zip(users, found, strict=True):
        for right in roles:
            _add(rights, user_id, right)
            for group_id in right.groups:
                _add(by_group, group_id, right)
    # Whether the list of assignees names those who are admins through a group alone is not
    # documented, so members are added.
    listed = await _all(_members(client, group_id) for group_id in by_group)
    named = frozenset(users)
    for group_id, members in zip(by_group, listed, strict=True):
        for user_id in members:
            if user_id not in named:  # of the others every role is known
                _add(rights, user_id, by_group[group_id])
    able = sorted(user_id for user_id, right in rights.items() if right.app_ids != frozenset())
    admins = await _all(_admin(client, org, user_id, rights[user_id]) for user_id in able)
    return tuple(admin for admin in admins if admin is not None)


def _add(rights: dict[str, _Right], holder: str, right: _Right) -> None:
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


async def _rights(client: CloudClient, user_id: str) -> list[_Right]:
    path = f"/api/v1/users/{quote(user_id, safe='')}/roles"
    try:
        answer = await client.get(path, {"expand": _EXPAND})
    except CloudNotFound:
        return []  # deleted since the list was read
    found = []
    for role in objects(answer.array()):
        kind = text(role.get("type"))
        if text(role.get("status")) not in ("ACTIVE", "") or kind not in (SUPER_ADMIN, APP_ADMIN):
            continue
        groups = frozenset(filter(None, [_group_of(role)]))
        if kind == SUPER_ADMIN:
            found.append(_Right(kind, None, groups))
        else:
            found.append(_Right(kind, await _covered(client, user_id, role), groups))
    return found


def _group_of(role: Mapping[str, Any]) -> str:
    """The id of the group that a role comes through; "" for a role of the user's own."""
    href = text(inside(role, "_links", "assignee", "href"))
    before, slash, group_id = href.rpartition("/groups/")
    return group_id.split("/")[0].split("?")[0] if before and slash else ""


async def _covered(
    client: CloudClient, user_id: str, role: Mapping[str, Any]
) -> frozenset[str] | None:
    """The instances that an App Administrator's role covers; None for all.

    All are meant without any target, or by the catalogue's Office 365 entry, which has no id.
    Targets are asked for singly when they did not come along; what is not found covers nothing.
    """
    targets = inside(role, "_embedded", "targets", "catalog", "apps")
    if not isinstance(targets, list):
        try:
            targets = await _targets(client, user_id, role)
        except CloudNotFound:
            return frozenset()
    if not targets:
        return None
    ids = [text(t.get("id")) for t in objects(targets) if text(t.get("name")) in _NAMES]
    return None if "" in ids else frozenset(ids)


async def _targets(
    client: CloudClient, user_id: str, role: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    group_id = _group_of(role)
    holder, holder_id = ("groups", group_id) if group_id else ("users", user_id)
    role_id = quote(text(role.get("id")), safe="")
    path = f"/api/v1/{holder}/{quote(holder_id, safe='')}/roles/{role_id}/targets/catalog/apps"
    return [
        target
        async for page in pages(client, path, {"limit": 200})
        for target in objects(page.array())
    ]


async def _members(client: CloudClient, group_id: str) -> list[str]:
    """The ids of a group's members; none when they cannot be listed.

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
        log.warning("group members not read", org=error.where, call=error.call)
        return []


async def _admin(client: CloudClient, org: str, user_id: str, right: _Right) -> OktaAdmin | None:
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
    )
