"""Signing in to an Okta org: a service app with `private_key_jwt` and DPoP, or an API token.

The service app gets one token per scope. Okta refuses a request whole when one of its scopes is not
granted; asked for singly, a missing scope costs its own calls only and is named in their error.
(developer.okta.com, "Implement OAuth for Okta with a service app".)
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import structlog

from adapters.http.answers import Answer, http_date
from adapters.http.client import CloudClient
from adapters.http.keys.assertion import ASSERTION_TYPE, ClientKey
from adapters.okta.calls.dpop import ProofKey
from adapters.okta.calls.scopes import scope_for
from bot.domain.normalization import exact
from bot.errors import CloudRefused
from bot.ports.system import Clock

TOKEN_PATH = "/oauth2/v1/token"
RENEW_BEFORE = timedelta(minutes=5)
SHORTEST_LIFE = timedelta(minutes=1)
CLOCK_OFF = timedelta(minutes=1)
_NO_SUCH_SCOPE = ("invalid_scope", "consent_required", "access_denied")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    scheme: str
    minted: datetime
    expires: datetime

    def is_good(self, now: datetime) -> bool:
        """True while there is time enough for a call; short-lived tokens for half of their life."""
        return now < self.expires - min(RENEW_BEFORE, (self.expires - self.minted) / 2)


def _wants_nonce(answer: Answer) -> bool:
    """True for the challenge of RFC 9449, sections 8 and 9: in the body, or in the header."""
    if answer.status not in (400, 401) or "dpop-nonce" not in answer.headers:
        return False
    challenge = answer.headers.get("www-authenticate", "")
    return answer.error_field("error") == "use_dpop_nonce" or "use_dpop_nonce" in challenge


class ServiceApp:
    """The credentials of a service app: tokens by scope, each renewed before it runs out.

    `client` reaches the org without credentials of its own and must not repeat calls by itself:
    neither an assertion nor a proof may be used twice.
    """

    def __init__(self, client: CloudClient, url: str, key: ClientKey, clock: Clock) -> None:
        self._client = client
        self._token_url = httpx.URL(url + TOKEN_PATH)
        self._key = key
        self._clock = clock
        self._proofs = ProofKey()
        self._nonces = {"token": "", "api": ""}
        self._tokens: dict[str, _Token] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def authorize(self, request: httpx.Request) -> None:
        """Add a token for the call's scope and, where the token is bound, a fresh proof."""
        token = await self._token(scope_for(request.url.path))
        request.headers["Authorization"] = f"{token.scheme} {token.value}"
        if token.scheme == "DPoP":
            request.headers["DPoP"] = self._proofs.proof(
                request.method,
                request.url,
                self._clock.now(),
                nonce=self._nonces["api"],
                token=token.value,
            )

    def renew(self, answer: Answer) -> bool:
        """Take over a new nonce; after any other 401 forget the token, unless it is quite new.

        Where it is, another call has renewed it meanwhile, and trying again is right as well.
        """
        self._learn_nonce("api", answer)
        if _wants_nonce(answer):
            return True
        if answer.status != 401:
            return False
        scope = scope_for(answer.call.partition(" ")[2])
        token = self._tokens.get(scope)
        if token is not None and self._clock.now() - token.minted > SHORTEST_LIFE:
            del self._tokens[scope]
        return True

    def _learn_nonce(self, kind: str, answer: Answer) -> None:
        self._nonces[kind] = answer.headers.get("dpop-nonce") or self._nonces[kind]

    async def grant(self, scope: str) -> None:
        """Have a token for the scope. Raises CloudError; `missing` names a scope not granted."""
        await self._token(scope)

    async def _token(self, scope: str) -> _Token:
        async with self._locks[scope]:
            token = self._tokens.get(scope)
            if token is None or not token.is_good(self._clock.now()):
                token = self._tokens[scope] = await self._mint(scope)
            return token

    async def _mint(self, scope: str) -> _Token:
        # The proof goes along from the first request: a bare one would leave a failed grant in the
        # org's System Log each time (okta/okta-sdk-golang, issue 598).
        answer = await self._ask(scope)
        self._learn_nonce("token", answer)
        if _wants_nonce(answer):
            answer = await self._ask(scope)
            self._learn_nonce("token", answer)
        if answer.status >= 400:
            raise self._refused(answer, scope)
        return self._read(answer, scope)

    async def _ask(self, scope: str) -> Answer:
        now = self._clock.now()
        proof = self._proofs.proof("POST", self._token_url, now, nonce=self._nonces["token"])
        return await self._client.post(
            TOKEN_PATH,
            form={
                "grant_type": "client_credentials",
                "scope": scope,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self._key.assertion(str(self._token_url), now),
            },
            headers={"DPoP": proof},
            accept=(400, 401, 403),
        )

    def _read(self, answer: Answer, scope: str) -> _Token:
        body = answer.object()
        value, scheme = body.get("access_token"), body.get("token_type")
        if not (isinstance(value, str) and value.isascii() and value.isprintable() and value):
            raise answer.invalid("holds no access token")
        schemes = {"bearer": "Bearer", "dpop": "DPoP"}
        if not isinstance(scheme, str) or exact(scheme) not in schemes:
            raise answer.invalid("holds a token of a kind that is neither Bearer nor DPoP")
        if scope not in str(body.get("scope", scope)).split():
            raise self._refused(answer, scope)
        seconds = body.get("expires_in")
        life = seconds if isinstance(seconds, int) and 0 < seconds <= 86_400 else 300
        now = self._clock.now()
        return _Token(value, schemes[exact(scheme)], now, now + timedelta(seconds=life))

    def _refused(self, answer: Answer, scope: str) -> CloudRefused:
        reason = answer.error_field("error")
        if answer.status < 400 or reason in _NO_SUCH_SCOPE:
            return CloudRefused(
                f"{answer.where} does not grant {scope} to the service app.",
                where=answer.where,
                call=answer.call,
                missing=scope,
                reason=reason,
                hint=f"Grant {scope} on the app's Okta API Scopes tab; it needs an admin role too.",
            )
        hint = "Check client_id, private_key and key_id of this org in the settings."
        date = http_date(answer.headers.get("date", ""))
        if date is not None and abs(off := self._clock.now() - date) > CLOCK_OFF:
            hint = f"This machine's clock is {off.total_seconds():+.0f} s off Okta's: correct it."
        return CloudRefused(
            f"{answer.where} did not let the service app sign in ({reason or answer.status}).",
            where=answer.where,
            call=answer.call,
            reason=reason,
            hint=hint,
        )


class ApiToken:
    """An SSWS token: it has all rights of the person who made it, so a warning goes to the log."""

    def __init__(self, where: str, token: str) -> None:
        self._token = token
        log.warning("an API token is in use; a service app with read scopes is safer", org=where)

    def __repr__(self) -> str:
        return "ApiToken()"

    async def authorize(self, request: httpx.Request) -> None:
        """Add the token."""
        request.headers["Authorization"] = f"SSWS {self._token}"

    def renew(self, answer: Answer) -> bool:
        """Never: there is nothing to renew."""
        return False
