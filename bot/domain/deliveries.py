"""A delivery: one notice on its way to one place, sent once.

due -> sending (leased) -> sent
        |  the lease ran out: the outcome is unknown, so the platform is asked first
        -> failed  (permanent: it has an owner, it is no retry)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.notices import Notice, key_of


class Phase(StrEnum):
    """Where a delivery stands."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice and what became of it. Times are UTC; `revision` counts changes.

    `message_id` names the message on its platform once sent (platform-specific, opaque).
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

    @property
    def key(self) -> str:
        return key_of(self.notice)


LEASE = timedelta(seconds=60)


def claim(delivery: Delivery, now: datetime) -> Delivery | None:
    """The delivery as claimed by this worker, or None when it is not this worker's turn.

    A delivery whose lease ran out is claimed again; `delivery.phase` before the claim was
    `SENDING`, which tells the caller that the outcome of the earlier attempt is unknown.
    """
    match delivery.phase:
        case Phase.SENT | Phase.FAILED:
            return None
        case Phase.DUE:
            if now < delivery.due_at:
                return None
        case Phase.SENDING:
            if delivery.leased_until is not None and now < delivery.leased_until:
                return None
    return replace(
        delivery,
        phase=Phase.SENDING,
        attempt=delivery.attempt + 1,
        leased_until=now + LEASE,
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


def doubt(delivery: Delivery, until: datetime) -> Delivery:
    """The delivery while nobody knows whether the platform took it: asked again at `until`."""
    return replace(delivery, leased_until=until, revision=delivery.revision + 1)


def put_back(delivery: Delivery, due_at: datetime) -> Delivery:
    """The delivery due again at `due_at`: the platform said that it did not take the message."""
    return replace(
        delivery,
        phase=Phase.DUE,
        due_at=due_at,
        leased_until=None,
        revision=delivery.revision + 1,
    )


def fail(delivery: Delivery, failure: str) -> Delivery:
    """The delivery after a permanent refusal; `failure` is the error's stable code."""
    return replace(
        delivery,
        phase=Phase.FAILED,
        failure=failure,
        leased_until=None,
        revision=delivery.revision + 1,
    )


BACKOFF: Mapping[int, timedelta] = {
    1: timedelta(seconds=5),
    2: timedelta(seconds=30),
    3: timedelta(minutes=2),
}


def next_try(delivery: Delivery, now: datetime, retry_after: float = 0.0) -> datetime:
    """When to try again after a refusal that may pass; never sooner than the platform asked."""
    wait = BACKOFF.get(delivery.attempt, timedelta(minutes=10))
    return now + max(wait, timedelta(seconds=retry_after))
