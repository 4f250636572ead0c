"""Parts of messages that several replies share: states, ages, evidence, candidates in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from bot.chat.words import Words
from bot.domain.campaign.planned_messages import NextMessage
from bot.domain.campaign.windows import SMS_RETIREMENT
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.consent.snooze import zone_named
from bot.domain.evidence.caveats import caveats
from bot.domain.evidence.rules import Evidence, Nature, Source
from bot.domain.evidence.verdict import Assessment, Confidence, State
from bot.domain.inventory.apps import AppRef
from bot.domain.people.absences import Absence
from bot.domain.people.admins import Platform
from bot.domain.people.choice import Nobody
from bot.domain.people.prospects import Prospect
from bot.domain.people.weighing import DISQUALIFYING, Candidate, Point
from bot.domain.summaries import AppSummary
from bot.errors import (
    AppUnreadable,
    AppWaived,
    CloudError,
    CloudRefused,
    O365BotError,
    SentElsewhere,
    TenantUnknown,
    WaiverTooLong,
)
from bot.form import Form
from bot.message import Cell, Message, Progress, Text, Tone

TONES = {
    State.NEEDS_CONSENT: Tone.ATTENTION,
    State.NEEDS_SAVE: Tone.WAITING,
    State.NEEDS_REVIEW: Tone.WAITING,
    State.UNREADABLE: Tone.ATTENTION,
    State.SAID_SAVED: Tone.WAITING,
    State.MIGRATED: Tone.GOOD,
    State.NOT_APPLICABLE: Tone.NEUTRAL,
}


_PARTS = {"log": Source.OKTA_LOG, "microsoft": Source.GRAPH_DIRECTORY}

NO_NEXT_MESSAGES: Mapping[str, NextMessage] = MappingProxyType({})
SAID = 60
"""Characters of what somebody said that an answer repeats."""


def quoted(said: str) -> str:
    """What somebody said, for an answer that repeats it: of much, the beginning."""
    return said if len(said) <= SAID else f"{said[: SAID - 1].rstrip()}…"


def absence(words: Words, what: str, said: Absence) -> str:
    """An absence in words: of one that has begun the end, of one to come its days."""
    if said.first is None:
        return words(f"away.{what}_until", date=words.date(said.last))
    if said.first == said.last:
        return words(f"away.{what}_day", date=words.date(said.last))
    return words(f"away.{what}_span", first=words.date(said.first), last=words.date(said.last))


def absences_beside(words: Words, said: Iterable[Absence]) -> str:
    """Several, in one sentence."""
    listed = words("phrase.comma").join(absence(words, "listed", one) for one in said)
    return words("away.beside", listed=listed)


def state_cell(words: Words, state: State) -> Cell:
    """A state in words, with its tone."""
    return Cell(words(f"state.{state.value}"), TONES[state])


def known_how(words: Words, verdict: Assessment | AppSummary, now: datetime) -> str:
    """How a state is known and how old that is: "a person said so, 2 hours ago"."""
    how = words(f"confidence.{verdict.confidence.value}")
    if verdict.as_of is None:
        return how
    return words("phrase.known", how=how, age=words.ago(verdict.as_of, now))


def next_step(words: Words, assessment: Assessment) -> str:
    """What is to be done next: by what is missing, where that is known, else by the state."""
    if assessment.state is State.MIGRATED and assessment.confidence is not Confidence.PROVEN:
        return words("next.migrated_likely")
    return words(f"next.{(assessment.lack or assessment.state).value}")


def evidence_text(words: Words, evidence: Evidence) -> str:
    """One piece of evidence as a sentence, with what makes it worth less than it looks."""
    detail = {
        "account": "",
        "by": "",
        "missing": "",
        "says": "",
        "call": "",
        "name": "",
        "host": "",
        "where": "",
        "was": "",
    }
    detail.update(evidence.detail)
    detail["says"] = failure_text(words, detail.get("reason", ""), detail["says"])
    key = f"evidence.{evidence.kind}"
    if not words.has(key):
        return words("evidence.unknown")
    if evidence.detail.get("missing") and words.has(f"{key}_missing"):
        key = f"{key}_missing"
    elif (evidence.detail.get("account") or evidence.detail.get("by")) and words.has(f"{key}_of"):
        key = f"{key}_of"
        detail["who"] = evidence.detail.get("account") or evidence.detail["by"]
    what = words(key, **detail)
    doubted = [words(f"caveat.{caveat.value}") for caveat in caveats(evidence)]
    if not doubted:
        return what
    return words("phrase.doubtful", what=what, caveats=words("phrase.comma").join(doubted))


def dated(words: Words, evidence: Evidence, now: datetime) -> str:
    """One piece of evidence as a sentence, with its age."""
    what = evidence_text(words, evidence).removesuffix(".")
    return words("phrase.dated", what=what, age=when(words, evidence, now))


def source(words: Words, evidence: Evidence) -> str:
    """Where it was read; of a read that failed, where it should have been."""
    part = _PARTS.get(evidence.failed_part, evidence.rule.source)
    return words(f"source.{part.value}")


def when(words: Words, evidence: Evidence, now: datetime) -> str:
    """When it happened; of what stands, when it was found last, and since when it is there."""
    if evidence.failed_part and evidence.first_seen is not None:
        return words("phrase.since", date=words.date(evidence.first_seen.date()))
    age = words.ago(evidence.last_true, now)
    if evidence.rule.nature is not Nature.FACT:
        return age
    if evidence.happened_at is None:
        return words("phrase.found", age=age)
    return words("phrase.found_since", age=age, date=words.date(evidence.happened_at.date()))


def stage(
    words: Words,
    request: ConsentRequest,
    next_messages: Mapping[str, NextMessage] = NO_NEXT_MESSAGES,
) -> str:
    """Where a request stands; of one that waits for its first message, when that goes out."""
    found = next_messages.get(request.id)
    if request.stage is Stage.REQUESTED and found is not None and found.at is not None:
        at = words.soon(found.at, zone_named(request.chat.time_zone))
        return words("stage.waiting", at=at)
    return words(f"stage.{request.stage.value}")


def failure_text(words: Words, code: str, says: str) -> str:
    """Why a read failed, by the error's code; `says` where that is not known."""
    key = f"failure.{code}"
    return words(key) if words.has(key) else says


