"""The clock of a rehearsal: a file that says how many seconds the bot lives ahead of the time.

What the pretend platforms themselves check (signatures, tokens) keeps the real time, as the bot's
sign-ins do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

MORNING = time(9, 30)
FARTHEST = timedelta(days=3 * 366)


class AheadClock:
    """Jumps forward; there is no way back but to the present, since what was said was said."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._file: Path | None = None
        self.ahead = timedelta()
        self.deadline: date | None = None

    def write_to(self, file: Path) -> None:
        """Begin at the present time, in a file that the bot reads."""
        self._file = file
        self.ahead = timedelta()
        self._write()

    def now(self) -> datetime:
        """What the bot takes for now (UTC)."""
        return self._now() + self.ahead

    def jump(self, where: str) -> None:
        """To the `day` or the `week` after, or to the `deadline`, each at half past nine (UTC).

        Raises ValueError for another word, or when it would lead too far or back.
        """
        now = self.now()
        match where:
            case "day":
                day = now.date() + timedelta(days=1)
            case "week":
                day = now.date() + timedelta(days=7)
            case "deadline" if self.deadline is not None:
                day = self.deadline
            case other:
                raise ValueError(f"nobody knows how to jump to {other}")
        ahead = self.ahead + (datetime.combine(day, MORNING, now.tzinfo) - now)
        if not self.ahead < ahead <= FARTHEST:
            raise ValueError("the clock goes forward only, and not for ever")
        self.ahead = ahead
        self._write()

    def _write(self) -> None:
        if self._file is not None:
            # In one step, so that the bot never reads half a number.
            fresh = self._file.with_suffix(".new")
            fresh.write_text(str(self.ahead.total_seconds()))
            fresh.replace(self._file)
