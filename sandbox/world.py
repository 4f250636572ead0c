"""Starts the whole pretend world on loopback, and writes the settings that lead a bot into it.

    async with World() as world:
        settings = world.settings_toml("http://127.0.0.1:8080", directory)
        ...                                  # start the bot with O365BOT_CONFIG=settings
        await world.start_chat()
        await world.slack.command("ola", "/o365 apps")

Every service has a port of its own, since they are different hosts in reality.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.chatlog import ChatLog
from sandbox.company.clock import AheadClock
from sandbox.company.company import Company, contoso, utc_now
from sandbox.company.records import guid
from sandbox.entra.graph import graph_app
from sandbox.entra.login import login_app
from sandbox.faults import Faults, Faulty
from sandbox.http.serving import serve
from sandbox.keys import SigningKey, key_for
from sandbox.okta.api import okta_app
from sandbox.okta.hooks import EventHook, EventHooks
from sandbox.page.page import page_app
from sandbox.slack import workspace as slack_workspace
from sandbox.slack.api import web_api
from sandbox.slack.people import SlackPeople
from sandbox.slack.socket import SocketMode
from sandbox.slack.workspace import Workspace
from sandbox.teams import service as teams_service
from sandbox.teams.api import bot_login_app, connector_app, metadata_app
from sandbox.teams.delivery import TeamsDelivery
from sandbox.teams.installing import install_routes
from sandbox.teams.people import TeamsPeople
from sandbox.teams.service import TeamsService

PAGE_PORT = 8365
OPERATOR = "ola"
SLACK_TOKEN = "xoxb-sandbox-0000000000-contoso"
SLACK_SECRET = "sandbox-signing-secret-0123456789"
MONITORING_TOKEN = "sandbox-monitoring"
SLACK_APP_TOKEN = "xapp-sandbox-0000000000-contoso"
TEAMS_SECRET = "sandbox-teams-app-password"


Section = tuple[str, Mapping[str, object]]
"""The head of a table of the settings, and what stands in it."""
CAMPAIGN = timedelta(days=30)
"""So far ahead is the date that contoso set itself."""


class World:
    """The pretend world; an async context manager.

    `key_directory` keeps the RSA keys from one run to the next; without it they are made anew.
    `page_port` None leaves the page out; a port that is taken is replaced by a free one.
    `socket_mode`: Slack reaches the bot by Socket Mode alone.
    Inside the context there are `company`, `log`, `slack`, `teams`, `hooks` and `page_url`.
    `faults` is what goes wrong for now.
    """

    company: Company
    log: ChatLog
    slack: SlackPeople
    teams: TeamsPeople
    hooks: EventHooks

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        key_directory: Path | None = None,
        page_port: int | None = PAGE_PORT,
        socket_mode: bool = False,
    ) -> None:
        self.bot_url = ""
        self.clock = AheadClock(now)
        self.faults = Faults()
        self._now = now
        self._key_directory = key_directory
        self._page_port = page_port
        self._socket_mode = socket_mode
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        # Making keys takes a tenth of a second each and would hold up the loop.
        self.company, channel_key = await asyncio.to_thread(
            _company, self._now, self._key_directory
        )
        people = self.company.people.values()
        self.clock.zones = {one.time_zone for one in people if one.slack_id or one.teams}
        self.log = ChatLog()
        client = await self._stack.enter_async_context(
            # Never through a proxy of the environment: everything is on loopback.
            httpx.AsyncClient(trust_env=False, timeout=30)
        )
        workspace = Workspace(self.company, self.log, SLACK_TOKEN, SLACK_SECRET)
        if self._socket_mode:
            workspace.socket = await self._stack.enter_async_context(
                SocketMode(SLACK_APP_TOKEN, slack_workspace.APP_ID)
            )
        workspace.deactivated |= _slack_ids_of_the_disabled(self.company)
        service = TeamsService(
            self.company,
            self.log,
            tenant_id=self.company.tenant("contoso").id,
            app_id=guid("bot/teams"),
            app_password=TEAMS_SECRET,
            channel_key=channel_key,
        )
        self.slack = SlackPeople(workspace, client)
        self.teams = TeamsPeople(service, TeamsDelivery(service, client))
        self.hooks = EventHooks(
            self.company,
            client,
            {name: EventHook(name, f"sandbox-hook-secret-of-{name}") for name in self.company.orgs},
        )
        self.company.on_event = self.hooks.happened
        page = self._page_port or 0
        addresses = await self._stack.enter_async_context(
            serve(self._apps(workspace, service), {"page": page})
        )
        self.company.addresses |= addresses
        workspace.base_url = self.company.addresses["slack"]
        service.base_url = self.company.addresses["teams"]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.log.close()
        await self.hooks.aclose()
        await self.slack.aclose()
        await self.teams.aclose()
        await self._stack.aclose()

    @property
    def down(self) -> set[str]:
        """Names of services (as in `company.addresses`) that answer 503 for now."""
        return self.faults.down

    @property
    def page_url(self) -> str:
        """The address of the page to play in."""
        return self.company.addresses["page"]

    def connect(self, bot_url: str) -> None:
        """Say where the bot listens; both platforms and the orgs' event hooks send there."""
        self.bot_url = bot_url
        self.slack.delivery.events_url = f"{bot_url}/slack/events"
        self.teams.delivery.messages_url = f"{bot_url}/teams/messages"
        self.hooks.connect(bot_url)
        self.company.bot.redirect_uris = {f"{bot_url}/auth/callback", f"{bot_url}/auth/consented"}

    async def start_chat(self, within: float = 60.0) -> None:
        """Once the bot answers at all: Slack checks its URL, Teams tells it who has the app, and
        the event hooks are verified.

        By Socket Mode Slack has no URL to check, and waits for a connection instead.
        Raises TimeoutError when there is no answer `within` seconds, and RuntimeError when the bot
        does not send Slack's challenge back.
        """
        async with asyncio.timeout(within):
            # The bot may be another process: there is no event to wait for.
            while not await self._is_up():  # noqa: ASYNC110 - likewise, the bot is elsewhere
                await asyncio.sleep(0.05)
        verified, _, _ = await asyncio.gather(
            self.slack.verify_url(), self.teams.start(), self.hooks.verify()
        )
        if not verified:
            raise RuntimeError("the bot did not answer Slack's url_verification")

    async def _is_up(self) -> bool:
        try:
            await self.slack.client.get(f"{self.bot_url}/health")
        except httpx.TransportError:
            return False
        return True

    # -- settings --------------------------------------------------------------------------

    def settings_toml(
        self,
        bot_url: str,
        directory: Path,
        *,
        minimum_proof: str = "",
        boards: str = "",
        targeted: bool = False,
    ) -> Path:
        """Write the bot's settings and key files into `directory`; the path of the TOML file.

        `minimum_proof` is `links.minimum_proof`; "" leaves the bot its default, a sign-in; `boards`
        is `campaign.boards`, `targeted` is `teams.targeted_answers`. From then on both platforms
        send to `bot_url`.
        """
        self.connect(bot_url)
        directory.mkdir(parents=True, exist_ok=True)
        clock_file = directory / "clock"
        self.clock.write_to(clock_file)
        self.clock.deadline = self.clock.now().date() + CAMPAIGN
        target = {"on": self.clock.deadline.isoformat(), "source": "contoso's migration board"}
        sections = [
            *self._clouds(bot_url, directory),
            *([("[links]", {"minimum_proof": minimum_proof})] if minimum_proof else []),
            *self._chats(targeted=targeted),
            ("[monitoring]", {"token": MONITORING_TOKEN}),
            *([("[campaign]", {"boards": boards})] if boards else []),
            ("[[campaign.targets]]", target),
            ("[rehearsal]", {"clock_file": str(clock_file)}),
        ]
        text = "\n".join(_table(head, values) for head, values in sections)
        return _private(directory / "o365bot.toml", text)

    def _clouds(self, bot_url: str, directory: Path) -> Iterator[Section]:
        at, bot = self.company.addresses, self.company.bot
        yield (
            "",
            {
                "public_url": bot_url,
                "listen": urlsplit(bot_url).netloc,
                "data_dir": str(directory / "var"),
                "scan_every_minutes": 15,
            },
        )
        for name, org in self.company.orgs.items():
            pem = self.company.okta_private_key_pem(name)
            yield (
                "[[okta]]",
                {
                    "name": name,
                    "url": at[f"okta-{name}"],
                    "admin_url": at[f"okta-{name}"],
                    "client_id": org.client_id,
                    "private_key_file": str(_private(directory / f"okta-{name}.pem", pem)),
                    "key_id": org.key_id,
                    "hook_secret": self.hooks.hooks[name].secret,
                },
            )
        entra_pem = _private(directory / "entra.pem", self.company.entra_certificate_pem())
        yield (
            "[entra]",
            {
                "client_id": bot.client_id,
                "certificate_file": str(entra_pem),
                "login_url": at["login"],
                "graph_url": at["graph"],
            },
        )
        yield "[sign_in]", {"api_scope": f"{bot.app_id_uri}/proof"}
        yield "[operators_page]", {}

    def _chats(self, *, targeted: bool) -> Iterator[Section]:
        at, service = self.company.addresses, self.teams.service
        operator = self.company.person(OPERATOR)
        groups = self.company.tenant("contoso").groups
        way_in = {"signing_secret": SLACK_SECRET}
        if self._socket_mode:
            way_in = {"app_token": SLACK_APP_TOKEN}
        yield (
            "[slack]",
            {
                "bot_token": SLACK_TOKEN,
                **way_in,
                "channel": slack_workspace.CHANNEL,
                "operators": [operator.slack_id],
                "operator_groups": [slack_workspace.GROUP],
                "operator_channels": [slack_workspace.OPERATORS],
                "viewer_channels": [slack_workspace.READERS],
                "api_url": f"{at['slack']}/api/",
            },
        )
        yield (
            "[teams]",
            {
                "app_id": service.app_id,
                "app_password": TEAMS_SECRET,
                "tenant_id": service.tenant_id,
                "channel": teams_service.CHANNEL,
                "operators": [service.object_id(operator)],
                "operator_groups": [one.id for one in groups if one.name == "Identity Operations"],
                "viewer_channels": [teams_service.READERS],
                "openid_metadata_url": f"{at['botframework']}/v1/.well-known/openidconfiguration",
                "login_url": at["teams-login"],
                "service_urls": [f"{at['teams']}/"],
                "graph_url": at["graph"],
                "targeted_answers": targeted,
            },
        )

    # -- serving ---------------------------------------------------------------------------

    def _apps(self, workspace: Workspace, service: TeamsService) -> dict[str, ASGIApp]:
        """Every service by the name of its address."""
        company = self.company
        okta: dict[str, ASGIApp] = {
            f"okta-{name}": _Touching(okta_app(company, name), self.log) for name in company.orgs
        }
        apps: dict[str, ASGIApp] = okta | {
            "login": _Touching(login_app(company), self.log),
            "graph": Starlette(
                routes=[*install_routes(self.teams), Mount("/", graph_app(company))]
            ),
            "slack": web_api(workspace),
            "teams": connector_app(service),
            "teams-login": bot_login_app(service),
            "botframework": metadata_app(service, lambda: company.addresses["botframework"]),
        }
        if self._page_port is not None:
            apps["page"] = page_app(self.slack, self.teams, self.log, self.clock, self.faults)
        return {name: Faulty(app, name, self.faults) for name, app in apps.items()}


def _company(now: Callable[[], datetime], key_directory: Path | None) -> tuple[Company, SigningKey]:
    return contoso(now, key_directory), key_for(key_directory, "botframework")


def _slack_ids_of_the_disabled(company: Company) -> set[str]:
    """Whoever is disabled in Entra has been deactivated in Slack as well."""
    disabled = {
        account.id
        for tenant in company.tenants.values()
        for account in tenant.accounts
        if not account.enabled
    }
    return {
        person.slack_id
        for person in company.people.values()
        if person.slack_id and disabled & set(person.entra_object_ids.values())
    }


class _Touching:
    """Counts every POST as a change, so that the page sees what was pressed elsewhere."""

    def __init__(self, app: ASGIApp, log: ChatLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        if scope.get("method") == "POST":
            self._log.touch()


def _private(path: Path, text: str) -> Path:
    """Write a file that only its owner may read."""
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _table(head: str, values: Mapping[str, object]) -> str:
    """A TOML table. JSON's strings, numbers and lists of strings are TOML's as well."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([head, *lines] if head else lines) + "\n"