def error_text(words: Words, error: O365BotError) -> str:
    """What went wrong, for people: by its code, never in the words of a log."""
    match error:
        case AppUnreadable(app=app):
            return words("error.app_unreadable", app=app)
        case SentElsewhere(platform=Platform.MAIL):
            return words("error.sent_by_mail")
        case SentElsewhere(platform=platform):
            return words("error.sent_elsewhere", reached=words(f"reached.{platform}"))
        case AppWaived(app=app, until=until):
            return words("error.app_waived", app=app, date=words.date(until))
        case WaiverTooLong(latest=latest):
            return words("error.waiver_too_long", date=words.date(latest))
        case TenantUnknown(domain=domain):
            return words("error.tenant_unknown", domain=domain)
        case CloudRefused(where=where, call=call, missing=missing) if missing:
            return words("error.cloud_refused_missing", where=where, call=call, missing=missing)
        case CloudError(where=where, call=call):
            key = f"error.{error.code}"
            return words(key if words.has(key) else "error.cloud_error", where=where, call=call)
    key = f"error.{error.code}"
    return words(key if words.has(key) else "error.other", code=error.code)


def point_texts(words: Words, points: tuple[Point, ...]) -> str:
    """What speaks for, or against, somebody: what rules them out first."""
    ordered = sorted(points, key=lambda point: point not in DISQUALIFYING)
    date = words.date(SMS_RETIREMENT.on)
    return words("phrase.comma").join(words(f"point.{point.value}", date=date) for point in ordered)


def person(candidate: Candidate) -> str:
    """A candidate's name and account."""
    return f"{candidate.admin.display_name} ({candidate.admin.upn})"


def count_unreachable(
    apps: Iterable[AppSummary],
    requests: Mapping[str, ConsentRequest],
    prospects: Mapping[AppRef, Prospect],
) -> int:
    """For how many of these apps somebody should be asked, nobody is, and nobody can be."""
    return sum(nobody(app, prospects) is not None for app in apps if app.request_id not in requests)


def nobody(app: AppSummary, prospects: Mapping[AppRef, Prospect]) -> Nobody | None:
    """Why nobody can be asked for an app that wants somebody; None when that is not so."""
    known = prospects.get(app.ref)
    return known.nobody if known is not None and app.wants_consent else None


def nobody_asked(words: Words, app: AppSummary, prospects: Mapping[AppRef, Prospect]) -> Cell:
    """That nobody is asked yet, or why nobody can be."""
    why = nobody(app, prospects)
    if why is None:
        return Cell(words("holder.nobody"))
    reason = words("holder.nobody_because", why=words(f"nobody.{why.value}"))
    return Cell(reason, Tone.ATTENTION)


def progress(words: Words, counts: Mapping[State, int]) -> Progress:
    """How many of the apps that the migration is about are done."""
    done = counts.get(State.MIGRATED, 0)
    total = done + sum(count for state, count in counts.items() if state.is_open)
    return Progress(done, total, words("apps.progress", done=done, total=total))


def plain(text: str, form: Form | None = None) -> Message:
    """A message that is one text, and a form where it asks for something."""
    return Message(text, (Text(text),), form=form)
