"""What came of something that an operator asked for: one item of their digest."""

from __future__ import annotations

from bot.chat.words import Words
from bot.domain.inventory.apps import AppRef
from bot.domain.people.news import News, NewsKind
from bot.message import Command, Item
from bot.ports.store.ledger import Ledger


async def item(ledger: Ledger, words: Words, news: News) -> Item | None:
    """What happened, and what helps where something is to be done; None: it is over."""
    if news.happened is NewsKind.ONBOARDED:
        onboarding = await ledger.onboarding(news.subject)
        if onboarding is None:
            return None
        return Item(onboarding.domain, lines=(words("note.onboarded", tenant=onboarding.domain),))
    if news.happened is NewsKind.WAIVER_ENDS:
        return await _waiver_ends(ledger, words, AppRef.parse(news.subject))
    request = await ledger.request(news.subject)
    if request is None:
        return None
    said = words(f"note.{news.happened.value}", name=request.admin_name, app=request.app_label)
    lines = [said, words("note.code", code=request.code)]
    if request.suggestion:
        lines.insert(1, words("note.suggestion", says=request.suggestion))
    return Item(request.app_label, request.app.org, tuple(lines), _who(words, request.app))


async def _waiver_ends(ledger: Ledger, words: Words, ref: AppRef) -> Item | None:
    found = await ledger.summaries_of([ref])
    waiver = found[0].waiver if found and found[0].is_waived else None
    if waiver is None:
        return None
    label, date = found[0].app.label, words.date(waiver.until)
    lines = (
        words("note.waiver_ends", app=label, date=date),
        words("statements.until", date=date, by=waiver.by_name, why=waiver.why),
        words("waiver.ends_next", app=label),
    )
    return Item(label, ref.org, lines, _who(words, ref))


def _who(words: Words, ref: AppRef) -> Command:
    return Command(f"who:{ref}", words("button.who_short"), f"who {ref}")
