"""Who would be asked about an app, as last worked out; kept, so that a list can just show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import Platform
from bot.domain.people.choice import Choice, Nobody


@dataclass(frozen=True, slots=True)
class Prospect:
    """One app's answer to "whom would you ask". `at` is when that was looked at (UTC).

    Either `nobody` says why nobody can be asked, or the names say who would be: the Global
    Administrator on `platform`, and `partner_name`, the Okta admin beside them ("": not needed, or
    not known).
    """

    app: AppRef
    at: datetime
    nobody: Nobody | None = None
    admin_name: str = ""
    admin_upn: str = ""
    platform: Platform | None = None
    partner_name: str = ""

    def says_the_same_as(self, other: Prospect | None) -> bool:
        """True when nothing but the time of the look differs."""
        return other is not None and replace(other, at=self.at) == self


def prospect(ref: AppRef, choice: Choice, now: datetime) -> Prospect:
    """What a choice says, in short."""
    chosen, partner = choice.chosen, choice.partner
    if chosen is None or chosen.chat is None:
        return Prospect(ref, now, choice.nobody)
    return Prospect(
        ref,
        now,
        None,
        chosen.admin.display_name,
        chosen.admin.upn,
        chosen.chat.platform,
        partner.admin.display_name if partner else "",
    )
