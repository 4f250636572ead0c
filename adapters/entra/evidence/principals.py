"""A service principal as Microsoft Graph shows it (resource "servicePrincipal", v1.0)."""

from __future__ import annotations

from adapters.entra.directory.reading import Json, flag, text

FIELDS = (
    "id,appId,displayName,accountEnabled,isDisabled,disabledByMicrosoftStatus,verifiedPublisher"
)


def may_sign_in(principal: Json) -> bool | None:
    """False where anybody switched it off; None where that is not told.

    The tenant does so by `accountEnabled`, the application's owner by `isDisabled`, Microsoft by
    `disabledByMicrosoftStatus` ("Deactivate an app registration", Microsoft Entra).
    """
    by_microsoft = text(principal, "disabledByMicrosoftStatus") not in ("", "NotDisabled")
    if by_microsoft or flag(principal, "isDisabled"):
        return False
    return flag(principal, "accountEnabled")
