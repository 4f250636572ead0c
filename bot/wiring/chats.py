"""The chat platforms that the settings name: what goes out through them, and what comes in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache

import httpx
from slack_sdk.web.async_client import AsyncWebClient

from adapters.http.client import open_http
from adapters.http.counts import Api
from adapters.http.pool import ConnectionPool
from adapters.redis.shared.conversations import RedisConversations
from adapters.redis.shared.once import RedisOnce
from adapters.slack.directory import SlackDirectory
from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.outgoing.calls import open_web
from adapters.slack.outgoing.messenger import SlackMessenger
from adapters.teams.directory import TeamsDirectory
from adapters.teams.incoming.inbound import TeamsInbound
from adapters.teams.outgoing.connector import CONNECTIONS, Connector
from adapters.teams.outgoing.installing import Installer, OwnApp
from adapters.teams.outgoing.messenger import TeamsMessenger
from adapters.teams.outgoing.viewers import Viewers
from bot.chat.words import Words
from bot.domain.people.admins import Platform
from bot.ports.access import Directory
from bot.ports.chat import Messenger
from bot.settings.settings import Settings
from bot.wiring.base import Base
from bot.wiring.reloading import CurrentConversation


@dataclass(frozen=True, slots=True)
class Teams:
    """What is known of Teams before anything comes in."""

    connector: Connector
    conversations: RedisConversations
    directory: TeamsDirectory


@dataclass(frozen=True, slots=True)
class Chats:
    """The way out, by platform, and what the way in stands on."""

    settings: Settings
    http: httpx.AsyncClient
    once: RedisOnce
    web: AsyncWebClient | None
    connected: Teams | None
    messengers: Mapping[Platform, Messenger]
    directories: Mapping[Platform, Directory]

    def slack(self, talk: CurrentConversation) -> SlackInbound | None:
        """What takes in Slack's requests."""
        if self.settings.slack is None or self.web is None:
            return None
        return SlackInbound(
            self.settings.slack,
            talk,
            self.once,
            self.web,
            talk,
            not_now=Words(self.settings.language)("chat.not_now"),
        )

    def teams(self, talk: CurrentConversation) -> TeamsInbound | None:
        """What takes in Teams' activities."""
        if self.settings.teams is None or self.connected is None:
            return None
        return TeamsInbound(
            self.settings.teams,
            talk,
            talk,
            self.once,
            self.connected.conversations,
            self.connected.connector,
            self.http,
            directory=self.connected.directory,
            rights=talk,
            working=Words(self.settings.language)("chat.working"),
            shared=Words(self.settings.language)("chat.shared"),
        )


async def open_chats(
    settings: Settings,
    base: Base,
    http: httpx.AsyncClient,
    once: RedisOnce,
    stack: AsyncExitStack,
) -> Chats:
    """Every platform of the settings, closed by `stack`. Raises SettingsInvalid."""
    messengers: dict[Platform, Messenger] = {}
    directories: dict[Platform, Directory] = {}
    web = teams = None
    if settings.slack is not None:
        web = await stack.enter_async_context(open_web(settings.slack))
        messengers[Platform.SLACK] = SlackMessenger(web)
        directories[Platform.SLACK] = SlackDirectory(web)
    if settings.teams is not None:
        # A pool of its own: a slow Teams holds up nobody else.
        teams_http = open_http(ConnectionPool(CONNECTIONS), api=Api.TEAMS)
        stack.push_async_callback(teams_http.aclose)
        conversations = RedisConversations(base.redis, base.keys)
        viewers = Viewers(settings.teams, conversations, base.entra)
        connector = Connector(settings.teams, teams_http, http, viewers)
        directory = TeamsDirectory(settings.teams, conversations, connector, base.entra)
        teams = Teams(connector, conversations, directory)
        installs = settings.teams.install_for_people
        messengers[Platform.TEAMS] = TeamsMessenger(
            settings.teams,
            conversations,
            connector,
            installer=Installer(OwnApp(settings.teams, http), once) if installs else None,
        )
        directories[Platform.TEAMS] = directory
    if settings.mail is not None:
        from adapters.mail.messenger import MailMessenger  # loaded by those alone who send mail

        messengers[Platform.MAIL] = MailMessenger(
            settings.mail, cache(Words), settings.language, base.clock
        )
    return Chats(settings, http, once, web, teams, messengers, directories)
