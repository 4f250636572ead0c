"""By when it has to be done."""

from __future__ import annotations

from datetime import date

from bot.chat.words import Words
from bot.domain.campaign.windows import OKTA_CONSENT, Campaign, Deadline
from bot.message import Heading, Message, Note, Text

SHOWN = 12


def told(words: Words, campaign: Campaign, today: date) -> Message:
    """The organisation's own dates, the soonest first; without any, Okta's."""
    targets = sorted(campaign.targets, key=lambda one: one.on)
    if not targets:
        text = words("dates.none", date=words.date(OKTA_CONSENT.on))
        return Message(text, (Text(text),))
    title = words("dates.title", date=_when(words, targets[0], today))
    lines = tuple(Text(_line(words, one, today)) for one in targets[:SHOWN])
    more = len(targets) - SHOWN
    notes = (Note(words("dates.more", count=more)),) if more > 0 else ()
    return Message(title, (Heading(title), *lines, *notes))


def _line(words: Words, target: Deadline, today: date) -> str:
    scope = target.scope
    name = scope.app or scope.tenant or scope.org
    key = "app" if scope.app else "tenant" if scope.tenant else "org" if name else "all"
    what = words(f"dates.for_{key}", name=name)
    when = _when(words, target, today)
    return words("dates.line", what=what, when=when, source=target.source)


def _when(words: Words, target: Deadline, today: date) -> str:
    left = target.days_left(today)
    day = words.date(target.on)
    if left < 0:
        return words("dates.past", date=day)
    if left == 0:
        return words("dates.today", date=day)
    return words("dates.ahead", date=day, left=words("time.days", count=left))
