"""After the proof: attesting, saving, "not me", "later", looking again, introducing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.campaign.intents import Reason
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.changes import Changes
from bot.domain.consent.polls import POLLS_AFTER
from bot.domain.consent.requests import Button, ConsentRequest, Proof, ProofKind, Stage
from bot.domain.delivery.deliveries import confirm
from bot.domain.delivery.notices import Introduction
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import Confidence, State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.gaps import AdminGap, Gap
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, OktaAdmin, Platform
from bot.domain.people.news import NewsKind
from bot.domain.people.policy import AccountNote, AccountRule
from bot.domain.people.recipients import Recipient
from bot.errors import (
    CloudRefused,
    CloudUnreachable,
    LinkRevoked,
    LinkSpent,
    NobodyReachable,
    NotYours,
    ProofTooWeak,
    RoleLost,
    SessionUnknown,
    StepNotAllowed,
    TooManyTries,
)
from bot.services.campaign.stuck import stuck_apps
from bot.services.consent.actors import ByChat, ByLink, BySession
from bot.services.consent.ask import Asked
from bot.services.consent.prove import Proven
from bot.services.consent.reassign import Reassign
from bot.services.consent.request_steps import Progress
from tests import person
from tests.examples import ADA, ADA_IN_CHAT, APP, BEN, BEN_IN_CHAT, NOW, POLICY, TENANT, TOKEN
from tests.person import ASKED, RIGHT
from tests.there import there

LINK = ByLink(TOKEN)
CHAT = ByChat(ADA_IN_CHAT, ASKED.code)
CLEO = replace(BEN, object_id="cleo", display_name="Cleo Stern", upn="cleo@contoso.com")
CLEO_IN_CHAT = replace(BEN_IN_CHAT, user_id="U3", display_name="Cleo", email=CLEO.upn)


@pytest.fixture
async def world() -> person.Asked:
    world = person.Asked()
    await world.set()
    return world


async def signed_in(world: person.Asked) -> BySession:
    outcome = await world.proven()
    return BySession(outcome.session, outcome.request.id)


async def app_state(world: person.Asked) -> State:
    return there(await world.ledger.app(APP.ref)).state(world.clock.now())


# ------------------------------------------------------------------ what the person saw and did


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (Button.AUTHENTICATE, State.NEEDS_CONSENT),
        (Button.REAUTHENTICATE, State.NEEDS_SAVE),
        (Button.NEITHER, State.NEEDS_CONSENT),
        (Button.COULD_NOT_SIGN_IN, State.NEEDS_CONSENT),
    ],
)
async def test_the_button_that_was_seen_counts_as_evidence(
    world: person.Asked, seen: Button, state: State
) -> None:
    """With who saw it and how that person is known; the request remembers it."""
    actor = await signed_in(world)
    request = await world.request_steps.attest(actor, seen)
    assert (request.stage, request.saw) == (Stage.ACKNOWLEDGED, seen)
    record = there(await world.ledger.app(APP.ref))
    (evidence,) = (e for e in record.evidence if e.kind is seen.evidence)
    assert evidence.detail == {"by": "ada@contoso.com", "request": "r1", "proof": "signed_in"}
    assert record.state(world.clock.now()) is state
    (entry, *_) = await world.ledger.audit()
    assert (entry.actor, entry.action, entry.detail["saw"]) == ("entra:ada", "attest", seen.value)


async def test_a_word_does_not_hide_what_could_not_be_read(world: person.Asked) -> None:
    """It is no look: an app that cannot be read stays so, and a log that nobody reads as well."""
    actor = await signed_in(world)
    record = there(await world.ledger.app(APP.ref))
    unread = tuple(
        Evidence(EvidenceKind.READ_FAILED, NOW, None, {"part": part, "needed": needed}, part)
        for part, needed in (("connection", "yes"), ("log", "no"))
    )
    evidence = (*record.evidence, *unread)
    failed = replace(record, evidence=evidence, revision=record.revision + 1)
    await world.ledger.commit(Changes(apps=(failed,)))
    await world.request_steps.saved(actor)
    assert set(evidence) < set(there(await world.ledger.app(APP.ref)).evidence)
    assert await app_state(world) is State.UNREADABLE


async def test_saved_looks_at_once_and_then_at_growing_intervals(world: person.Asked) -> None:
    """Half a minute, two minutes, ten, an hour after it was said; then the regular looks go on."""
    actor = await signed_in(world)
    world.clock.forward(timedelta(minutes=1))
    said = world.clock.now()
    saved = await world.request_steps.saved(actor)
    assert saved.stage is Stage.SAVED
    assert await app_state(world) is State.SAID_SAVED
    assert world.engine.verifications == [(APP.ref, said)]
    for after in POLLS_AFTER[1:]:
        await world.request_steps.verify(APP.ref)
        assert world.engine.verifications[-1] == (APP.ref, said + after)
        progress = await world.request_steps.progress(actor)
        assert (progress.next_poll_at, progress.done) == (said + after, False)
        world.clock.forward(said + after - world.clock.now())
    await world.request_steps.verify(APP.ref)
    assert len(world.engine.verifications) == len(POLLS_AFTER)
    assert (await world.request_steps.progress(actor)).next_poll_at is None


async def test_looking_ends_when_the_evidence_says_done(world: person.Asked) -> None:
    """Machine evidence ends the request; the page and the person's message hear of it."""
    actor = await signed_in(world)
    await world.request_steps.saved(actor)
    world.clock.forward(timedelta(minutes=10))
    now = world.clock.now()
    account = Evidence(EvidenceKind.SERVICE_ACCOUNT, now, now, {"account": "svc_OKTA_sync_0oa1"})
    world.entra.accounts["0oa1"] = (account,)
    world.entra.consents[TENANT.id] = (Evidence(EvidenceKind.TENANT_CONSENTED, now, now),)
    looked = len(world.engine.verifications)
    await world.request_steps.verify(APP.ref)
    progress = await world.request_steps.progress(actor)
    assert progress.done
    assert there(progress.record).assessed(world.clock.now()).confidence is Confidence.PROVEN
    assert len(world.engine.verifications) == looked
    assert world.told("changed:r1:")[-1] == f"changed:r1:{progress.request.revision}:slack:U1"


