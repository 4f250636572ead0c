"""Proving who acts: only the right person's sign-in spends the link, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.consent.links import AFTER_USE, link_digest, masked
from bot.domain.consent.requests import Button, LinkBinding, MfaShown, Proof, ProofKind, Stage
from bot.domain.consent.sign_in import Session
from bot.domain.consent.snooze import Snooze
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import Holding
from bot.domain.people.news import NewsKind
from bot.domain.schedule import BOARDS
from bot.errors import (
    CloudUnreachable,
    LinkExpired,
    LinkRevoked,
    LinkSpent,
    LinkUnknown,
    NotYours,
    O365BotError,
    ProofTooWeak,
    SessionUnknown,
    SignInDeclined,
    SignInRefused,
    TooManyTries,
)
from bot.services.consent.acknowledge import LinkStatus
from bot.services.consent.actors import ByChat, ByLink, BySession
from bot.services.consent.prove import MfaNotShown, PressInChat, Proven, RoleGone, WrongAccount
from bot.services.consent.signing_in import GoToMicrosoft
from tests import person
from tests.examples import ADA, ADA_IN_CHAT, BEN, BEN_IN_CHAT, LINK_FOR, NOW, TOKEN
from tests.person import ASKED, RIGHT
from tests.there import there


@pytest.fixture
async def world() -> person.Asked:
    world = person.Asked()
    await world.set()
    return world


async def untouched(world: person.Asked) -> bool:
    """True while the link is as good as before."""
    return await world.request() == ASKED


# ------------------------------------------------------------------ the right person


async def test_the_right_persons_sign_in_spends_the_link(world: person.Asked) -> None:
    """Stage, proof, audit line, the message and the board to change, and a session to go on."""
    outcome = await world.proven()
    assert not outcome.again
    request = await world.request()
    assert request.stage is Stage.ACKNOWLEDGED
    assert request.proof == Proof(ProofKind.SIGNED_IN, "entra:ada", NOW, MfaShown.NOT_PROVEN)
    (entry,) = await world.ledger.audit()
    assert (entry.actor, entry.action) == ("entra:ada", "acknowledge")
    assert entry.detail == {"request": "r1", "proof": "signed_in", "mfa": "not_proven"}
    assert len(world.told("changed:r1:2")) == 1
    assert BOARDS in {line.name for line in await world.ledger.due_entries(NOW, 10)}
    acting = await world.actors.of(BySession(outcome.session, "r1"))
    assert (acting.request, acting.by, acting.kind) == (request, "entra:ada", ProofKind.SIGNED_IN)


async def test_case_does_not_make_another_account(world: person.Asked) -> None:
    """GUIDs are the same in capitals."""
    world.entra.holdings["ADA"] = Holding.ACTIVE
    assert isinstance(await world.sign_in_as("ADA@TENANT-1"), Proven)


async def test_one_sign_in_serves_all_that_the_person_was_asked_for(world: person.Asked) -> None:
    """In one step, with one proof; other people's requests and ended ones stay as they are."""
    others = [
        replace(ASKED, id="r2", app=AppRef("contoso", "0oa2"), code="A2", link=None),
        replace(ASKED, id="r3", app=AppRef("contoso", "0oa3"), code="A3", stage=Stage.REQUESTED),
        replace(ASKED, id="r4", app=AppRef("contoso", "0oa4"), code="A4", admin_object_id="ben"),
        replace(ASKED, id="r5", app=AppRef("fabrikam", "0oa5"), code="A5", tenant_id="tenant-2"),
        replace(ASKED, id="r6", app=AppRef("contoso", "0oa6"), code="A6", stage=Stage.DECLINED),
    ]
    world = person.Asked()
    await world.set(ASKED, *[replace(o, link=None) for o in others])
    outcome = await world.proven()
    assert {other.id for other in outcome.others} == {"r2", "r3"}
    stages = {other.id: (await world.request(other.id)).stage for other in others}
    assert stages == {
        "r2": Stage.ACKNOWLEDGED,
        "r3": Stage.ACKNOWLEDGED,
        "r4": Stage.DELIVERED,
        "r5": Stage.DELIVERED,
        "r6": Stage.DECLINED,
    }
    for request_id in ("r1", "r2", "r3"):
        assert (await world.actors.of(BySession(outcome.session, request_id))).by == "entra:ada"
    for request_id in ("r4", "r5", "r6", "r9"):
        with pytest.raises(SessionUnknown):
            await world.actors.of(BySession(outcome.session, request_id))
    assert len(await world.ledger.audit()) == 3


