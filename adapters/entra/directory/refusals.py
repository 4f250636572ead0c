"""What Microsoft Graph's error objects mean, and which permission or licence would help."""

from __future__ import annotations

from adapters.entra.directory.calls import Call
from adapters.entra.directory.reading import Json, inner, text
from bot.domain.inventory.apps import Tenant
from bot.errors import CloudError, CloudNotFound, CloudRefused

# Where the tenant has no Entra ID P2, Privileged Identity Management answers with this code, and
# where it has no P1, so do the reports; the status is 400 or 403.
NO_PIM = "AadPremiumLicenseRequired"
NO_REPORTS = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"

_LICENCES = {NO_PIM: "Microsoft Entra ID P2", NO_REPORTS: "Microsoft Entra ID P1 or P2"}


def refusal(tenant: Tenant, call: Call, status: int, body: Json) -> CloudError:
    """The error that a 4xx answer to `call` means. `body` is the answer, {} when it is no JSON."""
    where, error = tenant.domain, inner(body, "error")
    code, message = text(error, "code"), text(error, "message")
    for known, licence in _LICENCES.items():
        if known in (code, message) or known in message.split():
            return CloudRefused(
                f"{where} has no licence for {call.name}.",
                where=where,
                call=call.name,
                reason=known,
                hint=f"It takes {licence}; without it, this cannot be told.",
            )
    if status == 404:
        return CloudNotFound(f"{where} does not know {call.name}.", where=where, call=call.name)
    if status == 403:
        return CloudRefused(
            f"{where} does not let o365bot read {call.name}.",
            where=where,
            call=call.name,
            missing=call.permission,
            reason=code,
            hint=f"Grant the application permission {call.permission} there, with admin consent.",
        )
    return CloudRefused(
        f"{where} refused {call.name} ({status}{f', {code}' if code else ''}).",
        where=where,
        call=call.name,
        reason=code,
    )
