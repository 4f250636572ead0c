"""The Messenger port for Teams, on the calls of the Bot Connector."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from adapters.teams.incoming.activities import Place
from adapters.teams.outgoing.connector import Connector
from adapters.teams.outgoing.installing import Installer
from adapters.teams.outgoing.refusals import ConversationLost, ServedElsewhere
from adapters.teams.roster import Roster, addresses_of
from bot.domain.delivery.notices import Channel
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatRefused,
    ChatUnreachable,
    MessageGone,
    PersonUnreachable,
)
from bot.message import Message
from bot.ports.chat import ConversationRef, Conversations, Sent
from bot.settings.sections.chat import TeamsSettings

Json = dict[str, Any]
Result = TypeVar("Result")

ABSENT_FOR = 300.0
"""Seconds for which somebody without the app is not asked for again. Installing it is told."""
MOST_ABSENT = 10_000


class TeamsMessenger:
    """The Messenger port for Teams. A message id is `<conversation id>|<activity id>`.

    With an `installer`, whoever has the app not gets it just before their first message.
    """

    tells = False  # a bot cannot read back what it wrote

    def __init__(
        self,
        settings: TeamsSettings,
        conversations: Conversations,
        connector: Connector,
        clock: Callable[[], float] = time.monotonic,
        installer: Installer | None = None,
    ) -> None:
        self._settings = settings
        self._installer = installer
        self._conversations = conversations
        self._connector = connector
        self._clock = clock
        self._team = Roster(self._members, clock)
        self._absent = _Lately(clock)  # those whom Teams did not know, by object id
        self._refused = _Lately(clock)  # those for whom the app could not be installed

    async def find_person(
        self, addresses: Sequence[str], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        """The people for whom the app is installed, or can be; nobody else can be written to.

        By object id when the person is of the bot's tenant. Otherwise by address, among the members
        of the team that `teams.channel` belongs to: the only roster that gives addresses, read at
        most once in some minutes. Then among those who installed the app, or wrote to it.
        """
        if exact(tenant_id) == exact(self._settings.tenant_id):
            found = await self._identity(object_id)
            if found is not None:
                return (found,)
        there = await self._in_team(addresses) or await self._with_app(addresses)
        found_there = [await self._identity(member_id) for member_id in there]
        return tuple(person for person in found_there if person is not None)

    async def _in_team(self, addresses: Sequence[str]) -> Sequence[str]:
        if not any(addresses) or not self._settings.channel:
            return ()
        try:
            return await self._team.who(addresses)
        except ChannelUnreachable:
            return ()  # the app is not in that team, so it cannot look there

    async def _with_app(self, addresses: Sequence[str]) -> Sequence[str]:
        """Whoever went by one of the addresses, and still does: one may become somebody else's."""
        names = frozenset(map(exact, addresses)) - {""}
        known = {await self._conversations.of_address(name) for name in names} - {""}
        found = []
        for one in sorted(known):
            if still := names & await self._addresses(one):
                await self._conversations.save_addresses(one, still)
                found.append(one)
        return found

    async def _addresses(self, object_id: str) -> frozenset[str]:
        """As Teams tells them now, in the 1:1 conversation; none without the app."""
        ref = await self._conversations.personal(object_id)
        if ref is None:
            return frozenset()
        place = Place(ref.service_url, ref.conversation_id, personal=True)
        try:
            return addresses_of(await self._connector.member(place, object_id))
        except (PersonUnreachable, ChannelUnreachable, ChatRefused):
            return frozenset()

    async def profile(self, account: ChatIdentity) -> ChatIdentity:
        """As they last wrote to the bot; nothing more than the account when they never did."""
        ref = await self._conversations.personal(exact(account.user_id))
        return identity_of(ref) if ref is not None else account

    async def send_personal(self, to: ChatIdentity, message: Message, key: str) -> Sent:
        """One direct message. `key` is not used: Teams keeps no mark of ours on a message."""
        ref = await self._conversation_with(to.user_id) or await self._installed(to)
        try:
            return await self._send(ref, message)
        except ConversationLost:
            await self._conversations.forget(ref.conversation_id)
        except PersonUnreachable:
            # Until they are heard of again, lists say that they are not to be reached.
            await self._conversations.forget(ref.conversation_id)
            self._absent.note(to.user_id)
            raise
        again = await self._conversation_with(to.user_id)
        if again is None:
            raise self._not_installed(to)
        return await self._send(again, message)

    async def _installed(self, to: ChatIdentity) -> ConversationRef:
        """The conversation with somebody for whom the app is installed now. Raises ChatError."""
        if self._installer is None or not await self._may_install(to.user_id):
            raise self._not_installed(to)
        try:
            anew = await self._installer.install(to.user_id)
        except PersonUnreachable:
            self._refused.note(to.user_id)
            raise
        self._absent.forget(to.user_id)
        ref = await self._conversation_with(to.user_id)
        if ref is not None:
            return ref
        self._absent.forget(to.user_id)
        if anew:
            raise ChatUnreachable("Teams has not heard of the installation yet.", nothing_sent=True)
        self._refused.note(to.user_id)
        raise self._not_installed(to)

    async def _may_install(self, object_id: str) -> bool:
        """Whether it can be installed for them. Whoever removed it is left alone."""
        who = exact(object_id)
        if self._installer is None or not self._installer.is_open or not who:
            return False
        return who not in self._refused and not await self._conversations.had_app(who)

    async def _send(self, ref: ConversationRef, message: Message) -> Sent:
        place = Place(ref.service_url, ref.conversation_id, personal=True)
        sent = await self._reach(place, lambda at: self._connector.send(at, message))
        return _sent(place.conversation_id, sent)

    def _not_installed(self, to: ChatIdentity) -> PersonUnreachable:
        return PersonUnreachable(
            f"{to.display_name or to.user_id} has not installed the app in Teams.",
            hint="Install it for them, or ask them to.",
        )

    async def post(self, to: Channel, message: Message, key: str, thread: str = "") -> Sent:
        """One channel message, as a thread of its own or in that of another message.

        `key` is not used, as above.
        """
        if thread:
            conversation_id, _, _ = thread.rpartition("|")
            place = await self._place(conversation_id)
            sent = await self._reach(place, lambda at: self._connector.send(at, message))
            return _sent(conversation_id, sent)
        place = await self._place(to.channel_id)
        return _sent(
            *await self._reach(place, lambda at: self._connector.start_thread(at, message))
        )

    async def update(self, message_id: str, message: Message) -> None:
        """Change a message in place (MessageGone: it no longer exists)."""
        conversation_id, _, activity_id = message_id.rpartition("|")
        if not conversation_id or not activity_id:
            raise MessageGone("Teams gave this message no id.")
        place = await self._place(conversation_id)
        await self._reach(place, lambda at: self._connector.update(at, activity_id, message))

    async def introduce(self, people: Sequence[ChatIdentity], message: Message, key: str) -> Sent:
        """The message to each of them: a bot cannot open a group chat in Teams by itself.

        Returns the first one's. What did not reach one is raised after the others were written to.
        """
        results = [await _attempt(self.send_personal(one, message, key)) for one in people]
        for result in results:
            if isinstance(result, ChatError):
                raise result
        return next(result for result in results if isinstance(result, Sent))

    async def pin(self, message_id: str) -> None:
        """Does nothing: a bot cannot pin in a channel of Teams."""

    async def find_sent(
        self, to: ChatIdentity | Channel, key: str, thread: str = ""
    ) -> Sent | None:
        """Always None: a bot cannot read back what it wrote in Teams."""
        return None

    async def keys_since(self, to: ChatIdentity, at: datetime) -> frozenset[str] | None:
        """Always None, as above."""
        return None

    async def messages_after(self, message_id: str, enough: int) -> int | None:
        """Always None: a bot cannot read a channel of Teams."""
        return None

    async def _identity(self, object_id: str) -> ChatIdentity | None:
        ref = await self._conversation_with(object_id)
        if ref is not None:
            return identity_of(ref)
        may = await self._may_install(object_id)
        return ChatIdentity(Platform.TEAMS, exact(object_id)) if may else None

    async def _conversation_with(self, object_id: str) -> ConversationRef | None:
        """The 1:1 conversation with a person, opened if none is known; None without the app.

        Nothing tells of an app that an administrator installed before the bot ran, and a stored
        conversation may be lost: Teams knows.
        """
        object_id = exact(object_id)
        if not object_id:
            return None
        ref = await self._conversations.personal(object_id)
        if ref is not None or object_id in self._absent:
            return ref
        try:
            return await self._open(object_id)
        except (PersonUnreachable, ChatRefused):
            self._absent.note(object_id)
            return None

    async def _open(self, object_id: str) -> ConversationRef:
        async def opened(at: Place) -> ConversationRef:
            return ConversationRef(
                conversation_id=await self._connector.open_personal(at.service_url, object_id),
                kind="personal",
                service_url=at.service_url,
                tenant_id=self._settings.tenant_id,
                bot_id=f"28:{self._settings.app_id}",
                object_id=object_id,
            )

        ref = await self._reach(Place(self._settings.service_urls[0], "", personal=True), opened)
        await self._conversations.remember(ref)
        return ref

    async def _members(self) -> AsyncIterator[Json]:
        async for member in self._connector.members(await self._place(self._settings.channel)):
            yield member

    async def _place(self, conversation_id: str) -> Place:
        """Where a conversation is reached: as last heard from it, else at the global address."""
        ref = await self._conversations.conversation(_without_thread(conversation_id))
        personal = ref.kind == "personal" if ref else not conversation_id.startswith("19:")
        service_url = ref.service_url if ref else self._settings.service_urls[0]
        return Place(service_url, conversation_id, personal)

    async def _reach(self, place: Place, call: Callable[[Place], Awaitable[Result]]) -> Result:
        """The call, and once more where Teams says that the conversation lives elsewhere."""
        try:
            return await call(place)
        except ServedElsewhere as moved:
            there = replace(place, service_url=moved.service_url)
        result = await call(there)
        await self._moved(there)
        return result

    async def _moved(self, place: Place) -> None:
        """Keep the new address, so that the next call goes there at once."""
        conversation_id = _without_thread(place.conversation_id)
        if not conversation_id:
            return
        known = await self._conversations.conversation(conversation_id)
        ref = known or ConversationRef(
            conversation_id,
            "personal" if place.personal else "channel",
            place.service_url,
            self._settings.tenant_id,
            f"28:{self._settings.app_id}",
        )
        await self._conversations.remember(replace(ref, service_url=place.service_url))


class _Lately:
    """Whom something held for not long ago."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def note(self, object_id: str) -> None:
        if len(self._since) >= MOST_ABSENT:
            self._since.clear()
        self._since[exact(object_id)] = self._clock()

    def forget(self, object_id: str) -> None:
        self._since.pop(exact(object_id), None)

    def __contains__(self, object_id: str) -> bool:
        since = self._since.get(exact(object_id))
        return since is not None and self._clock() - since < ABSENT_FOR


def identity_of(ref: ConversationRef) -> ChatIdentity:
    """The person of a 1:1 conversation."""
    return ChatIdentity(
        Platform.TEAMS,
        ref.object_id,
        display_name=ref.name,
        time_zone=ref.time_zone,
        language=ref.language,
    )


def _without_thread(conversation_id: str) -> str:
    return conversation_id.partition(";messageid=")[0]


async def _attempt(sending: Awaitable[Sent]) -> Sent | ChatError:
    try:
        return await sending
    except ChatError as error:
        return error


def _sent(conversation_id: str, activity_id: str) -> Sent:
    return Sent(f"{conversation_id}|{activity_id}")
