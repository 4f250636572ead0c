"""The digest: what an operator is told of the apps that are stuck, or close to their date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from bot.chat.campaign import news
from bot.chat.campaign.stuck_apps import SHOWN, shown, stuck_item
from bot.chat.people import app_items
from bot.chat.people.app_items import AppItems
from bot.chat.words import Words
from bot.domain.campaign.cadence import calendar_of
from bot.domain.campaign.digests import date_of, window_of
from bot.domain.campaign.intents import Policy
from bot.domain.delivery.notices import OperatorDigest
from bot.domain.people.recipients import Recipient
from bot.domain.summaries import AppSummary, by_urgency
from bot.domain.time.calendar import Calendar
from bot.message import (
    Block,
    Buttons,
    Command,
    Group,
    Heading,
    Item,
    Message,
    Note,
    Text,
)
from bot.ports.store.ledger import Ledger
from bot.services.campaign.deadlines import open_deadlines
from bot.services.campaign.stuck import StuckApp, stuck_apps


async def digest(
    ledger: Ledger, notice: OperatorDigest, words: Words, policy: Policy, now: datetime
) -> Message | None:
    """The message, from the present truth; None: nothing is near or stuck any more, or new."""
    person = await ledger.recipient(notice.to) or Recipient(notice.to)
    calendar = calendar_of(person, now, policy)  # as its day was chosen
    near: list[AppSummary] = []
    stuck: tuple[StuckApp, ...] = ()
    if not notice.news_only:
        near = await _near(ledger, calendar, policy, now)
        stuck = await stuck_apps(ledger, now, policy)
    told = [await news.item(ledger, words, one) for one in notice.news]
    new = [item for item in told if item is not None]
    if not near and not stuck and not new:
        return None
    if near:
        title = words("digest.title", count=len(near))
    elif stuck:
        title = words("digest.stuck_title", count=len(stuck))
    else:
        title = words("digest.news")
    blocks: list[Block] = [Heading(title)]
    if stuck:
        items = [stuck_item(words, one) for one in stuck[-SHOWN:]]
        blocks += shown(words, items, len(stuck), heading=bool(near))
    if new:
        blocks += _new(words, new, heading=bool(near or stuck))
    if near:
        blocks += await _close(ledger, calendar, words, policy, now, near)
    elif stuck:
        blocks.append(Note(words("digest.why_stuck")))
    else:
        blocks.append(Note(words("digest.why_news")))
    return Message(title, tuple(blocks))


def _new(words: Words, new: Sequence[Item], *, heading: bool) -> list[Block]:
    """What came of what they asked for, the newest last."""
    title = words("digest.news") if heading else ""
    blocks: list[Block] = [Group(tuple(new[-SHOWN:]), title)]
    if len(new) > SHOWN:
        blocks.append(Note(words("reminder.more", count=len(new) - SHOWN)))
    return blocks


async def _close(
    ledger: Ledger,
    calendar: Calendar,
    words: Words,
    policy: Policy,
    now: datetime,
    near: Sequence[AppSummary],
) -> list[Block]:
    """What is close to its date, and who holds each."""
    asked = [await ledger.request(app.request_id) for app in near[:SHOWN] if app.request_id]
    requests = {one.id: one for one in asked if one is not None and one.stage.is_open}
    prospects = await ledger.prospects_of(app.ref for app in near[:SHOWN])
    today, on = calendar.today(now), date_of(near[0], policy)
    left = calendar.days_left(today, on)
    blocks: list[Block] = [Text(_how_near(words, left, words.date(on)))]
    held = AppItems(requests, prospects, now, zone=calendar.zone)
    items = []
    for app in near[:SHOWN]:
        one = app_items.item(words, app, held)
        day = words("digest.day", date=words.day(date_of(app, policy)))
        state = words(f"state.{app.state.value}")
        items.append(replace(one, lines=(f"{day} · {state}", *one.lines)))
    blocks.append(Group(tuple(items)))
    if len(near) > SHOWN:
        blocks.append(Note(words("reminder.more", count=len(near) - SHOWN)))
    blocks.append(Buttons((Command("apps", words("button.apps"), "apps"),)))
    blocks.append(Note(words("digest.why", count=policy.campaign.window(left).every)))
    return blocks


async def _near(
    ledger: Ledger, calendar: Calendar, policy: Policy, now: datetime
) -> list[AppSummary]:
    """What is open and in a window that operators are told of, the most urgent first.

    Apps are read only where a date is that near.
    """
    today = calendar.today(now)

    def is_near(on: date) -> bool:
        return window_of(on, calendar, today, policy) is not None

    dates = await open_deadlines(ledger, policy.campaign, await ledger.counts())
    if not any(is_near(deadline.on) for deadline in dates):
        return []
    return sorted(
        (app for app in await ledger.summaries() if app.is_open and is_near(date_of(app, policy))),
        key=lambda app: (date_of(app, policy), by_urgency(app)),
    )


def _how_near(words: Words, left: int, date: str) -> str:
    if left > 0:
        return words("digest.until", date=date, count=left)
    return words("digest.today" if left == 0 else "digest.past", date=date)
