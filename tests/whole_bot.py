"""A whole bot in memory: the product's own wiring, with clouds, chats and a store in memory."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.campaign.intents import Policy
from bot.domain.consent.requests import ProofKind
from bot.domain.inventory.apps import Office365App
from bot.domain.people.admins import ChatIdentity, Platform
from bot.message import Message
from bot.services.consent.ask import Ask
from bot.services.inventory.scan import Scan
from bot.wiring.services import Services, assemble
from tests.examples import ADA, ADA_IN_CHAT, APP, BEN, BEN_IN_CHAT, NOW, OPERATOR, POLICY, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import (
    CountingSecrets,
    FakeClock,
    FakeDirectory,
    FakeEngine,
    FakeEntra,
    FakeMessenger,
    FakeOktaOrg,
    FakeSignIn,
    LimitsInMemory,
    MembershipsInMemory,
    Presence,
    SignInsInMemory,
)
from tests.reading import check_form
from tests.there import there
from tests.wiring import outside, settings


class Bot:
    """One Okta org, one tenant with two Global Administrators, Ada and Ben, and both in Slack.

    `minimum` is the weakest proof that the settings accept; `signs_in` whether a sign-in is
    configured; `ahead` how far the clock that people live by was set forward in a rehearsal.
    """

    speaker = OPERATOR

    def __init__(
        self,
        minimum: ProofKind = ProofKind.CHAT_ACCOUNT,
        *,
        apps: tuple[Office365App, ...] = (APP,),
        people: tuple[ChatIdentity, ...] = (ADA_IN_CHAT, BEN_IN_CHAT),
        signs_in: bool = False,
        secrets: CountingSecrets | None = None,
        limits: LimitsInMemory | None = None,
        policy: Policy = POLICY,
        ahead: timedelta = timedelta(),
    ) -> None:
        self.ledger = FakeLedger()
        self.engine = FakeEngine()
        self.clock = FakeClock(NOW)
        self.lived = FakeClock(NOW + ahead) if ahead else self.clock
        self.secrets = secrets or CountingSecrets()
        self.okta = FakeOktaOrg("contoso", *apps)
        self.entra = FakeEntra(TENANT)
        self.entra.admins[TENANT.id] = (ADA, BEN)
        self.slack = FakeMessenger(*people)
        self.teams = FakeMessenger(platform=Platform.TEAMS)
        self.sign_in, self.sign_ins = FakeSignIn(), SignInsInMemory()
        self.limits = limits or LimitsInMemory()
        self.presence = Presence()
        self.directory, self.memberships = FakeDirectory(), MembershipsInMemory()
        self.orgs = {"contoso": self.okta}
        self.scan = Scan(
            orgs=self.orgs, entra=self.entra, ledger=self.ledger, clock=self.clock, lived=self.lived
        )
        self.policy = policy
        self.settings = settings(minimum, signs_in=signs_in)
        services = self.replica()
        self.acknowledge = services.acknowledge
        self.candidates = services.candidates
        self.ask = Ask(
            ledger=self.ledger,
            candidates=self.candidates,
            engine=self.engine,
            clock=self.lived,
            secrets=self.secrets,
        )
        self.conversation = services.conversation
        self.deliver = services.deliver
        self.operator_sign_in = services.operator_sign_in
        self.request_steps = services.request_steps
        self.introduce = services.introduce
        assert services.onboard is not None
        self.onboard = services.onboard
        self.prove = services.prove
        self.read = services.read
        self.remind = services.remind
        self.actors = services.actors
        self.reassign = services.reassign

    async def say(
        self, words: str, who: ChatIdentity | None = None, *, private: bool = False
    ) -> Message:
        """The answer to what is said, by the `speaker` unless it is somebody else."""
        message = there(await self.conversation.answer(words, who or self.speaker, private=private))
        check_form(message)
        return message

    def replica(self) -> Services:
        """The services of another process, which shares all but its memory."""
        return assemble(
            self.settings,
            outside(
                ledger=self.ledger,
                orgs=self.orgs,
                entra=self.entra,
                messengers={Platform.SLACK: self.slack, Platform.TEAMS: self.teams},
                engine=self.engine,
                limits=self.limits,
                sign_in=self.sign_in,
                sign_ins=self.sign_ins,
                clock=self.lived,
                secrets=self.secrets,
                presence=self.presence,
                directories={Platform.SLACK: self.directory},
                memberships=self.memberships,
            ),
            self.scan,
            self.policy,
        )
