"""What the doctor sees of Teams: the bot's sign-in, the keys, the channel, the operators."""

from __future__ import annotations

from dataclasses import replace

import httpx

from adapters.http.client import open_http
from adapters.http.counts import Api
from adapters.http.keys.jwks import KeySet
from adapters.http.skew import Skew
from adapters.teams.directory import is_colleague
from adapters.teams.incoming.activities import Place
from adapters.teams.outgoing.connector import Connector
from adapters.teams.outgoing.installing import INSTALL, OwnApp
from adapters.teams.outgoing.tokens import BotToken
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import Account, Channel, TeamsSeen
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    CloudError,
    CloudNotFound,
    PersonUnreachable,
    StoreError,
)
from bot.ports.chat import Conversations
from bot.ports.system import Clock
from bot.settings.sections.chat import TeamsSettings


class TeamsProbe:
    """Implements `bot.ports.doctor.Probe`. Posts nothing, and opens no conversation."""

    def __init__(
        self, settings: TeamsSettings, conversations: Conversations | None, clock: Clock
    ) -> None:
        self._settings = settings
        self._conversations = conversations
        self._clock = clock

    async def probe(self) -> TeamsSeen:
        settings, skew = self._settings, Skew(self._clock)
        async with open_http(api=Api.TEAMS) as http:
            skew.watch(http)
            keys = await _keys(settings, http)
            try:
                await BotToken(settings, http).value()
            except ChatError as error:
                return TeamsSeen(Failure.of(error), keys, settings.channel, off=skew.off)
            connector, place = Connector(settings, http), await self._channel()
            return TeamsSeen(
                keys=keys,
                channel=settings.channel,
                channel_is=await _channel_is(connector, place)
                if settings.channel
                else Channel.INSIDE,
                operators={
                    one: await self._account(connector, place, one) for one in settings.operators
                },
                groups={
                    one: await _size(connector, replace(place, conversation_id=one))
                    for one in (*settings.operator_channels, *settings.viewer_channels)
                },
                installs=await _installs(settings, http) if settings.install_for_people else None,
                off=skew.off,
            )

    async def _channel(self) -> Place:
        """Where the channel is reached: as last heard from it, else at the global address."""
        channel = self._settings.channel
        url = self._settings.service_urls[0]
        if self._conversations is not None and channel:
            try:
                ref = await self._conversations.conversation(channel)
            except StoreError:
                ref = None  # the store's own finding says so
            url = ref.service_url if ref is not None else url
        return Place(url, channel, personal=False)

    async def _account(self, connector: Connector, place: Place, one: str) -> Account | Failure:
        """What Teams says of them: in their own chat with the bot, or as one of the channel's team.

        A chat of their own is no proof by itself: it stays when somebody leaves.
        """
        try:
            known = await self._conversations.personal(one) if self._conversations else None
        except StoreError as error:
            return Failure.of(error)
        if known is not None:
            place = Place(known.service_url, known.conversation_id, personal=True)
        if not place.conversation_id:
            return Failure("They have not installed the app, and no channel's team is known.")
        try:
            member = await connector.member(place, one)
        except (PersonUnreachable, ChannelUnreachable):
            return Account.ABSENT
        except ChatError as error:
            return Failure.of(error)
        return Account.FIT if is_colleague(member, self._settings.tenant_id) else Account.UNFIT


async def _keys(settings: TeamsSettings, http: httpx.AsyncClient) -> Failure | None:
    """Why the keys that Teams signs with cannot be read. That one of no name is not among them is
    an answer.
    """
    try:
        await KeySet(settings.openid_metadata_url, http, where="the Bot Framework").key("none")
    except CloudNotFound:
        return None
    except CloudError as error:
        return Failure.of(error)
    return None


async def _installs(settings: TeamsSettings, http: httpx.AsyncClient) -> tuple[Failure, ...]:
    """What keeps the app from being installed for people; nothing is installed to find it."""
    app, found = OwnApp(settings, http), []
    try:
        await app.in_catalogue()
    except ChatError as error:
        found.append(Failure.of(error))
    try:
        if INSTALL not in await app.permissions():
            found.append(Failure(f"Microsoft Graph does not give {INSTALL}."))
    except ChatError as error:
        found.append(Failure.of(error))
    return tuple(dict.fromkeys(found))


_CHANNEL = {
    "BotNotInConversationRoster": Channel.OUTSIDE,
    "ConversationNotFound": Channel.UNSEEN,
}
"""By Teams' own code, which stands in the error."""


async def _channel_is(connector: Connector, place: Place) -> Channel | Failure:
    """By whether its members can be read, which takes being in its team."""
    try:
        async for _ in connector.members(place):
            break
    except ChatError as error:
        named = (what for code, what in _CHANNEL.items() if code in error.message)
        return next(named, Failure.of(error))
    return Channel.INSIDE


async def _size(connector: Connector, place: Place) -> int | Failure:
    """How many are in a team, or why that cannot be read."""
    try:
        return len([one async for one in connector.members(place)])
    except ChatError as error:
        return Failure.of(error)
