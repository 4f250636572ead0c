"""One Okta org, read through its Management API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx
import structlog

from adapters.http.client import CloudClient, Credentials, Pace, Retry
from adapters.http.keys.assertion import ClientKey
from adapters.okta import admins, console, parse, system_log
from adapters.okta.calls.pacing import OktaPace
from adapters.okta.calls.paging import pages
from adapters.okta.calls.scopes import explain
from adapters.okta.calls.tokens import ApiToken, ServiceApp
from bot.domain.inventory.apps import Office365App, ProvisioningConnection
from bot.domain.people.admins import OktaAdmin
from bot.errors import CloudError, SettingsInvalid
from bot.ports.clouds import LogPage
from bot.ports.store.limits import RateBudget
from bot.ports.system import Clock
from bot.settings.section import written_as
from bot.settings.sections.clouds import OktaSettings

PAGE = 200  # the most that Okta gives
ASK_AGAIN = timedelta(minutes=5)  # where the Admin Console is


log = structlog.get_logger(__name__)


class OktaClient:
    """Implements `bot.ports.clouds.OktaOrg`. Every method raises CloudError and nothing else.

    `http` is this org's own connection pool (`adapters.http.client.open_http`); `aclose` closes it.
    `pace` keeps within the org's rate limits. Left out, it is made by the settings: calls are
    counted in `budget`, which replicas may share, or else in this process.
    Raises SettingsInvalid when the private key cannot be used.
    """

    def __init__(
        self,
        settings: OktaSettings,
        http: httpx.AsyncClient,
        clock: Clock,
        *,
        pace: Pace | None = None,
        budget: RateBudget | None = None,
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = settings.url
        self._name = settings.name
        self._admin_url = settings.admin_url or console.admin_address(settings.url)
        self._catalog_names = settings.catalog_names
        self._called: dict[str, str] = {}  # by app id; filled where there are several names
        self._unfound: tuple[CloudError, datetime] | None = None
        self._api = CloudClient(
            http,
            settings.url,
            where=settings.name,
            credentials=self._credentials(settings),
            pace=pace or OktaPace(clock, keep_free=settings.free_share, shared=budget),
            explain=explain,
            # The pace has learnt of the limit: the next try waits for its turn.
            retry=Retry(throttled=lambda error, tried: 0.0),
        )

    def _credentials(self, settings: OktaSettings) -> Credentials:
        key = signing_key(settings)
        if key is None:
            assert settings.api_token is not None, "the settings see to it"
            return ApiToken(settings.name, settings.api_token.get_secret_value())
        client = CloudClient(
            self._http,
            settings.url,
            where=settings.name,
            # A pace of its own: tokens are asked for while a call holds its turn.
            pace=OktaPace(self._clock),
            retry=Retry(attempts=1),
        )
        return ServiceApp(client, settings.url, key, self._clock)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @property
    def name(self) -> str:
        """The org's name in the settings."""
        return self._name

    async def apps(self) -> AsyncIterator[Office365App]:
        """Every Office 365 app instance, active or not, page by page.

        `filter` takes one expression only, so each name is asked for by itself, and no status.
        """
        for name in self._catalog_names:
            query: dict[str, str | int] = {
                "filter": f'name eq "{name}"',
                "limit": PAGE,
                "includeNonDeleted": "true",
            }
            async for answer in pages(self._api, "/api/v1/apps", query):
                rows = answer.array()
                if nameless := sum(not parse.text(parse.inside(row, "id")) for row in rows):
                    log.warning("apps without an id are left out", org=self._name, count=nameless)
                for value in rows:
                    app = parse.app(self._name, value, name)
                    if app is not None:
                        if len(self._catalog_names) > 1:
                            self._called[app.ref.app_id] = name
                        yield app

    async def left_out(self, app_id: str) -> str:
        """The name in the catalogue of an app whose kind the settings do not name; else "".

        CloudNotFound: there is no such app.
        """
        value = (await self._api.get(f"/api/v1/apps/{quote(app_id, safe='')}")).object()
        name = parse.text(value.get("name"))
        return "" if name in self._catalog_names else name

    async def connection(self, app_id: str) -> ProvisioningConnection:
        """The app's default provisioning connection (CloudNotFound: no such app)."""
        path = f"/api/v1/apps/{quote(app_id, safe='')}/connections/default"
        return parse.connection((await self._api.get(path)).object())

    async def read_log(self, app_ids: frozenset[str], cursor: str, since: datetime) -> LogPage:
        """What the System Log tells of these apps from a cursor, else from `since` (UTC).

        Okta keeps 90 days. A little from before `since` may be among it, so that nothing that was
        stored late is missed; what is known already has the same `event_id`.
        """
        return await system_log.read(self._api, app_ids, cursor, since, self._clock.now())

    async def app_admins(self) -> tuple[OktaAdmin, ...]:
        """Who may change the provisioning of Office 365 apps (CloudRefused: it cannot be told)."""
        return await admins.read(self._api, self._name, self._catalog_names)

    async def integration_tab(self, app_id: str) -> str:
        """The address of the app's Provisioning > Integration tab in the Admin Console."""
        if not self._admin_url:
            self._admin_url = await self._find_admin_url()
        return console.integration_tab(self._admin_url, await self._catalog_name(app_id), app_id)

    async def _catalog_name(self, app_id: str) -> str:
        """What the catalogue calls the app; asked for only where there are several names."""
        if len(self._catalog_names) == 1:
            return self._catalog_names[0]
        if app_id not in self._called:
            value = (await self._api.get(f"/api/v1/apps/{quote(app_id, safe='')}")).object()
            self._called[app_id] = parse.text(value.get("name")) or self._catalog_names[0]
        return self._called[app_id]

    async def _find_admin_url(self) -> str:
        """Asked for once, and not soon again when it cannot be told: each page that is looked at,
        and each that is followed live, wants it every second.
        """
        now = self._clock.now()
        if self._unfound is not None and now < self._unfound[1]:
            raise self._unfound[0].with_traceback(None)
        client = CloudClient(self._http, self._url, where=self._name, retry=Retry(attempts=1))
        try:
            return await console.find_admin_address(client)
        except CloudError as error:
            self._unfound = (error, now + ASK_AGAIN)
            raise


def signing_key(settings: OktaSettings) -> ClientKey | None:
    """The service app's key; None where an API token is used. Raises SettingsInvalid."""
    if settings.private_key is None:
        return None
    try:
        return ClientKey(
            settings.client_id, settings.private_key.get_secret_value(), {"kid": settings.key_id}
        )
    except ValueError as error:
        name = written_as("private_key", settings.private_key)
        raise SettingsInvalid((f"okta.{settings.name}.{name}: {error}",)) from error