async def test_what_was_put_off_stays_so_whatever_is_signed_in_for(world: person.Asked) -> None:
    """ "Later" was said of that app, and nothing was said of it since."""
    snooze = Snooze(datetime(2025, 3, 12, 9), "UTC", "the auditor")
    put_off = replace(ASKED, id="r2", app=AppRef("contoso", "0oa2"), code="A2", link=None)
    world = person.Asked()
    await world.set(ASKED, replace(put_off, snooze=snooze))
    outcome = await world.proven()
    assert outcome.others == ()
    assert (await world.request("r2")).snooze == snooze


async def test_whoever_comes_back_signs_in_again(world: person.Asked) -> None:
    """The link is spent and begins nothing more; the way back leads from chat to Microsoft."""
    await world.sign_in_as(RIGHT)
    world.clock.forward(timedelta(hours=100))
    before = await world.request()
    with pytest.raises(LinkSpent):
        await world.prove.begin(TOKEN)
    for who, comes_in in (("ben@tenant-1", WrongAccount), (RIGHT, Proven)):
        confirmed = await world.prove.confirm(ADA_IN_CHAT, ASKED.code)
        begun = await world.prove.enter(confirmed.way_on)
        assert isinstance(begun, GoToMicrosoft)
        state = person.state_of(begun.address)
        outcome = await world.prove.finish(state=state, browser=begun.browser, code=who)
        assert isinstance(outcome, comes_in)
        with pytest.raises(LinkUnknown):
            await world.prove.enter(confirmed.way_on)
    assert isinstance(outcome, Proven)
    assert outcome.again
    assert await world.request() == before


async def test_a_fresh_link_of_what_was_taken_on_leads_back_once(world: person.Asked) -> None:
    """Such as with a reminder: it takes a sign-in, too, and is spent by it."""
    await world.sign_in_as(RIGHT)
    newer = LinkBinding(link_digest("newer"), world.clock.now() + LINK_FOR, back=True)
    await world.set_request(replace(await world.request(), link=newer))
    outcome = await world.proven("newer")
    assert outcome.again
    with pytest.raises(LinkSpent):
        await world.prove.begin("newer")
    assert [entry.action for entry in await world.ledger.audit()] == ["return", "acknowledge"]


async def test_a_link_that_lost_its_marks_is_spent(world: person.Asked) -> None:
    """A replica of a former version wrote the record meanwhile, and kept what it knows alone."""
    await world.sign_in_as(RIGHT)
    request = await world.request()
    assert request.link is not None
    former = LinkBinding(request.link.token_sha256, request.link.expires_at, request.link.letter)
    await world.set_request(replace(request, link=former))
    assert (await world.acknowledge.view(TOKEN)).status is LinkStatus.USED
    with pytest.raises(LinkSpent):
        await world.prove.begin(TOKEN)


async def test_a_stronger_proof_takes_the_place_of_a_weaker_one(world: person.Asked) -> None:
    """It was taken on by chat, and now a sign-in is wanted: the way back leads through one."""
    weak = Proof(ProofKind.CHAT_ACCOUNT, "slack:U1", NOW)
    await world.set_request(replace(ASKED, stage=Stage.SAVED, proof=weak))
    await world.come_back()
    request = await world.request()
    assert request.stage is Stage.SAVED
    assert there(request.proof).kind is ProofKind.SIGNED_IN
    await world.request_steps.saved(ByChat(ADA_IN_CHAT, ASKED.code))


async def test_a_used_link_ends_for_good(world: person.Asked) -> None:
    """For a week it tells that it was used; after that it is as good as expired."""
    await world.sign_in_as(RIGHT)
    assert (await world.acknowledge.view(TOKEN)).status is LinkStatus.USED
    world.clock.forward(AFTER_USE)
    assert (await world.acknowledge.view(TOKEN)).status is LinkStatus.EXPIRED
    await world.set_request(replace(await world.request(), stage=Stage.DONE))
    assert (await world.acknowledge.view(TOKEN)).status is LinkStatus.EXPIRED


