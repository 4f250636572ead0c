"""What keeps messages from getting through until somebody acts: a state with an owner, no retry.

An incident is about a place: a whole platform (`slack`: the token was revoked) or one channel
(`slack:C1`: it was archived). It is told to the operators once, stands in `/health` while it lasts,
and ends by itself with the first message that gets through. So does what is wrong with an Okta org
(`okta:contoso`), a Microsoft tenant (`entra:contoso`), a secret that soon ends
(`expires:entra.certificate`), work that waits too long (`engine`), the `webhook`, or what an
examination finds (`doctor:store/store_replicas`): told once, shown while it lasts, over when a look
goes through. `restored` is a backup restored where the former store is lost: over when an
operator says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import Alarm, Channel
from bot.domain.people.admins import ChatIdentity, Platform

_CHATS = frozenset(platform.value for platform in Platform)
LATE = timedelta(minutes=2)
"""By so much work may be late before it is told of; a dead worker's is taken over by then."""
SOON = timedelta(days=30)
"""So long before its end a secret is told of."""
GAP = "restored"
"""The place of the incident that nobody knows what was sent since a backup, of its `since`."""
PROBE_EVERY = timedelta(minutes=1)
"""How long a platform that refuses the installation is left alone before it is tried again."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something is wrong with `place` since then (UTC). `reason` is free of secrets."""

    place: str
    code: str
    reason: str
    since: datetime
    revision: int = 1

    @property
    def platform(self) -> str:
        return self.place.partition(":")[0]

    @property
    def is_of_chat(self) -> bool:
        """Whether it keeps messages from getting through; else it is about a cloud or a secret."""
        return self.platform in _CHATS

    @property
    def is_installation(self) -> bool:
        """Whether it is about the whole platform, so that everything for it is held."""
        return self.place == self.platform


def owners(incident: Incident, operators: Iterable[ChatIdentity]) -> tuple[ChatIdentity, ...]:
    """Who is told: the operators on that platform, or on the others when it is out itself.

    What is not about chat is told to all of them.
    """
    if not incident.is_of_chat:
        return tuple(operators)
    return tuple(
        o for o in operators if (o.platform == incident.platform) != incident.is_installation
    )


def alarms(
    about: str, code: str, now: datetime, to: Sequence[ChatIdentity], *, after: timedelta
) -> tuple[Delivery, ...]:
    """One message to each operator about this, at most once a day while it comes and goes."""
    return tuple(
        Delivery(Alarm(one, about, code, now.date().isoformat()), now + after, "alarm")
        for one in to
    )


def places_of(to: ChatIdentity | Channel) -> tuple[str, ...]:
    """What works when a message to them got through."""
    platform = to.platform.value
    return (platform, str(to)) if isinstance(to, Channel) else (platform,)
