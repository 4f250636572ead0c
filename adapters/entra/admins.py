"""Who holds, or may activate, Global Administrator in a tenant.

From "List unifiedRoleAssignments" and "List roleEligibilityScheduleInstances" of Microsoft Graph
v1.0. An assignment that somebody activated in Privileged Identity Management is among the role
assignments for as long as it lasts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from adapters.entra import calls
from adapters.entra.graph import Ask, Graph
from adapters.entra.mfa import Registration, read_registrations
from adapters.entra.reading import Json, flag, inner, text, texts
from adapters.entra.refusals import NO_PIM
from bot.domain.apps import Tenant
from bot.domain.people import GlobalAdmin, Holding
from bot.errors import CloudError, CloudNotFound, CloudRefused

# The role's template id; of a built-in role it is the definition's id too.
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"


_USER = "#microsoft.graph.user"
_GROUP = "#microsoft.graph.group"
_FIELDS = (
    "id,userPrincipalName,mail,otherMails,displayName,givenName,"
    "accountEnabled,userType,onPremisesSyncEnabled"
)


@dataclass(frozen=True, slots=True)
class AdminsRead:
    """The administrators, and what could not be read beside them."""

    admins: tuple[GlobalAdmin, ...]
    gaps: tuple[CloudError, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """One principal that has the role. `via` names the group, "" for a direct assignment."""

    principal_id: str
    principal: Json
    holding: Holding
    via: str = ""


async def read_global_admins(graph: Graph, tenant: Tenant) -> AdminsRead:
    """Everybody who has the role, persons only; who holds it actively is not eligible as well.

    Raises CloudError when the active assignments cannot be read, or when what could not be read
    is all there may be: an empty answer always means "nobody".
    """
    gaps: list[CloudError] = []
    active = await _assignments(graph, tenant, calls.ROLE_ASSIGNMENTS, Holding.ACTIVE)
    eligible: tuple[_Held, ...] = ()
    try:
        eligible = await _assignments(graph, tenant, calls.ROLE_ELIGIBILITIES, Holding.ELIGIBLE)
    except CloudRefused as refused:
        gaps.append(refused)

    held: dict[str, _Held] = {}
    for holders in (active, eligible):  # in this order: who holds it actively is not eligible
        async for one in _persons(graph, tenant, holders, gaps):
            held.setdefault(one.principal_id, one)

    admins = await _read_users(graph, tenant, held, gaps)
    if not admins:
        for gap in gaps:
            if not (isinstance(gap, CloudRefused) and gap.reason == NO_PIM):
                raise gap
    registered, unread = await read_registrations(graph, tenant, admins)
    gaps.extend(unread)
    return AdminsRead(
        tuple(_with_mfa(admin, registered.get(admin.object_id)) for admin in admins), tuple(gaps)
    )


async def read_holding(graph: Graph, tenant: Tenant, object_id: str) -> Holding | None:
    """How one account holds the role at this moment; None: neither actively nor eligibly.

    Raises CloudRefused also when a group that has the role could not be looked into.
    """
    gaps: list[CloudError] = []
    for call, holding in (
        (calls.ROLE_ASSIGNMENTS, Holding.ACTIVE),
        (calls.ROLE_ELIGIBILITIES, Holding.ELIGIBLE),
    ):
        try:
            holders = await _assignments(graph, tenant, call, holding)
        except CloudRefused:
            if holding is Holding.ACTIVE:
                raise
            break  # no licence for Privileged Identity Management, or no permission to ask
        async for one in _persons(graph, tenant, holders, gaps):
            if one.principal_id.lower() == object_id.lower():
                return holding
    if gaps:
        raise gaps[0]
    return None


async def _assignments(
    graph: Graph, tenant: Tenant, call: calls.Call, holding: Holding
) -> tuple[_Held, ...]:
    path = call.name.removeprefix("GET ")
    rows = await graph.rows(
        tenant,
        Ask(
            call,
            path,
            {
                "$filter": f"roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'",
                "$expand": "principal",
            },
        ),
    )
    return tuple(
        _Held(text(row, "principalId"), inner(row, "principal"), holding)
        for row in rows
        # A smaller scope (an administrative unit) does not reach the tenant's applications.
        if text(row, "directoryScopeId") == "/" and text(row, "principalId")
    )


async def _persons(
    graph: Graph, tenant: Tenant, held: Iterable[_Held], gaps: list[CloudError]
) -> AsyncIterator[_Held]:
    """The users among the principals, then the members of the groups."""
    groups = []
    for one in held:
        kind = text(one.principal, "@odata.type")
        if kind == _GROUP:
            groups.append(one)
        elif kind in (_USER, ""):  # without a type it may be a user: reading it tells
            yield one
    for group in groups:
        name = text(group.principal, "displayName") or group.principal_id
        path = f"/groups/{quote(group.principal_id, safe='')}/transitiveMembers"
        ask = Ask(calls.GROUP_MEMBERS, path, {"$select": "id"})
        try:
            members = await graph.rows(tenant, ask)
        except (CloudRefused, CloudNotFound) as refused:
            gaps.append(refused)
            continue
        for member in members:
            if text(member, "@odata.type") in (_USER, "") and text(member, "id"):
                yield _Held(text(member, "id"), member, group.holding, name)


async def _read_users(
    graph: Graph, tenant: Tenant, held: Mapping[str, _Held], gaps: list[CloudError]
) -> tuple[GlobalAdmin, ...]:
    """The users in full; what `$expand` and group members show of them is not selectable."""
    asks = [
        Ask(calls.USER, f"/users/{quote(object_id, safe='')}", {"$select": _FIELDS})
        for object_id in held
    ]
    admins = []
    for one, answer in zip(held.values(), await graph.batch(tenant, asks), strict=True):
        match answer:
            case CloudNotFound():
                continue  # deleted meanwhile, or no user at all
            case CloudRefused():
                gaps.append(answer)
                admins.append(_admin(tenant, one, one.principal, hidden=True))
            case CloudError():
                raise answer
            case _:
                admins.append(_admin(tenant, one, answer, hidden=False))
    return tuple(admins)


def _admin(tenant: Tenant, held: _Held, user: Json, *, hidden: bool) -> GlobalAdmin:
    """Where Graph may not show a user it answers with the id and nulls: the state is unknown."""
    upn = text(user, "userPrincipalName") or text(held.principal, "userPrincipalName")
    return GlobalAdmin(
        tenant_id=tenant.id,
        object_id=held.principal_id,
        display_name=text(user, "displayName") or text(held.principal, "displayName") or upn,
        upn=upn,
        mail=text(user, "mail"),
        other_mails=texts(user, "otherMails"),
        enabled=None if hidden else flag(user, "accountEnabled"),
        guest=text(user, "userType").lower() == "guest",
        synced=flag(user, "onPremisesSyncEnabled") is True,
        given_name=text(user, "givenName"),
        holding=held.holding,
        via=held.via,
    )


def _with_mfa(admin: GlobalAdmin, registration: Registration | None) -> GlobalAdmin:
    if registration is None:
        return admin
    return replace(admin, mfa=registration.mfa, mfa_methods=registration.methods)
