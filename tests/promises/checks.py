"""The promises that are made to people who are reminded, worked out independently.

Nothing here asks the rules: hours are read from a clock on the wall, silence is counted from what
was sent and done. The first thing that was not kept ends a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.notices import Notice
from bot.domain.people.absences import LONGEST_ABSENCE
from tests.fake_ledger import FakeLedger
from tests.promises.asking import Asking
from tests.promises.company import DAY, Company, Human
from tests.promises.forgetting import Forgetting
from tests.promises.messages import Messages
from tests.promises.seen import Seen


class Checks:
    """Told of everything that happens; `found` is what was not kept."""

    def __init__(self, company: Company, ledger: FakeLedger) -> None:
        self._of, self._seen = company, Seen(company, ledger)
        self._messages, self._asking = Messages(self._seen), Asking(self._seen)
        self._forgetting = Forgetting(self._seen)
        self.found = self._seen.found

    @property
    def messages(self) -> int:
        """How many got through."""
        return self._messages.count

    def acted(self, human: Human, now: datetime) -> None:
        human.acted_at = now

    def away(self, human: Human, since: date | None, until: date, now: datetime) -> None:
        """They said so; of what began on the same day they said anew how long it goes on."""
        today = self._of.day(human.accounts[0], now)
        first, last = since or today, min(until, today + LONGEST_ABSENCE)
        for absence in self._of.absences(human, today):
            if absence[0] == first:
                human.away -= set(absence)
        human.away |= days(first, last)
        for absence in self._of.absences(human, today):
            human.away |= days(absence[0], absence[-1])  # with the weekend in it
        human.acted_at = now
        self._seen.away_since[human.name] = now

    def back(self, human: Human, now: datetime) -> None:
        """The present absence is over, or the only one to come called off."""
        today = self._of.day(human.accounts[0], now)
        absences = self._of.absences(human, today)
        human.acted_at = now
        if absences and (absences[0][0] == today or len(absences) == 1):
            human.away -= set(absences[0])
            self._seen.back_at[human.name] = now

    def sent(self, notice: Notice, text: str, now: datetime) -> None:
        """A message got through."""
        self._messages.sent(notice, text, now)

    def committed(self, changes: Changes, before: dict[str, ConsentRequest], now: datetime) -> None:
        """Requests were made or moved; `before` are those that there were, as they stood."""
        self._asking.committed(changes, before, now)

    def shared_out(self, fresh: Sequence[ConsentRequest], now: datetime) -> None:
        """After `send all`, which asked for these."""
        self._asking.shared_out(fresh, now)

    def looked(self, now: datetime) -> None:
        """After everything that was due."""
        held: dict[str, str] = {}
        for request in list(self._seen.ledger.all_requests.values()):
            if request.stage.is_open:
                if str(request.app) in held:
                    self._seen.finding(f"{now}: two people are asked for {request.app}")
                held[str(request.app)] = request.id
                self._forgetting.looked(request, now)
        self._asking.not_asked_again(now)


def days(first: date, last: date) -> set[date]:
    return {first + n * DAY for n in range((last - first).days + 1)}
