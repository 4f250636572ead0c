"""The app registrations that Okta makes for one app each, by their enterprise applications.

Okta's log names the registration's client id where it was made. That it lies in the customer's
tenant is not documented: so one that was never found there says nothing (`bot.domain.evidence`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from adapters.entra.directory import calls
from adapters.entra.directory.graph import CLAUSES_LIMIT, Ask, Graph
from adapters.entra.directory.reading import Json, quoted, text, told
from adapters.entra.evidence.principals import FIELDS, may_sign_in
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.unread import read_failed
from bot.domain.inventory.apps import Tenant
from bot.domain.normalization import exact
from bot.errors import CloudError

# At most twenty of them come along ("Use query parameters"): whether there are any is enough.
_GRANTED = "appRoleAssignments"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def read_registrations(
    graph: Graph, tenant: Tenant, client_ids: Mapping[str, str], seen_at: datetime
) -> Mapping[str, tuple[Evidence, ...]]:
    """One piece of evidence for each app, by Okta app id; a failed read is told, not raised."""
    wanted = {app_id: exact(client_id) for app_id, client_id in client_ids.items()}
    wanted = {app_id: known for app_id, known in wanted.items() if _GUID.fullmatch(known)}
    clauses = [f"appId eq {quoted(client_id)}" for client_id in sorted(set(wanted.values()))]
    found: dict[str, Json] = {}
    try:
        for start in range(0, len(clauses), CLAUSES_LIMIT):
            some = " or ".join(clauses[start : start + CLAUSES_LIMIT])
            query = {"$filter": some, "$select": FIELDS, "$expand": _GRANTED}
            ask = Ask(calls.SERVICE_PRINCIPALS, "/servicePrincipals", query)
            found |= {exact(text(row, "appId")): row for row in await graph.rows(tenant, ask)}
    except CloudError as error:
        return dict.fromkeys(wanted, (read_failed(error, seen_at),))
    return {
        app_id: (_evidence(client_id, found.get(client_id), seen_at),)
        for app_id, client_id in wanted.items()
    }


def _evidence(client_id: str, principal: Json | None, seen_at: datetime) -> Evidence:
    detail = {"client_id": client_id}
    if principal is None:
        return Evidence(EvidenceKind.NO_OWN_REGISTRATION, seen_at, detail=detail)
    name, enabled = text(principal, "displayName"), told("enabled", may_sign_in(principal))
    granted = principal.get(_GRANTED)
    rights = told("rights", bool(granted) if isinstance(granted, list) else None)
    detail |= {"name": name, **enabled, **rights}
    return Evidence(EvidenceKind.OWN_REGISTRATION, seen_at, detail=detail)
