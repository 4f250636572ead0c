"""Asks the product about simulated lives, as it would look at them, and counts what is not true."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.evidence.history import heard, registration_of
from bot.domain.evidence.rules import Evidence
from bot.domain.evidence.verdict import Confidence, State
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.scanning import AppReading, ScanPolicy, ScanReason, plan, scanned
from tests.lives.world import DAY, WATCHED_FROM, Life, make

SCANS = timedelta(hours=6)
ASKED = 3 * DAY
AFTER = 7 * DAY


@dataclass
class Counts:
    """Verdicts, one for each third day of each life.

    `false` of those that are called proven and are not so, of which `seen` could have been known:
    a look had shown it. `left` of the `working` ones are called open.
    """

    verdicts: int = 0
    proven: int = 0
    false: int = 0
    seen: int = 0
    working: int = 0
    left: int = 0
    working_proven: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    rows_held: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


def measure(lives: int, days: int, *, unsure: bool, first: int = 0, row: str = "") -> Counts:
    """The counts over so many lives; with `row`, of what befalls each, up to a week after it."""
    counts = Counts()
    for number in range(first, first + lives):
        _watch(make(number, days, unsure=unsure, row=row), days, counts, a_week_after=bool(row))
    return counts


def _watch(life: Life, days: int, counts: Counts, *, a_week_after: bool) -> None:
    watch = Watch(life)
    now = WATCHED_FROM + timedelta(minutes=life.number % 360)
    end, ask_at = now + days * DAY, now + ASKED
    was_judged = False
    while now < end:
        life.live_until(now)
        watch.scan(now)
        broken = life.broken_at
        if life.row and not was_judged and broken is not None and now - broken >= AFTER:
            was_judged = True
            verdict = watch.record.assessed(now)
            counts.rows[life.row] += 1
            counts.rows_held[life.row] += _is_proven(verdict.state, verdict.confidence)
            if a_week_after:
                return
        if now >= ask_at:
            ask_at += ASKED
            _ask(life, watch, now, counts)
        now += SCANS


def _is_proven(state: State, confidence: Confidence) -> bool:
    return state is State.MIGRATED and confidence is Confidence.PROVEN


def _ask(life: Life, watch: Watch, now: datetime, counts: Counts) -> None:
    verdict = watch.record.assessed(now)
    counts.verdicts += 1
    if life.works:
        counts.working += 1
        counts.left += verdict.state.is_open
        counts.working_proven += _is_proven(verdict.state, verdict.confidence)
    if _is_proven(verdict.state, verdict.confidence):
        counts.proven += 1
        if not life.works:
            counts.false += 1
            could = life.sign_at is not None and life.sign_at <= now
            counts.seen += could
            if len(counts.examples) < 5:
                counts.examples.append(f"life {life.number} at {now}, a sign: {life.sign_at}")


class Watch:
    """The product's side: scans as it does, from what it has."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.record = AppRecord(life.app)
        self.policy = ScanPolicy()
        self.log_read: datetime | None = None
        self.said = 0

    def scan(self, now: datetime) -> None:
        life, app = self.life, self.life.app
        is_new = self.record.revision == 0
        log = self._log(now)
        known = {} if is_new else {"0oa1": self.record}
        changed = frozenset({"0oa1"} if any(e.event_id and not e.failed_part for e in log) else ())
        occasion = ScanReason(now, changed=changed)
        known_as = registration_of((*self.record.evidence, *log))
        for todo in plan([app], known, {"0oa1": log} if log else {}, occasion, self.policy):
            seen = AppReading(
                (life.connection(now),) if todo.connection else None,
                log,
                life.microsoft(now, known_as) if todo.microsoft else None,
                life.tenant if todo.microsoft else None,
            )
            self.record = scanned(self.record, app, seen, now)
        for when, kind in life.words[self.said :]:
            word = Evidence(kind, when, when, {"by": "ada@contoso.com"})
            self.record = replace(self.record, evidence=heard(self.record.evidence, (word,)))
        self.said = len(life.words)

    def _log(self, now: datetime) -> tuple[Evidence, ...]:
        if not self.life.active:
            return ()
        log = self.life.logged(self.log_read or now - 90 * DAY, now)
        if not any(e.failed_part for e in log):
            self.log_read = now
        return log
