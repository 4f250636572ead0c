"""A conversation about two apps of one org, one of them on a password."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity, Platform
from bot.message import Message
from bot.services.inventory.scan import Scan
from bot.wiring.services import Outside, assemble
from tests.examples import ADA, ADA_IN_CHAT, APP, BEN, BEN_IN_CHAT, NOW, OPERATOR, POLICY, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import (
    BlankPainter,
    CountingSecrets,
    FakeClock,
    FakeDirectory,
    FakeEngine,
    FakeEntra,
    FakeMessenger,
    FakeOktaOrg,
    FakeSignIn,
    FreePace,
    LimitsInMemory,
    MembershipsInMemory,
    SignInsInMemory,
)
from tests.reading import check_form
from tests.wiring import partless, settings

SECOND = replace(APP, ref=AppRef("contoso", "0oa2"), label="Contoso EU")
PASSWORD = Evidence(EvidenceKind.ADMIN_PASSWORD_USED, NOW, NOW, {"account": "svc"}, "e1")
OWN = Evidence(EvidenceKind.PROVISIONING_APP_CREATED, NOW, NOW, event_id="e2")


class World:
    """Two apps of one org, one of them on a password, and the conversation over them."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self.ledger = FakeLedger()
        self.clock = FakeClock(NOW)
        # What people live by: set forward in a rehearsal.
        self.lived = FakeClock(NOW + ahead) if ahead else self.clock
        self.engine = FakeEngine()
        self.okta = FakeOktaOrg("contoso", APP, SECOND)
        self.okta.log = {"0oa1": (PASSWORD,), "0oa2": (OWN,)}
        self.entra = FakeEntra(TENANT)
        self.entra.consents[TENANT.id] = (Evidence(EvidenceKind.TENANT_NOT_CONSENTED, NOW),)
        self.entra.admins[TENANT.id] = (ADA, BEN)
        self.slack = FakeMessenger(ADA_IN_CHAT, BEN_IN_CHAT)
        self.scan = Scan(
            orgs={"contoso": self.okta},
            entra=self.entra,
            ledger=self.ledger,
            clock=self.clock,
            lived=self.lived,
        )
        self.directory, self.memberships = FakeDirectory(), MembershipsInMemory()
        services = assemble(
            settings(),
            Outside(
                ledger=self.ledger,
                orgs={"contoso": self.okta},
                entra=self.entra,
                messengers={Platform.SLACK: self.slack},
                engine=self.engine,
                pace=FreePace(),
                limits=LimitsInMemory(),
                sign_in=FakeSignIn(),
                sign_ins=SignInsInMemory(),
                painter=BlankPainter(),
                clock=self.lived,
                secrets=CountingSecrets(),
                doctor=partless(),
                directories={Platform.SLACK: self.directory},
                memberships=self.memberships,
            ),
            self.scan,
            POLICY,
        )
        self.conversation = services.conversation

    async def ask(
        self, words: str, asker: ChatIdentity = OPERATOR, *, private: bool = False
    ) -> Message:
        message = await self.conversation.answer(words, asker, private=private)
        assert message is not None
        check_form(message)
        return message
