"""A change to the ledger: decided on what it holds, written in one step, handed to the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from bot.domain.changes import Changes
from bot.domain.delivery.deliveries import Delivery
from bot.errors import Conflict
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger

Result = TypeVar("Result")
NO_CHANGE = Changes()


async def write(
    ledger: Ledger,
    decide: Callable[[], Awaitable[tuple[Changes, Result]]],
    engine: Engine | None = None,
) -> Result:
    """Write what `decide` makes of what it reads, and return its result.

    It is asked again whenever somebody else was faster. What was planned is handed to the engine;
    without one the next tick finds it. Raises what `decide` raises, StoreError.
    """
    while True:
        changes, result = await decide()
        try:
            if changes is not NO_CHANGE:
                await ledger.commit(changes)
        except Conflict:
            continue
        if engine is not None:
            await enqueue(engine, changes.planned)
        return result


async def write_once(ledger: Ledger, changes: Changes, engine: Engine | None = None) -> bool:
    """Write these as they are; False when somebody else was faster, and then nothing is.

    What was planned is handed to the engine. Raises StoreError.
    """
    try:
        await ledger.commit(changes)
    except Conflict:
        return False
    if engine is not None:
        await enqueue(engine, changes.planned)
    return True


async def enqueue(engine: Engine, planned: Iterable[Delivery]) -> None:
    """Have these carried out at their time. Without it a tick finds them."""
    for delivery in planned:
        await engine.deliver(delivery.key, delivery.due_at)
