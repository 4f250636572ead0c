"""Operators, signed in at Microsoft, for the pages that only they may read.

A session is asked again at every page whether its account still operates, so a lost right counts at
once. It opens nothing else: it names no request, and no request's session opens these pages.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from attrs import define

from bot.domain.consent.requests import ProofKind
from bot.domain.consent.sign_in import SESSION_LIFETIME, Session
from bot.errors import SignInUnknown, TooManyTries
from bot.ports.sign_in import SignIns
from bot.ports.store.limits import Limits
from bot.ports.system import Clock, Secrets
from bot.services.consent.prove import MfaNotShown
from bot.services.consent.signing_in import GoToMicrosoft, SigningIn

STATE = "operators."
"""How a state of such a sign-in begins; Microsoft sends all of them back to one address."""
BEGUN_PER_CALLER = (20, timedelta(hours=1))
_WAY = re.compile(r"/operators(/[\w~-][\w.~:-]{0,199}){0,4}", re.ASCII)
_PERSON = "operator"

MayOperate = Callable[[str, str], Awaitable[bool]]
"""Whether the account with this tenant id and object id may operate."""


@dataclass(frozen=True, slots=True)
class OperatorSignedIn:
    """An operator; `session` goes into a cookie, `way` is the page that they came for."""

    way: str
    session: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotAnOperator:
    """Somebody signed in who does not operate. Nothing was opened; `account` is their object id."""

    account: str


@define(kw_only=True, eq=False)
class OperatorSignIn:
    """`tenant_id` is where operators sign in; `minimum` the weakest proof that counts."""

    _signing_in: SigningIn
    _sign_ins: SignIns
    _limits: Limits
    _clock: Clock
    _secrets: Secrets
    _tenant_id: str
    _minimum: ProofKind
    _may_operate: MayOperate

    async def begin(self, way: str, *, browser: str, caller: str) -> GoToMicrosoft:
        """Where to send a browser that wants to read `way`; `caller` is its network.

        Raises TooManyTries, CloudError, StoreError.
        """
        if wait := await self._limits.hit(f"begin:operators:{caller}", *BEGUN_PER_CALLER):
            raise TooManyTries(retry_after=wait)
        way = way if _WAY.fullmatch(way) else "/operators"
        return await self._signing_in.begin(way, self._tenant_id, browser, mark=STATE)

    async def finish(
        self, *, state: str, browser: str, code: str = "", error: str = "", reason: str = ""
    ) -> OperatorSignedIn | NotAnOperator | MfaNotShown:
        """Microsoft's answer. Raises SignInUnknown, SignInDeclined, SignInRefused, TokenInvalid,
        CloudError, StoreError.
        """
        if not state.startswith(STATE):
            raise SignInUnknown("This answer belongs to no sign-in of an operator.")
        attempt, who = await self._signing_in.finish(state, browser, code, error, reason)
        if not await self._may_operate(who.tenant_id, who.object_id):
            return NotAnOperator(who.object_id)
        if not who.kind.reaches(self._minimum):
            return MfaNotShown()
        secret = self._secrets.token()
        person = ":".join((_PERSON, who.tenant_id, who.object_id))
        until = self._clock.now() + SESSION_LIFETIME
        await self._sign_ins.open_session(secret, Session((), str(who), who.kind, until, person))
        return OperatorSignedIn(attempt.subject, secret)

    async def is_operator(self, secret: str) -> bool:
        """Whether this session may read on. One whose account operates no more is ended."""
        session = await self._session(secret)
        if session is None:
            return False
        tenant_id, object_id = session.person.split(":")[1:]
        if not await self._may_operate(tenant_id, object_id):
            await self._sign_ins.end_sessions(session.person)
            return False
        return session.kind.reaches(self._minimum)

    async def leave(self, secret: str) -> None:
        """Sign out."""
        session = await self._session(secret)
        if session is not None:
            await self._sign_ins.end_sessions(session.person)

    async def _session(self, secret: str) -> Session | None:
        session = await self._sign_ins.session(secret) if secret else None
        ours = session is not None and session.person.startswith(f"{_PERSON}:")
        return session if ours and session and self._clock.now() < session.until else None