async def test_a_word_alone_does_not_end_it(world: person.Asked) -> None:
    """“I saved” is attested; the request stays open until a machine says so."""
    actor = await signed_in(world)
    await world.request_steps.saved(actor)
    await world.request_steps.verify(APP.ref)
    request = await world.request()
    assert request.stage is Stage.SAVED
    assert there(request.watch).looks == 1


async def test_saying_it_again_begins_the_looks_anew(world: person.Asked) -> None:
    """And a button that is still there puts the request back into the person's hands."""
    actor = await signed_in(world)
    await world.request_steps.saved(actor)
    world.clock.forward(timedelta(hours=5))
    again = await world.request_steps.saved(actor)
    assert there(again.watch).since == world.clock.now()
    still = await world.request_steps.attest(actor, Button.AUTHENTICATE)
    assert still.stage is Stage.ACKNOWLEDGED
    assert await app_state(world) is State.NEEDS_CONSENT


async def test_done_already_is_looked_at_and_not_believed(world: person.Asked) -> None:
    """No evidence comes of it and the link stays good."""
    claimed = await world.request_steps.already(LINK)
    assert claimed.stage is Stage.DELIVERED
    assert world.engine.verifications == [(APP.ref, NOW)]
    assert await app_state(world) is State.NEEDS_CONSENT
    assert isinstance(await world.sign_in_as(RIGHT), Proven)


async def test_the_link_alone_attests_nothing(world: person.Asked) -> None:
    """Before the proof there is nothing to attest, after it the link is spent."""
    with pytest.raises(StepNotAllowed):
        await world.request_steps.saved(LINK)
    with pytest.raises(StepNotAllowed):
        await world.request_steps.attest(LINK, Button.AUTHENTICATE)
    await signed_in(world)
    for verb in (
        world.request_steps.saved,
        world.request_steps.already,
        world.request_steps.not_me,
    ):
        with pytest.raises(LinkSpent):
            await verb(LINK)


async def test_the_bound_chat_account_may_go_on_in_chat(world: person.Asked) -> None:
    """With the proof that it is; other accounts learn nothing."""
    await signed_in(world)
    await world.request_steps.saved(CHAT)
    (entry, *_) = await world.ledger.audit()
    assert (entry.actor, entry.detail["proof"]) == ("slack:U1", ProofKind.CHAT_ACCOUNT)
    for stranger in (BEN_IN_CHAT, ChatIdentity(Platform.TEAMS, "U1")):
        with pytest.raises(NotYours):
            await world.request_steps.saved(ByChat(stranger, ASKED.code))
    with pytest.raises(SessionUnknown):
        await world.request_steps.saved(BySession("guessed", "r1"))


