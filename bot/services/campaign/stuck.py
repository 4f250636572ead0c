"""What is stuck: nobody is left to ask for it, so an operator has to see to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.campaign.intents import Policy, Reason
from bot.domain.consent.requests import PASSED_ON, ConsentRequest
from bot.domain.summaries import AppSummary
from bot.ports.store.ledger import Ledger


@dataclass(frozen=True, slots=True)
class StuckApp:
    """One app that goes on for no one. `why` is a `Reason` or how its last request ended.

    `request` is that of whoever was asked last; `at` is since when (UTC).
    """

    app: AppSummary
    request: ConsentRequest
    why: str
    at: datetime


async def stuck_apps(ledger: Ledger, now: datetime, policy: Policy) -> tuple[StuckApp, ...]:
    """What is stuck, the newest last. Costs what that is, whatever else there is."""
    found: list[StuckApp] = []
    for app in await ledger.summaries_of(await ledger.still()):
        if not app.wants_consent:
            continue
        request = await ledger.request(app.request_id) if app.request_id else None
        if request is None or not request.stage.is_open:
            past = await ledger.requests_for(app.ref)
            if past and past[-1].stage in PASSED_ON and past[-1].changed_at is not None:
                last = past[-1]
                found.append(StuckApp(app, last, last.stage.value, last.changed_at or now))
        elif request.stuck is not None and not await _is_back(ledger, request, now, policy):
            found.append(StuckApp(app, request, request.stuck.why, request.stuck.at))
    return tuple(sorted(found, key=lambda one: (one.at, one.app.app.label)))


async def _is_back(ledger: Ledger, request: ConsentRequest, now: datetime, policy: Policy) -> bool:
    """Whether somebody whose absence could not be waited for is there again."""
    if request.stuck is None or request.stuck.why != Reason.AWAY:
        return False
    known = await ledger.recipient(request.chat)
    return known is None or not known.is_away(policy.calendars.of_person(known.chat).today(now))
