"""What the AADSTS codes mean ("Microsoft Entra authentication and authorization error codes")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.http.answers import Answer
from bot.errors import CloudError, CloudNotFound, CloudRefused

CALL = "POST /oauth2/v2.0/token"

_CODE = re.compile(r"AADSTS(\d+)")


@dataclass(frozen=True, slots=True)
class _Meaning:
    """`says` follows the tenant's name; `grant` is what the tenant lacks, if it is a consent."""

    says: str
    hint: str
    missing: str = ""


_NOT_GRANTED = _Meaning(
    "has not granted o365bot access",
    "Send a Global Administrator of that tenant the admin consent link of the app registration.",
    missing="admin consent",
)
_CERTIFICATE = _Meaning(
    "does not accept the certificate",
    "Upload the public part of entra.certificate to the app registration, or set the right one.",
)
_SECRET = _Meaning(
    "does not accept the client secret",
    "Set entra.client_secret to the secret's value (not its id); it may have expired.",
)
_DISABLED = _Meaning(
    "has switched o365bot off",
    "Enable sign-in for the enterprise application there, or ask why it was disabled.",
)
_POLICY = _Meaning(
    "blocks o365bot by Conditional Access",
    "Exclude the service principal, or let it sign in from a permitted place.",
)

MEANINGS: Mapping[str, _Meaning] = {
    "700016": _NOT_GRANTED,  # the application was not found in the directory
    "7000229": _NOT_GRANTED,  # its service principal is missing in the tenant
    "65001": _NOT_GRANTED,  # nobody consented to it
    "700027": _CERTIFICATE,  # the key of the assertion is not registered
    "700030": _CERTIFICATE,  # the certificate is invalid
    "7000214": _CERTIFICATE,
    "700024": _Meaning(
        "finds the assertion's time wrong", "Set this machine's clock: it is off by minutes."
    ),
    "7000215": _SECRET,  # invalid secret
    "7000222": _SECRET,  # expired secret
    "7000112": _DISABLED,
    "500014": _Meaning(
        "has switched Microsoft Graph off", "Enable its service principal in the tenant."
    ),
    "53003": _POLICY,
    "530035": _POLICY,
}
_NO_TENANT = frozenset({"90002", "900023"})


def code_of(answer: Answer) -> str:
    """The number of the AADSTS code; "" when there is none."""
    found = _CODE.search(answer.error_field("error_description"))
    return found.group(1) if found else ""


def is_unknown_tenant(answer: Answer) -> bool:
    """True when the answer says that there is no such tenant."""
    return answer.error_field("error") == "invalid_tenant" or code_of(answer) in _NO_TENANT


def explain_sign_in(answer: Answer, login_url: str) -> CloudError | None:
    """The error that a refusal of `login_url` means; None leaves it to the general rule.

    Microsoft's own description is left out: it holds ids of requests and of the application.
    """
    if answer.status not in (400, 401, 403):
        return None
    where, code = answer.where, code_of(answer)
    if is_unknown_tenant(answer):
        return CloudNotFound(f"Microsoft knows no tenant {where}.", where=where, call=CALL)
    meaning = MEANINGS.get(code)
    reason = f"AADSTS{code}" if code else answer.error_field("error")
    if meaning is None:
        return CloudRefused(
            f"{where} gives o365bot no token ({reason or answer.status}).",
            where=where,
            call=CALL,
            reason=reason,
            hint=f"Look it up: {login_url}/error?code={code}" if code else "",
        )
    return CloudRefused(
        f"{where} {meaning.says}.",
        where=where,
        call=CALL,
        missing=meaning.missing,
        reason=reason,
        hint=meaning.hint,
    )