async def test_what_is_said_in_chat_is_never_more_than_said_in_chat(world: person.Asked) -> None:
    """Also after a sign-in: the evidence has it as a word by chat, and the sign-in stays as it was.

    Before the sign-in a word in chat says nothing of what was done.
    """
    with pytest.raises(StepNotAllowed):
        await world.request_steps.saved(CHAT)
    with pytest.raises(StepNotAllowed):
        await world.request_steps.sees(CHAT, EvidenceKind.SAW_AUTHENTICATE)
    await signed_in(world)
    proof = (await world.request()).proof
    await world.request_steps.sees(CHAT, EvidenceKind.SAW_AUTHENTICATE)
    await world.request_steps.saved(CHAT)
    record = there(await world.ledger.app(APP.ref))
    words = [e for e in record.evidence if e.detail.get("request") == "r1"]
    assert {e.kind for e in words} == {EvidenceKind.SAW_AUTHENTICATE, EvidenceKind.SAID_SAVED}
    assert {e.detail["proof"] for e in words} == {ProofKind.CHAT_ACCOUNT}
    assert (await world.request()).proof == proof


async def test_chat_goes_on_only_with_what_the_settings_take_for_proof(world: person.Asked) -> None:
    """It was taken on by chat, and now a sign-in is wanted: nothing is said in its name by chat.

    Whoever is the wrong person may say so in any case.
    """
    weak = Proof(ProofKind.CHAT_ACCOUNT, "slack:U1", NOW)
    await world.set_request(replace(ASKED, stage=Stage.ACKNOWLEDGED, proof=weak))
    for act in (world.request_steps.saved, world.request_steps.already):
        with pytest.raises(ProofTooWeak):
            await act(CHAT)
    with pytest.raises(ProofTooWeak):
        await world.request_steps.sees(CHAT, EvidenceKind.SAW_AUTHENTICATE)
    assert (await world.request()).stage is Stage.ACKNOWLEDGED
    assert (await world.request_steps.not_me(CHAT)).stage is Stage.DECLINED


async def test_chat_says_nothing_for_whoever_lost_the_role(world: person.Asked) -> None:
    """As the last look has it; a look that lacked a part shows of nobody that the role is gone."""
    session = await signed_in(world)
    await world.ledger.save_global_admins(
        "tenant-1", (BEN,), (AdminGap(Gap.NOT_READ, "GET roles", "down"),)
    )
    await world.request_steps.saved(CHAT)
    await world.ledger.save_global_admins("tenant-1", (BEN,))
    tomorrow = (NOW + timedelta(days=1)).replace(tzinfo=None)
    for act in (world.request_steps.saved, world.request_steps.already):
        with pytest.raises(RoleLost):
            await act(CHAT)
    with pytest.raises(RoleLost):
        await world.request_steps.later(CHAT, tomorrow)
    with pytest.raises(RoleLost):
        await world.prove.confirm(ADA_IN_CHAT, ASKED.code)
    with pytest.raises(SessionUnknown):
        await world.request_steps.progress(session)
    assert (await world.request()).stage is Stage.SAVED
    assert world.news == [(NewsKind.ROLE_GONE, "r1")]  # one note, whatever was tried
    await world.request_steps.not_me(CHAT)


async def test_of_fifty_presses_at_once_each_is_one_step(world: person.Asked) -> None:
    """Concurrent presses wait for one another; none is lost and none is written twice."""
    actor = await signed_in(world)
    before = (await world.request()).revision
    await asyncio.gather(*(world.request_steps.saved(actor) for _ in range(20)))
    assert (await world.request()).revision == before + 20


async def test_saying_it_for_days_on_end_makes_no_record_grow(world: person.Asked) -> None:
    """The first word and the newest three are kept."""
    await signed_in(world)
    for _ in range(300):
        world.limits.counted.clear()
        world.clock.forward(timedelta(minutes=10))
        await world.request_steps.saved(CHAT)
    record = there(await world.ledger.app(APP.ref))
    said = [e.at for e in record.evidence if e.kind is EvidenceKind.SAID_SAVED]
    assert len(said) == 4
    assert (min(said), max(said)) == (NOW + timedelta(minutes=10), world.clock.now())


