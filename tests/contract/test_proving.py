"""The proof as it runs: real adapters, a real Valkey, and a Microsoft that checks everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from adapters.entra.client import EntraClient
from adapters.entra.signing_in.sign_in import EntraSignIn
from adapters.http.client import open_http
from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.shared.limits import RedisLimits
from adapters.redis.shared.sign_ins import RedisSignIns
from bot.domain.changes import Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.onboarding import Granting
from bot.domain.consent.requests import LinkBinding, MfaShown, ProofKind, Stage
from bot.domain.people.admins import Holding
from bot.errors import SignInDeclined, SignInError, SignInUnknown
from bot.services.consent.onboard import Onboard
from bot.services.consent.prove import ActivateFirst, Outcome, Prove, Proven
from bot.services.consent.signing_in import GoToMicrosoft
from bot.services.inventory.scan import Scan
from bot.settings.sections.clouds import EntraSettings, SignInSettings
from bot.wiring.base import SystemClock, SystemSecrets
from bot.wiring.services import assemble
from sandbox.company.company import Company, contoso
from sandbox.company.records import EntraAccount, EntraTenant, Hold
from sandbox.entra.graph import graph_app
from sandbox.entra.login import login_app
from tests import wiring
from tests.examples import OPERATOR, POLICY, REQUEST
from tests.fakes import FakeEngine
from tests.serving import served
from tests.there import there

URL = "https://o365bot.example.com"
LINK = "l" * 43


@dataclass
class Gita:
    """Gita of contoso was asked about one app."""

    company: Company
    store: Redis
    ledger: RedisLedger
    prove: Prove
    onboard: Onboard
    entra: EntraClient
    engine: FakeEngine
    browser: httpx.AsyncClient

    @property
    def tenant(self) -> EntraTenant:
        return self.company.tenant("contoso")

    def account(self, hold: Hold, *, mfa: bool = True) -> EntraAccount:
        """Somebody who holds the role just so."""
        return next(
            account
            for account in self.tenant.accounts
            if self.tenant.holds(account.id) == {hold} and account.enabled and account.mfa is mfa
        )

    @property
    def gita(self) -> EntraAccount:
        return self.tenant.account("gita@contoso.example")

    async def ask(self, account: EntraAccount) -> None:
        """A delivered request to this account, with the link LINK."""
        now = datetime.now(UTC)
        asked = replace(
            REQUEST,
            tenant_id=self.tenant.id,
            tenant_domain=f"{self.tenant.short_name}.onmicrosoft.com",
            admin_object_id=account.id,
            admin_upn=account.upn,
            stage=Stage.DELIVERED,
            link=LinkBinding(link_digest(LINK), now + timedelta(hours=72)),
            asker=OPERATOR,
        )
        await self.ledger.commit(Changes(requests=(asked,)))

    async def stage(self, request_id: str = REQUEST.id) -> Stage:
        return there(await self.ledger.request(request_id)).stage

    async def go(self, account: EntraAccount, press: str = "accept") -> tuple[dict[str, str], str]:
        """Begin, choose the account at Microsoft, press; what comes back, and the cookie."""
        begun = await self.prove.begin(LINK)
        assert isinstance(begun, GoToMicrosoft)
        return await self.choose(begun.address, account, press), begun.browser

    async def choose(self, address: str, account: EntraAccount, press: str) -> dict[str, str]:
        page = await self.browser.get(address)
        assert page.status_code == 200, page.text
        sent = await self.browser.post(address, data={"account": account.id, "answer": press})
        assert sent.status_code == 303, sent.text
        target = urlsplit(sent.headers["location"])
        assert f"{target.scheme}://{target.netloc}" == URL
        return {name: value for name, (value,) in parse_qs(target.query).items()}

    async def finish(self, answer: dict[str, str], browser: str) -> Outcome:
        return await self.prove.finish(
            state=answer["state"],
            browser=browser,
            code=answer.get("code", ""),
            error=answer.get("error", ""),
            reason=answer.get("error_description", ""),
        )

    async def sign_in(self, account: EntraAccount, press: str = "accept") -> Outcome:
        return await self.finish(*(await self.go(account, press)))


@pytest_asyncio.fixture
async def world(store: Redis, keys: Path) -> AsyncIterator[Gita]:
    company = contoso(key_directory=keys)
    company.bot.redirect_uris = {f"{URL}/auth/callback", f"{URL}/auth/consented"}
    clock, random, engine = SystemClock(), SystemSecrets(), FakeEngine()
    async with AsyncExitStack() as stack:
        login_url = await stack.enter_async_context(served(lambda url: login_app(company)))
        graph_url = await stack.enter_async_context(served(lambda url: graph_app(company)))
        company.addresses |= {"login": login_url, "graph": graph_url}
        settings = EntraSettings.model_validate(
            {
                "client_id": company.bot.client_id,
                "certificate": company.entra_certificate_pem(),
                "login_url": login_url,
                "graph_url": graph_url,
            }
        )
        http = await stack.enter_async_context(open_http())
        entra = EntraClient(settings, clock)
        stack.push_async_callback(entra.aclose)
        sign_in = EntraSignIn(
            settings,
            SignInSettings(api_scope=f"{company.bot.app_id_uri}/proof"),
            URL,
            http,
            clock,
        )
        ledger = RedisLedger(store, Keys())
        sign_ins, limits = RedisSignIns(store, Keys()), RedisLimits(store, Keys())
        services = assemble(
            wiring.settings(ProofKind.SIGNED_IN, signs_in=True),
            wiring.outside(
                ledger=ledger,
                entra=entra,
                engine=engine,
                limits=limits,
                sign_in=sign_in,
                sign_ins=sign_ins,
                clock=clock,
                secrets=random,
            ),
            Scan(orgs={}, entra=entra, ledger=ledger, clock=clock),
            POLICY,
        )
        assert services.onboard is not None
        browser = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=60))
        yield Gita(company, store, ledger, services.prove, services.onboard, entra, engine, browser)


async def test_the_right_account_with_mfa_is_the_strongest_proof(world: Gita) -> None:
    """Through the tenant's own sign-in page, with a code that is good once."""
    await world.ask(world.gita)
    outcome = await world.sign_in(world.gita)
    assert isinstance(outcome, Proven)
    proof = there(outcome.request.proof)
    assert (proof.kind, proof.mfa) == (ProofKind.SIGNED_IN_MFA, MfaShown.AMR)
    assert proof.by == f"entra:{world.gita.id}"