async def test_a_new_sign_in_ends_the_former_session(world: person.Asked) -> None:
    """In whichever browser it was; signing out ends the one there is."""
    former, newer = await world.proven(), await world.come_back()
    assert isinstance(newer, Proven)
    with pytest.raises(SessionUnknown):
        await world.actors.of(BySession(former.session, "r1"))
    await world.actors.of(BySession(newer.session, "r1"))
    await world.actors.close(newer.session)
    with pytest.raises(SessionUnknown):
        await world.actors.of(BySession(newer.session, "r1"))
    await world.actors.close(newer.session)


async def test_a_session_lasts_no_longer_than_the_role(world: person.Asked) -> None:
    """Found at the next act: nothing is done, the session ends, and the operator hears of it."""
    outcome = await world.proven()
    actor = BySession(outcome.session, "r1")
    world.entra.holdings["ada"] = Holding.ELIGIBLE  # an activation that is over
    await world.request_steps.attest(actor, Button.AUTHENTICATE)
    world.entra.holdings["ada"] = CloudUnreachable("Down.", where="contoso", call="GET roles")
    with pytest.raises(CloudUnreachable):
        await world.request_steps.saved(actor)
    del world.entra.holdings["ada"]
    for act in (world.request_steps.saved, world.request_steps.already, world.introduce):
        with pytest.raises(SessionUnknown):
            await act(actor)
    assert (await world.request()).stage is Stage.ACKNOWLEDGED
    assert world.news == [(NewsKind.ROLE_GONE, "r1")]


async def test_a_look_ends_the_sessions_of_whoever_lost_the_role(world: person.Asked) -> None:
    """What was read of the tenant is compared; as long as nothing was read nobody is thrown out."""
    outcome = await world.proven()
    actor = BySession(outcome.session, "r1")
    await world.actors.review("contoso")
    await world.ledger.save_global_admins("tenant-1", (ADA, BEN))
    await world.actors.review("contoso")
    await world.ledger.save_global_admins("tenant-1", (BEN,))
    await world.actors.review("fabrikam")
    await world.actors.of(actor)
    await world.actors.review("contoso")
    with pytest.raises(SessionUnknown):
        await world.actors.of(actor)


async def test_a_session_must_reach_what_the_settings_ask_for_now(world: person.Asked) -> None:
    """It was opened under weaker settings: it opens nothing under stronger ones."""
    ids, until = ("r1",), world.clock.now() + timedelta(hours=1)
    for kind in (ProofKind.PERSONAL_LINK, ProofKind.CHAT_ACCOUNT):
        weak = Session(ids, "slack:U1", kind, until, ASKED.person)
        await world.sign_ins.open_session("secret", weak)
        with pytest.raises(SessionUnknown):
            await world.actors.of(BySession("secret", "r1"))


async def test_a_session_is_of_one_person_whatever_requests_it_names(world: person.Asked) -> None:
    """A request that went to somebody else in between, and a session of a former release."""
    until = world.clock.now() + timedelta(hours=1)
    for whose in ("tenant-1/ben", ""):
        session = Session(("r1",), "entra:ada", ProofKind.SIGNED_IN, until, whose)
        await world.sign_ins.open_session("secret", session)
        with pytest.raises(SessionUnknown):
            await world.actors.of(BySession("secret", "r1"))


async def test_a_session_ends(world: person.Asked) -> None:
    """After eight hours the browser has to prove itself again."""
    outcome = await world.proven()
    world.clock.forward(timedelta(hours=8))
    with pytest.raises(SessionUnknown):
        await world.actors.of(BySession(outcome.session, "r1"))


# ------------------------------------------------------------------ anybody else


@pytest.mark.parametrize("who", ["ben@tenant-1", "ada@tenant-2", "@tenant-1"])
async def test_another_account_spends_nothing_and_is_told(world: person.Asked, who: str) -> None:
    """The person learns which account was expected, masked; the operator that it happened."""
    outcome = await world.sign_in_as(who)
    assert outcome == WrongAccount("a…@contoso.com")
    assert await untouched(world)
    (entry,) = await world.ledger.audit()
    assert entry.action == "wrong_account"
    assert world.news == [(NewsKind.WRONG_ACCOUNT, "r1")]
    await world.sign_in_as(who)
    assert world.news == [(NewsKind.WRONG_ACCOUNT, "r1")], "once, until it is told"


