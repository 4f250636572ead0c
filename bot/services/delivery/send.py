"""Send one notice: look whether it got through before, write it out, hand it to the platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.campaign.cadence import (
    at_work,
    available_from,
    is_timely,
    start_of,
    week_free_from,
)
from bot.domain.campaign.intents import Policy, Reason, Worklist
from bot.domain.campaign.put_off import put_off_until
from bot.domain.campaign.reminders import spoils
from bot.domain.changes import Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import ConsentRequest, LinkBinding, Stage, Step, allowed, step
from bot.domain.delivery.deliveries import RELEASED, RESTORED, Delivery, Phase
from bot.domain.delivery.incidents import GAP
from bot.domain.delivery.kinds import Method, Promise, SendTime
from bot.domain.delivery.notices import (
    ASKING,
    Channel,
    ChannelNudge,
    Notice,
    PersonalLink,
    PersonalRound,
    RequestChanged,
)
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import DAY
from bot.errors import (
    ChatMisconfigured,
    ChatThrottled,
    MessageGone,
    NotDurable,
    ScopeMissing,
)
from bot.message import Message
from bot.ports.chat import Messenger
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock, Secrets
from bot.ports.writing import NO_LINKS, Composer
from bot.services.people.chat_accounts import elsewhere
from bot.services.people.linked_accounts import LinkedAccounts, accounts_of
from bot.services.people.worklists import worklist_of
from bot.services.unit_of_work import write_once

WHOLE_FOR = timedelta(seconds=10)
"""So long nobody looks again whether the store was restored without what was sent since."""


class NothingToTell(Exception):
    """The notice is about something that is over; it ends without a message."""


class NotYet(Exception):
    """The message to change is not confirmed by its platform: tried again in a moment."""


class OutcomeUnknown(Exception):
    """An attempt may have got through, nobody can tell, and twice would be the greater harm."""

    code = "outcome_unknown"


class PerhapsSent(OutcomeUnknown):
    """It may have been sent since a backup that was restored: an operator may have it sent."""

    code = RESTORED


@dataclass(frozen=True, slots=True)
class Outcome:
    """A message that got through: its platform's id of it, and the request as the message has it.

    `request` is None when the message is not about one alone, or was there already.
    """

    message_id: str
    request: ConsentRequest | None = None


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
        policy: Policy,
        public_url: str,
        link_lifetime: timedelta,
        linked_accounts: LinkedAccounts | None = None,
    ) -> None:
        self._linked_accounts = linked_accounts
        self._ledger = ledger
        self._messengers = messengers
        self._composer = composer
        self._clock = clock
        self._secrets = secrets
        self._policy = policy
        self._public_url = public_url
        self._link_lifetime = link_lifetime
        self._whole_until = datetime.min.replace(tzinfo=UTC)

    def serves(self, platform: Platform) -> bool:
        """Whether this platform is in the settings."""
        return platform in self._messengers

    def plan_is_over(self, request: ConsentRequest) -> bool:
        """Whether the person put it off, and the time has come."""
        return request.snooze is not None and not self.is_put_off(request)

    def is_put_off(self, request: ConsentRequest) -> bool:
        """Whether the person put it off until some time to come."""
        now = self._clock.now()
        later = put_off_until(request, now, self._policy)
        return later is not None and later > now

    async def opens(
        self, notice: Notice, now: datetime, known: Iterable[Recipient] = ()
    ) -> datetime:
        """From when on (UTC) those whom it reaches may be disturbed; `known` are theirs, as read.

        What may come at once, and what was decided for its moment, comes now. Whom it reaches
        besides its place did not ask for it: it waits until they are there, and their week has
        room.
        """
        if notice.send_time is not SendTime.AT_WORK or not isinstance(notice.to, ChatIdentity):
            return now
        if not notice.people:
            here = (one for one in known if str(one.chat) == str(notice.to))
            return at_work((next(here, Recipient(notice.to)),), now, now, self._policy)
        asked = await worklist_of(self._ledger, notice.to, now)
        disturbed = [await self._disturbed(one, now) for one in notice.people]
        there = [worklist.recipient for worklist in (asked, *disturbed)]
        free = (available_from(worklist.recipient, now, self._policy) for worklist in disturbed)
        at = at_work(there, max(free), now, self._policy)
        for worklist in (asked, *disturbed):
            calendar = self._policy.calendars.of_person(worklist.recipient.chat)
            day = calendar.day_of(at)
            last = spoils(worklist, (day, at), now, self._policy)
            # The last call before a date comes first. Who asked for this waits no longer than that.
            if last is not None and (worklist is not asked or last == day):
                after = start_of(last + DAY, calendar)
                at = at_work(there, max(at, after), now, self._policy)
        return at

    async def _disturbed(self, chat: ChatIdentity, now: datetime) -> Worklist:
        """What waits for them, and what they were told and said, on whichever account of theirs."""
        accounts = await accounts_of(self._ledger, chat, self._linked_accounts)
        accounts += await elsewhere(self._messengers, chat)
        return await worklist_of(self._ledger, chat, now, accounts)

    def must_search(self, delivery: Delivery) -> bool:
        """Whether the platform is asked for the message before it is sent."""
        messenger = self._messengers.get(delivery.notice.to.platform)
        return _may_be_there(delivery) and messenger is not None and messenger.tells

    async def __call__(self, delivery: Delivery) -> Outcome:
        """Send it, unless it is there. Raises ChatError, NothingToTell, NotYet, OutcomeUnknown."""
        notice = delivery.notice
        messenger = self._messengers.get(notice.to.platform)
        if messenger is None:
            raise ChatMisconfigured(f"{notice.to.platform.value} is not configured any more.")
        if _may_be_there(delivery):
            found = await self._find(messenger, delivery)
            if found:
                return Outcome(found)
        if notice.is_first and delivery.why != RELEASED:
            await self._refuse_if_perhaps_sent(messenger, notice)
        if isinstance(notice, PersonalLink):
            request, link = await self._issue(notice, delivery.key)
            message = await self._compose(notice, request=request, link=link)
            sent = await messenger.send_personal(notice.to, message, delivery.key)
            return Outcome(sent.message_id, request)
        released = delivery.why == RELEASED
        if not released and not await self._may_be_told(notice):
            raise NothingToTell
        if isinstance(notice, RequestChanged):
            return Outcome(await self._change(messenger, notice))
        thread = await self._thread_of(notice)
        if notice.traits.method is Method.REPLY and not thread:
            raise NothingToTell  # the next board shows it; in the channel it is noise
        links = await self._renew_all(notice) if notice.links_to else NO_LINKS
        message = await self._compose(notice, links=links)
        if isinstance(notice.to, Channel):
            sent = await messenger.post(notice.to, message, delivery.key, thread)
        elif notice.traits.method is Method.TOGETHER:
            everybody = (notice.to, *notice.people)
            sent = await messenger.introduce(everybody, message, delivery.key)
        else:
            sent = await messenger.send_personal(notice.to, message, delivery.key)
        return Outcome(sent.message_id)

    async def _may_be_told(self, notice: Notice) -> bool:
        """Whether it may be told now, here; what was held up is no second message of its day."""
        if notice.traits.once_per_person and await self._is_told_elsewhere(notice):
            return False
        now = self._clock.now()
        if not is_timely(notice, now, self._policy):
            return False
        if not isinstance(notice.to, ChatIdentity):
            return True
        if isinstance(notice, PersonalRound) and notice.reason == Reason.NOW:
            # Two who said so at the same moment: the other one's message named them.
            found = [await self._ledger.request(one) for one in notice.links_to]
            return any(one is not None and one.stage is Stage.REQUESTED for one in found)
        known = await self._ledger.recipient(notice.to)
        if known is None or not notice.day:
            return True
        calendar = self._policy.calendars.of_person(notice.to)
        today = calendar.today(now)
        if known.is_away(today):  # they said so while it was held up
            return False
        wanted = isinstance(notice, PersonalRound) and notice.reason == Reason.SNOOZE_ENDED
        heard = known.rounds if wanted else (*known.rounds, *known.digests)
        if any(calendar.day_of(at) == today for at in heard):
            return wanted and notice.day != today.isoformat()  # a second one that they asked for
        return wanted or week_free_from(known, now, self._policy) <= now

    async def _is_told_elsewhere(self, notice: Notice) -> bool:
        return self._linked_accounts is not None and await self._linked_accounts.are_told(notice)

    async def _change(self, messenger: Messenger, notice: RequestChanged) -> str:
        """Change the message that asked the person last, in place."""
        request = await self._ledger.request(notice.request_id)
        if request is None:
            raise NothingToTell
        letter = request.link.letter if request.link is not None else ""
        asked = await self._ledger.delivery(
            letter or PersonalLink(notice.to, notice.request_id).key
        )
        if asked is None or asked.phase is Phase.FAILED:
            raise NothingToTell
        if asked.phase is not Phase.SENT:  # somebody was faster than the platform's confirmation
            raise NotYet
        if not asked.message_id:
            raise MessageGone("The platform gave the message no id.")
        await messenger.update(asked.message_id, await self._compose(notice, request=request))
        return asked.message_id

    async def _thread_of(self, notice: Notice) -> str:
        """The id of the message that it replies to, if it replies to one."""
        if not isinstance(notice, ChannelNudge):
            return ""
        board = await self._ledger.board(notice.to, notice.org)
        return board.message_id if board is not None else ""

    async def _find(self, messenger: Messenger, delivery: Delivery) -> str:
        """The id of the message when the platform has it; "" when it is to be sent (again)."""
        notice = delivery.notice
        try:
            thread = await self._thread_of(notice)
            found = await messenger.find_sent(notice.to, delivery.key, thread)
            asked = messenger.tells
        except ScopeMissing:
            found, asked = None, False  # it may be written to, but not read
        except ChatThrottled as error:
            error.searching = True
            raise
        if found is not None:
            return found.message_id
        if not asked and notice.promise is Promise.NEVER_TWICE:
            raise OutcomeUnknown
        return ""

    async def _refuse_if_perhaps_sent(self, messenger: Messenger, notice: Notice) -> None:
        """Where nobody knows what was sent since a backup, ask the platform.

        What it has of ours and the store has not was sent in between. It may be about other apps.
        """
        now = self._clock.now()
        if now < self._whole_until or not isinstance(notice.to, ChatIdentity):
            return
        gap = (await self._ledger.incidents()).get(GAP)
        if gap is None:
            self._whole_until = now + WHOLE_FOR
            return
        try:
            found = await messenger.keys_since(notice.to, gap.since)
        except ScopeMissing:
            found = None
        except ChatThrottled as error:
            error.searching = True
            raise
        if found is None:
            raise PerhapsSent
        asking = [key for key in found if key.startswith(ASKING)]
        known = await self._ledger.deliveries(asking)
        if any(key not in known or key == notice.key for key in asking):
            raise PerhapsSent

    async def _compose(
        self,
        notice: Notice,
        *,
        request: ConsentRequest | None = None,
        link: str = "",
        links: Mapping[str, str] = NO_LINKS,
    ) -> Message:
        message = await self._composer.compose(notice, request=request, link=link, links=links)
        if message is None:
            raise NothingToTell
        return message

    async def _issue(self, notice: PersonalLink, key: str) -> tuple[ConsentRequest, str]:
        """A fresh link for the message that is about to be sent; the former one ends here."""
        while True:
            request = await self._ledger.request(notice.request_id)
            now = self._clock.now()
            if request is None or request.stage is not Stage.REQUESTED:
                raise NothingToTell
            issued = await self._bind(request, Step.ISSUE, key, now)
            if issued is not None:
                return issued

    async def _renew_all(self, notice: Notice) -> Mapping[str, str]:
        """Fresh links for what still waits for the person."""
        # Only a message about one request is changed in place when that request moves.
        letter = notice.key if len(notice.links_to) == 1 else ""
        links: dict[str, str] = {}
        for request_id in notice.links_to:
            while request_id not in links:
                request = await self._ledger.request(request_id)
                now = self._clock.now()
                if request is None or not request.stage.is_open:
                    break  # this one ended while the round was on its way
                if self.is_put_off(request):
                    break  # they said so meanwhile
                former = request.link.letter if request.link is not None else ""
                taken = Step.RENEW if Step.RENEW in allowed(request.stage) else Step.ISSUE
                renewed = await self._bind(request, taken, letter or former, now)
                if renewed is not None:
                    _, links[request_id] = renewed
        if not links:
            raise NothingToTell
        return links

    async def _bind(
        self, request: ConsentRequest, taken: Step, letter: str, now: datetime
    ) -> tuple[ConsentRequest, str] | None:
        """The request with a fresh link, and its address; None when it has moved meanwhile."""
        token = self._secrets.token()
        binding = LinkBinding(link_digest(token), now + self._link_lifetime, letter)
        # A plan ends once its message was sent, not when it is tried.
        issued = step(request, taken, now, link=binding, snooze=request.snooze)
        with suppress(NotDurable):  # written, and nobody was promised anything about it
            if not await write_once(self._ledger, Changes(requests=(issued,))):
                return None
        return issued, f"{self._public_url}/c/{token}"


def _may_be_there(delivery: Delivery) -> bool:
    """Whether sending it might make it twice, and the platform may know.

    The same change made twice is seen once. An introduction goes to a conversation of its own.
    """
    method = delivery.notice.traits.method
    return delivery.in_doubt and method not in (Method.CHANGE, Method.TOGETHER)
