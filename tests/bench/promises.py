"""Random companies by the real rules: how many promises to people were not kept."""

from __future__ import annotations

import asyncio

from tests.figures import Figure, at_most, measures
from tests.promises.living import probe

CASES = 2000


@measures("promises")
async def promises(tiny: bool) -> list[Figure]:
    """Hours, budget, one message, whose turn it is, who is asked; see `tests.promises.checks`."""
    many = 4 if tiny else CASES
    found = await asyncio.to_thread(probe, range(100_000, 100_000 + many))
    return [at_most(f"promises: in {many} random companies, not kept", len(found), 0, "")]
