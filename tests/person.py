"""One person asked about one app, and the steps that they take. All in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from bot.domain.campaign.intents import Policy
from bot.domain.changes import Changes
from bot.domain.consent.links import check_link, link_digest
from bot.domain.consent.requests import ConsentRequest, ProofKind
from bot.domain.people.admins import Holding
from bot.domain.people.news import NewsKind
from bot.ports.store.ledger import Ledger
from bot.services.consent.acknowledge import Acknowledge, TakenOn
from bot.services.consent.prove import Outcome, Proven
from bot.services.consent.signing_in import GoToMicrosoft
from tests.examples import ADA_IN_CHAT, DELIVERED, OPERATOR, POLICY, RECORD, REQUEST, TOKEN
from tests.fakes import CountingSecrets, LimitsInMemory
from tests.there import there
from tests.whole_bot import Bot

ASKED = replace(DELIVERED, asker=OPERATOR)
RIGHT = "ada@tenant-1"
"""Who is asked, as Microsoft tells it: object id and tenant id."""


class Asked(Bot):
    """Ada was asked about one app of contoso, and speaks; Ben could be asked as well."""

    speaker = ADA_IN_CHAT

    def __init__(
        self,
        minimum: ProofKind = ProofKind.SIGNED_IN,
        *,
        signs_in: bool = True,
        secrets: CountingSecrets | None = None,
        limits: LimitsInMemory | None = None,
        policy: Policy = POLICY,
    ) -> None:
        super().__init__(minimum, signs_in=signs_in, secrets=secrets, limits=limits, policy=policy)
        self.entra.holdings["ada"] = Holding.ACTIVE

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
        return there(await self.ledger.request(request_id))

    async def begin(self, token: str = TOKEN, **more: str) -> tuple[str, str]:
        """Press the page's button; gives the state and what the browser's cookie holds."""
        begun = await self.prove.begin(token, **more)
        assert isinstance(begun, GoToMicrosoft)
        return state_of(begun.address), begun.browser

    async def sign_in_as(self, who: str, token: str = TOKEN) -> Outcome:
        """The whole way to Microsoft and back; `who` is `<object id>@<tenant id>`."""
        state, browser = await self.begin(token)
        return await self.prove.finish(state=state, browser=browser, code=who)

    async def proven(self, token: str = TOKEN) -> Proven:
        """The asked person signs in."""
        outcome = await self.sign_in_as(RIGHT, token)
        assert isinstance(outcome, Proven)
        return outcome

    async def come_back(self, who: str = RIGHT) -> Outcome:
        """The way back: a press in chat, and over Microsoft once more."""
        confirmed = await self.prove.confirm(ADA_IN_CHAT, ASKED.code)
        begun = await self.prove.enter(confirmed.way_on)
        assert isinstance(begun, GoToMicrosoft)
        state = state_of(begun.address)
        return await self.prove.finish(state=state, browser=begun.browser, code=who)

    def told(self, kind: str) -> list[str]:
        """Keys of what was handed to the engine and begins so."""
        return [key for key, _ in self.engine.deliveries if key.startswith(kind)]

    @property
    def news(self) -> list[tuple[NewsKind, str]]:
        """What waits for an operator's next digest."""
        known = self.ledger.all_recipients.values()
        return [(one.happened, one.subject) for each in known for one in each.news]


def state_of(address: str) -> str:
    """The state that an address at Microsoft carries."""
    return parse_qs(urlsplit(address).query)["state"][0]


async def spend(links: Acknowledge, ledger: Ledger, token: str) -> TakenOn:
    """Take on what a link is for, for whoever holds it; raises what speaks against it."""
    digest = link_digest(token)

    async def find(now: datetime) -> ConsentRequest:
        return check_link(await ledger.request_by_link(digest), digest, now)

    by = await ledger.request_by_link(digest)
    return await links.take_on(find, ProofKind.PERSONAL_LINK, str(by.chat) if by else "")