async def test_an_account_without_mfa_is_recorded_as_not_proven(world: Gita) -> None:
    """Where the settings accept that."""
    await world.ask(world.gita)
    outcome = await world.sign_in(world.gita, "without-mfa")
    assert isinstance(outcome, Proven)
    assert outcome.request.proof is not None
    assert outcome.request.proof.kind is ProofKind.SIGNED_IN


async def test_an_eligible_administrator_activates_first(world: Gita) -> None:
    """Graph is read at that very moment, so that the second try works."""
    eligible = world.account(Hold.ELIGIBLE)
    await world.ask(eligible)
    assert isinstance(await world.sign_in(eligible), ActivateFirst)
    world.company.activate_role(world.tenant, eligible.id)
    assert isinstance(await world.sign_in(eligible), Proven)


async def test_a_role_through_a_group_counts(world: Gita) -> None:
    """The members of a role-assignable group hold what it holds."""
    by_group = next(
        account
        for account in world.tenant.accounts
        for group in world.tenant.groups
        if account.id in group.member_ids and account.enabled and world.tenant.holds(account.id)
    )
    await world.ask(by_group)
    assert isinstance(await world.sign_in(by_group), Proven | ActivateFirst)


async def test_replayed_swapped_and_declined_answers_spend_nothing(world: Gita) -> None:
    """A state is good once and in its browser; a code in its own sign-in; a no is a no."""
    await world.ask(world.gita)
    first, browser = await world.go(world.gita)
    second, other_browser = await world.go(world.gita)
    with pytest.raises(SignInUnknown):
        await world.finish(first, other_browser)
    with pytest.raises(SignInUnknown):  # the wrong browser has used the state up
        await world.finish(first, browser)
    with pytest.raises(SignInError):  # the first code under the second state: PKCE refuses it
        await world.finish({**second, "code": first["code"]}, other_browser)
    declined, browser = await world.go(world.gita, "cancel")
    with pytest.raises(SignInDeclined):
        await world.finish(declined, browser)
    assert await world.stage() is Stage.DELIVERED


async def test_of_many_answers_at_once_one_spends_the_link(world: Gita) -> None:
    """All of them real, with codes of their own: one step, one audit line, one change to tell."""
    await world.ask(world.gita)
    answers = [await world.go(world.gita) for _ in range(20)]
    found = [key async for key in world.store.scan_iter("*limit*")]
    await world.store.delete(*found)  # as if an hour had passed: the limit has tests of its own
    outcomes = await asyncio.gather(
        *(
            world.prove.finish(state=answer["state"], browser=browser, code=answer["code"])
            for answer, browser in answers
        )
    )
    proven = [outcome for outcome in outcomes if isinstance(outcome, Proven)]
    assert len(proven) == 20
    assert [outcome.again for outcome in proven].count(False) == 1
    assert there(await world.ledger.request(REQUEST.id)).revision == REQUEST.revision + 1
    assert len(await world.ledger.audit()) == 1
    assert len([key for key, _ in world.engine.deliveries if key.startswith("changed:")]) == 1


async def test_a_tenant_lets_the_bot_in(world: Gita) -> None:
    """From the operator's question to the call that works."""
    world.company.shut_bot_out(world.tenant)
    invitation = await world.onboard.invite(f"{world.tenant.short_name}.onmicrosoft.com", OPERATOR)
    token = invitation.link.rpartition("/")[2]
    address, browser = await world.onboard.begin(token)
    answer = await world.choose(address, world.gita, "cancel")
    assert answer["admin_consent"] == "True"
    with pytest.raises(SignInDeclined):
        await world.onboard.finish(
            state=answer["state"],
            browser=browser,
            error=answer["error"],
            reason=answer["error_description"],
            admin_consent=answer["admin_consent"],
        )
    address, browser = await world.onboard.begin(token)
    forged = {"state": parse_qs(urlsplit(address).query)["state"][0], "browser": browser}
    told = await world.onboard.finish(**forged, admin_consent="True")
    assert told.stage is Granting.ANSWERED, "nobody has consented: Graph does not answer"
    address, browser = await world.onboard.begin(token)
    answer = await world.choose(address, world.gita, "accept")
    done = await world.onboard.finish(
        state=answer["state"], browser=browser, admin_consent=answer["admin_consent"]
    )
    assert done.stage is Granting.CONFIRMED
    again = await world.onboard.invite(f"{world.tenant.short_name}.onmicrosoft.com", OPERATOR)
    assert again.link == ""


async def test_holdings_are_read_as_they_are(world: Gita) -> None:
    """Active, eligible, none, also for a disabled account: by the calls that list them."""
    tenant = await world.entra.find_tenant(world.tenant.id)
    for account in world.tenant.accounts:
        holds = world.tenant.holds(account.id) if account.enabled else set()
        expected = (
            Holding.ACTIVE
            if holds & {Hold.ACTIVE, Hold.ACTIVATED}
            else Holding.ELIGIBLE
            if holds
            else None
        )
        assert await world.entra.holding(tenant, account.id) is expected, account.upn
