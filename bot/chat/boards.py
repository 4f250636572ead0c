"""The board of a channel, and the thread replies under it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from bot.chat import phrases
from bot.chat.words import Words
from bot.domain.changes import AuditEntry
from bot.domain.evidence import State
from bot.domain.inventory import AppRecord
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
    now = standings.now
    open_ones = sorted(
        (r for r in standings.records if r.state(now).is_open), key=phrases.by_urgency(now)
    )
    org = standings.org
    name = words("board.name_of_org", org=org) if org else words("board.name")
    title = (
        words("board.title", name=name, count=len(open_ones))
        if open_ones
        else words("board.all_done", name=name)
    )
    blocks: list[Block] = [Heading(title), phrases.progress(words, standings.records, now)]
    blocks.append(Text(_date_line(words, standings)))
    counts = Counter(record.state(now) for record in standings.records)
    named = [state for state in phrases.URGENCY if counts[state]]
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


def _urgent(words: Words, records: Sequence[AppRecord], standings: Standings) -> Table:
    # A board of one org names it in its title.
    names = ("app", "state", "asked") if standings.org else ("app", "org", "state", "asked")
    return Table(
        tuple(words(f"column.{name}") for name in names),
        tuple(
            (
                Cell(record.app.label),
                *(() if standings.org else (Cell(record.app.ref.org),)),
                phrases.state_cell(words, record.state(standings.now)),
                _holder(words, record, standings),
            )
            for record in records
        ),
    )


def _holder(words: Words, record: AppRecord, standings: Standings) -> Cell:
    request = standings.requests.get(record.request_id)
    if request is None:
        return phrases.nobody_asked(words, record, standings.prospects, standings.now)
    stage = words(f"stage.{request.stage.value}")
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
    words: Words,
    entries: Sequence[AuditEntry],
    records: Mapping[str, AppRecord],
    now: datetime,
) -> Message | None:
    """What changed, in a line for each kind; None when nothing did."""
    done, back, taken = [], [], []
    for entry in reversed(entries):
        record = records.get(entry.subject)
        if record is None:
            continue
        label = record.app.label
        if entry.action == "acknowledge":
            taken.append(label)
        elif record.state(now) is State.MIGRATED:
            done.append(label)
        elif record.state(now).is_open and entry.detail.get("from") == State.MIGRATED.value:
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
