"""The campaign: the dates that the migration runs against, and how to remind as they come near.

Deadlines are data with a source. The one that started it all is past; an app that was missed may
break at any time, so "overdue" is a normal state and no reason to shout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from bot.domain.inventory.apps import AppRef


@dataclass(frozen=True, slots=True)
class Scope:
    """What a date is for: one app, the apps of one tenant (by id), of one org, or all of them."""

    org: str = ""
    tenant: str = ""
    app: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A date somebody set. `source` is where it is written down."""

    key: str
    on: date
    source: str
    scope: Scope = Scope()

    def days_left(self, today: date) -> int:
        """Calendar days until the date; negative once it is past."""
        return (self.on - today).days


OKTA_CONSENT = Deadline(
    "okta_consent",
    date(2024, 12, 31),
    "Okta support: Update Office 365 applications with Provisioning enabled to support "
    "Microsoft Graph",
)
# Microsoft's, for its public cloud only: the sovereign clouds take no part in it.
_SOVEREIGN = ("microsoft.us", "chinacloudapi.cn", "sovcloud.fr", "sovcloud.de", "sovcloud.sg")
SMS_RETIREMENT = Deadline(
    "sms_retirement",
    date(2027, 2, 1),
    "Microsoft Learn: Retirement of Microsoft-provided SMS and voice authentication",
)


def sms_retires(graph_host: str) -> bool:
    """True when the cloud of this Microsoft Graph host takes part in `SMS_RETIREMENT`."""
    return not graph_host.endswith(_SOVEREIGN)


_MFA = "Microsoft Learn: Planning for mandatory multifactor authentication for Azure and other "
_MFA += "admin portals"
BUILT_IN = (
    Deadline("mfa_phase_1", date(2024, 10, 15), "Microsoft 365 message center: MC862873"),
    OKTA_CONSENT,
    Deadline("mfa_phase_1_postponed", date(2025, 9, 30), _MFA),
    Deadline("mfa_phase_2", date(2025, 10, 1), _MFA),
    Deadline("mfa_admin_center", date(2026, 2, 9), "Microsoft 365 message center: MC1215070"),
    Deadline("mfa_phase_2_postponed", date(2026, 7, 1), _MFA),
    SMS_RETIREMENT,
)
"""The public dates, oldest first, as they really went; words under `deadline.<key>`."""


class WindowName(StrEnum):
    """How near a date is."""

    DISTANT = "distant"
    APPROACHING = "approaching"
    IMMINENT = "imminent"
    DUE = "due"
    OVERDUE = "overdue"


class Tone(StrEnum):
    """How something is said."""

    CALM = "calm"
    PLAIN = "plain"
    FIRM = "firm"


class Audience(StrEnum):
    """Who is told. Operators hear of whatever gets stuck, however near a date is."""

    PERSON = "person"
    CHANNEL = "channel"  # thread replies and reports; its board is there in any case
    OPERATOR = "operator"  # a digest of the apps whose date is that near


WHO_ACTS = frozenset({Audience.PERSON, Audience.CHANNEL})
EVERYBODY = frozenset(Audience)


@dataclass(frozen=True, slots=True)
class Window:
    """How to remind while a date is that near.

    It begins when at most `begins` working days are left (the first one holds from ever on) and
    tells a person, or an operator, every `every` working days.
    """

    name: WindowName
    begins: int
    every: int
    tone: Tone
    audience: frozenset[Audience] = WHO_ACTS


FOREVER = 1_000_000
WINDOWS = (
    Window(WindowName.DISTANT, FOREVER, 10, Tone.CALM),
    Window(WindowName.APPROACHING, 20, 5, Tone.CALM),
    # There a date can still be saved by whoever organises it; later the board is enough.
    Window(WindowName.IMMINENT, 5, 2, Tone.PLAIN, EVERYBODY),
    Window(WindowName.DUE, 0, 1, Tone.FIRM, EVERYBODY),
    Window(WindowName.OVERDUE, -1, 3, Tone.PLAIN),
)


@dataclass(frozen=True)
class Campaign:
    """The dates and the windows. `targets` are the organisation's own dates.

    Nobody is reminded before `start`. Without a target an app runs against Okta's date.
    """

    start: date | None = None
    targets: tuple[Deadline, ...] = ()
    windows: tuple[Window, ...] = WINDOWS

    @cached_property
    def _targets(self) -> tuple[tuple[str, Mapping[str, Deadline]], ...]:
        """Name of the part of the scope and its targets, the most specific first."""
        found: dict[str, dict[str, Deadline]] = {"app": {}, "tenant": {}, "org": {}, "": {}}
        for target in sorted(self.targets, key=lambda t: t.on):
            for part, ones in found.items():
                name: str = getattr(target.scope, part) if part else ""
                if name or not part:  # of two dates for the same, the earlier one
                    ones.setdefault(name, target)
                    break
        return tuple((part, ones) for part, ones in found.items() if ones)

    @property
    def apps(self) -> frozenset[str]:
        """Those that have a date of their own."""
        return frozenset(dict(self._targets).get("app", ()))

    @property
    def tenants(self) -> frozenset[str]:
        """The ids of those that have one."""
        return frozenset(dict(self._targets).get("tenant", ()))

    def deadline_for(self, ref: AppRef, tenant_id: str = "") -> Deadline:
        """The date an app runs against: its own, else its tenant's, its org's, the common one."""
        for part, ones in self._targets:
            match part:
                case "app":
                    target = ones.get(str(ref))
                case "tenant":
                    target = ones.get(tenant_id)
                case "org":
                    target = ones.get(ref.org)
                case _:
                    target = ones.get("")
            if target is not None:
                return target
        return OKTA_CONSENT

    def tells(self, whom: Audience, days_left: int) -> bool:
        """Whether they are told anything with so many working days left."""
        return whom in self.window(days_left).audience

    def window(self, days_left: int) -> Window:
        """The window that holds with so many working days left."""
        held = self.windows[0]
        for window in self.windows:
            if days_left <= window.begins:
                held = window
        return held
