"""The members of a group, for who may command the bot.

"List group transitive members", Microsoft Graph v1.0.
"""

from __future__ import annotations

from urllib.parse import quote

from adapters.entra.directory import calls
from adapters.entra.directory.graph import Ask, Graph
from adapters.entra.directory.reading import text
from bot.domain.inventory.apps import Tenant
from bot.domain.normalization import exact
from bot.errors import CloudNotFound

_USER = "#microsoft.graph.user"


async def group_members(graph: Graph, tenant: Tenant, group_id: str) -> tuple[str, ...]:
    """Object ids of people, also of those in groups in it. Raises CloudError."""
    path = f"/groups/{quote(group_id, safe='')}/transitiveMembers"
    try:
        rows = await graph.rows(tenant, Ask(calls.GROUP_MEMBERS, path, {"$select": "id"}))
    except CloudNotFound:
        return ()
    return tuple(exact(text(one, "id")) for one in rows if text(one, "@odata.type") == _USER)
