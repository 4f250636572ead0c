"""Queue again what the ledger has as due: the net under everything that may get lost on its way.

A crash may fall between a commit and its task, a worker may die with a lease, thousands may be
planned at once. Whatever is due is found here; what it costs follows from how much that is, not
from how much there is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger

BATCH = 25
HOLD = timedelta(minutes=1)
"""So long a delivery that was handed out is not handed out again. It may be: a claim decides."""


async def requeue(ledger: Ledger, engine: Engine, now: datetime) -> None:
    """Hand everything that is due at `now` to the engine, in batches."""
    while keys := await ledger.take_due(now, BATCH, HOLD):
        await engine.deliver_all(keys)
