"""What will be sent, as far as it can be foreseen: the rules of reminders in advance.

Nothing is decided here. A rehearsal carries out each intent on the snapshot alone and looks again
when the rules say so, which is what the running bot does with people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.campaign.cadence import is_missed
from bot.domain.campaign.intents import Escalate, Intent, Policy, SendRound, Snapshot, Worklist
from bot.domain.campaign.reminders import evaluate
from bot.domain.consent.requests import Step, Stuck, step

FAR = timedelta(days=400)
"""Nothing that is asked waits longer: an absence lasts a year at most."""


def decide(snapshot: Snapshot, now: datetime, policy: Policy) -> tuple[Intent, ...]:
    """Everything that is due at `now` (UTC). Linear in what is open."""
    found: list[Intent] = []
    for worklist in snapshot.people:
        if policy.calendars.of_person(worklist.recipient.chat).is_open(now):
            found += due(worklist, now, policy)
    return tuple(found)


def due(worklist: Worklist, now: datetime, policy: Policy) -> tuple[Intent, ...]:
    """What is due for one person at `now`, in order: what goes to somebody else, and then the
    message, where there is still one without that."""
    intents = evaluate(worklist, now, policy).intents
    passed_on = tuple(intent for intent in intents if isinstance(intent, Escalate))
    if not passed_on:
        return intents
    for intent in passed_on:
        worklist = after(worklist, intent)
    left = evaluate(worklist, now, policy).intents
    return (*passed_on, *(intent for intent in left if isinstance(intent, SendRound)))


def planned(
    snapshot: Snapshot, start: datetime, until: datetime, policy: Policy
) -> Iterator[Intent]:
    """What `decide` would yield from `start` to `until` if nobody did anything, in order of time.

    It ends for an app when somebody else would be asked: who that is depends on that day.
    """
    found = [
        intent
        for worklist in snapshot.people
        for intent in planned_for(worklist, start, until, policy)
    ]
    yield from sorted(found, key=lambda intent: (intent.at, intent.key))


def planned_for(
    worklist: Worklist, start: datetime, until: datetime, policy: Policy
) -> Iterator[Intent]:
    """The same for one person."""
    now: datetime | None = start
    while now is not None and now < until:
        for intent in due(worklist, now, policy):
            yield intent
            worklist = after(worklist, intent)
        again = evaluate(worklist, now, policy).again
        now = again if again is None or again > now else None


def after(worklist: Worklist, intent: Intent) -> Worklist:
    """The worklist once `intent` was carried out and nothing else happened."""
    match intent:
        case SendRound(notice=notice, at=at):
            told = {
                item.request.id: replace(
                    item,
                    request=step(
                        item.request, Step.DELIVER, at, named=item.request.id in notice.requests
                    ),
                )
                for item in worklist.items
                if item.request.id in notice.links_to
            }
            items = tuple(told.get(item.request.id, item) for item in worklist.items)
            return replace(worklist, recipient=worklist.recipient.told(at), items=items)
        case Escalate(request_id=gone):
            return replace(worklist, items=tuple(i for i in worklist.items if i.request.id != gone))


def stuck(worklist: Worklist, intent: Escalate) -> Worklist:
    """The worklist once nobody else could be asked, and the operators hear of it."""
    why = Stuck(intent.at, intent.reason.value)
    items = tuple(
        replace(item, request=step(item.request, Step.HAND_OVER, intent.at, stuck=why))
        if item.request.id == intent.request_id
        else item
        for item in worklist.items
    )
    return replace(worklist, items=items)


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
class NextMessage:
    """When an app is spoken of next (UTC; None: not by itself), and why not at once."""

    at: datetime | None
    why: Wait


def next_messages(
    worklist: Worklist, request_ids: Iterable[str], now: datetime, policy: Policy
) -> dict[str, NextMessage]:
    """The next message about each of these, if nobody does anything until then.

    The person's time is gone through once, until all of them were spoken of.
    """
    found: dict[str, SendRound | None] = dict.fromkeys(request_ids)
    left = set(found)
    for intent in planned_for(worklist, now, now + FAR, policy):
        if isinstance(intent, SendRound):
            for request_id in left.intersection(intent.notice.links_to):
                found[request_id] = intent
                left.discard(request_id)
        if not left:
            break
    return {
        name: NextMessage(one.at if one else None, _wait(worklist, name, one, now, policy))
        for name, one in found.items()
    }


def _wait(
    worklist: Worklist, request_id: str, found: SendRound | None, now: datetime, policy: Policy
) -> Wait:
    recipient = worklist.recipient
    calendar = policy.calendars.of_person(recipient.chat)
    today, start = calendar.today(now), policy.campaign.start
    if start is not None and today < start:
        return Wait.START
    if is_missed(recipient, now, calendar):
        return Wait.AWAY
    if any(i.request.id == request_id and i.request.snooze is not None for i in worklist.items):
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
