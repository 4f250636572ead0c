"""What the commands about the inventory are handed: opened by the wiring, closed after use."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.inventory.scan import Scan
from bot.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class InventoryContext:
    """The ledger and the scan of an installation; a running bot may share both."""

    ledger: Ledger
    scan: Scan
    clock: Clock
    language: str


OpenInventory = Callable[[Settings], AbstractAsyncContextManager[InventoryContext]]
