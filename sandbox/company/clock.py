"""The clock of a rehearsal: a file that says how many seconds the bot lives ahead of the time.

What the pretend platforms themselves check (signatures, tokens) keeps the real time, as the bot's
sign-ins do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

MORNING = time(9, 30)
FARTHEST = timedelta(days=3 * 366)


class AheadClock:
    """Jumps forward; there is no way back but to the present, since what was said was said.

    `zones` are those of the people whom it concerns, and `zone` is whose morning it went to last.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._file: Path | None = None
        self.zones = {"UTC"}
        self.zone = "UTC"
        self.ahead = timedelta()
        self.deadline: date | None = None

    def write_to(self, file: Path) -> None:
        """Begin at the present time, in a file that the bot reads."""
        self._file = file
        self.ahead, self.zone = timedelta(), "UTC"
        self._write()

    def now(self) -> datetime:
        """What the bot takes for now (UTC)."""
        return self._now() + self.ahead

    def jump(self, where: str) -> None:
        """To the next `morning` of anybody, or by half past nine UTC to the next `day`, the same
        day of the next `week`, or the `deadline`.

        Morning is half past nine, too, and comes to one zone after the other: whoever goes on by
        mornings sees what everybody gets in their working hours. Raises ValueError for another
        word, or when it would lead too far or back.
        """
        now = self.now()
        zone = "UTC"
        match where:
            case "morning":
                at, zone = min((_morning_after(now, zone), zone) for zone in self.zones)
            case "day":
                at = _morning_of(now.date() + timedelta(days=1))
            case "week":
                at = _morning_of(now.date() + timedelta(days=7))
            case "deadline" if self.deadline is not None:
                at = _morning_of(self.deadline)
            case other:
                raise ValueError(f"nobody knows how to jump to {other}")
        ahead = self.ahead + (at - now)
        if not self.ahead < ahead <= FARTHEST:
            raise ValueError("the clock goes forward only, and not for ever")
        self.ahead, self.zone = ahead, zone
        self._write()

    def _write(self) -> None:
        if self._file is not None:
            # In one step, so that the bot never reads half a number.
            fresh = self._file.with_suffix(".new")
            fresh.write_text(str(self.ahead.total_seconds()))
            fresh.replace(self._file)


def _morning_of(day: date, zone: str = "UTC") -> datetime:
    return datetime.combine(day, MORNING, ZoneInfo(zone)).astimezone(UTC)


def _morning_after(now: datetime, zone: str) -> datetime:
    today = now.astimezone(ZoneInfo(zone)).date()
    morning = _morning_of(today, zone)
    return morning if morning > now else _morning_of(today + timedelta(days=1), zone)
