"""Simulated lives of apps: how often what is called proven is not so, and what is left open."""

from __future__ import annotations

import asyncio

from tests.figures import Figure, at_least, at_most, measures
from tests.lives.measure import Counts, measure
from tests.lives.world import BREAKS

LIVES, DAYS, OF_EACH_ROW = 600, 400, 25


@measures("lives")
async def lives(tiny: bool) -> list[Figure]:
    """Where the facts hold as documented, where the unsure ones may hold or not, and row by row."""
    many, days, each = (4, 60, 1) if tiny else (LIVES, DAYS, OF_EACH_ROW)
    figures: list[Figure] = []
    for unsure in (False, True):
        name = "unsure facts" if unsure else "documented facts"
        counts = await asyncio.to_thread(measure, many, days, unsure=unsure)
        figures += _figures(name, counts, 0.5 if unsure else 0.1)
    for row in BREAKS:
        counts = await asyncio.to_thread(measure, each, max(days, 150), unsure=False, row=row)
        held = _share(counts.rows_held[row], counts.rows[row])
        figures.append(at_most(f"lives: {row}, still proven a week later", held, 5, "%"))
    return figures


def _figures(name: str, counts: Counts, bound: float) -> list[Figure]:
    shown = f"lives, {name}: of {counts.proven} proven"
    return [
        at_most(f"{shown}, false though it was seen", counts.seen, 0, "verdicts"),
        at_most(f"{shown}, false at all", _share(counts.false, counts.proven), bound, "%"),
        at_most(
            f"lives, {name}: of {counts.working} that work, left open",
            _share(counts.left, counts.working),
            10,
            "%",
        ),
        at_least(
            f"lives, {name}: of those, proven",
            _share(counts.working_proven, counts.working),
            0 if counts.verdicts < 1000 else 20,
            "%",
        ),
    ]


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
