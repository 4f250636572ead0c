"""The dates that the migration runs against.

Deadlines are data with a source. The one that started it all is past; an app that was missed may
break at any time, so "overdue" is a normal state and no reason to shout.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Deadline:
    """A date somebody set. `source` is where it is written down."""

    key: str
    on: date
    source: str

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


def phones_retire(graph_host: str) -> bool:
    """True when the cloud of this Microsoft Graph host takes part in `SMS_RETIREMENT`."""
    return not graph_host.endswith(_SOVEREIGN)