async def test_pressing_over_and_over_is_answered_with_a_break(world: person.Asked) -> None:
    """Per request, whoever presses; what was said before stays. Strangers use up nothing."""
    actor = await signed_in(world)
    for _ in range(100):
        with pytest.raises(NotYours):
            await world.request_steps.saved(ByChat(BEN_IN_CHAT, ASKED.code))
    for _ in range(20):
        await world.request_steps.saved(actor)
    with pytest.raises(TooManyTries) as caught:
        await world.request_steps.attest(actor, Button.AUTHENTICATE)
    assert caught.value.retry_after > 0
    request = await world.request()
    assert (request.stage, request.saw) == (Stage.SAVED, None)
    answer = await world.conversation.answer(f"saved {ASKED.code}", ADA_IN_CHAT)
    assert "What you told me before is kept" in str(answer)


# ------------------------------------------------------------------ not me, later


async def test_not_me_asks_the_next_one(world: person.Asked) -> None:
    """The link is void, the operator is told with the suggestion, the decliner is not asked."""
    declined = await world.request_steps.not_me(LINK, "  Grace,  perhaps ")
    assert (declined.stage, declined.suggestion) == (Stage.DECLINED, "Grace, perhaps")
    next_one = await world.request(there(await world.ledger.app(APP.ref)).request_id)
    assert (next_one.admin_object_id, next_one.requested_by) == ("ben", "Olga")
    assert next_one.stage is Stage.REQUESTED, "the message comes when Ben is at work"
    assert world.news == [(NewsKind.REASSIGNED, "r1")]
    with pytest.raises(LinkRevoked):
        await world.prove.begin(TOKEN)


async def test_a_suggestion_that_names_a_candidate_comes_first(world: person.Asked) -> None:
    """By name or address; whoever may not be asked is not asked for being named."""
    cleo = replace(BEN, object_id="a-first", display_name="Cleo Ruiz", upn="cleo@contoso.com")
    world.entra.admins[TENANT.id] = (ADA, BEN, cleo)
    world.slack.people = (*world.slack.people, replace(BEN_IN_CHAT, user_id="U3", email=cleo.upn))
    await world.request_steps.not_me(LINK, "ben okafor")
    record = there(await world.ledger.app(APP.ref))
    assert (await world.request(record.request_id)).admin_object_id == "ben"


async def stuck_now(world: person.Asked) -> list[str]:
    """What stands in the operators' next digest, and why."""
    return [one.why for one in await stuck_apps(world.ledger, NOW, POLICY)]


async def test_when_nobody_is_left_it_is_stuck(world: person.Asked) -> None:
    """“Not me” still counts; the operators' digest says so."""
    world.entra.admins[TENANT.id] = (ADA,)
    assert (await world.request_steps.not_me(CHAT)).stage is Stage.DECLINED
    assert await stuck_now(world) == ["declined"]


def ignored_by_ben() -> ConsentRequest:
    """Ben was asked before Ada, and did not answer any of two messages."""
    days = (timedelta(days=9), timedelta(days=7))
    bens = replace(ASKED, id="r0", code="B", chat=BEN_IN_CHAT, admin_object_id=BEN.object_id)
    told = tuple(NOW - ago for ago in days)
    return replace(bens, stage=Stage.EXPIRED, requested_at=told[0], told=told, link=None)


async def after_ben(*asked_before: ConsentRequest, due: date) -> person.Asked:
    """Ada is asked for what Ben ignored; everything is due on that day."""
    campaign = Campaign(targets=(Deadline("target", due, "ours"),))
    world = person.Asked(policy=replace(POLICY, campaign=campaign))
    await world.set()
    await world.ledger.commit(Changes(requests=asked_before or (ignored_by_ben(),)))
    return world


async def escalated(world: person.Asked, reason: Reason) -> Asked:
    """The next one is asked for the app."""
    reassign = Reassign(
        ledger=world.ledger,
        clock=world.clock,
        ask=world.ask,
        candidates=world.candidates,
        reminding=world.policy,
    )
    return await reassign.escalate(await world.request(), reason, await reassign.reach())


async def asked_by_day(world: person.Asked, days: int) -> list[bool]:
    """Whether somebody is asked, after each of so many days with a tick."""
    found: list[bool] = []
    for _ in range(days):
        world.clock.forward(timedelta(days=1))
        await world.remind.tick()
        found.append(bool(await world.ledger.open_requests()))
    return found


