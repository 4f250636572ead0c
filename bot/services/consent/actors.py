"""Who acts on a request, and how that is known: by the link, by a session, or in chat.

    holds the link     before the proof: may say "not me" or "later", and begin to prove
    has a session      after the proof, in the browser that gave it: may do everything that the
                       proof, the person's role and the request's stage allow at that moment
    is in chat         the bound chat account: may put it off or pass it on, and say what they did
                       once the proof that the settings want was given. What is said in chat is
                       written down as that, whatever the proof was

Whoever is none of these learns nothing about the request, not even that it exists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from attrs import define

from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.links import check_link, link_digest
from bot.domain.consent.requests import TAKEN_ON, ConsentRequest, ProofKind
from bot.domain.consent.sign_in import SESSION_LIFETIME, Session
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.news import News, NewsKind
from bot.domain.people.still_admin import is_out
from bot.errors import NotYours, ProofTooWeak, RoleLost, SessionUnknown, TooManyTries
from bot.ports.clouds import Entra
from bot.ports.sign_in import SignIns
from bot.ports.store.ledger import Ledger
from bot.ports.store.limits import Limits
from bot.ports.system import Clock, Secrets
from bot.services.delivery.notify import with_news
from bot.services.unit_of_work import write

PRESSES = (20, timedelta(minutes=10))
"""Steps that one actor takes on one request in so much time: each is written down and told."""


@dataclass(frozen=True, slots=True)
class ByLink:
    """Somebody who holds the link that went to one person. `caller` is where they press from."""

    token: str = field(repr=False)
    caller: str = ""


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
class Acting:
    """An actor on a request: `by` is their name in the audit, `kind` how they are known."""

    request: ConsentRequest
    by: str
    kind: ProofKind


@define(kw_only=True, eq=False)
class Actors:
    """Finds the request of an actor; opens sessions, and ends them.

    `minimum` is the weakest proof that the settings accept now, whatever a session began with.
    """

    _ledger: Ledger
    _sign_ins: SignIns
    _entra: Entra | None
    _limits: Limits
    _clock: Clock
    _secrets: Secrets
    _minimum: ProofKind

    async def acting(self, actor: Actor) -> Acting:
        """`of`, for somebody who is about to do something: counted, and with the role.

        A session's role is read in Graph; in chat, where a word proves little and an answer should
        not wait for Graph, it is the one that was last read. An eligible administrator goes on: an
        activation is over sooner than a session. Raises TooManyTries, RoleLost, ProofTooWeak (in
        chat: it was taken on by less than the settings want now), and CloudError when Microsoft
        could not be asked, besides.
        """
        acting = await self.leaving(actor)
        request = acting.request
        if isinstance(actor, BySession) and self._entra is not None:
            tenant = await self._entra.find_tenant(request.tenant_id)
            lost = await self._entra.holding(tenant, request.admin_object_id) is None
        else:
            lost = isinstance(actor, ByChat) and await self.known_lost(request)
        if lost:
            await self.role_lost(acting)
            raise RoleLost("You're no longer a Global Administrator there.")
        proof = request.proof
        if isinstance(actor, ByChat) and proof and not proof.kind.reaches(self._minimum):
            raise ProofTooWeak("This takes a sign-in.", needed=self._minimum.value)
        return acting

    async def leaving(self, actor: Actor) -> Acting:
        """`of`, counted, for "not me": whoever lost the role may say so. Raises TooManyTries."""
        acting = await self.of(actor)
        if wait := await self._limits.hit(f"press:{acting.request.id}:{_source(actor)}", *PRESSES):
            raise TooManyTries(retry_after=wait)
        return acting

    async def review(self, org: str) -> None:
        """After a look at an org: end the sessions of whoever is no Global Administrator now."""
        for request in await self._ledger.open_requests(org):
            if request.stage in TAKEN_ON and await self.known_lost(request):
                await self._sign_ins.end_sessions(request.person)

    async def known_lost(self, request: ConsentRequest) -> bool:
        """Whether they can do it no more, by the last look at the tenant, of a day ago at most."""
        admins = await self._ledger.global_admins(request.tenant_id)
        gaps = await self._ledger.admin_gaps(request.tenant_id)
        return is_out(request.admin_object_id, admins, gaps)

    async def of(self, actor: Actor) -> Acting:
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
                return Acting(request, str(request.chat), ProofKind.PERSONAL_LINK)
            case BySession(secret, request_id):
                session = await self.session(secret)
                found = await self._ledger.request(request_id)
                if (
                    found is None
                    or request_id not in session.request_ids
                    or found.person != session.person
                ):
                    raise SessionUnknown("This browser has not proven who uses it.")
                return Acting(found, session.by, session.kind)
            case ByChat(account, code):
                found = await self._ledger.request_by_code(code)
                if found is None or not found.is_bound_to(account):
                    raise NotYours("You have no request with that code.")
                return Acting(found, str(found.chat), ProofKind.CHAT_ACCOUNT)

    async def session(self, secret: str) -> Session:
        """The session of a browser. Raises SessionUnknown."""
        found = await self._sign_ins.session(secret) if secret else None
        if (
            found is None
            or found.until <= self._clock.now()
            or not found.kind.reaches(self._minimum)
        ):
            raise SessionUnknown("This browser has not proven who uses it.")
        return found

    async def open(self, requests: tuple[ConsentRequest, ...], by: str, kind: ProofKind) -> str:
        """A new session for these requests of one person, in place of any former one of theirs.

        Returns the secret for the browser's cookie.
        """
        secret = self._secrets.token()
        until = self._clock.now() + SESSION_LIFETIME
        ids = tuple(request.id for request in requests)
        session = Session(ids, by, kind, until, requests[0].person)
        await self._sign_ins.open_session(secret, session)
        return secret

    async def close(self, secret: str) -> None:
        """Sign out. A browser without a session is as signed out as can be."""
        session = await self._sign_ins.session(secret) if secret else None
        if session is not None:
            await self._sign_ins.end_sessions(session.person)

    async def report(
        self, request: ConsentRequest, happened: NewsKind, by: str, detail: dict[str, str]
    ) -> None:
        """Write down that somebody tried who may not; the operator's next digest says so."""
        about = {"request": request.id, **detail}
        asker = (request.asker,) if request.asker is not None else ()

        async def decide() -> tuple[Changes, None]:
            now = self._clock.now()
            entry = AuditEntry(now, by, happened, str(request.app), about)
            changes, told = Changes(audit=(entry,)), [News(happened, request.id)]
            return await with_news(self._ledger, changes, asker, told, now), None

        await write(self._ledger, decide)

    async def role_lost(self, acting: Acting) -> None:
        """End the person's sessions, and tell the operator."""
        await self._sign_ins.end_sessions(acting.request.person)
        detail = {"tenant": acting.request.tenant_id, "proof": acting.kind.value}
        await self.report(acting.request, NewsKind.ROLE_GONE, acting.by, detail)


def _source(actor: Actor) -> str:
    """Whose presses are counted together: whoever holds a link uses up nobody else's."""
    return f"link:{actor.caller}" if isinstance(actor, ByLink) else "person"
