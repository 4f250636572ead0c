"""A channel's board, and the replies in its thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo

from bot.chat import phrases
from bot.chat.people import app_items
from bot.chat.people.app_items import AppItems
from bot.chat.words import Words
from bot.domain.changes import AuditEntry
from bot.domain.consent.requests import ConsentRequest, Step
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.summaries import RANKS, AppSummary
from bot.message import (
    Block,
    Buttons,
    Command,
    Group,
    Heading,
    Mention,
    Message,
    Note,
    Part,
    Said,
    Text,
    plainly,
)
from bot.ports.writing import BoardContents

BOARD = "board"  # what a board is called among the views, before its org
NAMED = 5
HERE = "\0"
"""Stands where the names come, until they are put there."""
"""Apps that a thread reply names for each kind of change."""


def board(
    words: Words, contents: BoardContents, zone: tzinfo = UTC, *, ways: bool = False
) -> Message:
    """Where the migration stands: bar, counts, what is most urgent, who holds it, how fresh.

    `ways`: with what operators can do about each.
    """
    page, counts, org = contents.page, contents.page.counts, contents.org
    name = words("board.name_of_org", org=org) if org else words("board.name")
    title = (
        words("board.title", name=name, count=page.open)
        if page.open
        else words("board.all_done", name=name)
    )
    blocks: list[Block] = [Heading(title), phrases.progress(words, counts)]
    blocks.append(Text(_date_line(words, contents)))
    # What is shown below is counted there, and what is done beside the bar.
    shown_states = {State.MIGRATED, *(app.state for app in page.shown)}
    named = [s for s in RANKS if s is not None and counts.get(s) and s not in shown_states]
    if named:
        counted = (
            words("board.counted", state=words(f"state.{state.value}"), count=counts[state])
            for state in named
        )
        blocks.append(Text(" · ".join(counted)))
    held = AppItems(page.requests, page.prospects, contents.now, contents.next_messages, zone)
    shown = app_items.groups(words, page.shown, held, counts, ways=ways)
    # A board of one org names it in its title.
    blocks += (_unnamed(group) for group in shown) if org else shown
    if page.open > len(page.shown):
        blocks.append(Note(words("reminder.more", count=page.open - len(page.shown))))
    scan_times = [scan.finished_at for scan in contents.scans.values() if scan.finished_at]
    if scan_times:
        blocks.append(Note(words.said("board.fresh", at=words.clock(min(scan_times), zone))))
    blocks.append(Note(words("board.about")))
    if page.open:
        blocks.append(Buttons((Command("apps", words("button.apps"), "apps"),)))
    return Message(title, tuple(blocks), private=False, view=f"{BOARD}:{org}")


def _date_line(words: Words, contents: BoardContents) -> str:
    date, left = words.date(contents.deadline.on), contents.working_days_left
    if contents.deadline.on == contents.today:
        return words("board.today", date=date)
    if left < 0:
        return words("board.overdue", date=date)
    if left == 0:
        return words("board.none_left", date=date)
    return words("board.until", date=date, count=left)


def _unnamed(group: Group) -> Group:
    return replace(group, items=tuple(replace(item, beside="") for item in group.items))


def moved(words: Words) -> Message:
    """What stays of a board that was posted anew."""
    text = words("board.moved")
    return Message(text, (Text(text),), private=False)


def closed(words: Words) -> Message:
    """What stays of a board that is kept no more."""
    text = words("board.closed")
    return Message(text, (Text(text),), private=False)


def nudge(
    words: Words,
    entries: Sequence[AuditEntry],
    apps: Mapping[AppRef, AppSummary],
    requests: Mapping[str, ConsentRequest],
) -> Message | None:
    """What changed, in a line for each kind, with who took what on; None when nothing did."""
    done, back, taken = [], [], []
    for entry in reversed(entries):
        app = apps.get(AppRef.parse(entry.subject))
        if app is None:
            continue
        if entry.action == Step.ACKNOWLEDGE:
            taken.append(app)
        elif app.state is State.MIGRATED:
            done.append(app)
        elif app.is_open and entry.detail.get("from") == State.MIGRATED.value:
            back.append(app)
    lines = [
        _news(words, key, list({app.ref: app for app in some}.values()), people)
        for key, some, people in (
            ("nudge.done", done, {}),
            ("nudge.back", back, {}),
            ("nudge.taken", taken, requests),
        )
        if some
    ]
    if not lines:
        return None
    return Message(plainly(lines[0]), tuple(Text(line) for line in lines), private=False)


def _news(
    words: Words, key: str, apps: Sequence[AppSummary], requests: Mapping[str, ConsentRequest]
) -> Said:
    """The apps of one kind of change; whoever took one on is told that they are spoken of."""
    named: list[Part] = []
    for app in apps[:NAMED]:
        request = requests.get(app.request_id)
        named.append(f"{words('phrase.comma') if named else ''}{app.app.label}")
        if request is not None:
            named += [" (", Mention(request.chat, request.admin_name), ")"]
    said = words(key, count=len(apps), names=HERE)
    if len(apps) > NAMED:
        said = said.replace(HERE, words("nudge.names", names=HERE))
    before, _, behind = said.partition(HERE)
    return (before, *named, behind)
