"""Deliveries and all that they go through, over a ledger in memory and a pretend platform."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.campaign.intents import Policy, Reason
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import (
    Alarm,
    Channel,
    ChannelReminder,
    PersonalRound,
    RequestChanged,
)
from bot.domain.people.admins import ChatIdentity, Platform
from bot.message import Buttons, OpenLink
from bot.ports.chat import Messenger
from bot.services.delivery.deliver import Deliver
from bot.services.delivery.incidents import Incidents
from bot.services.delivery.send import Send
from tests.examples import ADA_IN_CHAT, LETTER, LINK_FOR, NOW, OPERATOR, POLICY, REQUEST
from tests.fake_ledger import FakeLedger
from tests.fakes import (
    CountingSecrets,
    FakeClock,
    FakeEngine,
    FakeMessenger,
    FreePace,
    PlainComposer,
)
from tests.there import there

IN_TEAMS = ChatIdentity(Platform.TEAMS, "olga", "Olga")
CHANNEL = Channel(Platform.SLACK, "C1")
REMINDER = Delivery(ChannelReminder(CHANNEL, "2025-03-03"), NOW, "daily_reminder")
ROUND = Delivery(
    PersonalRound(ADA_IN_CHAT, "2025-03-03T09", (REQUEST.id,), Reason.SNOOZE_ENDED, "due", "plain"),
    NOW,
    "round",
)
THANKS = Delivery(RequestChanged(ADA_IN_CHAT, REQUEST.id, 2), NOW, "request_changed")


class Delivering:
    """One request whose letter is due, a channel's reminder, and one chat platform."""

    def __init__(self, *, tells: bool = True, policy: Policy = POLICY) -> None:
        self.policy = policy
        self.ledger = FakeLedger()
        self.engine = FakeEngine()
        self.clock = FakeClock(NOW)
        self.slack = FakeMessenger(tells=tells)
        self.messengers: dict[Platform, Messenger] = {Platform.SLACK: self.slack}
        self.pace = FreePace()
        self.undelivered: list[ConsentRequest] = []
        self.secrets = CountingSecrets()
        self.composer = PlainComposer()

    def worker(self) -> Deliver:
        send = Send(
            ledger=self.ledger,
            messengers=self.messengers,
            composer=self.composer,
            clock=self.clock,
            secrets=self.secrets,
            policy=self.policy,
            public_url="https://bot.contoso.com",
            link_lifetime=LINK_FOR,
        )
        return Deliver(
            ledger=self.ledger,
            send=send,
            engine=self.engine,
            pace=self.pace,
            incidents=Incidents(self.ledger, (OPERATOR, IN_TEAMS)),
            clock=self.clock,
            operators=(OPERATOR, IN_TEAMS),
            ask_another=self.another,
        )

    async def another(self, request: ConsentRequest) -> None:
        self.undelivered.append(request)

    async def plan(self, *planned: Delivery) -> None:
        await self.ledger.commit(Changes(requests=(REQUEST,), planned=planned or (LETTER,)))

    async def delivery(self, key: str = LETTER.key) -> Delivery:
        return there(await self.ledger.delivery(key))

    async def stage(self) -> Stage:
        return there(await self.ledger.request(REQUEST.id)).stage

    async def alarms(self) -> list[Alarm]:
        """What operators are to be told, as planned."""
        keys = await self.ledger.due(NOW + timedelta(days=1), 100)
        ended = [d for d in self.ledger.all_deliveries.values() if d.key not in keys]
        found = [await self.delivery(key) for key in keys] + ended
        return sorted(
            (d.notice for d in found if isinstance(d.notice, Alarm)), key=lambda a: str(a.to)
        )

    def link_in(self, message_id: str) -> str:
        (buttons,) = self.slack.posted[message_id].message.blocks
        assert isinstance(buttons, Buttons)
        (button,) = buttons.buttons
        assert isinstance(button, OpenLink)
        return button.url
