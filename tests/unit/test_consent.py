"""Consent requests: the transition table, and what a link is still good for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.domain.consent.links import check_link, check_return, link_digest
from bot.domain.consent.requests import (
    TRANSITIONS,
    ConsentRequest,
    LinkBinding,
    Proof,
    ProofKind,
    Stage,
    Step,
    Stuck,
    allowed,
    step,
)
from bot.errors import LinkExpired, LinkRevoked, LinkSpent, LinkUnknown, StepNotAllowed
from tests import examples
from tests import strategies as some
from tests.examples import NOW
from tests.there import there

DIGEST = link_digest("token")
REQUEST = replace(examples.REQUEST, link=LinkBinding(DIGEST, NOW + timedelta(hours=72)))
ENDED = {Stage.DONE, Stage.UNDELIVERED, Stage.DECLINED, Stage.EXPIRED, Stage.REVOKED}


class AnyPath(RuleBasedStateMachine):
    """Steps in any order, the impossible ones too."""

    def __init__(self) -> None:
        super().__init__()
        self.request = REQUEST
        self.taken = 0
        self.ended_as: Stage | None = None

    @rule(taken=st.sampled_from(Step), minutes=st.integers(0, 600))
    def take(self, taken: Step, minutes: int) -> None:
        before = self.request
        now = NOW + timedelta(minutes=minutes)
        try:
            after = step(before, taken, now)
        except StepNotAllowed:
            assert (before.stage, taken) not in TRANSITIONS
            return
        assert after.stage is TRANSITIONS[before.stage, taken]
        assert after.changed_at == now
        self.request = after
        self.taken += 1

    @invariant()
    def the_revision_counts_the_steps(self) -> None:
        assert self.request.revision == REQUEST.revision + self.taken

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        if self.ended_as is not None:
            assert self.request.stage is self.ended_as
        if not self.request.stage.is_open:
            assert self.request.stage in ENDED
            assert allowed(self.request.stage) == ()
            self.ended_as = self.request.stage

    @invariant()
    def whom_it_is_about_never_changes(self) -> None:
        mine = replace(
            self.request,
            stage=REQUEST.stage,
            revision=1,
            changed_at=None,
            answered_at=None,
            link=REQUEST.link,
        )
        assert mine == REQUEST


def test_no_path_leaves_the_table() -> None:
    """Whatever is tried in whatever order, only the table's steps happen, and each counts."""
    run_state_machine_as_test(
        AnyPath, settings=settings(max_examples=40, stateful_step_count=15, deadline=None)
    )


def test_every_stage_is_reached_from_the_first_one() -> None:
    """A stage without a way to it would be a word without a meaning."""
    reached = {Stage.REQUESTED}
    for _ in Stage:
        reached |= {target for (start, _), target in TRANSITIONS.items() if start in reached}
    assert reached == set(Stage)


def test_every_open_stage_can_be_ended() -> None:
    """Nothing is open for ever: each can be proven and each can be withdrawn."""
    for stage in set(Stage) - ENDED:
        assert stage.is_open
        assert {Step.PROVE, Step.REVOKE} <= set(allowed(stage))


def test_a_step_that_is_not_in_the_table_says_what_was_tried() -> None:
    """The error names the stage and the step in words."""
    with pytest.raises(StepNotAllowed, match="done cannot fail delivery"):
        step(replace(REQUEST, stage=Stage.DONE), Step.FAIL_DELIVERY, NOW)


def test_proof_and_link_stay_when_a_step_brings_none() -> None:
    """Who took it on is still known after it is done."""
    proof = Proof(ProofKind.PERSONAL_LINK, "slack:U1", NOW)
    taken = step(REQUEST, Step.ACKNOWLEDGE, NOW, proof=proof)
    done = step(taken, Step.PROVE, NOW)
    assert (done.proof, done.link) == (proof, taken.link)
    assert there(taken.link).used_at == NOW


def test_a_fresh_link_takes_the_place_of_the_former() -> None:
    """Issuing again makes the old token worthless at once."""
    fresh = LinkBinding(link_digest("newer"), NOW + timedelta(hours=1))
    issued = step(REQUEST, Step.ISSUE, NOW, link=fresh)
    with pytest.raises(LinkRevoked):
        check_link(issued, DIGEST, NOW)
    assert check_link(issued, fresh.token_sha256, NOW) == issued


