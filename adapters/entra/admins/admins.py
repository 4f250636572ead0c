"""The persons who hold, or may activate, Global Administrator in a tenant, read in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from urllib.parse import quote

from adapters.entra.admins.holders import Held, role_holders
from adapters.entra.admins.mfa import Registration, read_registrations
from adapters.entra.directory import calls
from adapters.entra.directory.graph import Ask, Graph
from adapters.entra.directory.reading import Json, flag, text, texts
from adapters.entra.directory.refusals import NO_PIM
from bot.domain.inventory.apps import Tenant
from bot.domain.normalization import exact
from bot.domain.people.admins import GlobalAdmin, Holding
from bot.errors import CloudError, CloudNotFound, CloudRefused

_FIELDS = (
    "id,userPrincipalName,mail,otherMails,displayName,givenName,"
    "accountEnabled,userType,externalUserState,onPremisesSyncEnabled"
)


@dataclass(frozen=True, slots=True)
class AdminsRead:
    """The administrators, and what could not be read beside them."""

    admins: tuple[GlobalAdmin, ...]
    gaps: tuple[CloudError, ...]


async def read_global_admins(graph: Graph, tenant: Tenant) -> AdminsRead:
    """Everybody who has the role, persons only; whoever activated it holds it actively.

    Raises CloudError when the active assignments cannot be read, or when what could not be read
    is all there may be: an empty answer always means "nobody".
    """
    gaps: list[CloudError] = []
    held: dict[str, Held] = {}
    eligible: set[str] = set()
    async for one in role_holders(graph, tenant, gaps):  # the active first
        held.setdefault(one.principal_id, one)
        eligible |= {one.principal_id} if one.holding is Holding.ELIGIBLE else set()

    admins = await _read_users(graph, tenant, held, gaps)
    if not admins and (unseen := _unseen(gaps)) is not None:
        raise unseen
    registered, unread = await read_registrations(graph, tenant, admins)
    gaps.extend(unread)
    return AdminsRead(
        tuple(
            _with_mfa(
                replace(admin, may_activate=admin.object_id in eligible),
                registered.get(admin.object_id),
            )
            for admin in admins
        ),
        tuple(gaps),
    )


async def read_holding(graph: Graph, tenant: Tenant, object_id: str) -> Holding | None:
    """How one account holds the role at this moment; None: neither actively nor eligibly.

    Whose account is told to be disabled holds nothing. Raises CloudError also when something could
    not be looked into that may hold it.
    """
    gaps: list[CloudError] = []
    async with aclosing(role_holders(graph, tenant, gaps)) as holders:
        async for one in holders:
            if exact(one.principal_id) == exact(object_id):
                is_disabled = flag(one.principal, "accountEnabled") is False
                return None if is_disabled else one.holding
    if (unseen := _unseen(gaps)) is not None:
        raise unseen
    return None


def _unseen(gaps: Iterable[CloudError]) -> CloudError | None:
    """What may hide somebody. Without a licence for it, nobody is eligible."""
    return next((g for g in gaps if not (isinstance(g, CloudRefused) and g.reason == NO_PIM)), None)


async def _read_users(
    graph: Graph, tenant: Tenant, held: Mapping[str, Held], gaps: list[CloudError]
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


def _admin(tenant: Tenant, held: Held, user: Json, *, hidden: bool) -> GlobalAdmin:
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
        guest=exact(text(user, "userType")) == "guest",
        invited=exact(text(user, "externalUserState")) == "pendingacceptance",
        synced=flag(user, "onPremisesSyncEnabled") is True,
        given_name=text(user, "givenName"),
        holding=held.holding,
        via=held.via,
    )


def _with_mfa(admin: GlobalAdmin, registration: Registration | None) -> GlobalAdmin:
    if registration is None:
        return admin
    return replace(admin, mfa=registration.mfa, mfa_methods=registration.methods)
