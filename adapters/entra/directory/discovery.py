"""From a domain to its Entra tenant, by OpenID Connect discovery, without any credential.

From "OpenID Connect on the Microsoft identity platform": the path takes a domain or a tenant id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx

from adapters.entra.directory.aadsts import is_unknown_tenant
from adapters.entra.directory.clouds import graph_host, initial_domains, is_served
from adapters.entra.directory.reading import text
from adapters.http.answers import Answer, refusal
from adapters.http.client import CloudClient
from bot.domain.inventory.apps import Tenant
from bot.domain.normalization import exact
from bot.errors import TenantUnknown
from bot.ports.system import Clock
from bot.settings.sections.clouds import EntraSettings

KEEP = timedelta(days=1)
DOMAINS_TRIED = 5  # of a tenant's apps: each of them should lead there
CALL = "GET /{domain}/v2.0/.well-known/openid-configuration"

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ISSUER = re.compile(rf"https?://[^/]+/(?P<tenant>{_GUID.pattern})/v2\.0/?")
_DNS_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


class Discovery:
    """Tenants by domain, each answer kept for a day."""

    def __init__(self, settings: EntraSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._known: dict[str, tuple[Tenant, datetime]] = {}

    async def find(self, domain: str) -> Tenant:
        """The tenant of a domain or tenant id. Raises CloudNotFound and other CloudErrors."""
        name = _checked(domain)
        known = self._known.get(name)
        if known is not None and self._clock.now() - known[1] < KEEP:
            return known[0]
        client = CloudClient(self._http, self._settings.login_url, where=name)
        answer = await client.get(f"/{name}/v2.0/.well-known/openid-configuration", accept={400})
        if answer.status == 400:
            if is_unknown_tenant(answer):
                raise _unknown(name)
            raise refusal(answer)
        tenant = self._read(name, answer)
        self._known[name] = (tenant, self._clock.now())
        return tenant

    async def find_named(self, name: str, domains: Sequence[str]) -> Tenant:
        """The tenant that Okta calls `name`; the company's own `domains` are the last resort.

        A short name is completed as the settings' cloud does, then in the other known ways. What is
        found so, but in a cloud that is not the settings', may be anybody's: that one is left out.
        Raises CloudNotFound and other CloudErrors.
        """
        usual, *guesses = [name]
        if "." not in name:
            usual, *guesses = [f"{name}.{end}" for end in initial_domains(self._settings)]
        elsewhere: Tenant | None = None
        for domain in dict.fromkeys((usual, *guesses, *domains[:DOMAINS_TRIED])):
            try:
                tenant = await self.find(domain)
            except TenantUnknown:
                continue
            if is_served(self._settings, tenant.graph_host):
                return tenant
            if domain not in guesses:
                elsewhere = elsewhere or tenant
        if elsewhere is not None:
            return elsewhere
        raise _unknown(name)

    def _read(self, name: str, answer: Answer) -> Tenant:
        document = answer.object()
        issuer = _ISSUER.fullmatch(exact(text(document, "issuer")))
        if issuer is None:
            raise answer.invalid("names no tenant in its issuer")
        tenant_id = issuer["tenant"]
        if _GUID.fullmatch(name) and name != tenant_id:
            raise answer.invalid("speaks of another tenant")
        host = graph_host(self._settings, text(document, "msgraph_host"))
        if not host:
            raise answer.invalid(
                "names a Microsoft Graph host that is not known",
                hint="If it is right, set entra.graph_url (and entra.login_url) to that cloud.",
            )
        region = text(document, "tenant_region_sub_scope") or text(document, "tenant_region_scope")
        return Tenant(id=tenant_id, domain=name, graph_host=host, region=region)


def _checked(domain: str) -> str:
    """The domain in lower case (IDNA), fit to stand in a path. Raises TenantUnknown."""
    name = exact(domain.strip().rstrip("."))
    try:
        name = name.encode("idna").decode()
    except UnicodeError:
        raise _unknown(domain) from None
    if not (_GUID.fullmatch(name) or _DNS_NAME.fullmatch(name)):
        raise _unknown(domain)
    return name


def _unknown(domain: str) -> TenantUnknown:
    return TenantUnknown(
        domain[:100],
        call=CALL,
        hint="Check the domain and the Microsoft tenant name in the Okta app's settings.",
    )