@pytest.mark.parametrize(("others", "asked"), [((BEN, CLEO), "cleo"), ((BEN,), "ben")])
async def test_who_did_not_answer_comes_after_all_who_were_never_asked(
    world: person.Asked, others: tuple[GlobalAdmin, ...], asked: str
) -> None:
    """Ben ignored the app before Ada said "not me"; where nobody else is left he is asked again."""
    world.entra.admins[TENANT.id] = (ADA, *others)
    world.slack.people = (ADA_IN_CHAT, BEN_IN_CHAT, CLEO_IN_CHAT)
    await world.ledger.commit(Changes(requests=(ignored_by_ben(),)))
    await world.request_steps.not_me(CHAT)
    record = there(await world.ledger.app(APP.ref))
    assert (await world.request(record.request_id)).admin_object_id == asked


async def test_after_weeks_too_who_was_never_asked_comes_first(world: person.Asked) -> None:
    """Cleo was away, or no administrator, while nobody was left; Ben ignored it."""
    world.entra.admins[TENANT.id] = (ADA, BEN, CLEO)
    world.slack.people = (ADA_IN_CHAT, BEN_IN_CHAT, CLEO_IN_CHAT)
    await world.ledger.commit(Changes(requests=(ignored_by_ben(),)))
    asked = await escalated(world, Reason.AGAIN)
    assert asked.request.admin_object_id == "cleo"


async def test_who_did_not_answer_is_left_alone_for_four_weeks_after_not_me() -> None:
    """With more than twenty working days left; on every day in between a tick looks."""
    world = await after_ben(due=date(2025, 7, 1))
    await world.request_steps.not_me(CHAT, "somebody in finance")
    assert await asked_by_day(world, 30) == [False] * 27 + [True] * 3
    (request,) = await world.ledger.open_requests()
    assert request.admin_object_id == "ben"


async def test_what_comes_near_its_date_meanwhile_waits_no_longer() -> None:
    """Twenty working days before it, who did not answer is better than nobody."""
    world = await after_ben(due=date(2025, 4, 4))
    await world.request_steps.not_me(CHAT)  # twenty-four are left
    assert await asked_by_day(world, 6) == [False] * 3 + [True] * 3


async def test_somebody_new_waits_for_no_four_weeks() -> None:
    """They were never asked: made an administrator meanwhile, they are as soon as that is seen."""
    world = await after_ben(due=date(2025, 7, 1))
    await world.request_steps.not_me(CHAT)
    world.slack.people = (*world.slack.people, CLEO_IN_CHAT)
    await world.ledger.save_global_admins(TENANT.id, (ADA, BEN, CLEO))
    assert await asked_by_day(world, 2) == [True] * 2
    (request,) = await world.ledger.open_requests()
    assert request.admin_object_id == "cleo"


@pytest.mark.parametrize("on", [date(2025, 7, 1), date(2025, 3, 7)], ids=["far", "near"])
async def test_whoever_ignored_it_twice_is_not_asked_a_third_time(on: date) -> None:
    """The operators see to it."""
    twice = (ignored_by_ben(), replace(ignored_by_ben(), id="r00", code="B0"))
    world = await after_ben(*twice, due=on)
    await world.request_steps.not_me(CHAT)
    assert await asked_by_day(world, 40) == [False] * 40
    assert await stuck_now(world) == ["declined"]


async def test_whoever_was_passed_over_for_an_absence_ignored_nothing(world: person.Asked) -> None:
    """Back, they are asked like anybody who was never asked."""
    away = replace(ignored_by_ben(), told=(NOW - timedelta(days=9),))
    await world.ledger.commit(Changes(requests=(away,)))
    await escalated(world, Reason.IGNORED)
    (request,) = await world.ledger.open_requests()
    assert request.admin_object_id == "ben"


async def test_a_cloud_that_is_down_does_not_swallow_not_me(world: person.Asked) -> None:
    """The person's answer is kept; nobody is said to be left before that was looked up."""
    world.entra.admins[TENANT.id] = CloudUnreachable("Down.", where="contoso", call="GET roles")
    assert (await world.request_steps.not_me(LINK)).stage is Stage.DECLINED
    assert [e.action for e in await world.ledger.audit()].count("nobody_left") == 0


