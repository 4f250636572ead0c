"""Which principals hold, or may activate, Global Administrator, down to the members of groups.

From "List unifiedRoleAssignments", "List roleEligibilityScheduleInstances", "List group transitive
members" and "List eligibilityScheduleInstances" (Privileged Identity Management for Groups) of
Microsoft Graph v1.0. What somebody activated is among the assignments, or among the members, for as
long as it lasts.

"Nobody" is said only where everything was seen: whatever hides somebody becomes a gap.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from adapters.entra.directory import calls
from adapters.entra.directory.graph import Ask, Graph
from adapters.entra.directory.reading import Json, inner, quoted, text
from adapters.entra.directory.refusals import NO_PIM
from bot.domain.inventory.apps import Tenant
from bot.domain.people.admins import Holding
from bot.errors import CloudAnswerInvalid, CloudError, CloudNotFound, CloudRefused

# The role's template id; of a built-in role it is the definition's id too.
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"

# No person: service principals, and `agentUser`, the account of a program.
_USER = "#microsoft.graph.user"
_GROUP = "#microsoft.graph.group"
_UNTOLD = ""  # the principal was left out: what it is shows when it is read
_HIDDEN = "HiddenMembership"  # `visibility` of a group ("group resource type")


@dataclass(frozen=True, slots=True)
class Held:
    """One principal that has the role. `via` names the group, "" for a direct assignment."""

    principal_id: str
    principal: Json
    holding: Holding
    via: str = ""

    @property
    def kind(self) -> str:
        return text(self.principal, "@odata.type")

    @property
    def group_name(self) -> str:
        return self.via or text(self.principal, "displayName") or self.principal_id


async def role_holders(
    graph: Graph, tenant: Tenant, gaps: list[CloudError]
) -> AsyncGenerator[Held]:
    """Everybody who may be a person, active holders first; one person may come several times.

    `gaps` takes what could not be seen. Raises CloudError when the active assignments cannot be
    read, or anything fails for the moment.
    """
    groups: dict[str, Held] = {}
    active = await _assignments(graph, tenant, calls.ROLE_ASSIGNMENTS, Holding.ACTIVE, gaps)
    async for one in _persons(graph, tenant, active, groups, gaps):
        yield one
    try:
        eligible = await _assignments(
            graph, tenant, calls.ROLE_ELIGIBILITIES, Holding.ELIGIBLE, gaps
        )
    except CloudRefused as refused:
        gaps.append(refused)
        if refused.reason == NO_PIM:
            return  # nobody is eligible for anything there
        eligible = ()
    async for one in _persons(graph, tenant, eligible, groups, gaps):
        yield one
    async for one in _eligible_members(graph, tenant, groups, gaps):
        yield one


async def _assignments(
    graph: Graph, tenant: Tenant, call: calls.Call, holding: Holding, gaps: list[CloudError]
) -> tuple[Held, ...]:
    of_role = f"roleDefinitionId eq {quoted(GLOBAL_ADMINISTRATOR)}"
    path = call.name.removeprefix("GET ")
    rows = await graph.rows(tenant, Ask(call, path, {"$filter": of_role, "$expand": "principal"}))
    # A smaller scope (an administrative unit) does not reach the tenant's applications.
    reaching = [row for row in rows if text(row, "directoryScopeId") in ("/", "")]
    if any(not (text(r, "directoryScopeId") and text(r, "principalId")) for r in reaching):
        gaps.append(
            CloudAnswerInvalid(
                f"{tenant.domain} does not tell whose, or how wide, an assignment is"
                f" in {call.name}.",
                where=tenant.domain,
                call=call.name,
            )
        )
    return tuple(
        Held(text(row, "principalId"), inner(row, "principal"), holding)
        for row in reaching
        if text(row, "directoryScopeId") and text(row, "principalId")
    )


async def _persons(
    graph: Graph,
    tenant: Tenant,
    held: Iterable[Held],
    groups: dict[str, Held],
    gaps: list[CloudError],
) -> AsyncIterator[Held]:
    """The users among the principals, then the members of the groups, which go to `groups`."""
    inside = []
    for one in held:
        if one.kind in (_USER, _UNTOLD):
            yield one
        if one.kind in (_GROUP, _UNTOLD):
            inside.append(one)
    for group in inside:
        members = await _members(graph, tenant, group, gaps)
        if members is None:
            continue
        groups.setdefault(group.principal_id, group)
        for member in members:
            found = Held(text(member, "id"), member, group.holding, group.group_name)
            if found.principal_id and found.kind in (_USER, _UNTOLD):
                yield found
            elif found.principal_id and found.kind == _GROUP:
                groups.setdefault(found.principal_id, found)
                if text(member, "visibility") == _HIDDEN:
                    inside.append(found)  # what it hides does not come with the others


async def _members(
    graph: Graph, tenant: Tenant, group: Held, gaps: list[CloudError]
) -> tuple[Json, ...] | None:
    """A flat list, also of nested groups; None when it is no group, or cannot be read.

    Empty counts only where the group can be seen and does not hide its membership.
    """
    path = f"/groups/{quote(group.principal_id, safe='')}/transitiveMembers"
    ask = Ask(calls.GROUP_MEMBERS, path, {"$select": "id,displayName,visibility,accountEnabled"})
    try:
        members = await graph.rows(tenant, ask)
    except (CloudRefused, CloudNotFound) as refused:
        if group.kind == _GROUP or not isinstance(refused, CloudNotFound):
            gaps.append(refused)
        return None
    hidden = text(group.principal, "visibility") == _HIDDEN
    seen = bool(text(group.principal, "displayName"))
    if not members and (hidden or not seen):
        gaps.append(_unseen(tenant, calls.HIDDEN_MEMBERS if hidden else calls.GROUP_MEMBERS))
    return members


async def _eligible_members(
    graph: Graph, tenant: Tenant, groups: dict[str, Held], gaps: list[CloudError]
) -> AsyncIterator[Held]:
    """Who may activate a membership of one of the groups, or of a group that may, and so on."""
    done: set[str] = set()
    while left := [group for name, group in groups.items() if name not in done]:
        for group in left:
            done.add(group.principal_id)
            of_group = f"groupId eq {quoted(group.principal_id)}"
            path = calls.GROUP_ELIGIBILITIES.name.removeprefix("GET ")
            ask = Ask(
                calls.GROUP_ELIGIBILITIES, path, {"$filter": of_group, "$expand": "principal"}
            )
            try:
                rows = await graph.rows(tenant, ask)
            except (CloudRefused, CloudNotFound) as refused:
                gaps.append(refused)
                return  # and so it is for every other group
            may_join = [
                Held(
                    text(row, "principalId"),
                    inner(row, "principal"),
                    Holding.ELIGIBLE,
                    group.group_name,
                )
                for row in rows
                if text(row, "accessId") != "owner" and text(row, "principalId")
            ]
            async for one in _persons(graph, tenant, may_join, groups, gaps):
                yield one


def _unseen(tenant: Tenant, what: calls.Call | str) -> CloudRefused:
    missing = what if isinstance(what, str) else what.permission
    name = calls.GROUP_MEMBERS.name
    return CloudRefused(
        f"{tenant.domain} does not let o365bot see who is in a group that has the role.",
        where=tenant.domain,
        call=name,
        missing=missing,
        hint=f"Grant the application permission {missing} there, with admin consent.",
    )
