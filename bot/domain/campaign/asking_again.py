"""Who ignored an app is asked about it once more, where nobody else is left, and not at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from bot.domain.campaign.cadence import start_of
from bot.domain.campaign.intents import Policy
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.time.calendar import DAY


def silent(
    past: Iterable[ConsentRequest], policy: Policy, *, times: int = 1, ends: str = ""
) -> frozenset[str]:
    """Object ids of those who ignored an app so often, of all its requests; `ends` does now.

    Whoever was passed over for an absence has ignored nothing.
    """
    often = Counter(
        one.admin_object_id
        for one in past
        if one.id == ends
        or (one.stage is Stage.EXPIRED and len(one.named) >= policy.ignored_rounds)
    )
    return frozenset(who for who, count in often.items() if count >= times)


def left_alone(past: Iterable[ConsentRequest], policy: Policy) -> tuple[ConsentRequest, ...]:
    """The last requests of those who may be asked once more: they ignored it once."""
    past = tuple(past)
    gone = {one.admin_object_id for one in past if one.stage is Stage.DECLINED}
    once = silent(past, policy) - silent(past, policy, times=2) - gone
    return tuple({one.admin_object_id: one for one in past if one.admin_object_id in once}.values())


def asked_again_at(request: ConsentRequest, policy: Policy) -> datetime:
    """From when on (UTC) who ignored the app may be asked once more, as nobody else is left.

    That is some weeks after it ended or got stuck, or sooner, once its date is near.
    """
    since = request.still_since or request.requested_at
    calendar = policy.calendars.of_person(request.chat)
    on, latest = policy.deadline(request).on, since + policy.ask_again_after
    near = calendar.day_of(since)
    while calendar.days_left(near, on) > policy.ask_again_left:
        near = calendar.next_working_day(near + DAY)
        if start_of(near, calendar) >= latest:
            return latest
    return max(since, start_of(near, calendar))
