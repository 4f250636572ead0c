"""What one message says: which apps it names, which it only links to, and in which tone.

* It names `MOST_NAMED` apps, says how many more there are, and has a link for each of
  `MOST_LINKED`.
* They take turns: what was never named, or longest ago, comes first; of those the nearest date that
  is still ahead.
* What the person asked to hear of now, and on the last working day before a date what is due at
  it, come before all that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime

from bot.domain.campaign.intents import Open, Policy, Reason
from bot.domain.campaign.windows import Tone, Window
from bot.domain.delivery.notices import PersonalRound
from bot.domain.people.admins import ChatIdentity
from bot.domain.time.calendar import Calendar

MOST_NAMED = 8
MOST_LINKED = 24
NEVER = datetime.min.replace(tzinfo=UTC)


def write(
    to: ChatIdentity,
    name: str,
    apps: Sequence[Open],
    reason: Reason,
    today: date,
    known_since: datetime | None,
    policy: Policy,
    pressing: Collection[str] = (),
) -> PersonalRound:
    """The message about `apps`. `name` tells it from all others, `pressing` are requests' ids.

    `known_since` is the first message that this person got about any app, None: this one.
    """
    calendar = policy.calendars.of_person(to)
    order = sorted(apps, key=_turn(today, policy, pressing))
    named, also = order[:MOST_NAMED], order[MOST_NAMED:MOST_LINKED]
    window = _most_urgent(named, calendar, today, policy)
    return PersonalRound(
        to,
        name,
        tuple(item.request.id for item in named),
        reason.value,
        window.name.value,
        _tone(window, known_since, calendar, today, policy).value,
        len(order) - len(named),
        tuple(item.request.id for item in also),
    )


def _turn(
    today: date, policy: Policy, pressing: Collection[str]
) -> Callable[[Open], tuple[bool, datetime, bool, date, datetime, str]]:
    def turn(item: Open) -> tuple[bool, datetime, bool, date, datetime, str]:
        request, on = item.request, policy.deadline(item.request).on
        last = request.named[-1] if request.named else NEVER
        return request.id not in pressing, last, on < today, on, request.requested_at, request.id

    return turn


def _most_urgent(named: Sequence[Open], calendar: Calendar, today: date, policy: Policy) -> Window:
    """The window of the app whose date comes first."""
    on = min(policy.deadline(item.request).on for item in named)
    return policy.campaign.window(calendar.days_left(today, on))


def _tone(
    window: Window, since: datetime | None, calendar: Calendar, today: date, policy: Policy
) -> Tone:
    """The window's tone, but calm until the person has known for `notice` working days."""
    if window.tone is Tone.CALM or since is None:
        return Tone.CALM
    known = calendar.days_left(calendar.day_of(since), today)
    return window.tone if known >= policy.notice else Tone.CALM
