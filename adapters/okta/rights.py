"""What a user's role assignments let them change in Office 365 apps.

Okta asks for the App Administrator role; a Super Administrator may do everything (help.okta.com,
"Administrators"). Of an Organization Administrator, and of a custom role that may manage apps, it
is not documented for this: that one cannot be told, which is not "no".

Pages below developer.okta.com/docs/api/openapi/okta-management/management/tags: roleassignmentauser
(a user's roles), rolebtargetadmin and rolebtargetbgroup (targets), roleecustompermission.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from adapters.http.client import CloudClient
from adapters.okta.calls.paging import pages
from adapters.okta.parse import inside, objects, text
from bot.domain.people.admins import APP_ADMIN, SUPER_ADMIN
from bot.errors import CloudNotFound, CloudRefused

CUSTOM = "CUSTOM"
UNTOLD_TARGETS = "APP_ADMIN of untold targets"
MANAGES_APPS = "okta.apps.manage"  # the permission of a custom role that changes an app
EMBEDDED_MOST = 20  # targets are listed 20 a page by default: as many may be cut short

# The standard roles that change no app's provisioning. A role that is not known is none of them.
_OTHERS = frozenset(
    {
        "ACCESS_CERTIFICATIONS_ADMIN",
        "ACCESS_REQUESTS_ADMIN",
        "API_ACCESS_MANAGEMENT_ADMIN",
        "GROUP_MEMBERSHIP_ADMIN",
        "HELP_DESK_ADMIN",
        "MOBILE_ADMIN",
        "READ_ONLY_ADMIN",
        "REPORT_ADMIN",
        "USER_ADMIN",
        "WORKFLOWS_ADMIN",
    }
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Right:
    """What somebody may change: `app_ids` None is every Office 365 app.

    `untold` names a role of which that is not known. `groups` are those that a role comes through.
    """

    app_ids: frozenset[str] | None = frozenset()
    is_super: bool = False
    untold: str = ""
    groups: frozenset[str] = frozenset()

    def __or__(self, other: Right) -> Right:
        both = None
        if self.app_ids is not None and other.app_ids is not None:
            both = self.app_ids | other.app_ids
        return Right(
            both,
            self.is_super or other.is_super,
            self.untold or other.untold,
            self.groups | other.groups,
        )

    @property
    def is_none(self) -> bool:
        return self.app_ids == frozenset() and not self.untold

    @property
    def role(self) -> str:
        """The one role that stands for all: what is untold, unless every app is covered anyway."""
        if self.is_super:
            return SUPER_ADMIN
        return self.untold if self.untold and self.app_ids is not None else APP_ADMIN


class Rights:
    """The rights in one org; `names` are the catalogue's, of the apps that count.

    What users share, a group's role or a custom one, is read once.
    """

    def __init__(self, client: CloudClient, names: Iterable[str]) -> None:
        self._client = client
        self._names = frozenset(names) | {""}
        self._shared: dict[str, asyncio.Task[Any]] = {}

    async def of(self, user_id: str) -> list[Right]:
        """One for each role assignment that counts. Raises CloudRefused when it may not be read."""
        path = f"/api/v1/users/{quote(user_id, safe='')}/roles"
        try:
            answer = await self._client.get(path, {"expand": "targets/catalog/apps"})
        except CloudNotFound:
            return []  # deleted since the list was read
        found = []
        for role in objects(answer.array()):
            if text(role.get("status")) in ("ACTIVE", ""):
                right = await self._right(user_id, role)
                if not right.is_none:
                    found.append(right)
        return found

    async def _right(self, user_id: str, role: Mapping[str, Any]) -> Right:
        kind = text(role.get("type"))
        group_id = _group_of(role)
        groups = frozenset(filter(None, [group_id]))
        match kind:
            case "SUPER_ADMIN":
                return Right(None, is_super=True, groups=groups)
            case "APP_ADMIN":
                return await self._covered(user_id, group_id, role)
            case "CUSTOM" if not await self._manages_apps(text(role.get("role"))):
                return Right()
            case _ if kind in _OTHERS:
                return Right()
        return Right(untold=kind or CUSTOM, groups=groups)

    async def _covered(self, user_id: str, group_id: str, role: Mapping[str, Any]) -> Right:
        """The instances that an App Administrator's role covers.

        All are meant without any target, or by the catalogue's Office 365 entry, which has no id.
        What comes along is believed when it is of the user's own role and cannot have been cut
        short; else the targets are listed.
        """
        groups = frozenset(filter(None, [group_id]))
        targets = inside(role, "_embedded", "targets", "catalog", "apps")
        whole = isinstance(targets, list) and not group_id and len(targets) < EMBEDDED_MOST
        if not whole:
            holder = f"groups/{quote(group_id, safe='')}" if group_id else f"users/{user_id}"
            role_id = quote(text(role.get("id")), safe="")
            path = f"/api/v1/{holder}/roles/{role_id}/targets/catalog/apps"
            try:
                targets = await self._once(path, lambda: self._targets(path))
            except CloudNotFound:
                if not targets:  # the role is gone, or the group does not know it by this id
                    return Right(untold=UNTOLD_TARGETS if group_id else "", groups=groups)
        if not targets:
            return Right(None, groups=groups)
        ids = [text(t.get("id")) for t in objects(targets) if text(t.get("name")) in self._names]
        return Right(None if "" in ids else frozenset(ids), groups=groups)

    async def _targets(self, path: str) -> list[Mapping[str, Any]]:
        return [
            target
            async for page in pages(self._client, path, {"limit": 200})
            for target in objects(page.array())
        ]

    async def _manages_apps(self, role_id: str) -> bool:
        """Whether a custom role may change apps; True also when that may not be read."""
        path = f"/api/v1/iam/roles/{quote(role_id, safe='')}/permissions"
        try:
            return not role_id or await self._once(path, lambda: self._may_manage(path))
        except (CloudNotFound, CloudRefused):
            return True

    async def _may_manage(self, path: str) -> bool:
        listed = objects((await self._client.get(path)).object().get("permissions"))
        return not listed or MANAGES_APPS in {text(one.get("label")) for one in listed}

    async def _once(self, path: str, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
        task = self._shared.get(path)
        if task is None:
            task = self._shared[path] = asyncio.create_task(read())
        found: T = await task
        return found


def _group_of(role: Mapping[str, Any]) -> str:
    """The id of the group that a role comes through; "" for a role of the user's own."""
    href = text(inside(role, "_links", "assignee", "href"))
    before, slash, group_id = href.rpartition("/groups/")
    return group_id.split("/")[0].split("?")[0] if before and slash else ""
