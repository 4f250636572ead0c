"""One person who is reminded: what they were told, and when they are away.

"Later" is kept with the request that it is about (`bot.domain.consent.snooze`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from bot.domain.people.absences import LONGEST_ABSENCE, Absence, still
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.news import News

KEPT_ROUNDS = 32
KEPT_NEWS = 64
_NEVER = datetime.min.replace(tzinfo=UTC)
LOST_FOR = timedelta(days=30)
"""An address is tried again after so long: a mailbox may have been made meanwhile."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What one person was told and what they answered. Times are UTC; `revision` counts changes.

    `rounds` are the latest personal messages, oldest first, `digests` what an operator was told of
    all apps. `answered_at` is when the person last did something about any of their apps: silence
    is counted from there. `absences` are in order and apart, `away_said_at` is when they spoke of
    them last. `lost_at` is when a mail to them came back. `news` waits for an
    operator's next digest, oldest first; `main` is the account of theirs on which they are told of
    all apps, "" for this one. `turn` is the key of the delivery to them that was begun last; a
    former release drops it, and until it is replaced two at the same instant may both be sent.
    """

    chat: ChatIdentity
    rounds: tuple[datetime, ...] = ()
    answered_at: datetime | None = None
    digests: tuple[datetime, ...] = ()
    revision: int = 0
    lost_at: datetime | None = None
    news: tuple[News, ...] = ()
    main: str = ""
    away_said_at: datetime | None = None
    turn: str = ""
    absences: tuple[Absence, ...] = ()

    def is_lost(self, now: datetime) -> bool:
        """True while nobody is written to at this address, since nobody was there."""
        return self.lost_at is not None and now - self.lost_at < LOST_FOR

    def is_away(self, day: date) -> bool:
        """Whether they said so of this local date."""
        return any(one.covers(day) for one in self.absences)

    def away_from(self, today: date) -> tuple[Absence, ...]:
        """What is not over on this local date, the next one first."""
        return still(self.absences, today)

    def back_on(self, today: date) -> date:
        """The first local date from `today` on on which they are there."""
        last = next((one.last for one in self.absences if one.covers(today)), None)
        return today if last is None else min(last, today + LONGEST_ABSENCE) + timedelta(days=1)

    def lost(self, at: datetime) -> Recipient:
        """After a mail to them came back."""
        return replace(self, lost_at=at, revision=self.revision + 1)

    def begun(self, delivery: str) -> Recipient:
        """Before a message to them is sent: whoever read the record as it was is too late."""
        return replace(self, turn=delivery, revision=self.revision + 1)

    def told(self, at: datetime) -> Recipient:
        """After a round at `at`."""
        kept = (*self.rounds, at)[-KEPT_ROUNDS:]
        return replace(self, rounds=kept, revision=self.revision + 1)

    def answered(self, at: datetime) -> Recipient:
        """After they did something about one of their apps, which is an answer for all of them."""
        return replace(self, answered_at=at, revision=self.revision + 1)

    def told_of_all(self, at: datetime, news: Iterable[News] = ()) -> Recipient:
        """After an operator's digest at `at`, which had these `news`."""
        kept, told = (*self.digests, at)[-KEPT_ROUNDS:], set(news)
        left = tuple(one for one in self.news if one not in told)
        return replace(self, digests=kept, news=left, revision=self.revision + 1)

    def told_nothing(self) -> Recipient:
        """After what was news for them is theirs to know no more."""
        return replace(self, news=(), revision=self.revision + 1)

    def hears(self, news: Iterable[News]) -> Recipient:
        """After something happened that can wait for their digest; the same again is no news."""
        kept = tuple(dict.fromkeys((*self.news, *news)))[-KEPT_NEWS:]
        return replace(self, news=kept, revision=self.revision + 1)

    def joined(self, others: Iterable[Recipient]) -> Recipient:
        """With what the same person was told and said on other accounts; itself where that is none.

        Their week, their silence and their absence are one, whichever account they are asked on.
        """
        found = [self, *others]
        rounds = sorted({at for one in found for at in one.rounds})[-KEPT_ROUNDS:]
        digests = sorted({at for one in found for at in one.digests})[-KEPT_ROUNDS:]
        answers = (one.answered_at for one in found)
        last = max(found, key=Recipient._spoke_of_absence_at)  # "back" ends an absence
        off = (one.chat.days_off for one in found)
        days_off = next((days for days in off if days is not None), None)
        joined = replace(
            self,
            chat=replace(self.chat, days_off=days_off),
            rounds=tuple(rounds),
            digests=tuple(digests),
            answered_at=max((at for at in answers if at is not None), default=None),
            absences=last.absences,
            away_said_at=last.away_said_at,
            news=tuple(dict.fromkeys(one for each in found for one in each.news)),
        )
        return self if joined == self else replace(joined, revision=self.revision + 1)

    def known_as(self, chat: ChatIdentity) -> Recipient:
        """After their platform said where they are and what they speak."""
        return replace(self, chat=chat, revision=self.revision + 1)

    def away(self, absences: tuple[Absence, ...], now: datetime) -> Recipient:
        """After they spoke of when they are away, which is then: in order and apart."""
        return replace(self.answered(now), absences=absences, away_said_at=now)

    def _spoke_of_absence_at(self) -> datetime:
        """For what another release wrote: their last answer, where it has an absence."""
        said = self.away_said_at or (self.answered_at if self.absences else None)
        return said or _NEVER

    def works_all_week(self) -> Recipient:
        """After what was said of a part-time week was taken back."""
        chat = replace(self.chat, days_off=None)
        return replace(self, chat=chat, revision=self.revision + 1)
