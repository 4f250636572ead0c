"""Times as people type them: "2027-01-31 14:00", "tomorrow", "3 days"; "31.1.2027", "morgen"."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.likeness import likeness
from bot.domain.time.calendar import Calendar

_AT = re.compile(
    r"(?:(?:until|on|bis|am)\s+)?"
    r"(?:(?P<day>\d{4}-\d{2}-\d{2})|(?P<date>\d{1,2}\.\s?\d{1,2}\.\s?\d{4})"
    r"|(?P<word>today|tomorrow|heute|morgen|übermorgen)"
    r"|(?:in\s+)?(?P<count>\d{1,3})\s*"
    r"(?P<unit>hours?|h|days?|d|weeks?|w|stunden?|tage?n?|wochen?))"
    r"(?:[T\s]+(?:at\s+|um\s+)?(?P<time>\d{1,2}:\d{2})(?:\s+Uhr)?)?(?:\s+|$)",
    re.IGNORECASE,
)
_DAYS_AHEAD = {"today": 0, "heute": 0, "tomorrow": 1, "morgen": 1, "übermorgen": 2}


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
            count, unit = int(found["count"]), likeness(found["unit"])[0]
            if unit in "hs":
                return now + timedelta(hours=count), reason
            day = local.date() + timedelta(days=count * (7 if unit == "w" else 1))
        elif found["word"]:
            day = local.date() + timedelta(days=_DAYS_AHEAD[likeness(found["word"])])
        elif found["date"]:
            day = datetime.strptime(found["date"].replace(" ", ""), "%d.%m.%Y").date()
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
