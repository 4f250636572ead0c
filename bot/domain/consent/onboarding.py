"""Letting o365bot read one more tenant: a link to Microsoft's admin consent for the bot itself.

The link is handed to an operator, because nobody of a tenant that cannot be read is known. What it
leads to is worth nothing until a real call to Microsoft Graph works (Microsoft Learn, "Admin
consent on the Microsoft identity platform": never trust the `tenant` that comes back).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.consent.links import AFTER_USE
from bot.domain.people.admins import ChatIdentity
from bot.errors import StepNotAllowed


class Granting(StrEnum):
    """Where an onboarding stands."""

    ASKED = "asked"  # the link is out
    ANSWERED = "answered"  # somebody came back from Microsoft with a yes; not confirmed yet
    CONFIRMED = "confirmed"  # a real call to Microsoft Graph works
    DECLINED = "declined"  # Microsoft or the administrator said no; the link still works
    REPLACED = "replaced"  # a newer link took its place


GRANTING: Mapping[Granting, frozenset[Granting]] = {
    Granting.ASKED: frozenset(
        {Granting.ANSWERED, Granting.CONFIRMED, Granting.DECLINED, Granting.REPLACED}
    ),
    Granting.ANSWERED: frozenset({Granting.CONFIRMED, Granting.DECLINED, Granting.REPLACED}),
    Granting.DECLINED: frozenset({Granting.ANSWERED, Granting.CONFIRMED, Granting.REPLACED}),
    Granting.CONFIRMED: frozenset(),
    Granting.REPLACED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Onboarding:
    """One tenant asked to let the bot read. Times are UTC; `link` is the digest of its token.

    `changed_at` is when it came into its stage.
    """

    id: str
    tenant_id: str
    domain: str
    asker: ChatIdentity
    asked_at: datetime
    link: str
    expires_at: datetime
    stage: Granting = Granting.ASKED
    revision: int = 1
    changed_at: datetime | None = None

    def is_usable(self, now: datetime) -> bool:
        """True while its link still leads to Microsoft."""
        return bool(GRANTING[self.stage]) and now < self.expires_at

    def tells(self, now: datetime) -> bool:
        """True while its link, which was used, still says so."""
        given = self.stage is Granting.CONFIRMED and self.changed_at is not None
        return given and now < (self.changed_at or now) + AFTER_USE


def grant(onboarding: Onboarding, stage: Granting, now: datetime) -> Onboarding:
    """The onboarding in its next stage. Raises StepNotAllowed when there is no such step."""
    if stage not in GRANTING[onboarding.stage] and stage is not onboarding.stage:
        raise StepNotAllowed(
            f"An onboarding that is {onboarding.stage.value} cannot be {stage.value}."
        )
    return replace(onboarding, stage=stage, revision=onboarding.revision + 1, changed_at=now)
