"""What the store keeps of one person beside the ledger's own records. May raise StoreError."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.changes import AuditEntry
from bot.domain.consent.requests import ConsentRequest
from bot.domain.people.admins import ChatIdentity
from bot.domain.pseudonyms import Somebody


@dataclass(frozen=True, slots=True)
class Known:
    """Where somebody is known: chat accounts, Entra object ids, and as sessions name them."""

    accounts: tuple[ChatIdentity, ...]
    object_ids: tuple[str, ...]
    people: tuple[str, ...]


class PersonalData(Protocol):
    """Finds and removes them."""

    async def rewrite(
        self, requests: Iterable[ConsentRequest], change: Callable[[ConsentRequest], ConsentRequest]
    ) -> int:
        """Write requests as they are changed, with nothing that follows; returns how many were."""
        ...

    async def deliveries(self, somebody: Somebody) -> Sequence[str]:
        """Keys of the deliveries to them, or about them, that the audit or the queue tells of."""
        ...

    async def remove(self, known: Known, deliveries: Sequence[str]) -> int:
        """Recipient, presence, conversation, sessions, schedule; and these deliveries."""
        ...

    async def forget_administrators(self, somebody: Somebody) -> int:
        """Prospects that name them, and the administrators as last read."""
        ...

    async def forget_in_audit(self, somebody: Somebody, entry: AuditEntry) -> Mapping[str, int]:
        """Whom their pseudonyms stand for; the chain stays. `entry` tells of it."""
        ...
