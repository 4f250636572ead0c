"""Prove who acts, and spend the link: at Microsoft, or in chat where no sign-in is configured.

    begin    the page's button: leads to Microsoft, or into chat, or (weakest) on at once
    finish   Microsoft's answer: validated, compared, the role read anew, then one compare-and-set
    confirm  "It's me" pressed in chat by the bound account: gives a pass
    enter    the pass, in one browser: leads to Microsoft, or on where the chat account is enough

A link is spent in `finish` or `confirm` only (in `begin` where the settings accept the link itself
as proof). Whatever goes wrong before spends nothing. A spent link begins nothing more: whoever
comes back does so from chat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from attrs import define

from bot.domain.consent.links import check_link, check_return, link_digest, masked
from bot.domain.consent.requests import TAKEN_ON, ConsentRequest, ProofKind
from bot.domain.consent.sign_in import Attempt, SignedIn
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity, Holding
from bot.domain.people.news import NewsKind
from bot.errors import (
    LinkSpent,
    LinkUnknown,
    ProofTooWeak,
    RoleLost,
    SignInUnknown,
    TooManyTries,
)
from bot.ports.clouds import Entra
from bot.ports.sign_in import SignIns
from bot.ports.store.ledger import Ledger
from bot.ports.store.limits import Limits
from bot.ports.system import Clock, Secrets
from bot.services.consent.acknowledge import Acknowledge, TakenOn
from bot.services.consent.actors import Actors, ByChat
from bot.services.consent.signing_in import GoToMicrosoft, SigningIn
from bot.services.people.worklists import is_there


@dataclass(frozen=True, slots=True)
class PressInChat:
    """Nothing happens here: the person presses "It's me" in the chat message of `request`."""

    request: ConsentRequest


@dataclass(frozen=True, slots=True)
class Proven:
    """It is in the person's hands: lead on with `request`.

    `session` goes into a cookie (HttpOnly, Secure, SameSite=Lax, SESSION_LIFETIME); with it and a
    request's id every verb of `Follow` works. `others` are the same person's other requests that
    this proof took on as well. `again`: it had been taken on before, nothing changed.
    """

    request: ConsentRequest
    session: str = field(repr=False)
    others: tuple[ConsentRequest, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The chat account pressed: `way_on` is the token of its pass, for that account's eyes only."""

    request: ConsentRequest
    way_on: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrongAccount:
    """Another account signed in. `expected` is masked (`g…@contoso.com`); nothing was spent."""

    expected: str


@dataclass(frozen=True, slots=True)
class ActivateFirst:
    """The right person, whose role must be activated first (Privileged Identity Management)."""

    tenant_domain: str


@dataclass(frozen=True, slots=True)
class RoleGone:
    """The right person, who is no Global Administrator any more."""

    tenant_domain: str


@dataclass(frozen=True, slots=True)
class MfaNotShown:
    """The right person, but the settings want MFA proven and this sign-in did not show it."""


Begun = GoToMicrosoft | PressInChat | Proven
Outcome = Proven | WrongAccount | ActivateFirst | RoleGone | MfaNotShown


# Per link and address: whoever holds a link, too, must not lock its owner out.
BEGUN_PER_LINK = (20, timedelta(hours=1))
_PASS = "pass."  # apart from the states, which Microsoft hears


