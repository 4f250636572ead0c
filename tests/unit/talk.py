"""A conversation about two apps of one org, one of them on a password."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.chat.conversation import CampaignParts, Conversation
from bot.domain.apps import AppRef
from bot.domain.board import BoardPolicy
from bot.domain.calendar import Calendars
from bot.domain.campaign import Campaign
from bot.domain.consent import ProofKind
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.intents import Policy
from bot.domain.notices import Channel
from bot.domain.people import ChatIdentity, Platform
from bot.domain.people_policy import PeoplePolicy
from bot.message import Message
from bot.services.acknowledge import Acknowledge
from bot.services.ask import Ask
from bot.services.boards import Boards
from bot.services.digest import Digests
from bot.services.follow import Follow
from bot.services.onboard import Onboard
from bot.services.postpone import Postpone
from bot.services.prove import Prove
from bot.services.rehearse import Rehearse
from bot.services.remind import Remind
from bot.services.scan import Scan
from bot.services.tell import Tell
from bot.services.visit import Visits
from tests.examples import ADA, ADA_IN_CHAT, APP, BEN, BEN_IN_CHAT, NOW, OPERATOR, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import (
    CountingSecrets,
    FakeClock,
    FakeEngine,
    FakeEntra,
    FakeMessenger,
    FakeOktaOrg,
    FakeSignIn,
    LimitsInMemory,
    SignInsInMemory,
    reminding,
)
from tests.reading import check_form

SECOND = replace(APP, ref=AppRef("contoso", "0oa2"), label="Contoso EU")
PASSWORD = Evidence(EvidenceKind.ADMIN_PASSWORD_USED, NOW, NOW, {"account": "svc"}, "e1")
USED = Evidence(EvidenceKind.SERVICE_ACCOUNT_USED, NOW, NOW, event_id="e2")


class World:
    """Two apps of one org, one of them on a password, and the conversation over them."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.clock = FakeClock(NOW)
        self.engine = FakeEngine()
        self.okta = FakeOktaOrg("contoso", APP, SECOND)
        self.okta.log = {"0oa1": (PASSWORD,), "0oa2": (USED,)}
        self.entra = FakeEntra(TENANT)
        self.entra.consents[TENANT.id] = (Evidence(EvidenceKind.TENANT_NOT_CONSENTED, NOW),)
        self.entra.admins[TENANT.id] = (ADA, BEN)
        self.slack = FakeMessenger(ADA_IN_CHAT, BEN_IN_CHAT)
        self.scan = Scan(
            orgs={"contoso": self.okta}, entra=self.entra, ledger=self.ledger, clock=self.clock
        )
        sign_ins, secrets = SignInsInMemory(), CountingSecrets()
        tell = Tell(self.engine)
        orgs = {"contoso": self.okta}
        acknowledge = Acknowledge(
            ledger=self.ledger,
            orgs=orgs,
            tell=tell,
            clock=self.clock,
            minimum=ProofKind.CHAT_ACCOUNT,
        )
        visits = Visits(ledger=self.ledger, sign_ins=sign_ins, clock=self.clock, secrets=secrets)
        channels = (Channel(Platform.SLACK, "C1"),)
        policy = Policy(Campaign(), Calendars(ZoneInfo("UTC")), jitter=timedelta(0))
        letters = reminding(self.ledger, self.clock, policy)
        messengers = {Platform.SLACK: self.slack}
        ask = Ask(
            ledger=self.ledger,
            entra=self.entra,
            messengers=messengers,
            tell=tell,
            clock=self.clock,
            secrets=secrets,
            policy=PeoplePolicy(),
        )
        boards = Boards(
            ledger=self.ledger,
            messengers=messengers,
            writer=letters,
            engine=self.engine,
            clock=self.clock,
            policy=policy,
            kept=BoardPolicy(channels),
        )
        self.conversation = Conversation(
            ledger=self.ledger,
            scan=self.scan,
            ask=ask,
            acknowledge=acknowledge,
            prove=Prove(
                acknowledge=acknowledge,
                visits=visits,
                ledger=self.ledger,
                sign_in=None,
                sign_ins=sign_ins,
                entra=self.entra,
                limits=LimitsInMemory(),
                tell=tell,
                clock=self.clock,
                secrets=secrets,
                minimum=ProofKind.CHAT_ACCOUNT,
            ),
            follow=Follow(
                visits=visits,
                ledger=self.ledger,
                orgs=orgs,
                scan=self.scan,
                ask=ask,
                limits=LimitsInMemory(),
                tell=tell,
                engine=self.engine,
                clock=self.clock,
                policy=policy,
                scan_minutes=15,
            ),
            onboard=Onboard(
                ledger=self.ledger,
                entra=self.entra,
                sign_in=FakeSignIn(),
                sign_ins=sign_ins,
                limits=LimitsInMemory(),
                tell=tell,
                engine=self.engine,
                clock=self.clock,
                secrets=secrets,
                public_url="https://o365bot.example.com",
                link_lifetime=timedelta(hours=72),
            ),
            remind=Remind(
                ledger=self.ledger,
                engine=self.engine,
                clock=self.clock,
                ask=ask,
                show_boards=boards.show,
                digests=Digests(
                    ledger=self.ledger,
                    messengers={},
                    engine=self.engine,
                    policy=policy,
                    operators=(OPERATOR,),
                ),
                channels=channels,
                operators=(OPERATOR,),
                policy=policy,
            ),
            clock=self.clock,
            operators=frozenset({str(OPERATOR)}),
            language="en",
            link_hours=72,
            campaign=CampaignParts(
                rehearse=Rehearse(
                    ledger=self.ledger, clock=self.clock, policy=policy, kept=BoardPolicy()
                ),
                boards=boards,
                postpone=Postpone(ledger=self.ledger, clock=self.clock, policy=policy),
                sample=letters.sample,
            ),
        )

    async def ask(self, words: str, asker: ChatIdentity = OPERATOR) -> Message:
        message = await self.conversation.answer(words, asker)
        check_form(message)
        return message
