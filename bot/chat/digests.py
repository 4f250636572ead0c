"""The digest: what an operator is told of the apps that are close to their date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.chat import phrases
from bot.chat.words import Words
from bot.domain.apps import AppRef
from bot.domain.calendar import Calendar
from bot.domain.consent import ConsentRequest
from bot.domain.digests import date_of, window_of
from bot.domain.intents import Policy
from bot.domain.notices import OperatorDigest
from bot.domain.prospects import Prospect
from bot.domain.summaries import AppSummary, by_urgency
from bot.message import Block, Buttons, Cell, Command, Heading, Message, Note, Table, Text
from bot.ports.ledger import Ledger

SHOWN = 8


async def digest(
    ledger: Ledger, notice: OperatorDigest, words: Words, policy: Policy, now: datetime
) -> Message | None:
    """The message, from the present truth; None when no app is that near any more."""
    calendar = policy.calendars.of(notice.to.time_zone)
    near = _near(await ledger.summaries(), calendar, policy, now)
    if not near:
        return None
    requests = {request.id: request for request in await ledger.open_requests()}
    prospects = await ledger.prospects()
    today, on = calendar.today(now), date_of(near[0], policy)
    left = calendar.days_left(today, on)
    title = words("digest.title", count=len(near))
    blocks: list[Block] = [
        Heading(title),
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
    return Message(title, tuple(blocks))


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
    stage = words(f"stage.{request.stage.value}")
    return Cell(words("apps.asked", name=request.admin_name, stage=stage))
