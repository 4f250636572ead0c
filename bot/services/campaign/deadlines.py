"""The dates that apps run against, by how many of which org are open.

Apps are read where they may have a date of their own: those that the settings name, and all of an
org of which some are of a tenant that is named there.
"""

from __future__ import annotations

from collections import Counter

from bot.domain.campaign.channels.report import dates_of
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.inventory.apps import AppRef
from bot.domain.summaries import AppSummary, Counts
from bot.ports.store.ledger import Ledger


async def deadlines(
    ledger: Ledger, campaign: Campaign, counts: Counts, org: str = ""
) -> tuple[Deadline, ...]:
    """Those of one org or of all (""): of what is open, while there is any; the earliest first."""
    rest = {name: Counter(states) for name, states in counts.items() if org in ("", name)}
    apart: list[AppSummary] = []
    if campaign.tenants:
        for name, tenants in (await ledger.tenants()).items():
            if name in rest and not campaign.tenants.isdisjoint(tenants):
                del rest[name]
                apart += await ledger.summaries(name)
    named = [AppRef.parse(app) for app in campaign.apps]
    if named := [ref for ref in named if ref.org in rest]:
        some = await ledger.summaries_of(named)
        apart += some
        for app in some:
            rest[app.ref.org] -= Counter([None if app.is_waived else app.state])
    return dates_of(campaign, apart, rest)


async def open_deadlines(
    ledger: Ledger, campaign: Campaign, counts: Counts, org: str = ""
) -> tuple[Deadline, ...]:
    """The same of what is open alone."""
    of_org = (states for name, states in counts.items() if org in ("", name))
    if not any(state is not None and state.is_open for states in of_org for state in states):
        return ()
    return await deadlines(ledger, campaign, counts, org)
