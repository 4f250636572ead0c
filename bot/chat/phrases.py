"""Parts of messages that several replies share: states, ages, evidence, candidates in words."""

from __future__ import annotations

from datetime import datetime

from bot.chat.words import Words
from bot.domain.evidence import Assessment, Evidence, State
from bot.domain.inventory import AppRecord
from bot.domain.people import DISQUALIFYING, Candidate, Point
from bot.message import Cell, Progress, Tone

TONES = {
    State.NEEDS_CONSENT: Tone.ATTENTION,
    State.NEEDS_SAVE: Tone.WAITING,
    State.NEEDS_REVIEW: Tone.WAITING,
    State.UNREADABLE: Tone.ATTENTION,
    State.MIGRATED: Tone.GOOD,
    State.NOT_APPLICABLE: Tone.NEUTRAL,
}
# What is most pressing comes first.
URGENCY = {
    State.NEEDS_CONSENT: 0,
    State.NEEDS_SAVE: 1,
    State.NEEDS_REVIEW: 2,
    State.UNREADABLE: 3,
    State.MIGRATED: 4,
    State.NOT_APPLICABLE: 5,
}


def by_urgency(record: AppRecord) -> tuple[int, str, str]:
    """A sort key: the most pressing first, then by org and label."""
    return (URGENCY[record.state], record.app.ref.org, record.app.label.casefold())


def state_cell(words: Words, state: State) -> Cell:
    """A state in words, with its tone."""
    return Cell(words(f"state.{state.value}"), TONES[state])


def known_how(words: Words, assessment: Assessment, now: datetime) -> str:
    """How a state is known and how old that is: "a person said so, 2 hours ago"."""
    how = words(f"confidence.{assessment.confidence.value}")
    if assessment.as_of is None:
        return how
    return words("phrase.known", how=how, age=words.ago(assessment.as_of, now))


def evidence_text(words: Words, evidence: Evidence) -> str:
    """One piece of evidence as a sentence."""
    detail = {
        "account": "",
        "by": "",
        "missing": "",
        "says": "",
        "call": "",
        "name": "",
        "where": "",
    }
    detail.update(evidence.detail)
    key = f"evidence.{evidence.kind.value}"
    if evidence.detail.get("missing") and words.has(f"{key}_missing"):
        key = f"{key}_missing"
    elif (evidence.detail.get("account") or evidence.detail.get("by")) and words.has(f"{key}_of"):
        key = f"{key}_of"
        detail["who"] = evidence.detail.get("account") or evidence.detail["by"]
    return words(key, **detail)


def point_texts(words: Words, points: tuple[Point, ...]) -> str:
    """What speaks for, or against, somebody: what rules them out first."""
    ordered = sorted(points, key=lambda point: point not in DISQUALIFYING)
    return words("phrase.comma").join(words(f"point.{point.value}") for point in ordered)


def person(candidate: Candidate) -> str:
    """A candidate's name and account."""
    return f"{candidate.admin.display_name} ({candidate.admin.upn})"


def progress(words: Words, records: tuple[AppRecord, ...]) -> Progress:
    """How many of the apps that the migration is about are done."""
    concerned = [r for r in records if r.state is not State.NOT_APPLICABLE]
    done = sum(r.state is State.MIGRATED for r in concerned)
    return Progress(done, len(concerned), words("apps.progress", done=done, total=len(concerned)))
