"""App-only tokens for Microsoft Graph, one for each tenant, in memory only.

From "Microsoft identity platform and the OAuth 2.0 client credentials flow" and "Microsoft identity
platform application authentication certificate credentials".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from adapters.entra.directory.aadsts import explain_sign_in
from adapters.entra.directory.clouds import graph_url
from adapters.http.answers import Answer
from adapters.http.client import CloudClient
from adapters.http.keys.credential import ClientProof
from bot.domain.inventory.apps import Tenant
from bot.ports.system import Clock
from bot.settings.sections.clouds import EntraSettings

USABLE_PART = 0.8  # of a token's life; then a fresh one is fetched


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    until: datetime

    def __repr__(self) -> str:
        return f"_Token(until={self.until})"


class AppTokens:
    """Tokens by tenant. However many ask at once, a tenant's token is fetched once."""

    def __init__(self, settings: EntraSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._client = ClientProof.of_entra(settings)
        self._tokens: dict[str, _Token] = {}
        self._fetching: dict[str, asyncio.Task[_Token]] = {}

    async def token(self, tenant: Tenant) -> str:
        """A token for this tenant's Graph. Raises CloudError."""
        known = self._tokens.get(tenant.id)
        if known is not None and self._clock.now() < known.until:
            return known.value
        task = self._fetching.get(tenant.id)
        if task is None:
            task = asyncio.create_task(self._fetch(tenant))
            self._fetching[tenant.id] = task
            task.add_done_callback(lambda done: self._settle(tenant.id, done))
        # Shielded: a caller that gives up must not take the token from the others.
        return (await asyncio.shield(task)).value

    def forget(self, tenant: Tenant) -> bool:
        """Drop a token that Graph refused; True when there was one, so another may do better."""
        return self._tokens.pop(tenant.id, None) is not None

    def _settle(self, tenant_id: str, task: asyncio.Task[_Token]) -> None:
        self._fetching.pop(tenant_id, None)
        if not task.cancelled() and task.exception() is None:
            self._tokens[tenant_id] = task.result()

    async def _fetch(self, tenant: Tenant) -> _Token:
        # The host is checked before anything is asked for, so that no token exists for a wrong one.
        graph = urlsplit(graph_url(self._settings, tenant.graph_host, where=tenant.domain))
        path = f"/{quote(tenant.id, safe='')}/oauth2/v2.0/token"
        client = CloudClient(
            self._http,
            self._settings.login_url,
            where=tenant.domain,
            explain=partial(explain_sign_in, login_url=self._settings.login_url),
        )
        asked_at = self._clock.now()
        form = {
            "client_id": self._settings.client_id,
            "scope": f"{graph.scheme}://{graph.netloc}/.default",
            "grant_type": "client_credentials",
            **self._client.proof(f"{self._settings.login_url}{path}", asked_at),
        }
        answer = await client.post(path, form=form)
        return _read(answer, asked_at)


class TenantCredentials:
    """Puts the tenant's token on each request; a token that Graph refuses is fetched anew.

    Permissions stand in the token: one from before a consent would refuse for an hour after it. So
    one that does not suffice is not kept either, but only the next request has a fresh one.
    """

    def __init__(self, tokens: AppTokens, tenant: Tenant) -> None:
        self._tokens = tokens
        self._tenant = tenant

    async def authorize(self, request: httpx.Request) -> None:
        request.headers["Authorization"] = f"Bearer {await self._tokens.token(self._tenant)}"

    def renew(self, answer: Answer) -> bool:
        if answer.status not in (401, 403):
            return False
        return self._tokens.forget(self._tenant) and answer.status == 401


def _read(answer: Answer, asked_at: datetime) -> _Token:
    body = answer.object()
    value = body.get("access_token")
    seconds: Any = body.get("expires_in")
    if not (isinstance(value, str) and value):
        raise answer.invalid("has no access_token")
    try:
        # Microsoft documents a number, a text of one is taken, too; float refuses the rest.
        life = timedelta(seconds=float(seconds) * USABLE_PART)
    except (TypeError, ValueError, OverflowError):
        raise answer.invalid("does not say for how many seconds the token is good") from None
    return _Token(value, asked_at + life)