@define(kw_only=True, eq=False)
class Prove:
    """`minimum` is the weakest proof that counts; `signing_in` None: not configured."""

    _acknowledge: Acknowledge
    _actors: Actors
    _ledger: Ledger
    _signing_in: SigningIn | None
    _sign_ins: SignIns
    _entra: Entra | None
    _limits: Limits
    _clock: Clock
    _secrets: Secrets
    _minimum: ProofKind

    async def begin(self, token: str, *, browser: str = "", caller: str = "") -> Begun:
        """The button on the page of a link that is not spent.

        `browser` is what the cookie holds by now, `caller` the network that it is pressed from.
        Raises LinkUnknown, LinkExpired, LinkRevoked, LinkSpent, TooManyTries, CloudError,
        StoreError.
        """
        digest = link_digest(token)
        request = await self._unspent(digest, self._clock.now())
        if wait := await self._limits.hit(f"begin:link:{digest}:{caller}", *BEGUN_PER_LINK):
            raise TooManyTries(retry_after=wait)
        if self._minimum is ProofKind.PERSONAL_LINK:
            return await self._by_link(digest, request)
        if self._signing_in is None:
            return PressInChat(request)
        return await self._signing_in.begin(
            request.id, request.tenant_id, browser, link=digest, hint=request.admin_upn
        )

    async def enter(self, way_on: str, *, browser: str = "") -> Begun:
        """A pass, taken out by the first browser that comes with it.

        Raises LinkUnknown (there is none, or it was used), LinkSpent, CloudError, StoreError.
        """
        given = await self._sign_ins.take(_PASS + way_on)
        request = await self._ledger.request(given.subject) if given else None
        if request is None:
            raise LinkUnknown("There is no such pass.")
        if request.stage not in TAKEN_ON:
            raise LinkSpent("It is over.")
        if self._signing_in is not None and not ProofKind.CHAT_ACCOUNT.reaches(self._minimum):
            return await self._signing_in.begin(
                request.id, request.tenant_id, browser, hint=request.admin_upn
            )
        by, kind = str(request.chat), ProofKind.CHAT_ACCOUNT
        return await self._proven(TakenOn(request, again=True), by, kind)

    async def finish(
        self, *, state: str, browser: str, code: str = "", error: str = "", reason: str = ""
    ) -> Outcome:
        """Microsoft's answer at the redirect address. `reason` is its `error_description`.

        Raises SignInUnknown, SignInDeclined, SignInRefused, TokenInvalid, LinkSpent, LinkExpired,
        LinkRevoked; CloudError when Microsoft or Graph could not be asked: nothing
        was spent, the person may try again from the link.
        """
        if self._signing_in is None or self._entra is None:
            raise SignInUnknown("This answer belongs to no sign-in.")
        attempt, who = await self._signing_in.finish(state, browser, code, error, reason)
        request = await self._begun(attempt, self._clock.now())
        expected = (exact(request.tenant_id), exact(request.admin_object_id))
        if (exact(who.tenant_id), exact(who.object_id)) != expected:
            await self._report(request, NewsKind.WRONG_ACCOUNT, who)
            return WrongAccount(masked(request.admin_upn))
        tenant = await self._entra.find_tenant(request.tenant_id)
        holding = await self._entra.holding(tenant, who.object_id)
        if holding is None:
            await self._sign_ins.end_sessions(request.person)
            await self._report(request, NewsKind.ROLE_GONE, who)
            return RoleGone(request.tenant_domain)
        await is_there(self._ledger, request.chat, self._clock)
        if holding is not Holding.ACTIVE:
            return ActivateFirst(request.tenant_domain)
        if not who.kind.reaches(self._minimum):
            return MfaNotShown()
        taken = await self._acknowledge.take_on(
            lambda now: self._begun(attempt, now), who.kind, str(who), who.mfa
        )
        return await self._proven(taken, str(who), who.kind)

    async def confirm(self, account: ChatIdentity, code: str) -> Confirmed:
        """ "It's me" in chat: takes it on, or leads back to what was taken on before.

        Raises NotYours, RoleLost (as far as the last look knows), ProofTooWeak (to take it on takes
        a sign-in), LinkSpent (it is done), …
        """

        async def find(now: datetime) -> ConsentRequest:
            acting = await self._actors.of(ByChat(account, code))
            request = acting.request
            if await self._actors.known_lost(request):
                await self._actors.role_lost(acting)
                raise RoleLost("You're no longer a Global Administrator there.")
            if request.stage in TAKEN_ON:
                return request
            if not ProofKind.CHAT_ACCOUNT.reaches(self._minimum):
                raise ProofTooWeak("This takes a sign-in.", needed=self._minimum.value)
            return check_link(request, request.link.token_sha256 if request.link else "", now)

        taken = await self._acknowledge.take_on(find, ProofKind.CHAT_ACCOUNT, str(account))
        request = taken.request
        way_on = self._secrets.token()
        given = Attempt(request.id, request.tenant_id, link="", browser="")
        await self._sign_ins.begin(_PASS + way_on, given)
        return Confirmed(request, way_on)

    async def _by_link(self, digest: str, request: ConsentRequest) -> Proven:
        """Go on for whoever holds the link, where that is enough."""
        proof = request.proof
        if proof is not None and proof.kind.reaches(ProofKind.SIGNED_IN):
            # And its proof cannot be given again.
            raise LinkSpent("This link has already been used.")
        by = str(request.chat)
        taken = await self._acknowledge.take_on(
            lambda now: self._unspent(digest, now), ProofKind.PERSONAL_LINK, by
        )
        return await self._proven(taken, by, ProofKind.PERSONAL_LINK)

    async def _proven(self, taken: TakenOn, by: str, kind: ProofKind) -> Proven:
        """Open a session for what was taken on, and for what had been before by a sign-in."""
        request, others = taken.request, taken.others
        if kind.reaches(ProofKind.SIGNED_IN):
            others = tuple(
                other
                for other in await self._ledger.requests_of(request.chat)
                if other.id != request.id and other.stage in TAKEN_ON and request.covers(other)
            )
        secret = await self._actors.open((request, *others), by, kind)
        return Proven(request, secret, others, taken.again)

    async def _unspent(self, digest: str, now: datetime) -> ConsentRequest:
        """The link's request: to be taken on, or to come back to. Raises Link* errors."""
        return check_return(await self._ledger.request_by_link(digest), digest, now)

    async def _begun(self, attempt: Attempt, now: datetime) -> ConsentRequest:
        """What a sign-in under way is for, even where its link was spent meanwhile, or a pass."""
        if attempt.link:
            request = await self._ledger.request_by_link(attempt.link)
        else:
            request = await self._ledger.request(attempt.subject)
        if request is not None and request.stage in TAKEN_ON:
            return request
        return check_return(request, attempt.link, now)

    async def _report(self, request: ConsentRequest, happened: NewsKind, who: SignedIn) -> None:
        detail = {"tenant": who.tenant_id, "proof": who.kind.value}
        await self._actors.report(request, happened, str(who), detail)
