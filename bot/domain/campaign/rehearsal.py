"""What will be sent, as far as it can be foreseen: the rules of reminders in advance.

Nothing is decided here. A rehearsal carries out each intent on the snapshot alone and looks again
when the rules say so, which is what the running bot does with people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.campaign.intents import Intent, Policy, Remember, Sideways, Snapshot, Standing
from bot.domain.campaign.reminders import look
from bot.domain.consent.requests import Step, Stuck, step

FAR = timedelta(days=400)
"""Nothing that is asked waits longer: an absence lasts a year at most."""


def decide(snapshot: Snapshot, now: datetime, policy: Policy) -> tuple[Intent, ...]:
    """Everything that is due at `now` (UTC). Linear in what is open."""
    found: list[Intent] = []
    for standing in snapshot.people:
        if policy.calendars.of_person(standing.recipient.chat).is_open(now):
            found += look(standing, now, policy).intents
    return tuple(found)


def rehearse(
    snapshot: Snapshot, start: datetime, until: datetime, policy: Policy
) -> Iterator[Intent]:
    """What `decide` would yield from `start` to `until` if nobody did anything, in order of time.

    It ends for an app when somebody else would be asked: who that is depends on that day.
    """
    found = [
        intent
        for standing in snapshot.people
        for intent in rehearse_one(standing, start, until, policy)
    ]
    yield from sorted(found, key=lambda intent: (intent.at, intent.key))


def rehearse_one(
    standing: Standing, start: datetime, until: datetime, policy: Policy
) -> Iterator[Intent]:
    """The same for one person."""
    now: datetime | None = start
    while now is not None and now < until:
        decision = look(standing, now, policy)
        yield from decision.intents
        for intent in decision.intents:
            standing = after(standing, intent)
        again = look(standing, now, policy).again if decision.intents else decision.again
        now = again if again is None or again > now else None


def after(standing: Standing, intent: Intent) -> Standing:
    """The standing once `intent` was carried out and nothing else happened."""
    match intent:
        case Remember(notice=notice, at=at):
            told = {
                item.request.id: replace(
                    item,
                    request=step(
                        item.request, Step.DELIVER, at, named=item.request.id in notice.requests
                    ),
                )
                for item in standing.items
                if item.request.id in notice.links_to
            }
            items = tuple(told.get(item.request.id, item) for item in standing.items)
            return Standing(standing.recipient.told(at), items)
        case Sideways(request_id=gone):
            return replace(standing, items=tuple(i for i in standing.items if i.request.id != gone))


def stuck(standing: Standing, intent: Sideways) -> Standing:
    """The standing once nobody else could be asked, and the operators hear of it."""
    why = Stuck(intent.at, intent.reason.value)
    items = tuple(
        replace(item, request=step(item.request, Step.HAND_OVER, intent.at, stuck=why))
        if item.request.id == intent.request_id
        else item
        for item in standing.items
    )
    return replace(standing, items=items)


# ------------------------------------------------------------------ one app


class Wait(StrEnum):
    """Why a message does not go out at once; words under `wait.<value>`."""

    GATHER = "gather"  # in a moment, with whatever else is sent to them until then
    HOURS = "hours"  # it is not their working time
    AWAY = "away"
    HEARD = "heard"  # they had a message today
    WEEK = "week"  # they had as many messages this week as anybody gets
    START = "start"  # the campaign has not begun
    LATER = "later"  # they put it off


@dataclass(frozen=True, slots=True)
class Outlook:
    """When an app is spoken of next (UTC; None: not by itself), and why not at once."""

    at: datetime | None
    why: Wait


def outlook(standing: Standing, request_id: str, now: datetime, policy: Policy) -> Outlook:
    """The next message about `request_id`, if nobody does anything until then."""
    messages = (
        intent
        for intent in rehearse_one(standing, now, now + FAR, policy)
        if isinstance(intent, Remember) and request_id in intent.notice.links_to
    )
    found = next(messages, None)
    return Outlook(found.at if found else None, _wait(standing, request_id, found, now, policy))


def _wait(
    standing: Standing, request_id: str, found: Remember | None, now: datetime, policy: Policy
) -> Wait:
    recipient = standing.recipient
    calendar = policy.calendars.of_person(recipient.chat)
    today, start = calendar.today(now), policy.campaign.start
    if start is not None and today < start:
        return Wait.START
    if recipient.away_until is not None and recipient.away_until >= today:
        return Wait.AWAY
    if any(i.request.id == request_id and i.request.snooze is not None for i in standing.items):
        return Wait.LATER
    soonest = calendar.next_open(now)
    if found is None or soonest is None:
        return Wait.HOURS
    slack = policy.gather + policy.jitter
    if found.at <= soonest + slack:
        return Wait.GATHER if calendar.is_open(now) else Wait.HOURS
    heard_today = recipient.rounds and calendar.day_of(recipient.rounds[-1]) == today
    tomorrow = calendar.next_working_day(today + timedelta(days=1))
    if heard_today and calendar.day_of(found.at) == tomorrow:
        return Wait.HEARD
    return Wait.WEEK
