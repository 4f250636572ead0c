"""Who acts on a request, and how that is known: by the link, by a session, or in chat.

    holds the link     before the proof: may say "not me" or "later", and begin to prove
    has a session      after the proof, in the browser that gave it: may do everything
    is in chat         the bound chat account: may do what that account proves

Whoever is none of these learns nothing about the request, not even that it exists.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.consent import ConsentRequest, ProofKind, check_link, link_digest
from bot.domain.people import ChatIdentity
from bot.domain.sign_in import SESSION_LIFETIME, Session
from bot.errors import NotYours, SessionUnknown
from bot.ports.ledger import Ledger
from bot.ports.sign_in import SignIns
from bot.ports.system import Clock, Secrets


@dataclass(frozen=True, slots=True)
class ByLink:
    """Somebody who holds the link that went to one person."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BySession:
    """A browser that proved who uses it, on one of the requests it did so for."""

    secret: str = field(repr=False)
    request_id: str


@dataclass(frozen=True, slots=True)
class ByChat:
    """A chat account, on the request that shows `code`."""

    account: ChatIdentity
    code: str


Actor = ByLink | BySession | ByChat


@dataclass(frozen=True, slots=True)
class Visit:
    """An actor on a request: `by` is their name in the audit, `kind` how they are known."""

    request: ConsentRequest
    by: str
    kind: ProofKind


class Visits:
    """Finds the request of an actor, and opens sessions."""

    def __init__(
        self, *, ledger: Ledger, sign_ins: SignIns, clock: Clock, secrets: Secrets
    ) -> None:
        self._ledger = ledger
        self._sign_ins = sign_ins
        self._clock = clock
        self._secrets = secrets

    async def of(self, actor: Actor) -> Visit:
        """The actor on their request, read now.

        Raises LinkUnknown, LinkSpent, LinkExpired, LinkRevoked for a link; SessionUnknown for a
        session; NotYours in chat.
        """
        match actor:
            case ByLink(token):
                digest = link_digest(token)
                request = check_link(
                    await self._ledger.request_by_link(digest), digest, self._clock.now()
                )
                return Visit(request, str(request.chat), ProofKind.PERSONAL_LINK)
            case BySession(secret, request_id):
                session = await self.session(secret)
                found = await self._ledger.request(request_id)
                if request_id not in session.request_ids or found is None:
                    raise SessionUnknown("This browser has not proven who uses it.")
                return Visit(found, session.by, session.kind)
            case ByChat(account, code):
                found = await self._ledger.request_by_code(code)
                if found is None or not found.is_bound_to(account):
                    raise NotYours("You have no request with that code.")
                return Visit(found, str(found.chat), ProofKind.CHAT_ACCOUNT)

    async def session(self, secret: str) -> Session:
        """The session of a browser. Raises SessionUnknown."""
        found = await self._sign_ins.session(secret) if secret else None
        if found is None or found.until <= self._clock.now():
            raise SessionUnknown("This browser has not proven who uses it.")
        return found

    async def open(self, requests: tuple[ConsentRequest, ...], by: str, kind: ProofKind) -> str:
        """A new session for these requests; returns the secret for the browser's cookie."""
        secret = self._secrets.token()
        until = self._clock.now() + SESSION_LIFETIME
        ids = tuple(request.id for request in requests)
        await self._sign_ins.open_session(secret, Session(ids, by, kind, until))
        return secret
