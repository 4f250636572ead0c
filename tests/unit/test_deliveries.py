"""Deliveries: one holder at a time, sent once, and when to try again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.domain.delivery import deliveries
from bot.domain.delivery.deliveries import LEASE, Delivery, Phase, next_try
from bot.domain.delivery.notices import Channel, ChannelReminder, Notice, PersonalLink
from bot.domain.people.admins import ChatIdentity, Platform
from tests import strategies as some
from tests.there import there

NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
DUE = Delivery(PersonalLink(ChatIdentity(Platform.SLACK, "U1"), "r1"), NOW, "asked")
WORKERS = st.integers(0, 3)


class Workers(RuleBasedStateMachine):
    """Four workers over one stored delivery, written by compare-and-set as the ledger does it.

    A worker may stall at any point and come back later with what it held then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.stored = DUE
        self.held: dict[int, Delivery] = {}
        self.sent_as: str | None = None

    def store(self, new: Delivery) -> bool:
        if new.revision != self.stored.revision + 1:
            return False
        self.stored = new
        return True

    @rule(seconds=st.sampled_from([1, 10, 59, 60, 61]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(worker=WORKERS)
    def claim(self, worker: int) -> None:
        claimed = deliveries.claim(self.stored, self.now)
        if claimed is not None and self.store(claimed):
            self.held[worker] = claimed

    @rule(worker=WORKERS)
    def confirm(self, worker: int) -> None:
        mine = self.held.pop(worker, None)
        if mine and self.store(deliveries.confirm(mine, f"m{worker}", self.now)):
            self.sent_as = f"m{worker}"

    @rule(worker=WORKERS, seconds=st.integers(0, 90))
    def put_back(self, worker: int, seconds: int) -> None:
        if mine := self.held.pop(worker, None):
            self.store(deliveries.put_back(mine, self.now + timedelta(seconds=seconds)))

    @rule(worker=WORKERS, seconds=st.integers(0, 90))
    def doubt(self, worker: int, seconds: int) -> None:
        if mine := self.held.pop(worker, None):
            until = self.now + timedelta(seconds=seconds)
            self.store(deliveries.put_back(mine, until, in_doubt=True))

    @rule(seconds=st.integers(0, 90))
    def put_off(self, seconds: int) -> None:
        if deliveries.is_ready(self.stored, self.now):
            self.store(deliveries.put_off(self.stored, self.now + timedelta(seconds=seconds)))

    @rule(worker=WORKERS)
    def fail(self, worker: int) -> None:
        if mine := self.held.pop(worker, None):
            self.store(deliveries.fail(mine, "person_unreachable"))

    @invariant()
    def never_two_hold_a_live_lease(self) -> None:
        live = [d for d in self.held.values() if d.leased_until and self.now < d.leased_until]
        assert len(live) <= 1

    @invariant()
    def what_was_sent_stays_sent(self) -> None:
        if self.sent_as is not None:
            assert (self.stored.phase, self.stored.message_id) == (Phase.SENT, self.sent_as)

    @invariant()
    def only_what_is_being_sent_is_leased(self) -> None:
        assert (self.stored.phase is Phase.SENDING) == (self.stored.leased_until is not None)


def test_workers_never_hold_a_delivery_together_and_sent_stays_sent() -> None:
    """Whatever the workers do and however long they stall, one holds it and one ends it."""
    run_state_machine_as_test(
        Workers, settings=settings(max_examples=60, stateful_step_count=20, deadline=None)
    )


def test_a_doubt_stays_until_the_message_is_found() -> None:
    """An old attempt may come through late, whatever was said of a later one."""
    doubted = deliveries.put_back(there(deliveries.claim(DUE, NOW)), NOW, in_doubt=True)
    assert deliveries.put_back(there(deliveries.claim(doubted, NOW)), NOW).in_doubt


def test_a_delivery_is_not_claimed_before_it_is_due() -> None:
    """A second early is too early."""
    assert deliveries.claim(DUE, NOW - timedelta(seconds=1)) is None
    assert deliveries.claim(DUE, NOW) is not None


def test_a_claim_is_leased_counted_and_shows_that_it_is_the_first() -> None:
    """The claimed one is being sent, under a lease, as attempt one."""
    claimed = there(deliveries.claim(DUE, NOW))
    assert (claimed.phase, claimed.attempt, claimed.leased_until) == (Phase.SENDING, 1, NOW + LEASE)


@pytest.mark.parametrize(("seconds", "taken"), [(-1, False), (0, True)])
def test_a_lease_can_be_taken_over_when_it_is_over(seconds: int, taken: bool) -> None:
    """A worker that died leaves a lease; another goes on when it has run out."""
    claimed = there(deliveries.claim(DUE, NOW))
    again = deliveries.claim(claimed, NOW + LEASE + timedelta(seconds=seconds))
    assert (again is not None) is taken
    if again:
        assert again.attempt == 2


@pytest.mark.parametrize("ended", ["confirm", "fail"])
def test_what_has_ended_is_never_claimed_again(ended: str) -> None:
    """Neither a sent message nor a permanent refusal is tried again, at any time."""
    claimed = there(deliveries.claim(DUE, NOW))
    over = (
        deliveries.confirm(claimed, "m1", NOW)
        if ended == "confirm"
        else deliveries.fail(claimed, "person_unreachable")
    )
    assert deliveries.claim(over, NOW + timedelta(days=365)) is None


def test_waiting_grows_with_every_attempt() -> None:
    """A platform that is down is not knocked at every few seconds."""
    waits = [next_try(Delivery(DUE.notice, NOW, "", attempt=n), NOW) for n in range(1, 8)]
    assert waits == sorted(waits)
    assert waits[0] - NOW == timedelta(seconds=5)
    assert waits[-1] - NOW == timedelta(minutes=5)


# ------------------------------------------------------------------ keys of notices


@given(some.notices, some.notices)
def test_the_same_thing_to_the_same_place_has_the_same_key(one: Notice, other: Notice) -> None:
    """Keys tell notices apart by what is told and where, not by names that may change."""

    def told(notice: Notice) -> dict[str, str]:
        return {name: str(getattr(notice, name)) for name in notice.__dataclass_fields__}

    assert (one.key == other.key) == (told(one) == told(other))


def test_a_renamed_person_is_still_the_same_recipient() -> None:
    """A new display name does not make a second delivery."""
    plain = PersonalLink(ChatIdentity(Platform.SLACK, "U1"), "r1")
    named = PersonalLink(ChatIdentity(Platform.SLACK, "U1", "Ada", "ada@contoso.com"), "r1")
    assert plain.key == named.key


def test_channels_of_two_platforms_have_keys_of_their_own() -> None:
    """The same round is told once on each."""
    slack = ChannelReminder(Channel(Platform.SLACK, "C1"), "2025-03-03")
    teams = ChannelReminder(Channel(Platform.TEAMS, "C1"), "2025-03-03")
    assert slack.key != teams.key
