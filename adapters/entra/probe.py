"""What the doctor sees of Microsoft: each tenant's sign-in and permissions, the registrations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import httpx
import jwt
from attrs import define

from adapters.entra.directory.calls import APPLICATION, CALLS, DOMAINS, HIDDEN_MEMBERS
from adapters.entra.directory.discovery import Discovery
from adapters.entra.directory.graph import Ask, Graph
from adapters.entra.directory.reading import Json, inner, moment, records, text, texts
from adapters.entra.directory.tokens import AppTokens
from adapters.http.client import open_http
from adapters.http.skew import Skew
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import NoTenant, RegistrationSeen, TenantSeen
from bot.domain.inventory.apps import Tenant
from bot.errors import CloudError, SettingsInvalid
from bot.ports.system import Clock
from bot.settings.sections.chat import TeamsSettings
from bot.settings.sections.clouds import EntraSettings

HINT = 3
"""Characters of a secret that Microsoft shows beside it (Graph, passwordCredential, `hint`)."""


@define(eq=False)
class EntraProbe:
    """Implements `bot.ports.doctor.MicrosoftProbe`; a connection pool of its own for each look.

    `redirects` are the addresses that the registration must know (as `RegistrationSeen.wanted`).
    """

    _settings: EntraSettings
    _teams: TeamsSettings | None
    _clock: Clock
    _redirects: Mapping[str, bool]

    async def probe(self, tenants: Mapping[str, Sequence[str]]) -> Mapping[str, object]:
        async with open_http() as http:
            try:
                graph = _Reader(self._settings, http, self._clock)
            except SettingsInvalid as error:
                failure = Failure(error.problems[0])
                return {f"entra:{name}": TenantSeen(sign_in=failure) for name in tenants}
            found = await asyncio.gather(*(graph.tenant(*item) for item in tenants.items()))
            seen: dict[str, object] = {
                f"entra:{name}": one for name, one in zip(tenants, found, strict=True)
            }
            if not tenants:
                seen["entra"] = NoTenant()
            if graph.known:
                seen["entra"] = await self._registration(graph, [*graph.known.values()])
            # A managed identity has no registration of an application.
            if self._teams is not None and not self._teams.managed_identity:
                seen["teams:registration"] = await self._of_teams(graph, self._teams)
            return seen

    async def _registration(self, graph: _Reader, tenants: list[Tenant]) -> RegistrationSeen:
        """Where it is at home it can be read; in the others it is unknown."""
        secret = self._settings.client_secret
        value = secret.get_secret_value() if secret is not None else ""
        failure: Failure | None = None
        for tenant in tenants:
            read = await graph.registration(tenant, self._settings.client_id)
            if not isinstance(read, Failure):
                return _registration(read, value, self._redirects)
            failure = failure or read
        return RegistrationSeen(failure, self._redirects, by_secret=bool(value))

    async def _of_teams(self, graph: _Reader, teams: TeamsSettings) -> RegistrationSeen:
        secret = teams.app_password.get_secret_value() if teams.app_password else ""
        try:
            tenant = await graph.discovery.find(teams.tenant_id)
        except CloudError as error:
            return RegistrationSeen(Failure.of(error), by_secret=bool(secret))
        read = await graph.registration(tenant, teams.app_id)
        if isinstance(read, Failure):
            return RegistrationSeen(read, by_secret=bool(secret))
        return _registration(read, secret, {})


class _Reader:
    """The reads of one look."""

    def __init__(self, settings: EntraSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        self.discovery = Discovery(settings, http, clock)
        self._skew = Skew(clock)
        self._skew.watch(http)
        self._tokens = AppTokens(settings, http, clock)
        self._graph = Graph(settings, http, self._tokens, clock)
        self.known: dict[str, Tenant] = {}

    async def tenant(self, name: str, domains: Sequence[str]) -> TenantSeen:
        try:
            tenant = await self.discovery.find_named(name, domains)
            token = await self._tokens.token(tenant)
        except CloudError as error:
            return TenantSeen(sign_in=Failure.of(error), off=self._skew.off)
        self.known[tenant.id] = tenant
        read: Failure | None = None
        try:
            await self._graph.rows(tenant, Ask(DOMAINS, "/domains"))
        except CloudError as error:
            read = Failure.of(error)
        return replace(_weighed(_roles(token)), read=read, off=self._skew.off)

    async def registration(self, tenant: Tenant, app_id: str) -> Json | Failure:
        """The app registration, as its home tenant tells of it."""
        path, select = f"/applications(appId='{app_id}')", {"$select": "passwordCredentials,web"}
        try:
            return await self._graph.one(tenant, Ask(APPLICATION, path, select))
        except CloudError as error:
            return Failure.of(error)


def _roles(token: str) -> frozenset[str]:
    """The application permissions in a token; empty where it cannot be read.

    Microsoft says that a client should not rely on what its access tokens hold ("Access tokens in
    the Microsoft identity platform"); here it decides nothing, it is only shown.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return frozenset()
    return frozenset(texts(claims, "roles"))


def _weighed(roles: frozenset[str]) -> TenantSeen:
    """Which permissions some read needs, which are missing, and which are for nothing."""
    lacking: dict[str, list[str]] = {}
    useful, vital = {HIDDEN_MEMBERS}, set[str]()
    for call in CALLS:
        useful |= {*call.needs, *call.instead}
        if roles.issuperset(call.needs) or roles.intersection(call.instead):
            continue
        for permission in set(call.needs) - roles:
            lacking.setdefault(permission, []).append(call.name)
            vital |= set() if call.optional else {permission}
    return TenantSeen(
        granted=tuple(sorted(roles & useful)),
        lacking={one: tuple(calls) for one, calls in sorted(lacking.items())},
        optional=frozenset(lacking) - vital,
        more=tuple(sorted(roles - useful)),
    )


def _registration(read: Json, secret: str, wanted: Mapping[str, bool]) -> RegistrationSeen:
    ends = [
        at
        for one in records(read, "passwordCredentials")
        if secret
        and text(one, "hint") == secret[:HINT]
        and (at := moment(one, "endDateTime")) is not None
    ]
    return RegistrationSeen(
        None,
        wanted,
        texts(inner(read, "web"), "redirectUris"),
        bool(secret),
        max(ends, default=None),  # of two that begin alike the one that was made later counts
    )