async def test_a_role_that_is_gone_is_told(world: person.Asked) -> None:
    """Graph is asked at that moment, whatever was known when the link was sent."""
    del world.entra.holdings["ada"]
    assert await world.sign_in_as(RIGHT) == RoleGone("contoso.onmicrosoft.com")
    assert await untouched(world)
    assert world.news == [(NewsKind.ROLE_GONE, "r1")]


async def test_mfa_must_be_shown_where_the_settings_say_so() -> None:
    """A sign-in without it spends nothing; one with it is recorded with how it was shown."""
    world = person.Asked(ProofKind.SIGNED_IN_MFA)
    await world.set()
    assert await world.sign_in_as(RIGHT) == MfaNotShown()
    assert await untouched(world)
    world.sign_in.mfa = MfaShown.ACRS
    assert isinstance(await world.sign_in_as(RIGHT), Proven)
    proof = there((await world.request()).proof)
    assert (proof.kind, proof.mfa) == (ProofKind.SIGNED_IN_MFA, MfaShown.ACRS)


async def test_graph_that_is_down_spends_nothing(world: person.Asked) -> None:
    """A role that cannot be read counts neither as held nor as gone."""
    world.entra.holdings["ada"] = CloudUnreachable("Down.", where="contoso", call="GET roles")
    with pytest.raises(CloudUnreachable):
        await world.sign_in_as(RIGHT)
    assert await untouched(world)
    assert world.news == []


# ------------------------------------------------------------------ states, browsers, limits


@pytest.mark.parametrize(
    ("error", "reason", "raised", "told"),
    [
        ("access_denied", "AADSTS65004: User declined to consent.", SignInDeclined, ""),
        ("access_denied", "", SignInDeclined, ""),
        ("server_error", "AADSTS90033: transient. Trace ID: 1", SignInRefused, "AADSTS90033"),
        ("<script>", "x", SignInRefused, ""),
        ("consent_required", "", SignInRefused, "consent_required"),
    ],
)
async def test_microsofts_no_is_told_by_its_code_alone(
    world: person.Asked, error: str, reason: str, raised: type[O365BotError], told: str
) -> None:
    """Whatever else came in with it is repeated nowhere; a code beside an error counts nothing."""
    state, browser = await world.begin()
    with pytest.raises(raised) as caught:
        await world.prove.finish(
            state=state, browser=browser, code=RIGHT, error=error, reason=reason
        )
    assert getattr(caught.value, "reason", "") == told
    assert "script" not in str(caught.value)
    assert await untouched(world)


async def test_beginning_is_limited_per_link(world: person.Asked) -> None:
    """Twenty for a link and network within an hour; what is no link counts for none.

    So whoever else holds the link does not lock its owner out.
    """
    for _ in range(20):
        await world.begin(caller="192.0.2.1")
        with pytest.raises(LinkUnknown):
            await world.prove.begin("guess", caller="192.0.2.1")
    with pytest.raises(TooManyTries) as caught:
        await world.prove.begin(TOKEN, caller="192.0.2.1")
    assert caught.value.retry_after > 0
    await world.begin(caller="198.51.100.1")


async def test_presses_of_a_link_use_up_nobody_elses(world: person.Asked) -> None:
    """Whoever holds the link says "later" twenty times; its owner is still heard."""
    later, holder = datetime(2025, 3, 12, 9), ByLink(TOKEN, "192.0.2.1")
    for _ in range(20):
        await world.request_steps.later(holder, later)
    with pytest.raises(TooManyTries):
        await world.request_steps.later(holder, later)
    await world.request_steps.later(ByLink(TOKEN, "198.51.100.1"), later)
    await world.request_steps.later(ByChat(ADA_IN_CHAT, ASKED.code), later)


# ------------------------------------------------------------------ links that are over


async def expire(world: person.Asked) -> None:
    world.clock.forward(LINK_FOR)


async def reissue(world: person.Asked) -> None:
    newer = LinkBinding(link_digest("newer"), NOW + LINK_FOR)
    await world.set_request(replace(ASKED, link=newer))


async def decline(world: person.Asked) -> None:
    await world.set_request(replace(ASKED, stage=Stage.DECLINED))


async def finish(world: person.Asked) -> None:
    await world.set_request(replace(ASKED, stage=Stage.DONE))


