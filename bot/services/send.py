"""Send one notice: look whether it got through before, write it out, hand it to the platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.changes import Changes
from bot.domain.consent import LinkBinding, Stage, Step, link_digest, step
from bot.domain.deliveries import WHEN_UNKNOWN, Delivery, Promise
from bot.domain.notices import (
    Acknowledged,
    Alarm,
    ChannelNudge,
    ChannelReminder,
    ChannelReport,
    Notice,
    PersonalLink,
    PersonalRound,
    key_of,
)
from bot.domain.people import Platform
from bot.errors import ChatMisconfigured, Conflict, MessageGone
from bot.message import Message
from bot.ports import NO_LINKS, Clock, Composer, Ledger, Messenger, Secrets

_NOT_ASKED_YET = frozenset({Stage.REQUESTED})
_WAITING = frozenset({Stage.DELIVERED, Stage.ACKNOWLEDGED})


class NothingToTell(Exception):
    """The notice is about something that is over; it ends without a message."""


class OutcomeUnknown(Exception):
    """An attempt may have got through, nobody can tell, and twice would be the greater harm."""

    code = "outcome_unknown"


class Send:
    """Sends the notice of a claimed delivery."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        messengers: Mapping[Platform, Messenger],
        composer: Composer,
        clock: Clock,
        secrets: Secrets,
        public_url: str,
        link_lifetime: timedelta,
    ) -> None:
        self._ledger = ledger
        self._messengers = messengers
        self._composer = composer
        self._clock = clock
        self._secrets = secrets
        self._public_url = public_url
        self._link_lifetime = link_lifetime

    def serves(self, platform: Platform) -> bool:
        """Whether this platform is in the settings."""
        return platform in self._messengers

    def must_look(self, delivery: Delivery) -> bool:
        """Whether the platform is asked for the message before it is sent."""
        messenger = self._messengers.get(delivery.notice.to.platform)
        return _may_be_there(delivery) and messenger is not None and messenger.tells

    async def __call__(self, delivery: Delivery) -> str:
        """The platform's id of the message. Raises ChatError, NothingToTell, OutcomeUnknown."""
        notice = delivery.notice
        messenger = self._messengers.get(notice.to.platform)
        if messenger is None:
            raise ChatMisconfigured(f"{notice.to.platform.value} is not configured any more.")
        if _may_be_there(delivery):
            found = await self._find(messenger, delivery)
            if found:
                return found
        match notice:
            case PersonalLink():
                link = await self._issue(notice.request_id, _NOT_ASKED_YET)
                message = await self._compose(notice, link)
                sent = await messenger.send_personal(notice.to, message, delivery.key)
                return sent.message_id
            case PersonalRound():
                message = await self._compose(notice, links=await self._issue_all(notice))
                sent = await messenger.send_personal(notice.to, message, delivery.key)
                return sent.message_id
            case Alarm():
                message = await self._compose(notice)
                sent = await messenger.send_personal(notice.to, message, delivery.key)
                return sent.message_id
            case ChannelNudge():
                board = await self._ledger.board(notice.to)
                message = await self._compose(notice)
                thread = board.message_id if board is not None else ""
                posted = await messenger.post(notice.to, message, delivery.key, thread)
                return posted.message_id
            case ChannelReminder() | ChannelReport():
                message = await self._compose(notice)
                return (await messenger.post(notice.to, message, delivery.key)).message_id
            case Acknowledged():
                asked = await self._ledger.delivery(
                    key_of(PersonalLink(notice.to, notice.request_id))
                )
                if asked is None or not asked.message_id:
                    raise MessageGone("The message to change was never sent.")
                await messenger.update(asked.message_id, await self._compose(notice))
                return asked.message_id

    async def _find(self, messenger: Messenger, delivery: Delivery) -> str:
        """The id of the message when the platform has it; "" when it is to be sent (again)."""
        try:
            found = await messenger.find_sent(delivery.notice.to, delivery.key)
            # A channel's history leaves out what stands in threads.
            asked = messenger.tells and not isinstance(delivery.notice, ChannelNudge)
        except ChatMisconfigured:
            found, asked = None, False  # such as no scope to read the conversation
        if found is not None:
            return found.message_id
        if not asked and WHEN_UNKNOWN[delivery.notice.kind] is Promise.NEVER_TWICE:
            raise OutcomeUnknown
        return ""

    async def _compose(
        self, notice: Notice, link: str = "", links: Mapping[str, str] = NO_LINKS
    ) -> Message:
        message = await self._composer.compose(notice, link=link, links=links)
        if message is None:
            raise NothingToTell
        return message

    async def _issue_all(self, notice: PersonalRound) -> Mapping[str, str]:
        """Fresh links for what still waits for the person."""
        links: dict[str, str] = {}
        for request_id in notice.requests:
            try:
                links[request_id] = await self._issue(request_id, _WAITING)
            except NothingToTell:
                continue  # this one ended while the round was on its way
        if not links:
            raise NothingToTell
        return links

    async def _issue(self, request_id: str, stages: frozenset[Stage]) -> str:
        """A fresh link for the message that is about to be sent; the former one ends here."""
        while True:
            request = await self._ledger.request(request_id)
            if request is None or request.stage not in stages:
                raise NothingToTell
            token = self._secrets.token()
            now = self._clock.now()
            binding = LinkBinding(link_digest(token), now + self._link_lifetime)
            issued = step(request, Step.ISSUE, now, link=binding)
            try:
                await self._ledger.commit(Changes(requests=(issued,)))
            except Conflict:
                continue
            return f"{self._public_url}/c/{token}"


def _may_be_there(delivery: Delivery) -> bool:
    """Whether sending it might make it twice. The same change made twice is seen once."""
    return delivery.in_doubt and not isinstance(delivery.notice, Acknowledged)
