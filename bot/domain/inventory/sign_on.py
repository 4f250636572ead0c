"""How people sign on through an app: separate from its provisioning, with its own migration.

Okta moved WS-Federation to Microsoft Graph too, automatic and by PowerShell (support.okta.com,
"Update Office 365 single sign-on applications with automatic configuration to support Microsoft
Graph"). No API says whether that was done, so this is what is set up, and no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import Office365App

# `signOnMode` of an Office 365 app: Okta's API calls WS-Federation so, and signing in with a stored
# password the other (Okta Management API, Office365Application).
_FEDERATING, _BY_PASSWORD = "SAML_1_1", "BROWSER_PLUGIN"
# `wsFedConfigureType` in the app's settings, undocumented; any other value means by hand (unsure).
_AUTOMATIC = "AUTO"

_FEDERATED = frozenset({EvidenceKind.FEDERATED_WITH_OKTA, EvidenceKind.FEDERATED_ELSEWHERE})


class SignOn(StrEnum):
    """How Okta signs people on; words under `federation.<value>`."""

    AUTOMATIC = "automatic"  # WS-Federation that Okta sets up at Microsoft itself
    MANUAL = "manual"  # WS-Federation that somebody sets up with PowerShell
    NONE = "none"  # no federation by this app
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class KnownSignOn:
    """`federated`: whether Microsoft has the app's domain federated; None when it is not told."""

    how: SignOn
    federated: bool | None = None


def sign_on(app: Office365App, evidence: Iterable[Evidence]) -> KnownSignOn:
    """What is known of one app's sign-on. It never weighs in its provisioning."""
    kind = app.other.get("wsFedConfigureType")
    configured = kind.strip().upper() if isinstance(kind, str) else ""
    how = SignOn.UNTOLD
    if app.sign_on_mode == _BY_PASSWORD:
        how = SignOn.NONE
    elif app.sign_on_mode == _FEDERATING and configured:
        how = SignOn.AUTOMATIC if configured == _AUTOMATIC else SignOn.MANUAL
    return KnownSignOn(how, _at_microsoft(evidence))


def _at_microsoft(evidence: Iterable[Evidence]) -> bool | None:
    told = [
        (item.seen_at, item.kind in _FEDERATED or item.detail["signs_in"] == "federated")
        for item in evidence
        if item.kind in _FEDERATED
        or (item.kind is EvidenceKind.DOMAIN_IN_TENANT and item.detail.get("signs_in"))
    ]
    return max(told)[1] if told else None
