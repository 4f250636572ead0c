"""Carry out one delivery: claim it, send it, confirm it; a crash in between is seen by nobody.

    claim      due -> sending, under a lease (compare-and-set: one worker wins)
    look       when an earlier attempt may have got through, ask the platform first
    send       one call to the platform, marked with the delivery's key
    confirm    sending -> sent, with the message's id

Where a platform cannot be asked (Teams), a message whose outcome is unknown is sent again: a second
copy is the smaller harm than a link that never came.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.domain import deliveries
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent import (
    FRESH,
    ConsentRequest,
    LinkBinding,
    Stage,
    Step,
    link_digest,
    step,
)
from bot.domain.deliveries import Delivery, Phase, next_try
from bot.domain.notices import (
    BoardChanged,
    ChannelReminder,
    Introduction,
    Notice,
    OperatorNote,
    PersonalLink,
    RequestChanged,
    key_of,
)
from bot.domain.people import Platform
from bot.errors import (
    ChannelUnreachable,
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    Conflict,
    MessageGone,
    MessageRefused,
    PersonUnreachable,
)
from bot.message import Message
from bot.ports import Clock, Composer, Engine, Ledger, Messenger, Secrets

PERMANENT = (
    PersonUnreachable,
    ChannelUnreachable,
    MessageGone,
    MessageRefused,
    ChatMisconfigured,
)


class NothingToTell(Exception):
    """The notice is about something that is over; it ends without a message."""


class Deliver:
    """Carries out deliveries by key."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        messengers: Mapping[Platform, Messenger],
        composer: Composer,
        engine: Engine,
        clock: Clock,
        secrets: Secrets,
        public_url: str,
        link_lifetime: timedelta,
    ) -> None:
        self._ledger = ledger
        self._messengers = messengers
        self._composer = composer
        self._engine = engine
        self._clock = clock
        self._secrets = secrets
        self._public_url = public_url
        self._link_lifetime = link_lifetime

    async def __call__(self, key: str) -> None:
        """Carry out one delivery. Safe to call twice, and from several workers at once."""
        found = await self._ledger.delivery(key)
        if found is None:
            return
        claimed = deliveries.claim(found, self._clock.now())
        if claimed is None:
            return
        try:
            await self._ledger.commit(Changes(deliveries=(claimed,)))
        except Conflict:
            return  # another worker was faster
        try:
            message_id = await self._send(claimed, in_doubt=found.phase is Phase.SENDING)
        except ChatThrottled as error:
            await self._later(claimed, error.retry_after)
        except ChatUnreachable:
            until = next_try(claimed, self._clock.now())
            await self._ledger.commit(Changes(deliveries=(deliveries.doubt(claimed, until),)))
            await self._engine.deliver(key, until)
        except NothingToTell:
            await self._end(claimed, deliveries.fail(claimed, "nothing_to_tell"), "drop", None)
        except PERMANENT as error:
            failed = deliveries.fail(claimed, error.code)
            await self._end(claimed, failed, "fail_delivery", Step.FAIL_DELIVERY)
        else:
            sent = deliveries.confirm(claimed, message_id, self._clock.now())
            await self._end(claimed, sent, "deliver", Step.DELIVER)

    async def _later(self, claimed: Delivery, retry_after: float) -> None:
        again = next_try(claimed, self._clock.now(), retry_after)
        await self._ledger.commit(Changes(deliveries=(deliveries.put_back(claimed, again),)))
        await self._engine.deliver(claimed.key, again)

    async def _send(self, delivery: Delivery, *, in_doubt: bool) -> str:
        """The platform's id of the message. Raises ChatError, NothingToTell."""
        notice = delivery.notice
        messenger = self._messengers.get(notice.to.platform)
        if messenger is None:
            raise ChatMisconfigured(f"{notice.to.platform.value} is not configured any more.")
        if in_doubt and isinstance(notice, PersonalLink | ChannelReminder | OperatorNote):
            found = await messenger.find_sent(notice.to, delivery.key)
            if found is not None:
                return found.message_id
        match notice:
            case PersonalLink():
                link = await self._issue(notice, delivery.key)
                message = await self._compose(notice, link)
                sent = await messenger.send_personal(notice.to, message, delivery.key)
                return sent.message_id
            case ChannelReminder():
                message = await self._compose(notice)
                return (await messenger.post(notice.to, message, delivery.key)).message_id
            case OperatorNote():
                message = await self._compose(notice)
                return (await messenger.send_personal(notice.to, message, delivery.key)).message_id
            case Introduction(to, partner):
                message = await self._compose(notice)
                sent = await messenger.introduce((to, partner), message, delivery.key)
                return sent.message_id
            case RequestChanged():
                return await self._change(messenger, notice, await self._letter(notice))
            case BoardChanged():
                newest = await self._ledger.newest_reminder(notice.to)
                return await self._change(messenger, notice, newest)

    async def _letter(self, notice: RequestChanged) -> str:
        """The key of the message that asked the person last."""
        request = await self._ledger.request(notice.request_id)
        if request is None:
            raise NothingToTell
        if request.link is not None and request.link.letter:
            return request.link.letter
        return key_of(PersonalLink(notice.to, notice.request_id))

    async def _change(self, messenger: Messenger, notice: Notice, letter: str) -> str:
        """Change the message that the delivery `letter` was, in place."""
        sent = await self._ledger.delivery(letter) if letter else None
        if sent is None or sent.phase is Phase.FAILED:
            raise NothingToTell
        if sent.phase is not Phase.SENT:  # somebody was faster than the platform's confirmation
            raise ChatThrottled("The message to change is not confirmed yet.", retry_after=1)
        if not sent.message_id:
            raise MessageGone("The platform gave the message no id.")
        await messenger.update(sent.message_id, await self._compose(notice))
        return sent.message_id

    async def _compose(self, notice: Notice, link: str = "") -> Message:
        message = await self._composer.compose(notice, link=link)
        if message is None:
            raise NothingToTell
        return message

    async def _issue(self, notice: PersonalLink, key: str) -> str:
        """A fresh link for the message that is about to be sent; the former one ends here.

        "" for somebody who has taken it on already and asked to be told later: their link is spent.
        """
        while True:
            request = await self._ledger.request(notice.request_id)
            now = self._clock.now()
            if request is None or not _waits_for(request, notice, now):
                raise NothingToTell
            if request.stage is Stage.ACKNOWLEDGED:
                return ""
            token = self._secrets.token()
            binding = LinkBinding(link_digest(token), now + self._link_lifetime, key)
            issued = step(request, Step.ISSUE, now, link=binding)
            try:
                await self._ledger.commit(Changes(requests=(issued,)))
            except Conflict:
                continue
            return f"{self._public_url}/c/{token}"

    async def _end(
        self, claimed: Delivery, ended: Delivery, action: str, outcome: Step | None
    ) -> None:
        """Write the outcome, and the request's step with it."""
        now = self._clock.now()
        while True:
            request, taken = await self._to_step(claimed.notice, outcome)
            entry = AuditEntry(
                now,
                "o365bot",
                action,
                _subject(claimed.notice, request),
                {
                    "delivery": claimed.key,
                    "why": claimed.why,
                    **({"failure": ended.failure} if ended.failure else {}),
                },
            )
            stepped = (step(request, taken, now),) if request is not None and taken else ()
            try:
                await self._ledger.commit(
                    Changes(deliveries=(ended,), requests=stepped, audit=(entry,))
                )
            except Conflict:
                current = await self._ledger.delivery(claimed.key)
                if current is None or current.revision != claimed.revision:
                    return  # the lease ran out and another worker wrote the outcome
                continue  # only the request moved on, such as a click that was faster
            return

    async def _to_step(
        self, notice: Notice, outcome: Step | None
    ) -> tuple[ConsentRequest | None, Step | None]:
        """The request that this outcome moves, if it still waits for it, and the step it takes."""
        if not isinstance(notice, PersonalLink) or outcome is None:
            return None, None
        request = await self._ledger.request(notice.request_id)
        if request is None or request.stage is Stage.REQUESTED:
            return request, outcome if request is not None else None
        woken = request.stage is Stage.ACKNOWLEDGED and request.snooze is not None
        if woken and outcome is Step.DELIVER and notice.round:
            return request, Step.WAKE
        return None, None


def _waits_for(request: ConsentRequest, notice: PersonalLink, now: datetime) -> bool:
    """Whether this message still has a reason: asked for the first time, or "later" has come."""
    if request.snooze is None:
        return request.stage is Stage.REQUESTED
    if request.snooze.until > now:
        return False
    return bool(notice.round) and request.stage in (*FRESH, Stage.ACKNOWLEDGED)


def _subject(notice: Notice, request: ConsentRequest | None) -> str:
    return str(request.app) if request is not None else str(notice.to)
