"""What the pages say and read in several places: permissions, dates, where a request stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.chat.phrases import evidence_text, next_step
from bot.chat.words import Words
from bot.domain.consent.requests import Stage
from bot.domain.consent.snooze import zone_named
from bot.domain.evidence.verdict import State
from bot.services.consent.request_steps import Progress

# What Okta's application asks for (help.okta.com, "Provide Microsoft admin consent for Okta"); the
# last two may be taken back where Office 365 is used for single sign-on only, says the same page.
GRANTS = (
    ("User.ReadWrite.All", "page.grant_users"),
    ("Group.ReadWrite.All", "page.grant_groups"),
    ("GroupMember.ReadWrite.All", "page.grant_members"),
    ("Organization.Read.All", "page.grant_organization"),
    ("Application.Read.All", "page.grant_applications"),
    ("RoleManagement.ReadWrite.Directory", "page.grant_roles"),
    ("Directory.Read.All", "page.grant_directory"),
)
MOST_REASONS = 3
_YEARS = range(2000, 3000)


def later_wanted(form: Mapping[str, str]) -> datetime | None:
    """The date and time of a "later" form, without zone; None when they are none."""
    try:
        wanted = datetime.fromisoformat(f"{form['date']}T{form['time']}")
    except (KeyError, ValueError):
        return None
    return wanted if wanted.tzinfo is None and wanted.year in _YEARS else None


@dataclass(frozen=True, slots=True)
class LaterFields:
    """What stands in a "later" form, and the days that it takes, as its fields write them."""

    date: str
    time: str
    first: str
    last: str


def later_fields(days: tuple[date, date]) -> LaterFields:
    """The day after the first of these days, at nine."""
    first, last = days
    wanted = min(first + timedelta(days=1), last)
    return LaterFields(wanted.isoformat(), "09:00", first.isoformat(), last.isoformat())


@dataclass(frozen=True, slots=True)
class Status:
    """Where a request stands, in words: what was looked for, what is missing, when next."""

    done: bool = False
    polling: bool = False
    scanned_at: str = ""
    next_at: str = ""
    every: int = 0
    state: str = ""
    missing: str = ""
    because: tuple[str, ...] = ()


def status_of(words: Words, progress: Progress) -> Status:
    """Honest about what is not seen yet, and when o365bot looks again."""
    request, record = progress.request, progress.record
    zone = zone_named(request.chat.time_zone)
    polling = request.watch is not None or request.stage is Stage.SAVED
    if progress.done or not polling or record is None:
        return Status(progress.done, polling, every=progress.scan_minutes)
    assessment = record.assessed(progress.now)
    because = assessment.because[:MOST_REASONS]
    shown = assessment.state is not State.SAID_SAVED
    return Status(
        polling=True,
        scanned_at=words.moment(progress.scanned_at, zone) if progress.scanned_at else "",
        next_at=words.moment(progress.next_poll_at, zone) if progress.next_poll_at else "",
        every=progress.scan_minutes,
        # Nobody is told of their own word what "somebody says".
        state=words(f"state.{assessment.state.value}") if shown else "",
        missing=next_step(words, assessment) if shown else "",
        because=tuple(evidence_text(words, evidence) for evidence in because),
    )