async def test_a_cloud_that_refuses_has_its_operator(world: person.Asked) -> None:
    """That does not pass by itself: the operator is told that nobody could be asked."""
    world.entra.admins[TENANT.id] = CloudRefused("No.", where="contoso", call="GET roles")
    assert (await world.request_steps.not_me(LINK)).stage is Stage.DECLINED
    assert [e.action for e in await world.ledger.audit()].count("nobody_left") == 1
    assert await stuck_now(world) == ["declined"]


async def test_later_is_a_plan_in_the_persons_own_time(world: person.Asked) -> None:
    """The person's own nine o'clock, and the reason in the audit; the rounds bring it back then."""
    berlin = replace(ASKED, chat=replace(ADA_IN_CHAT, time_zone="Europe/Berlin"))
    world = person.Asked()
    await world.set(berlin)
    put_off = await world.request_steps.later(
        LINK, datetime(2025, 3, 5, 9), "waiting for the auditor"
    )
    until = datetime(2025, 3, 5, 8, tzinfo=UTC)
    assert there(put_off.snooze).until == until
    (entry, *_) = await world.ledger.audit()
    assert entry.detail["reason"] == "waiting for the auditor"
    assert isinstance(await world.sign_in_as(RIGHT), Proven), "the present link still works"


# ------------------------------------------------------------------ following live


async def test_a_page_that_follows_sees_every_change_until_the_end(world: person.Asked) -> None:
    """What stands now first; then each step; then it ends by itself."""
    actor = await signed_in(world)
    seen: list[Progress] = []

    async def request_steps() -> None:
        async for progress in world.request_steps.watch(actor, every=0.001):
            seen.append(progress)

    following = asyncio.create_task(request_steps())

    async def until(stage: Stage) -> None:
        async with asyncio.timeout(5):
            while not (seen and seen[-1].request.stage is stage):  # noqa: ASYNC110 - a list tells no event
                await asyncio.sleep(0.001)

    await until(Stage.ACKNOWLEDGED)
    await world.request_steps.saved(actor)
    await until(Stage.SAVED)
    await world.set_request(replace(await world.request(), stage=Stage.DONE))
    async with asyncio.timeout(5):
        await following
    assert seen[-1].done
    assert seen[0].integration_tab.endswith("/0oa1")


async def test_the_page_lists_what_else_the_sign_in_took_on(world: person.Asked) -> None:
    """Each with its own id, so that one session leads through all of them."""
    other = replace(ASKED, id="r2", app=AppRef("contoso", "0oa2"), code="B2", link=None)
    world = person.Asked()
    await world.set(ASKED, other)
    actor = await signed_in(world)
    progress = await world.request_steps.progress(actor)
    assert [one.id for one in progress.others] == ["r2"]
    assert (await world.request_steps.saved(replace(actor, request_id="r2"))).stage is Stage.SAVED


# ------------------------------------------------------------------ introductions


def okta_admin(user_id: str, email: str, role: str = "APP_ADMIN") -> OktaAdmin:
    return OktaAdmin("contoso", user_id, user_id.title(), email, role)


async def test_who_lacks_okta_rights_is_brought_together_with_who_has_them(
    world: person.Asked,
) -> None:
    """The one who may change just this app is preferred, and the pair is introduced once."""
    narrow = replace(okta_admin("ben", BEN_IN_CHAT.email), app_ids=frozenset({"0oa1"}))
    wide = okta_admin("super", "super@contoso.com", "SUPER_ADMIN")
    await world.ledger.save_okta_admins("contoso", (wide, narrow))
    actor = await signed_in(world)
    assert await world.introduce.offer(actor) == ("Ben", "Super")
    assert await world.introduce(actor) == BEN_IN_CHAT
    await world.introduce(actor)
    assert set(world.told("introduction:")) == {"introduction:r1:slack:U1:slack:U2"}
    found = there(await world.ledger.delivery(world.told("introduction:")[0]))
    assert found.notice == Introduction(ADA_IN_CHAT, BEN_IN_CHAT, "r1")


