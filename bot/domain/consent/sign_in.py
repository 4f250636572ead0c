"""Signing in at Microsoft: what is under way, who came back, and what their browser may do then.

Nothing here holds a secret in clear except the two that the exchange of the code needs, and those
live for ten minutes. Whatever a browser holds is kept as SHA-256 (`consent.link_digest`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.consent.requests import MfaShown, ProofKind

ATTEMPT_LIFETIME = timedelta(minutes=10)
SESSION_LIFETIME = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in under way, kept under its `state` and taken out once.

    `subject` is the consent request's id, or the onboarding's. `link` is the digest of the link
    that it began with and `browser` the digest of the value that only that browser holds. `nonce`
    and `verifier` (PKCE) are what the answer is checked with.

    A pass, by which somebody goes on from chat, is kept alike: it has no `browser` yet, and what
    begins with one has no `link`.
    """

    subject: str
    tenant_id: str
    link: str
    browser: str
    nonce: str = field(default="", repr=False)
    verifier: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, from validated tokens.

    `tenant_id` and `object_id` (`tid`, `oid`) name the account and never change; nothing else in a
    token does (Microsoft Learn, "Secure applications and APIs by validating claims").
    """

    tenant_id: str
    object_id: str
    mfa: MfaShown = MfaShown.NOT_PROVEN

    @property
    def kind(self) -> ProofKind:
        """The proof that this sign-in is."""
        if self.mfa is MfaShown.NOT_PROVEN:
            return ProofKind.SIGNED_IN
        return ProofKind.SIGNED_IN_MFA

    def __str__(self) -> str:
        return f"entra:{self.object_id}"


@dataclass(frozen=True, slots=True)
class Session:
    """What a browser may go on with after the proof: these requests, as this person.

    `until` is UTC. Kept under the digest of a secret that the browser holds in a cookie. `person`
    is `ConsentRequest.person`; of one person there is one session, the newest.
    """

    request_ids: tuple[str, ...]
    by: str
    kind: ProofKind
    until: datetime
    person: str = ""
