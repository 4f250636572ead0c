"""One person asked about one app, and the services that their steps go through. All in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from bot.chat.conversation import CampaignParts, Conversation
from bot.domain.board import BoardPolicy
from bot.domain.changes import Changes
from bot.domain.consent import ConsentRequest, ProofKind
from bot.domain.notices import Channel
from bot.domain.people import Holding, Platform
from bot.domain.people_policy import PeoplePolicy
from bot.services.acknowledge import Acknowledge
from bot.services.ask import Ask
from bot.services.boards import Boards
from bot.services.digest import Digests
from bot.services.follow import Follow
from bot.services.introduce import Introduce
from bot.services.onboard import Onboard
from bot.services.postpone import Postpone
from bot.services.prove import GoToMicrosoft, Outcome, Prove
from bot.services.rehearse import Rehearse
from bot.services.remind import Remind
from bot.services.scan import Scan
from bot.services.tell import Tell
from bot.services.visit import Visits
from tests.examples import (
    ADA,
    ADA_IN_CHAT,
    BEN,
    BEN_IN_CHAT,
    DELIVERED,
    NOW,
    OPERATOR,
    POLICY,
    RECORD,
    REQUEST,
    TENANT,
    TOKEN,
)
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

ASKED = replace(DELIVERED, asker=OPERATOR)
CHANNEL = Channel(Platform.SLACK, "C1")


class Stage:
    """Ada was asked about one app of contoso; Ben could be asked as well.

    `minimum` is the weakest proof the settings accept; `signs_in` whether a sign-in is configured.
    """

    def __init__(
        self,
        minimum: ProofKind = ProofKind.SIGNED_IN,
        *,
        signs_in: bool = True,
        secrets: CountingSecrets | None = None,
        limits: LimitsInMemory | None = None,
    ) -> None:
        self.ledger = FakeLedger()
        self.engine = FakeEngine()
        self.clock = FakeClock(NOW)
        self.secrets = secrets or CountingSecrets()
        self.okta = FakeOktaOrg("contoso", RECORD.app)
        self.entra = FakeEntra(TENANT)
        self.entra.admins[TENANT.id] = (ADA, BEN)
        self.entra.holdings["ada"] = Holding.ACTIVE
        self.slack = FakeMessenger(ADA_IN_CHAT, BEN_IN_CHAT)
        self.sign_in = FakeSignIn()
        self.sign_ins = SignInsInMemory()
        self.limits = limits or LimitsInMemory()
        self.tell = Tell(self.engine)
        orgs: Mapping[str, FakeOktaOrg] = {"contoso": self.okta}
        messengers = {Platform.SLACK: self.slack}
        self.acknowledge = Acknowledge(
            ledger=self.ledger, orgs=orgs, tell=self.tell, clock=self.clock, minimum=minimum
        )
        self.visits = Visits(
            ledger=self.ledger, sign_ins=self.sign_ins, clock=self.clock, secrets=self.secrets
        )
        self.prove = Prove(
            acknowledge=self.acknowledge,
            visits=self.visits,
            ledger=self.ledger,
            sign_in=self.sign_in if signs_in else None,
            sign_ins=self.sign_ins,
            entra=self.entra,
            limits=self.limits,
            tell=self.tell,
            clock=self.clock,
            secrets=self.secrets,
            minimum=minimum,
        )
        self.ask = Ask(
            ledger=self.ledger,
            entra=self.entra,
            messengers=messengers,
            tell=self.tell,
            clock=self.clock,
            secrets=self.secrets,
            policy=PeoplePolicy(),
        )
        scan = Scan(orgs=orgs, entra=self.entra, ledger=self.ledger, clock=self.clock)
        policy = POLICY
        letters = reminding(self.ledger, self.clock, policy)
        boards = Boards(
            ledger=self.ledger,
            messengers=messengers,
            writer=letters,
            engine=self.engine,
            clock=self.clock,
            policy=policy,
            kept=BoardPolicy((CHANNEL,)),
        )
        self.follow = Follow(
            visits=self.visits,
            ledger=self.ledger,
            orgs=orgs,
            scan=scan,
            ask=self.ask,
            limits=self.limits,
            tell=self.tell,
            engine=self.engine,
            clock=self.clock,
            policy=policy,
            scan_minutes=15,
        )
        self.introduce = Introduce(
            visits=self.visits,
            ledger=self.ledger,
            orgs=orgs,
            messengers=messengers,
            tell=self.tell,
            clock=self.clock,
        )
        self.onboard = Onboard(
            ledger=self.ledger,
            entra=self.entra,
            sign_in=self.sign_in,
            sign_ins=self.sign_ins,
            limits=self.limits,
            tell=self.tell,
            engine=self.engine,
            clock=self.clock,
            secrets=self.secrets,
            public_url="https://o365bot.example.com",
            link_lifetime=timedelta(hours=72),
        )

        self.conversation = Conversation(
            ledger=self.ledger,
            scan=scan,
            ask=self.ask,
            remind=Remind(
                ledger=self.ledger,
                engine=self.engine,
                clock=self.clock,
                ask=self.ask,
                show_boards=boards.show,
                digests=Digests(
                    ledger=self.ledger,
                    messengers=messengers,
                    engine=self.engine,
                    policy=policy,
                    operators=(OPERATOR,),
                ),
                channels=(CHANNEL,),
                operators=(OPERATOR,),
                policy=policy,
            ),
            acknowledge=self.acknowledge,
            prove=self.prove,
            follow=self.follow,
            onboard=self.onboard,
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

    async def set(self, *requests: ConsentRequest) -> None:
        """The app, with its open request first, and further requests."""
        asked = requests or (ASKED,)
        await self.ledger.commit(
            Changes(apps=(replace(RECORD, request_id=asked[0].id),), requests=asked)
        )

    async def set_request(self, request: ConsentRequest) -> None:
        """Put a request into another state, as if steps had led there."""
        before = await self.request(request.id)
        await self.ledger.commit(
            Changes(requests=(replace(request, revision=before.revision + 1),))
        )

    async def request(self, request_id: str = REQUEST.id) -> ConsentRequest:
        found = await self.ledger.request(request_id)
        assert found is not None
        return found

    async def begin(self, token: str = TOKEN, **more: str) -> tuple[str, str]:
        """Press the page's button; gives the state and what the browser's cookie holds."""
        begun = await self.prove.begin(token, **more)
        assert isinstance(begun, GoToMicrosoft)
        return state_of(begun.address), begun.browser

    async def sign_in_as(self, who: str, token: str = TOKEN) -> Outcome:
        """The whole way to Microsoft and back; `who` is `<object id>@<tenant id>`."""
        state, browser = await self.begin(token)
        return await self.prove.finish(state=state, browser=browser, code=who)

    def told(self, kind: str) -> list[str]:
        """Keys of what was handed to the engine and begins so."""
        return [key for key, _ in self.engine.deliveries if key.startswith(kind)]


def state_of(address: str) -> str:
    """The state that an address at Microsoft carries."""
    return parse_qs(urlsplit(address).query)["state"][0]
