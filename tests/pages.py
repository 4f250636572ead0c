"""A page of the list of apps as the ledger makes it, from records in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from bot.domain.consent.requests import ConsentRequest
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import EVERY_OPEN, AppSummary, By, Page, Wanted, by_urgency, summary_of


def page_of(
    records: Iterable[AppRecord],
    requests: Iterable[ConsentRequest] = (),
    prospects: Mapping[AppRef, Prospect] | None = None,
    *,
    number: int = 1,
    rows: int = 15,
    wanted: Wanted = EVERY_OPEN,
    summarize: Callable[[AppRecord], AppSummary] = summary_of,
) -> Page:
    """The page `number` of a part of these apps."""
    apps = sorted(map(summarize, records), key=by_urgency)
    apps = [app for app in apps if wanted.org in ("", app.ref.org)]
    listed = [app for app in apps if wanted.holds(app)]
    sizes: Counter[str] = Counter()
    if wanted.by is By.ORG:
        listed.sort(key=lambda app: app.ref.org)  # the urgent ones stay first
        sizes.update(app.ref.org for app in listed)
    pages = max(1, -(-len(listed) // rows))
    number = min(max(number, 1), pages)
    shown = tuple(listed[(number - 1) * rows : number * rows])
    open_ones = {request.id: request for request in requests if request.stage.is_open}
    kept = prospects or {}
    stuck = {ref for ref, one in kept.items() if one.nobody}
    return Page(
        number,
        pages,
        Counter(app.state for app in apps if not app.is_waived),
        shown,
        {app.request_id: open_ones[app.request_id] for app in shown if app.request_id in open_ones},
        {app.ref: kept[app.ref] for app in shown if app.ref in kept},
        sum(a.wants_consent and a.ref in stuck and a.request_id not in open_ones for a in apps),
        sum(app.is_waived for app in apps),
        sizes,
    )
