"""Whether an app, its Okta org and the tenant that was found belong together. Hints, no more.

The tenant is found from a domain that somebody typed into Okta, so two things are compared: the
domain must be verified in that tenant, and where it is federated, its sign-in must lead to the org
(internalDomainFederation, Microsoft Graph). A mismatch is shown as a warning and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import Office365App
from bot.domain.inventory.hosts import is_oktas
from bot.domain.normalization import exact

MISMATCHES = frozenset({EvidenceKind.DOMAIN_NOT_IN_TENANT, EvidenceKind.FEDERATED_ELSEWHERE})


@dataclass(frozen=True, slots=True)
class TenantDomain:
    """A domain as a tenant has it.

    `federated` is None when it is not told. `issuers` and `sign_ins` are the addresses of its
    federation, empty when it is managed by Microsoft, or when that could not be read.
    """

    name: str
    verified: bool
    federated: bool | None = None
    issuers: tuple[str, ...] = ()
    sign_ins: tuple[str, ...] = ()


def right_tenant(
    app: Office365App, domains: Mapping[str, TenantDomain], org_url: str, now: datetime
) -> tuple[Evidence, ...]:
    """What fits and what does not. `domains` are all of the tenant's, by name as `exact` has it.

    `org_url` is the org's address, "" when it is not known; `now` is when it was looked (UTC).
    """
    name = exact(app.domain)
    if not name:
        return ()
    domain = domains.get(name)
    if domain is None or not domain.verified:
        detail = {"name": name}
        return (Evidence(EvidenceKind.DOMAIN_NOT_IN_TENANT, now, detail=detail),)
    detail = {"name": name}
    if domain.federated is not None:
        detail["signs_in"] = "federated" if domain.federated else "managed"
    found = [Evidence(EvidenceKind.DOMAIN_IN_TENANT, now, detail=detail)]
    federation = _federation(domain, org_url)
    if federation is not None:
        detail = {"name": name, "host": _hosts(domain)[0]}
        found.append(Evidence(federation, now, detail=detail))
    return tuple(found)


def _federation(domain: TenantDomain, org_url: str) -> EvidenceKind | None:
    """Whether the domain's sign-in leads to the org; None when that cannot be told.

    An org answers under Okta's name and under one of the customer's, and either may stand in the
    settings: two different names are a mismatch only when neither can be the other's alias.
    """
    hosts = _hosts(domain)
    if not hosts or not org_url:
        return None
    org = exact(urlsplit(org_url).netloc)
    if org in hosts:
        return EvidenceKind.FEDERATED_WITH_OKTA
    if any(is_oktas(host) for host in hosts):
        return EvidenceKind.FEDERATED_ELSEWHERE if is_oktas(org) else None
    # What Okta's WS-Federation sends as its issuer: http://www.okta.com/exk…
    issued_by_okta = any(is_oktas(urlsplit(one).netloc) for one in domain.issuers)
    return None if issued_by_okta else EvidenceKind.FEDERATED_ELSEWHERE


def _hosts(domain: TenantDomain) -> tuple[str, ...]:
    hosts = (exact(urlsplit(address).netloc) for address in domain.sign_ins)
    return tuple(dict.fromkeys(host for host in hosts if host))