# ------------------------------------------------------------------ links

AFTER_EXPIRY = timedelta(days=7, hours=1)
OUTCOMES = {
    Stage.REQUESTED: (None, LinkExpired),
    Stage.DELIVERED: (None, LinkExpired),
    Stage.ACKNOWLEDGED: (LinkSpent, LinkExpired),
    Stage.SAVED: (LinkSpent, LinkExpired),
    Stage.DONE: (LinkSpent, LinkExpired),
    Stage.UNDELIVERED: (LinkRevoked, LinkRevoked),
    Stage.DECLINED: (LinkRevoked, LinkRevoked),
    Stage.EXPIRED: (LinkExpired, LinkExpired),
    Stage.REVOKED: (LinkRevoked, LinkRevoked),
}


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("late", [False, True])
def test_a_link_is_told_by_its_stage_first_and_its_time_second(stage: Stage, late: bool) -> None:
    """Whoever acted in time is told for a week that it was used, not that they were late."""
    request = replace(REQUEST, stage=stage)
    now = NOW + (AFTER_EXPIRY if late else timedelta())
    expected = OUTCOMES[stage][late]
    if expected is None:
        assert check_link(request, DIGEST, now) is request
    else:
        with pytest.raises(expected):
            check_link(request, DIGEST, now)


@pytest.mark.parametrize(
    ("seconds", "good"), [(-1, True), (0, False), (1, False)], ids=["before", "at", "after"]
)
def test_a_link_ends_at_its_very_second(seconds: int, good: bool) -> None:
    """`expires_at` itself is too late, to take it on as to come back to it."""
    assert REQUEST.link is not None
    now = REQUEST.link.expires_at + timedelta(seconds=seconds)
    taken_on = replace(REQUEST, stage=Stage.SAVED, link=replace(REQUEST.link, back=True))
    for check, request in ((check_link, REQUEST), (check_return, taken_on)):
        if good:
            assert check(request, DIGEST, now) is request
        else:
            with pytest.raises(LinkExpired):
                check(request, DIGEST, now)


@pytest.mark.parametrize(
    ("stage", "taken", "back"),
    [
        (Stage.DELIVERED, Step.RENEW, False),
        (Stage.ACKNOWLEDGED, Step.RENEW, True),
        (Stage.SAVED, Step.RENEW, True),
        (Stage.ACKNOWLEDGED, Step.SAVE, False),
    ],
)
def test_only_a_fresh_link_of_what_was_taken_on_leads_back(
    stage: Stage, taken: Step, back: bool
) -> None:
    """Whatever else is done opens no link."""
    after = step(replace(REQUEST, stage=stage), taken, NOW)
    assert there(after.link).back is back


def test_it_stands_still_since_it_is_stuck_or_was_ended_without_its_person() -> None:
    """What goes on, and what was done, does not."""
    stuck, later = Stuck(NOW, "ignored"), NOW + timedelta(days=1)
    assert REQUEST.still_since is None
    assert replace(REQUEST, stuck=stuck).still_since == NOW
    assert replace(REQUEST, stage=Stage.DECLINED, changed_at=later).still_since == later
    assert replace(REQUEST, stage=Stage.DONE, stuck=stuck, changed_at=later).still_since is None


@pytest.mark.parametrize("request_", [None, replace(REQUEST, link=None)])
def test_a_link_of_nothing_is_unknown(request_: ConsentRequest | None) -> None:
    """A guessed token, and a request that never had a link."""
    with pytest.raises(LinkUnknown):
        check_link(request_, DIGEST, NOW)


@given(some.requests, st.text(max_size=10), some.any_moments)
def test_only_the_very_token_opens_an_open_request(
    request: ConsentRequest, token: str, now: datetime
) -> None:
    """Whatever is presented, what comes back is a request with exactly this link, in time."""
    try:
        opened = check_link(request, link_digest(token), now)
    except (LinkUnknown, LinkRevoked, LinkSpent, LinkExpired):
        return
    assert opened.link is not None
    assert opened.link.token_sha256 == link_digest(token)
    assert now < opened.link.expires_at
    assert opened.stage in (Stage.REQUESTED, Stage.DELIVERED)
