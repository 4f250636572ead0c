"""What tests of boards play on: a channel, the services that keep its boards, and a clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.campaign.channels.board import BoardPolicy
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign
from bot.domain.changes import AuditEntry, Changes
from bot.domain.delivery.notices import Channel
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.time.calendar import Calendars
from bot.message import Message
from bot.services.campaign.boards import Boards
from bot.services.campaign.planning import Planner
from bot.services.delivery.incidents import Incidents
from tests.examples import NOW, OPERATOR, RECORD
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEngine, FakeMessenger, reminding
from tests.there import there

CHANNEL = Channel(Platform.SLACK, "C1")
IN_TEAMS = ChatIdentity(Platform.TEAMS, "olga", "Olga")
HOUR = timedelta(hours=1)
ONE = BoardPolicy((CHANNEL,))
NO_DATES = Campaign()
IN_UTC = Calendars(ZoneInfo("UTC"))


class ChannelBoards:
    """One channel, Monday nine o'clock."""

    def __init__(
        self,
        *,
        tells: bool = True,
        kept: BoardPolicy = ONE,
        campaign: Campaign = NO_DATES,
        calendars: Calendars = IN_UTC,
    ) -> None:
        self.ledger = FakeLedger()
        self.clock = FakeClock(NOW)
        self.messenger = FakeMessenger(tells=tells)
        self.engine = FakeEngine()
        self.policy = Policy(campaign, calendars)
        self.letters = reminding(self.ledger, self.clock, self.policy)
        self.keep(kept)

    def keep(self, kept: BoardPolicy) -> None:
        """Start again with these boards."""
        self.boards = Boards(
            ledger=self.ledger,
            messengers={Platform.SLACK: self.messenger},
            writer=self.letters,
            engine=self.engine,
            clock=self.clock,
            policy=self.policy,
            kept=kept,
            incidents=Incidents(self.ledger, (OPERATOR, IN_TEAMS)),
        )
        self.planner = Planner(ledger=self.ledger, clock=self.clock, policy=self.policy, kept=kept)

    async def show(self, later: timedelta = timedelta()) -> datetime:
        self.clock.forward(later)
        return await self.boards.show(self.clock.now())

    async def assess(self, state: State, record: AppRecord = RECORD) -> None:
        """The app comes out of a scan in another state."""
        ref = record.app.ref
        old = there(await self.ledger.app(ref))
        kind = {
            State.MIGRATED: EvidenceKind.SERVICE_ACCOUNT_USED,
            State.NEEDS_CONSENT: EvidenceKind.SAW_AUTHENTICATE,
        }[state]
        now = self.clock.now()
        on = Evidence(EvidenceKind.CONNECTION_ON, now)
        new = replace(
            old, evidence=(on, Evidence(kind, now, now)), assessed_at=now, revision=old.revision + 1
        )
        assert new.state(now) is state
        detail = {"from": old.state(now).value, "to": state.value}
        entry = AuditEntry(now, "scan", "assess", str(ref), detail)
        await self.ledger.commit(Changes(apps=(new,), audit=(entry,)))

    async def chatter(self, messages: int) -> None:
        """People write in the channel."""
        for _ in range(messages):
            await self.messenger.post(CHANNEL, Message("chatter"), "")

    @property
    def shown(self) -> Message:
        (message,) = [p.message for p in self.messenger.posted.values()]
        return message
