"""What the doctor sees of Slack: the token and its scopes, the channel, the operators."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterator, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.http.skew import Skew
from adapters.slack.directory import SlackDirectory, is_of
from adapters.slack.manifest import SCOPES
from adapters.slack.outgoing.answers import lenient, object_of
from adapters.slack.outgoing.calls import call, code_of, open_web
from adapters.slack.people import is_colleague
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import Account, Channel, SlackSeen
from bot.domain.normalization import exact
from bot.domain.people.access import Group, GroupKind
from bot.domain.people.admins import Platform
from bot.errors import ChatError, PersonUnreachable
from bot.ports.system import Clock
from bot.settings.sections.chat import SlackSettings

_APP_OF_TOKEN = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-")


class SlackProbe:
    """Implements `bot.ports.doctor.Probe`. Posts nothing."""

    def __init__(self, settings: SlackSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def probe(self) -> SlackSeen:
        skew = Skew(self._clock)
        scopes: frozenset[str] | None = None

        async def noted(answer: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
            nonlocal scopes
            response = await answer
            headers = {exact(name): value for name, value in response.headers.items()}
            skew.note(headers.get("date", ""))
            told = headers.get("x-oauth-scopes", "")
            scopes = frozenset(filter(None, map(str.strip, told.split(",")))) or None
            return response

        settings = self._settings
        async with open_web(settings) as web:
            try:
                told = await call(noted(web.auth_test()))
            except ChatError as error:
                return SlackSeen(sign_in=Failure.of(error), channel=settings.channel)
            app, socket_app = await _apps(web, settings, lenient(told, "bot_id"))
            return SlackSeen(
                by_socket=settings.app_token is not None,
                socket=await _opens(web, settings),
                app=app,
                socket_app=socket_app,
                team=lenient(told, "team"),
                scopes=scopes,
                wanted=SCOPES,
                channel=settings.channel,
                channel_is=await _channel(web, settings.channel)
                if settings.channel
                else Channel.INSIDE,
                operators={one: await _account(web, told, one) for one in settings.operators},
                groups={one.id: await _size(web, one) for one in _groups(settings)},
                off=skew.off,
            )


async def _opens(web: AsyncWebClient, settings: SlackSettings) -> Failure | None:
    """Why no address for Socket Mode is to be had; what is had here is not connected to."""
    if settings.app_token is None:
        return None
    try:
        await call(web.apps_connections_open(app_token=settings.app_token.get_secret_value()))
    except ChatError as error:
        return Failure.of(error)
    return None


async def _apps(web: AsyncWebClient, settings: SlackSettings, bot_id: str) -> tuple[str, str]:
    """Whose the two tokens of Socket Mode are. An app-level token has its app's id in it, which
    Slack does not promise; the bot's is told by "bots.info" (docs.slack.dev).
    """
    token = settings.app_token.get_secret_value() if settings.app_token is not None else ""
    named = _APP_OF_TOKEN.match(token)
    if named is None or not bot_id:
        return "", ""
    try:
        bot = object_of(await call(web.bots_info(bot=bot_id)), "bot")
    except ChatError:
        return "", ""
    return lenient(bot, "app_id"), named.group(1)


async def _channel(web: AsyncWebClient, channel: str) -> Channel | Failure:
    """docs.slack.dev, "conversations.info" and the conversation object. A private channel is not
    found by who is not in it.
    """
    try:
        told = object_of(await call(web.conversations_info(channel=channel)), "channel")
    except ChatError as error:
        unseen = code_of(error) == "channel_not_found"
        return Channel.UNSEEN if unseen else Failure.of(error)
    if told.get("is_archived"):
        return Channel.ARCHIVED
    return Channel.INSIDE if told.get("is_member") else Channel.OUTSIDE


def _groups(settings: SlackSettings) -> Iterator[Group]:
    for one in settings.operator_groups:
        yield Group(Platform.SLACK, GroupKind.USER_GROUP, one)
    for one in (*settings.operator_channels, *settings.viewer_channels):
        yield Group(Platform.SLACK, GroupKind.CHANNEL, one)


async def _size(web: AsyncWebClient, group: Group) -> int | Failure:
    try:
        return len(await SlackDirectory(web).members(group))
    except ChatError as error:
        return Failure.of(error)


async def _account(web: AsyncWebClient, home: Mapping[str, Any], user_id: str) -> Account | Failure:
    """`home`: the workspace, as `auth.test` tells it."""
    try:
        user = object_of(await call(web.users_info(user=user_id)), "user")
    except PersonUnreachable:
        return Account.ABSENT
    except ChatError as error:
        return Failure.of(error)
    at_home = is_of(user, lenient(home, "team_id"), lenient(home, "enterprise_id"))
    return Account.FIT if at_home and is_colleague(user) else Account.UNFIT