@pytest.mark.parametrize(
    ("end", "raised"),
    [(expire, LinkExpired), (reissue, LinkRevoked), (decline, LinkRevoked), (finish, LinkSpent)],
)
async def test_a_link_that_ends_meanwhile_is_not_spent(
    world: person.Asked, end: Callable[[person.Asked], Awaitable[None]], raised: type[O365BotError]
) -> None:
    """Between the press and Microsoft's answer there is time for everything."""
    state, browser = await world.begin()
    await end(world)
    with pytest.raises(raised):
        await world.prove.finish(state=state, browser=browser, code=RIGHT)
    assert (await world.request()).stage is not Stage.ACKNOWLEDGED
    with pytest.raises(raised):
        await world.prove.begin(TOKEN)


# ------------------------------------------------------------------ without a sign-in


async def test_without_a_sign_in_the_page_sends_the_person_to_chat() -> None:
    """The link is not spent by it; only the bound account's press counts, as the weaker proof."""
    world = person.Asked(ProofKind.CHAT_ACCOUNT, signs_in=False)
    await world.set()
    assert await world.prove.begin(TOKEN) == PressInChat(ASKED)
    assert await untouched(world)
    with pytest.raises(NotYours):
        await world.prove.confirm(BEN_IN_CHAT, ASKED.code)
    with pytest.raises(NotYours):
        await world.prove.confirm(ADA_IN_CHAT, "NO-SUCH")
    assert await untouched(world)
    taken = await world.prove.confirm(replace(ADA_IN_CHAT, display_name="A."), "abc def")
    assert taken.request.proof == Proof(ProofKind.CHAT_ACCOUNT, "slack:U1", NOW)
    with pytest.raises(LinkSpent):
        await world.prove.begin(TOKEN)


async def test_a_fresh_press_in_chat_opens_one_session_in_one_browser() -> None:
    """The link never does, however fresh; of many browsers with one pass the first comes in."""
    world = person.Asked(ProofKind.CHAT_ACCOUNT, signs_in=False)
    await world.set()
    confirmed = await world.prove.confirm(ADA_IN_CHAT, ASKED.code)
    newer = LinkBinding(link_digest("newer"), NOW + LINK_FOR, back=True)
    await world.set_request(replace(await world.request(), link=newer))
    assert isinstance(await world.prove.begin("newer"), PressInChat)
    came = await asyncio.gather(
        *(world.prove.enter(confirmed.way_on) for _ in range(50)), return_exceptions=True
    )
    opened = [one for one in came if isinstance(one, Proven)]
    assert len(opened) == 1
    assert {type(one) for one in came} == {Proven, LinkUnknown}
    acting = await world.actors.of(BySession(opened[0].session, "r1"))
    assert acting.kind is ProofKind.CHAT_ACCOUNT
    before = await world.request()
    again = await world.prove.confirm(ADA_IN_CHAT, ASKED.code)
    assert again.request == before, "only a way back"
    await world.set_request(replace(before, stage=Stage.DONE))
    with pytest.raises(LinkSpent):
        await world.prove.enter(again.way_on)
    with pytest.raises(LinkSpent):
        await world.prove.confirm(ADA_IN_CHAT, ASKED.code)


async def test_where_a_sign_in_is_wanted_chat_is_not_enough(world: person.Asked) -> None:
    """The button in chat says what is needed, and spends nothing."""
    with pytest.raises(ProofTooWeak) as caught:
        await world.prove.confirm(ADA_IN_CHAT, ASKED.code)
    assert caught.value.needed == "signed_in"
    assert await untouched(world)


async def test_a_weak_proof_takes_on_one_request_only() -> None:
    """Only a sign-in says that it was this administrator."""
    world = person.Asked(ProofKind.PERSONAL_LINK)
    await world.set(ASKED, replace(ASKED, id="r2", code="B2", link=None))
    outcome = await world.prove.begin(TOKEN)
    assert isinstance(outcome, Proven)
    assert outcome.others == ()
    assert (await world.request("r2")).stage is Stage.DELIVERED


@pytest.mark.parametrize(
    ("account", "shown"),
    [("grace@contoso.com", "g…@contoso.com"), ("", "…"), ("x", "x…"), ("@a", "…@a")],
)
def test_an_account_is_masked_so_that_its_owner_knows_it(account: str, shown: str) -> None:
    """The first letter and the domain."""
    assert masked(account) == shown
