"""What the doctor sees of an Okta org: the sign-in, each scope, the roles, each kind of call."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any
from urllib.parse import quote

from adapters.http.client import CloudClient, Credentials, Retry, open_http
from adapters.http.counts import Api
from adapters.http.skew import Skew
from adapters.okta import parse
from adapters.okta.calls.pacing import OktaPace
from adapters.okta.calls.paging import pages
from adapters.okta.calls.scopes import SCOPES, explain
from adapters.okta.calls.tokens import ApiToken, ServiceApp
from adapters.okta.client import PAGE, signing_key
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import OktaSeen
from bot.domain.inventory.apps import Office365App
from bot.errors import CloudError, CloudRefused, SettingsInvalid
from bot.ports.system import Clock
from bot.settings.sections.clouds import OktaSettings

ONCE = Retry(attempts=2)
MOST_PAGES = 5
"""Of apps, which tell what tenants there are: a thousand at most."""


class OktaProbe:
    """Implements `bot.ports.doctor.OrgProbe`; a connection pool of its own for each look."""

    def __init__(self, settings: OktaSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def probe(self) -> OktaSeen:
        settings = self._settings
        try:
            key = signing_key(settings)
        except SettingsInvalid as error:
            return OktaSeen(sign_in=Failure(error.problems[0]))
        skew = Skew(self._clock)
        async with open_http(api=Api.OKTA) as http:
            skew.watch(http)
            credentials: Credentials
            scopes: Mapping[str, Failure | None] = {}
            if key is None:
                assert settings.api_token is not None, "the settings see to it"
                credentials = ApiToken(settings.name, settings.api_token.get_secret_value())
            else:
                bare = CloudClient(http, settings.url, where=settings.name, retry=Retry(attempts=1))
                credentials = app = ServiceApp(bare, settings.url, key, self._clock)
                sign_in, scopes = await _granted(app)
                if sign_in is not None:
                    return OktaSeen(sign_in=sign_in, hooked=self._hooked, off=skew.off)
            api = CloudClient(
                http,
                settings.url,
                where=settings.name,
                credentials=credentials,
                pace=OktaPace(self._clock),
                explain=explain,
                retry=ONCE,
            )
            calls = _Calls(api)
            apps = await calls.apps(settings)
            roles = await calls.roles(settings.client_id) if key is not None else ()
            await calls.log()
            await calls.administrators()
            return OktaSeen(
                sign_in=calls.refused if key is None else None,
                by_token=key is None,
                scopes=scopes,
                roles=roles,
                reads=calls.made,
                apps=len(apps),
                tenants={app.tenant_name: app.domains for app in apps if app.tenant_name},
                hooked=self._hooked,
                off=skew.off,
            )

    @property
    def _hooked(self) -> bool:
        return self._settings.hook_secret is not None


async def _granted(app: ServiceApp) -> tuple[Failure | None, Mapping[str, Failure | None]]:
    """Why the service app cannot sign in at all; else which scopes it is granted."""
    found: dict[str, Failure | None] = {}
    for scope in SCOPES:
        try:
            await app.grant(scope)
            found[scope] = None
        except CloudError as error:
            if not (isinstance(error, CloudRefused) and error.missing):
                return Failure.of(error), {}
            found[scope] = Failure.of(error)
    return None, found


class _Calls:
    """One call of each kind that the bot makes, with what became of it."""

    def __init__(self, api: CloudClient) -> None:
        self._api = api
        self.made: dict[str, Failure | None] = {}
        self.refused: Failure | None = None
        """Why the credentials themselves were turned away."""

    async def apps(self, settings: OktaSettings) -> list[Office365App]:
        """The first pages of apps under each name, and one app's connection."""
        found: list[Office365App] = []
        for name in settings.catalog_names:
            found += await self._apps_of(settings.name, name)
        if found:
            path = f"/api/v1/apps/{quote(found[0].ref.app_id, safe='')}/connections/default"
            await self._rows("GET /api/v1/apps/{id}/connections/default", self._api.get(path))
        return found

    async def _apps_of(self, org: str, name: str) -> list[Office365App]:
        call = "GET /api/v1/apps"
        found: list[Office365App] = []
        query: dict[str, str | int] = {
            "filter": f'name eq "{name}"',
            "limit": PAGE,
            "includeNonDeleted": "true",
        }
        read = 0
        try:
            async for answer in pages(self._api, "/api/v1/apps", query):
                found += filter(None, (parse.app(org, row, name) for row in answer.array()))
                read += 1
                if read == MOST_PAGES:
                    break
        except CloudError as error:
            self._failed(call, error)
        self.made.setdefault(call, None)
        return found

    async def roles(self, client_id: str) -> tuple[str, ...] | Failure:
        """Of the service app (developer.okta.com, "List all client role assignments")."""
        path = f"/oauth2/v1/clients/{quote(client_id, safe='')}/roles"
        try:
            rows = parse.objects((await self._api.get(path)).body)
        except CloudError as error:
            return Failure.of(error)
        return tuple(parse.text(row.get("label")) or parse.text(row.get("type")) for row in rows)

    async def log(self) -> None:
        await self._rows("GET /api/v1/logs", self._api.get("/api/v1/logs", {"limit": 1}))

    async def administrators(self) -> None:
        """Who holds a role, and of the first of them the user and their roles."""
        path = "/api/v1/iam/assignees/users"
        rows = await self._rows(f"GET {path}", self._api.get(path, {"limit": 1}))
        for row in rows[:1]:
            user = f"/api/v1/users/{quote(parse.text(row.get('id')), safe='')}"
            await self._rows("GET /api/v1/users/{id}", self._api.get(user))
            await self._rows("GET /api/v1/users/{id}/roles", self._api.get(f"{user}/roles"))

    async def _rows(self, call: str, asked: Awaitable[Any]) -> list[Mapping[str, Any]]:
        try:
            body = (await asked).body
        except CloudError as error:
            self._failed(call, error)
            return []
        self.made.setdefault(call, None)
        return parse.objects(body.get("value") if isinstance(body, dict) else body)

    def _failed(self, call: str, error: CloudError) -> None:
        self.made[call] = Failure.of(error)
        if isinstance(error, CloudRefused) and not error.missing:
            self.refused = self.refused or Failure.of(error)
