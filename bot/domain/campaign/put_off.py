"""What somebody put off: until when that is, and what of it has come.

Moments are UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.campaign.intents import Open, Policy
from bot.domain.consent.requests import ConsentRequest
from bot.domain.people.recipients import Recipient


def put_off_until(request: ConsentRequest, now: datetime, policy: Policy) -> datetime | None:
    """When the person wants to hear of it again; None when they did not put it off.

    Where a date has moved ahead of their plan, the last working day before it is the plan; not so
    what they put off once that had begun.
    """
    if request.snooze is None:
        return None
    calendar = policy.calendars.of_person(request.chat)
    on = policy.deadline(request).on
    last = calendar.last_working_day(on)
    opening = calendar.opening(last)
    until = request.snooze.until
    if last < calendar.today(now) or opening is None or calendar.day_of(until) <= last:
        return until
    if request.answered_at is not None and request.answered_at >= opening[0]:
        return until
    return opening[0]


@dataclass(frozen=True, slots=True)
class PutOff:
    """What is put off (`next_at`: until when), what was until `came_at`, and what is not."""

    next_at: datetime | None
    come: Sequence[Open]
    came_at: datetime
    others: Sequence[Open]


def sorted_out(live: Sequence[Open], recipient: Recipient, now: datetime, policy: Policy) -> PutOff:
    """What is put off, what is not any more, and what never was.

    A plan that was told of counts no more: it ends with the message, and if that failed the
    rounds go on.
    """
    told = recipient.rounds[-1] if recipient.rounds else None
    waits: list[datetime] = []
    come: list[Open] = []
    came: list[datetime] = []
    others: list[Open] = []
    for item in live:
        at = put_off_until(item.request, now, policy)
        if at is None:
            others.append(item)
        elif at > now:
            waits.append(at)
        elif told is None or told < at:
            come.append(item)
            came.append(at)
        else:
            others.append(item)
    return PutOff(min(waits, default=None), come, max(came, default=now), others)
