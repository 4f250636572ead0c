"""What could not be read about a tenant's administrators, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import CloudError, CloudRefused


class Gap(StrEnum):
    """A kind of gap; words under `gap.<value>`."""

    NO_P2 = "no_p2"  # no Privileged Identity Management: nobody can be eligible
    NO_P1 = "no_p1"  # no report on authentication methods: MFA cannot be told
    PERMISSION = "permission"  # a permission is missing
    NOT_READ = "not_read"  # anything else


# Microsoft Graph's error codes of a tenant without the licence.
_LICENCES: Mapping[str, Gap] = {
    "AadPremiumLicenseRequired": Gap.NO_P2,
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant": Gap.NO_P1,
}


@dataclass(frozen=True, slots=True)
class AdminGap:
    """One call that gave nothing. `missing` names the permission that would help, if known.

    `says` is the error in the words of a log, `code` its code.
    """

    kind: Gap
    call: str
    says: str
    missing: str = ""
    code: str = ""


def admin_gap(error: CloudError) -> AdminGap:
    """The gap that an error leaves."""
    if not isinstance(error, CloudRefused):
        return AdminGap(Gap.NOT_READ, error.call, error.message, code=error.code)
    kind = _LICENCES.get(error.reason, Gap.PERMISSION if error.missing else Gap.NOT_READ)
    return AdminGap(kind, error.call, error.message, error.missing, error.code)
