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
from bot.domain.inventory import AppRecord
from bot.domain.notices import OperatorDigest
from bot.domain.prospects import Prospect
from bot.message import Block, Buttons, Cell, Command, Heading, Message, Note, Table, Text
from bot.ports.ledger import Ledger

SHOWN = 8


async def digest(
    ledger: Ledger, notice: OperatorDigest, words: Words, policy: Policy, now: datetime
) -> Message | None:
    """The message, from the present truth; None when no app is that near any more."""
    calendar = policy.calendars.of(notice.to.time_zone)
    near = _near(await ledger.apps(), calendar, policy, now)
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
                    Cell(record.app.label),
                    Cell(record.app.ref.org),
                    Cell(words.day(date_of(record, policy))),
                    _holder(words, record, requests.get(record.request_id), prospects, now),
                )
                for record in near[:SHOWN]
            ),
        ),
    ]
    if len(near) > SHOWN:
        blocks.append(Note(words("reminder.more", count=len(near) - SHOWN)))
    unreachable = phrases.count_unreachable(near, requests, prospects, now)
    if unreachable:
        blocks.append(Text(words("apps.unreachable", count=unreachable)))
    blocks.append(Buttons(_ways(words, near, requests, prospects, now)))
    blocks.append(Note(words("digest.why", count=policy.campaign.window(left).every)))
    return Message(title, tuple(blocks))


def _near(
    records: Sequence[AppRecord], calendar: Calendar, policy: Policy, now: datetime
) -> list[AppRecord]:
    """What is open and in a window that operators are told of, the most urgent first."""
    today, urgency = calendar.today(now), phrases.by_urgency(now)
    return sorted(
        (
            record
            for record in records
            if record.state(now).is_open
            and window_of(date_of(record, policy), calendar, today, policy) is not None
        ),
        key=lambda record: (date_of(record, policy), urgency(record)),
    )


def _ways(
    words: Words,
    near: Sequence[AppRecord],
    requests: Mapping[str, ConsentRequest],
    prospects: Mapping[AppRef, Prospect],
    now: datetime,
) -> tuple[Command, ...]:
    """To whom the most urgent app that nobody holds could go; and the whole list."""
    ways = [Command("apps", words("button.apps"), "apps")]
    for record in near:
        held = record.request_id in requests
        unreachable = phrases.nobody(record, prospects, now) is not None
        if record.state(now).wants_consent and not held and not unreachable:
            who = words("button.who", app=record.app.label)
            ways.insert(0, Command("who", who, f"who {record.app.ref}"))
            break
    return tuple(ways)


def _how_near(words: Words, left: int, date: str) -> str:
    if left > 0:
        return words("digest.until", date=date, count=left)
    return words("digest.today" if left == 0 else "digest.past", date=date)


def _holder(
    words: Words,
    record: AppRecord,
    request: ConsentRequest | None,
    prospects: Mapping[AppRef, Prospect],
    now: datetime,
) -> Cell:
    """Who was asked and how far they are, or why nobody was."""
    if request is None:
        return phrases.nobody_asked(words, record, prospects, now)
    stage = words(f"stage.{request.stage.value}")
    return Cell(words("apps.asked", name=request.admin_name, stage=stage))
