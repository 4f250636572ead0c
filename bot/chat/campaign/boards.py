"""A channel's board, and the replies in its thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo

from bot.chat import phrases
from bot.chat.words import Words
from bot.domain.changes import AuditEntry
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.summaries import RANKS, AppSummary
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
from bot.ports.writing import Standings

MOST_URGENT = 8
NAMED = 5
"""Apps that a thread reply names for each kind of change."""


def board(words: Words, standings: Standings, zone: tzinfo = UTC) -> Message:
    """Where the migration stands: bar, counts, what is most urgent, who holds it, how fresh."""
    open_ones = [app for app in standings.apps if app.is_open]
    counts = Counter(app.state for app in standings.apps if not app.is_waived)
    org = standings.org
    name = words("board.name_of_org", org=org) if org else words("board.name")
    title = (
        words("board.title", name=name, count=len(open_ones))
        if open_ones
        else words("board.all_done", name=name)
    )
    blocks: list[Block] = [Heading(title), phrases.progress(words, counts)]
    blocks.append(Text(_date_line(words, standings)))
    named = [state for state in RANKS if state is not None and counts[state]]
    if named:
        blocks.append(
            Facts(tuple(Fact(words(f"state.{state.value}"), str(counts[state])) for state in named))
        )
    if open_ones:
        blocks.append(_urgent(words, open_ones[:MOST_URGENT], standings))
    if len(open_ones) > MOST_URGENT:
        blocks.append(Note(words("reminder.more", count=len(open_ones) - MOST_URGENT)))
    looks = [scan.finished_at for scan in standings.scans.values() if scan.finished_at]
    if looks:
        blocks.append(Note(words("board.fresh", at=words.moment(min(looks), zone))))
    blocks.append(Note(words("board.about")))
    if open_ones:
        blocks.append(Buttons((Command("apps", words("button.apps"), "apps"),)))
    return Message(title, tuple(blocks), private=False)


def _date_line(words: Words, standings: Standings) -> str:
    date, left = words.date(standings.deadline.on), standings.working_days_left
    if standings.deadline.on == standings.today:
        return words("board.today", date=date)
    if left < 0:
        return words("board.overdue", date=date)
    if left == 0:
        return words("board.none_left", date=date)
    return words("board.until", date=date, count=left)


def _urgent(words: Words, apps: Sequence[AppSummary], standings: Standings) -> Table:
    # A board of one org names it in its title.
    names = ("app", "state", "asked") if standings.org else ("app", "org", "state", "asked")
    return Table(
        tuple(words(f"column.{name}") for name in names),
        tuple(
            (
                Cell(app.app.label),
                *(() if standings.org else (Cell(app.ref.org),)),
                phrases.state_cell(words, app.state),
                _holder(words, app, standings),
            )
            for app in apps
        ),
    )


def _holder(words: Words, app: AppSummary, standings: Standings) -> Cell:
    request = standings.requests.get(app.request_id)
    if request is None:
        return phrases.nobody_asked(words, app, standings.prospects)
    stage = phrases.stage(words, request, standings.outlooks)
    return Cell(words("apps.asked", name=request.admin_name, stage=stage))


def moved(words: Words) -> Message:
    """What stays of a board that was posted anew."""
    text = words("board.moved")
    return Message(text, (Text(text),), private=False)


def closed(words: Words) -> Message:
    """What stays of a board that is kept no more."""
    text = words("board.closed")
    return Message(text, (Text(text),), private=False)


def nudge(
    words: Words, entries: Sequence[AuditEntry], apps: Mapping[AppRef, AppSummary]
) -> Message | None:
    """What changed, in a line for each kind; None when nothing did."""
    done, back, taken = [], [], []
    for entry in reversed(entries):
        app = apps.get(AppRef.parse(entry.subject))
        if app is None:
            continue
        label = app.app.label
        if entry.action == "acknowledge":
            taken.append(label)
        elif app.state is State.MIGRATED:
            done.append(label)
        elif app.is_open and entry.detail.get("from") == State.MIGRATED.value:
            back.append(label)
    lines = [
        words(key, count=len(names), names=_names(words, names))
        for key, names in (
            ("nudge.done", _once(done)),
            ("nudge.back", _once(back)),
            ("nudge.taken", _once(taken)),
        )
        if names
    ]
    if not lines:
        return None
    return Message(lines[0], tuple(Text(line) for line in lines), private=False)


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _names(words: Words, names: Sequence[str]) -> str:
    shown = words("phrase.comma").join(names[:NAMED])
    return shown if len(names) <= NAMED else words("nudge.names", names=shown)
