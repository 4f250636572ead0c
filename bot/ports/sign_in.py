"""Signing people in at Microsoft, and what is kept of it while it lasts."""

from __future__ import annotations

from typing import Protocol

from bot.domain.consent.sign_in import Attempt, Session, SignedIn
from bot.domain.inventory.apps import Tenant


class SignIn(Protocol):
    """Signing people in at their own tenant's Microsoft endpoint (OpenID Connect, code + PKCE).

    Every address is built from the settings; nothing that came in decides where a browser is sent.
    """

    async def address(
        self, tenant_id: str, *, state: str, nonce: str, verifier: str, login_hint: str
    ) -> str:
        """Where to send the browser. The address carries the verifier's S256 challenge only."""
        ...

    async def redeem(self, tenant_id: str, *, code: str, nonce: str, verifier: str) -> SignedIn:
        """Who signed in, from tokens that were validated in full.

        Raises SignInRefused, TokenInvalid, CloudError (Microsoft could not be asked).
        """
        ...

    def consent_address(self, tenant: Tenant, *, state: str) -> str:
        """Where an administrator lets the bot itself read their tenant (admin consent).

        Raises CloudRefused for a tenant of another of Microsoft's clouds.
        """
        ...


class SignIns(Protocol):
    """Sign-ins under way, and the sessions that came of them (raise StoreError)."""

    async def begin(self, state: str, attempt: Attempt) -> None:
        """Keep an attempt for ATTEMPT_LIFETIME. `state` is stored as a digest."""
        ...

    async def take(self, state: str) -> Attempt | None:
        """Take an attempt out: of any number of callers, one gets it."""
        ...

    async def open_session(self, secret: str, session: Session) -> None:
        """Keep a session until its end, in place of the same person's former one.

        `secret` and the person are stored as digests.
        """
        ...

    async def session(self, secret: str) -> Session | None:
        """The session, while it is the newest of its person."""
        ...

    async def end_sessions(self, person: str) -> bool:
        """No session of theirs opens anything any more. False when there was none."""
        ...
