"""Notice what keeps messages from getting through, tell its owners once, and notice its end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.delivery.incidents import Incident, alarms, owners
from bot.domain.people.admins import ChatIdentity
from bot.errors import ChatError
from bot.ports.store.ledger import Ledger

log = structlog.get_logger(__name__)


class Incidents:
    """What to write of a place that is in trouble: whoever met it commits it with the rest."""

    def __init__(self, ledger: Ledger, operators: tuple[ChatIdentity, ...] = ()) -> None:
        self._ledger = ledger
        self._operators = operators
        self._logged: set[str] = set()  # by this replica

    async def met(self, place: str, error: ChatError, now: datetime) -> Changes:
        """The incident, and the alarms to plan with it; nothing to write when it is known."""
        if place in await self._ledger.incidents():
            return Changes()
        incident = Incident(place, error.code, str(error), now)
        self._logged.add(place)
        log.error(
            "messages are not getting through", place=place, code=error.code, reason=str(error)
        )
        told = alarms(place, error.code, now, owners(incident, self._operators), after=timedelta())
        begun = AuditEntry(now, "o365bot", Action.INCIDENT, place, {"code": error.code})
        return Changes(incidents=(incident,), planned=told, audit=(begun,))

    async def keep_only(self, places: Collection[str]) -> None:
        """End the others: nothing is sent any more that could end them."""
        known = (await self._ledger.incidents()).values()
        gone = tuple(one.place for one in known if one.is_of_chat and one.place not in places)
        if gone:
            self._logged.difference_update(gone)
            await self._ledger.commit(Changes(solved=gone))

    def over(self, places: tuple[str, ...]) -> None:
        """A message got through; its sender wrote these places as `solved`."""
        for place in self._logged.intersection(places):
            self._logged.discard(place)
            log.info("messages are getting through again", place=place)