async def test_what_a_partner_said_on_their_other_account_holds(world: person.Asked) -> None:
    """They said in Teams that they are away: whoever is there comes first, else it waits."""
    in_teams = ChatIdentity(Platform.TEAMS, "T2", "Ben", BEN_IN_CHAT.email, "UTC")
    world.teams.people = (in_teams,)
    away = Recipient(in_teams).away((Absence(None, NOW.date() + timedelta(days=1)),), NOW)
    await world.ledger.commit(Changes(recipients=(away,)))
    cleo = ChatIdentity(Platform.SLACK, "U3", "Cleo", "cleo@contoso.com", "UTC")
    both = (okta_admin("ben", BEN_IN_CHAT.email), okta_admin("cleo", cleo.email))
    await world.ledger.save_okta_admins("contoso", both[:1])
    actor = await signed_in(world)
    assert await world.introduce(actor) == BEN_IN_CHAT
    assert there(await world.ledger.recipient(BEN_IN_CHAT)).absences == away.absences
    world.slack.people = (*world.slack.people, cleo)
    await world.ledger.save_okta_admins("contoso", both)
    assert await world.introduce(actor) == cleo


async def test_two_people_are_brought_together_once_for_all_their_apps() -> None:
    """Again only for what was asked after they had been."""
    other = replace(ASKED, id="r2", app=AppRef("contoso", "0oa2"), code="B2", link=None)
    world = person.Asked()
    await world.set(ASKED, other)
    await world.ledger.save_okta_admins("contoso", (okta_admin("ben", BEN_IN_CHAT.email),))
    actor = await signed_in(world)
    await world.introduce(actor)
    await world.introduce(replace(actor, request_id="r2"))
    (key,) = world.told("introduction:")
    found = there(await world.ledger.delivery(key))
    await world.ledger.commit(Changes(deliveries=(confirm(found, "m", world.clock.now()),)))
    await world.introduce(replace(actor, request_id="r2"))
    assert len(world.told("introduction:")) == 1
    later = world.clock.now() + timedelta(seconds=1)
    await world.set_request(replace(await world.request("r2"), requested_at=later))
    await world.introduce(replace(actor, request_id="r2"))
    assert len(world.told("introduction:")) == 2


async def test_whoever_is_asked_for_an_app_again_is_not_introduced_again() -> None:
    """At most once for an app, however often its request is made anew."""
    world = person.Asked()
    await world.set()
    await world.ledger.save_okta_admins("contoso", (okta_admin("ben", BEN_IN_CHAT.email),))
    await world.introduce(await signed_in(world))
    (key,) = world.told("introduction:")
    found = there(await world.ledger.delivery(key))
    await world.ledger.commit(Changes(deliveries=(confirm(found, "m", world.clock.now()),)))
    world.clock.forward(timedelta(days=40))
    await world.set_request(replace(await world.request(), stage=Stage.EXPIRED))
    anew = replace(ASKED, id="r2", code="B2", requested_at=world.clock.now())
    await world.ledger.commit(Changes(requests=(anew,)))
    await world.introduce(ByChat(ADA_IN_CHAT, "B2"))
    assert len(world.told("introduction:")) == 1


async def test_nobody_is_introduced_to_themselves(world: person.Asked) -> None:
    """The asked person is no partner, nor is somebody who is not in chat."""
    await world.ledger.save_okta_admins(
        "contoso", (okta_admin("ada", "ADA@contoso.com"), okta_admin("x", "x@contoso.com"))
    )
    actor = await signed_in(world)
    assert await world.introduce.offer(actor) == ("X",)
    with pytest.raises(NobodyReachable):
        await world.introduce(actor)


async def test_nobody_who_is_denied_is_brought_in(world: person.Asked) -> None:
    """Whoever the operators said is not to be asked is not asked to help, either."""
    await world.ledger.save_okta_admins("contoso", (okta_admin("ben", BEN_IN_CHAT.email),))
    actor = await signed_in(world)
    assert await world.introduce.offer(actor) == ("Ben",)
    await world.ledger.commit(Changes(notes=(AccountNote("ben", AccountRule.DENIED, "op", NOW),)))
    assert await world.introduce.offer(actor) == ()
    with pytest.raises(NobodyReachable):
        await world.introduce(actor)


async def test_who_can_do_it_alone_is_offered_nobody(world: person.Asked) -> None:
    """Known when they were asked."""
    await world.ledger.save_okta_admins("contoso", (okta_admin("ben", BEN_IN_CHAT.email),))
    world = person.Asked()
    await world.set(replace(ASKED, okta_admin=True))
    actor = await signed_in(world)
    assert await world.introduce.offer(actor) == ()
