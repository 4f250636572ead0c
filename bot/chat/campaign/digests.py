"""The digest: what an operator is told of the apps that are stuck, or close to their date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.chat import phrases
from bot.chat.words import Words
from bot.domain.campaign.digests import date_of, window_of
from bot.domain.campaign.intents import Policy, Reason
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.notices import OperatorDigest
from bot.domain.inventory.apps import AppRef
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import AppSummary, by_urgency
from bot.domain.time.calendar import Calendar
from bot.message import (
    Block,
    Buttons,
    Cell,
    Command,
    Fact,
    Facts,
    Heading,
    Message,
    Note,
    Table,
    Text,
)
from bot.ports.ledger import Ledger
from bot.services.campaign.stuck import StuckApp, stuck_apps

SHOWN = 8


async def digest(
    ledger: Ledger, notice: OperatorDigest, words: Words, policy: Policy, now: datetime
) -> Message | None:
    """The message, from the present truth; None when nothing is that near or stuck any more."""
    apps = await ledger.summaries()
    near = _near(apps, policy.calendars.of_person(notice.to), policy, now)
    stuck = await stuck_apps(ledger, apps, now, policy)
    if not near and not stuck:
        return None
    if near:
        title = words("digest.title", count=len(near))
    else:
        title = words("digest.stuck_title", count=len(stuck))
    blocks: list[Block] = [Heading(title)]
    if stuck:
        blocks += _stuck(words, stuck, heading=bool(near))
    if near:
        blocks += await _close(ledger, notice, words, policy, now, near)
    elif stuck:
        blocks.append(Note(words("digest.why_stuck")))
    return Message(title, tuple(blocks))


def _stuck(words: Words, stuck: Sequence[StuckApp], *, heading: bool) -> list[Block]:
    """What is stuck and why, and the next step for each as a button."""
    shown = stuck[-SHOWN:]
    facts = tuple(
        Fact(one.app.app.label, words(f"stuck.{one.why}", name=one.request.admin_name))
        for one in shown
    )
    blocks: list[Block] = [Facts(facts), Buttons(tuple(_next_step(words, one) for one in shown))]
    if heading:
        blocks.insert(0, Text(words("digest.stuck", count=len(stuck))))
    if len(stuck) > SHOWN:
        blocks.append(Note(words("reminder.more", count=len(stuck) - SHOWN)))
    return blocks


def _next_step(words: Words, one: StuckApp) -> Command:
    ref, label = one.app.ref, one.app.app.label
    if one.why == Reason.NOT_SEEN:
        return Command(f"check:{ref}", words("button.check_app", app=label), f"check {ref}")
    return Command(f"who:{ref}", words("button.who", app=label), f"who {ref}")


async def _close(
    ledger: Ledger,
    notice: OperatorDigest,
    words: Words,
    policy: Policy,
    now: datetime,
    near: Sequence[AppSummary],
) -> list[Block]:
    """What is close to its date, and who holds each."""
    calendar = policy.calendars.of_person(notice.to)
    requests = {request.id: request for request in await ledger.open_requests()}
    prospects = await ledger.prospects()
    today, on = calendar.today(now), date_of(near[0], policy)
    left = calendar.days_left(today, on)
    blocks: list[Block] = [
        Text(_how_near(words, left, words.date(on))),
        Table(
            tuple(words(f"column.{name}") for name in ("app", "org", "date", "asked")),
            tuple(
                (
                    Cell(app.app.label),
                    Cell(app.ref.org),
                    Cell(words.day(date_of(app, policy))),
                    _holder(words, app, requests.get(app.request_id), prospects),
                )
                for app in near[:SHOWN]
            ),
        ),
    ]
    if len(near) > SHOWN:
        blocks.append(Note(words("reminder.more", count=len(near) - SHOWN)))
    unreachable = phrases.count_unreachable(near, requests, prospects)
    if unreachable:
        blocks.append(Text(words("apps.unreachable", count=unreachable)))
    blocks.append(Buttons(_ways(words, near, requests, prospects)))
    blocks.append(Note(words("digest.why", count=policy.campaign.window(left).every)))
    return blocks


def _near(
    apps: Sequence[AppSummary], calendar: Calendar, policy: Policy, now: datetime
) -> list[AppSummary]:
    """What is open and in a window that operators are told of, the most urgent first."""
    today = calendar.today(now)
    return sorted(
        (
            app
            for app in apps
            if app.is_open and window_of(date_of(app, policy), calendar, today, policy) is not None
        ),
        key=lambda app: (date_of(app, policy), by_urgency(app)),
    )


def _ways(
    words: Words,
    near: Sequence[AppSummary],
    requests: Mapping[str, ConsentRequest],
    prospects: Mapping[AppRef, Prospect],
) -> tuple[Command, ...]:
    """To whom the most urgent app that nobody holds could go; and the whole list."""
    ways = [Command("apps", words("button.apps"), "apps")]
    for app in near:
        held = app.request_id in requests
        if app.wants_consent and not held and phrases.nobody(app, prospects) is None:
            who = words("button.who", app=app.app.label)
            ways.insert(0, Command("who", who, f"who {app.ref}"))
            break
    return tuple(ways)


def _how_near(words: Words, left: int, date: str) -> str:
    if left > 0:
        return words("digest.until", date=date, count=left)
    return words("digest.today" if left == 0 else "digest.past", date=date)


def _holder(
    words: Words,
    app: AppSummary,
    request: ConsentRequest | None,
    prospects: Mapping[AppRef, Prospect],
) -> Cell:
    """Who was asked and how far they are, or why nobody was."""
    if request is None:
        return phrases.nobody_asked(words, app, prospects)
    stage = phrases.stage(words, request)
    return Cell(words("apps.asked", name=request.admin_name, stage=stage))
