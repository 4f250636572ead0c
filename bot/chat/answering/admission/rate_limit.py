"""How much one account may say: each answer costs reads, and some cost writes."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.people.admins import ChatIdentity
from bot.errors import StoreError
from bot.ports.store.limits import Limits

SAID = (100, timedelta(minutes=10))
"""Over all replicas: far more than anybody types or presses."""


async def must_wait(limits: Limits, asker: ChatIdentity) -> float:
    """Count what an account says: 0 while it is answered.

    Else seconds to wait, to be told once; below 0 when that was told. Without the store everybody
    is answered: whatever needs it says so itself.
    """
    try:
        wait = await limits.hit(f"said:{asker}", *SAID)
        if wait and await limits.hit(f"told:{asker}", 1, SAID[1]):
            return -wait
    except StoreError:
        return 0.0
    return wait
