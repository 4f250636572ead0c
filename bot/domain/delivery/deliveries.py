"""A delivery: one notice on its way to one place, sent once.

    due -> sending (leased) -> sent
     ^      |   |
     |      |   -> failed  (permanent: it has an owner, it is no retry)
     |      |
     |      the lease ran out: a worker died, or stalled; the outcome is unknown
     the platform said no, or not now, or nothing at all (then the outcome is unknown)

Before an attempt after an unknown outcome the platform is asked for the message. Where it cannot be
asked (Teams), each kind of notice says which harm is the smaller one (`Promise`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.delivery.notices import Notice


class Phase(StrEnum):
    """Where a delivery stands."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice and what became of it. Times are UTC; `revision` counts changes.

    `message_id` names the message on its platform once sent (platform-specific, opaque). `slot` is
    the time that was kept free for it within the platform's limits. `in_doubt`: an attempt may have
    got through. `crashes` counts the attempts of which no worker told the end.
    """

    notice: Notice
    due_at: datetime
    why: str
    phase: Phase = Phase.DUE
    attempt: int = 0
    leased_until: datetime | None = None
    message_id: str = ""
    sent_at: datetime | None = None
    failure: str = ""
    revision: int = 1
    slot: datetime | None = None
    in_doubt: bool = False
    crashes: int = 0

    @property
    def key(self) -> str:
        return self.notice.key


LEASE = timedelta(seconds=60)
"""Longer than any attempt takes: every call to a platform ends within a time limit."""
MOST_CRASHES = 10
"""So often may an attempt end without a word before the delivery is what ends the workers."""


def is_ready(delivery: Delivery, now: datetime) -> bool:
    """Whether a worker may take it now: it is due, or its former holder's lease ran out."""
    match delivery.phase:
        case Phase.SENT | Phase.FAILED:
            return False
        case Phase.DUE:
            return now >= delivery.due_at
        case Phase.SENDING:
            return delivery.leased_until is None or now >= delivery.leased_until


def is_under_way(delivery: Delivery, now: datetime) -> bool:
    """Whether a worker is at it, and still has its lease."""
    return delivery.phase is Phase.SENDING and not is_ready(delivery, now)


def claim(delivery: Delivery, now: datetime) -> Delivery | None:
    """The delivery as claimed by this worker, or None when it is not this worker's turn.

    A delivery whose lease ran out is claimed again, and is `in_doubt` from then on.
    """
    if not is_ready(delivery, now):
        return None
    crashed = delivery.phase is Phase.SENDING
    return replace(
        delivery,
        phase=Phase.SENDING,
        attempt=delivery.attempt + 1,
        leased_until=now + LEASE,
        in_doubt=delivery.in_doubt or crashed,
        crashes=delivery.crashes + crashed,
        revision=delivery.revision + 1,
    )


def confirm(delivery: Delivery, message_id: str, now: datetime) -> Delivery:
    """The delivery after the platform named the message."""
    return replace(
        delivery,
        phase=Phase.SENT,
        message_id=message_id,
        sent_at=now,
        leased_until=None,
        revision=delivery.revision + 1,
    )


def put_back(delivery: Delivery, due_at: datetime, *, in_doubt: bool = False) -> Delivery:
    """The delivery due again at `due_at`.

    `in_doubt`: the platform may have taken the message; otherwise it said that it did not. A doubt
    from before stays: an old attempt may still come through.
    """
    return replace(
        delivery,
        phase=Phase.DUE,
        due_at=due_at,
        leased_until=None,
        slot=None,
        in_doubt=delivery.in_doubt or in_doubt,
        revision=delivery.revision + 1,
    )


def put_off(delivery: Delivery, slot: datetime) -> Delivery:
    """The delivery, which nobody holds, waiting for the time kept free for it."""
    return replace(
        delivery,
        phase=Phase.DUE,
        due_at=slot,
        leased_until=None,
        slot=slot,
        in_doubt=delivery.in_doubt or delivery.phase is Phase.SENDING,
        crashes=delivery.crashes + (delivery.phase is Phase.SENDING),
        revision=delivery.revision + 1,
    )


def hold(delivery: Delivery, until: datetime) -> Delivery:
    """The delivery, which nobody holds, waiting until whoever it is for is at work."""
    return replace(put_off(delivery, until), slot=None)


def fail(delivery: Delivery, failure: str) -> Delivery:
    """The delivery after a permanent refusal; `failure` is the error's stable code."""
    return replace(
        delivery,
        phase=Phase.FAILED,
        failure=failure,
        leased_until=None,
        revision=delivery.revision + 1,
    )


RESTORED = "restored"
"""The failure of what may have been sent since the backup that was restored."""
RELEASED = "released"
"""Why it is sent after all: an operator said so."""


def release(delivery: Delivery, now: datetime) -> Delivery | None:
    """What was held after a restore, due again; the platform is asked for it first.

    None when it was not held.
    """
    if delivery.phase is not Phase.FAILED or delivery.failure != RESTORED:
        return None
    due = put_back(delivery, now, in_doubt=True)
    return replace(due, failure="", attempt=0, why=RELEASED)


BACKOFF: Mapping[int, timedelta] = {
    1: timedelta(seconds=5),
    2: timedelta(seconds=15),
    3: timedelta(seconds=30),
    4: timedelta(minutes=1),
    5: timedelta(minutes=2),
}
LONGEST_WAIT = timedelta(minutes=5)


def next_try(delivery: Delivery, now: datetime) -> datetime:
    """When to try again after an attempt that got no answer, or an error that may pass."""
    wait = BACKOFF.get(delivery.attempt, LONGEST_WAIT)
    return now + wait
