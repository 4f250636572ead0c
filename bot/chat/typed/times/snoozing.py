"""When somebody wants to be asked again: "frag mich am Montag nochmal", "snooze until Friday"."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.chat.typed.normalizing.spelling import pattern
from bot.chat.typed.times.moments import find_moment
from bot.domain.time.calendar import Calendar

_ASK_AGAIN = re.compile(
    pattern(
        r"(?:(?:(?:please|bitte|(?:can|could|would) you|kannst du)\s+)?(?:"
        r"(?:remind|ask|ping|tell)(?: me)?(?: again)?(?: about| of)?(?: it| this)?"
        r"|(?:erinner|frag|melde?)e?(?: mich| dich)?(?: bitte| wieder| nochmal| daran)*"
        r"(?: wegen| an)?"
        r"|snooze|mute|pause|stumm|mich|dich|later|später"
        r"|(?:geht )?erst|lieber|geht|bitte erst)\s+)+"
    ),
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?:\s+(?:again|wieder|nochmal|noch mal|wegen|about|of|an|bitte|please"
    r"|erinnern|fragen|melden|anpingen))+$",
    re.IGNORECASE,
)
_SOME_DAY, _SOMEWHERE = datetime(2026, 1, 5, 9, tzinfo=UTC), Calendar(ZoneInfo("UTC"))


def time_in(said: str) -> str:
    """The time in a wish to be asked again then, as it was said; "" where more was said, or none.

    Which moment that is depends on who says it and when: it is read by `moments`.
    """
    when = _BEHIND.sub("", _ASK_AGAIN.sub("", said, count=1)).strip()
    found = find_moment(when, _SOME_DAY, _SOMEWHERE) if when else None
    return when if found is not None and not found.rest else ""
