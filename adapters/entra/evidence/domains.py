"""The domains of a tenant and where they sign in: whether it is the right tenant for an app.

From "List domains" and "List internalDomainFederations" of Microsoft Graph v1.0. These are hints
only, so a permission that is missing is no failure: what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import structlog

from adapters.entra.directory import calls
from adapters.entra.directory.graph import Ask, Graph
from adapters.entra.directory.reading import Json, flag, records, text
from bot.domain.evidence.rules import Evidence
from bot.domain.inventory.apps import Office365App, Tenant
from bot.domain.inventory.right_tenant import TenantDomain, right_tenant
from bot.domain.normalization import exact
from bot.errors import CloudError

log = structlog.get_logger(__name__)


async def read_domain_evidence(
    graph: Graph,
    tenant: Tenant,
    apps: Sequence[Office365App],
    org_urls: Mapping[str, str],
    seen_at: datetime,
) -> Mapping[str, tuple[Evidence, ...]]:
    """By app id; empty when the tenant's domains cannot be read. Two calls for any number of apps.

    `org_urls` are the Okta orgs' addresses by name.
    """
    wanted = {exact(app.domain) for app in apps if app.domain}
    if not wanted:
        return {}
    ask = Ask(calls.DOMAINS, "/domains", {"$select": "id,authenticationType,isRoot,isVerified"})
    try:
        rows = {exact(text(row, "id")): row for row in await graph.rows(tenant, ask)}
        federations = await _federations(graph, tenant, wanted, rows)
    except CloudError as error:
        log.info("could not compare domains", tenant=tenant.domain, reason=error.message)
        return {}
    domains = {name: _domain(name, row, federations.get(name, ())) for name, row in rows.items()}
    return {
        app.ref.app_id: right_tenant(app, domains, org_urls.get(app.ref.org, ""), seen_at)
        for app in apps
    }


async def _federations(
    graph: Graph, tenant: Tenant, wanted: set[str], rows: Mapping[str, Json]
) -> Mapping[str, Sequence[Json]]:
    """The federations of the wanted domains by name; a subdomain has its root's."""
    federated = sorted(
        name for name in wanted if text(rows.get(name, {}), "authenticationType") == "Federated"
    )
    roots = {name: root_of(name, rows) for name in federated}
    asked = sorted(set(roots.values()))
    answers = await graph.batch(
        tenant,
        [
            Ask(calls.FEDERATION, f"/domains/{quote(root, safe='')}/federationConfiguration")
            for root in asked
        ],
    )
    read = {
        root: records(answer, "value")
        for root, answer in zip(asked, answers, strict=True)
        if not isinstance(answer, CloudError)
    }
    return {name: read[root] for name, root in roots.items() if root in read}


def root_of(domain: str, known: Mapping[str, Json]) -> str:
    """The domain that carries the federation: a subdomain inherits its root's."""
    name = domain
    while name in known and flag(known[name], "isRoot") is False and "." in name:
        name = name.partition(".")[2]
    return name if name in known else domain


def _domain(name: str, row: Json, federations: Sequence[Json]) -> TenantDomain:
    return TenantDomain(
        name,
        flag(row, "isVerified") is not False,
        {"Federated": True, "Managed": False}.get(text(row, "authenticationType")),
        tuple(issuer for one in federations if (issuer := text(one, "issuerUri"))),
        tuple(
            address
            for one in federations
            for key in ("passiveSignInUri", "activeSignInUri")
            if (address := text(one, key))
        ),
    )
