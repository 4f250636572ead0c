"""Times as people type them: "2027-01-31 14:00", "tomorrow", "3 days"."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.calendar import Calendar

_AT = re.compile(
    r"(?:(?P<day>\d{4}-\d{2}-\d{2})|(?P<word>today|tomorrow)"
    r"|(?:in\s+)?(?P<count>\d{1,3})\s*(?P<unit>hours?|h|days?|d|weeks?|w))"
    r"(?:[T\s]+(?:at\s+)?(?P<time>\d{1,2}:\d{2}))?(?:\s+|$)",
    re.IGNORECASE,
)


def read_moment(words: str, now: datetime, calendar: Calendar) -> tuple[datetime, str] | None:
    """The moment (UTC) that `words` begin with, by the person's clock, and what stands behind it.

    A day without a time is its opening. None when there is no moment.
    """
    found = _AT.match(words.strip())
    if found is None:
        return None
    reason = words.strip()[found.end() :].strip()
    local = now.astimezone(calendar.zone)
    try:
        if found["count"]:
            count, unit = int(found["count"]), found["unit"][0].lower()
            if unit == "h":
                return now + timedelta(hours=count), reason
            day = local.date() + timedelta(days=count * (7 if unit == "w" else 1))
        elif found["word"]:
            day = local.date() + timedelta(days=found["word"].lower() == "tomorrow")
        else:
            day = date.fromisoformat(found["day"])
        at = time.fromisoformat(found["time"].zfill(5)) if found["time"] else None
        opening = calendar.opening(day)
        if at is None and opening is not None:
            return opening[0], reason
        wanted = datetime.combine(day, at or calendar.hours.start, calendar.zone)
        return wanted.astimezone(UTC), reason
    except (ValueError, OverflowError):
        return None  # such as the 31st of February


def read_day(words: str) -> date | None:
    """The date that `words` are, or None."""
    try:
        return date.fromisoformat(words.strip())
    except ValueError:
        return None
