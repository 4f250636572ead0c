"""How kind the bot is, by measure: messages a person and days to done, beside other cadences.

The table and the picture of `docs/reminding.md` are made here, so whoever changes a default sees
what it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import mean
from zoneinfo import ZoneInfo

from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign
from bot.domain.time.calendar import Calendars
from tests.bench.cadences import RIVALS, START, Outcome, bot, rival
from tests.bench.crowd import ASSUMED, Tenant, tenants
from tests.figures import Figure, at_least, at_most, measures

DOCS = Path(__file__).parents[2] / "docs"
SIZES = (3, 6, 12)
"""Tenants, with three candidates each."""
DATES = (-20, 10, 30, 80)
"""Days from the beginning to the date; the first one is past."""
OURS = "o365bot"
Run = Callable[[tuple[Tenant, ...], datetime, date], Outcome]


@measures("kindness")
async def kindness(tiny: bool) -> list[Figure]:
    """Each cadence in every case; the docs are written anew where all of them were tried."""
    sizes = SIZES[:1] if tiny else SIZES
    policy = Policy(Campaign(), Calendars(ZoneInfo("UTC")))
    runs: dict[str, Run] = {OURS: lambda who, start, on: bot(who, start, on, policy)}
    runs |= {name: partial(rival, cadence=cadence) for name, cadence in RIVALS.items()}
    found = {name: [run(*case) for case in _cases(sizes)] for name, run in runs.items()}
    if not tiny:
        _write(found)
    ours = found[OURS]
    weeks = sorted(week for outcome in ours for week in outcome.worst_weeks)
    others = {name: outcomes for name, outcomes in found.items() if name != OURS}
    unbeaten = sum(
        not any(_beats(outcomes[n], ours[n]) for outcomes in others.values())
        for n in range(len(ours))
    )
    return [
        at_most("kindness: messages a person", _messages(ours), 4, ""),
        at_most("kindness: worst week, 95th percentile", weeks[len(weeks) * 95 // 100], 6, ""),
        at_most("kindness: out of hours", mean(one.closed for one in ours), 0, ""),
        at_least("kindness: done in time, share", mean(one.in_time for one in ours), 0.48, ""),
        at_least("kindness: cases in which nobody is better", unbeaten / len(ours), 34 / 36, ""),
    ]


def _cases(sizes: Sequence[int]) -> Iterator[tuple[tuple[Tenant, ...], datetime, date]]:
    for assumed in ASSUMED:
        for size in sizes:
            for days in DATES:
                on = START.date() + timedelta(days=days)
                yield tenants(assumed, size, START, 1), START, on


def _beats(other: Outcome, ours: Outcome) -> bool:
    """Better in one measure and no worse in the other."""
    no_worse = other.messages <= ours.messages and other.days <= ours.days
    return no_worse and (other.messages, other.days) != (ours.messages, ours.days)


def _messages(outcomes: Sequence[Outcome]) -> float:
    return mean(one.messages for one in outcomes)


def _days(outcomes: Sequence[Outcome]) -> float:
    return mean(one.days for one in outcomes)


def _write(found: Mapping[str, Sequence[Outcome]]) -> None:
    """The table into the page, and the picture beside it."""
    rows = ["| cadence | messages a person | days to done | in time | out of hours |"]
    rows.append("| --- | ---: | ---: | ---: | ---: |")
    for name, outcomes in found.items():
        in_time, closed = (mean(getattr(o, what) for o in outcomes) for what in _SHARES)
        figures = (
            f"{_messages(outcomes):.1f} | {_days(outcomes):.1f} | {in_time:.0%} | {closed:.0%}"
        )
        rows.append(f"| {name} | {figures} |")
    page = DOCS / "reminding.md"
    before, _, rest = page.read_text().partition(f"{_BEGINS}\n")
    after = rest.partition(_ENDS)[2]
    page.write_text(f"{before}{_BEGINS}\n\n" + "\n".join(rows) + f"\n\n{_ENDS}{after}")
    (DOCS / "images" / "reminding.svg").write_text(_picture(found))


_SHARES = ("in_time", "closed")
_BEGINS, _ENDS = "<!-- made: kindness -->", "<!-- end -->"


def _picture(found: Mapping[str, Sequence[Outcome]]) -> str:
    """Messages a person to the right, by tens, days to done upwards: near the corner is better."""
    points = []
    for name, outcomes in found.items():
        x = 60 + min(_messages(outcomes), 160) ** 0.5 * 45
        y = 360 - _days(outcomes) * 5
        colour = "#0a7d33" if name == OURS else "#555"
        points.append(
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="6" fill="{colour}"/>'
            f'<text x="{x + 10:.0f}" y="{y + 4:.0f}" fill="{colour}">{name}</text>'
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 400" font-family="sans-serif" '
        'font-size="13"><rect width="820" height="400" fill="#fff"/>'
        '<path d="M60 20V360H800" stroke="#999" fill="none"/>'
        '<text x="60" y="390" fill="#333">messages a person (square root), more to the right</text>'
        '<text x="16" y="200" fill="#333" transform="rotate(-90 16 200)">days to done</text>'
        + "".join(points)
        + "</svg>\n"
    )
