"""Tokens of the Bot Framework: those that Teams shows us, and the one that we show to Teams.

Inbound tokens are checked here and not by the SDK, which takes other issuers than the Bot Framework
on the same path (with any `serviceUrl`), tokens without `exp`, and does not look for new keys when
a key id is unknown. Rules: Microsoft Learn, "Authentication with the Bot Connector API".
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
import jwt

from adapters.http.answers import Answer
from adapters.http.client import CloudClient
from adapters.http.keys.credential import ClientProof
from adapters.http.keys.jwks import KeySet
from adapters.teams.incoming.envelope import Envelope
from adapters.teams.outgoing import managed_identity
from bot.domain.normalization import exact
from bot.errors import (
    ChatError,
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    CloudError,
    CloudNotFound,
    CloudThrottled,
)
from bot.settings.sections.chat import TeamsSettings

# The Bot Framework by the cloud that the settings sign in to; Azure Government has one of its own
# (botframework-connector, `GovernmentConstants`).
_WORLDWIDE = "https://api.botframework.com"
_ISSUERS = {"login.microsoftonline.us": "https://api.botframework.us"}
CHANNEL = "msteams"
LEEWAY = timedelta(minutes=5)
RENEW_BEFORE = 300.0  # seconds before its end a token of ours is replaced
SHORTEST_KEPT = 60.0  # seconds
LONGEST_KEPT = 24 * 3600.0
MOST_CHECKED = 100
_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")


def issuer_of(settings: TeamsSettings) -> str:
    """Who issues the tokens of the Bot Framework, which is also whom a token of ours is for."""
    return _ISSUERS.get(urlsplit(settings.login_url).netloc, _WORLDWIDE)


class TokenRefused(Exception):
    """The request does not prove that it comes from Teams, for this bot. The words are for logs."""


class InboundTokens:
    """Decides whether a request comes from Teams, is meant for this bot, and from our tenant."""

    def __init__(
        self,
        settings: TeamsSettings,
        http: httpx.AsyncClient,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._keys = KeySet(
            settings.openid_metadata_url, http, where="the Bot Framework", clock=clock
        )
        # By the token: Teams shows one for an hour, and checking it was a twentieth of an answer.
        self._checked: dict[str, _Checked] = {}

    async def validate(self, authorization: str, envelope: Envelope) -> Mapping[str, Any]:
        """The token's claims.

        Raises TokenRefused, or CloudError when the signing keys could not be read.
        """
        scheme, _, token = authorization.partition(" ")
        if exact(scheme) != "bearer" or not token.strip():
            raise TokenRefused("no bearer token")
        token = token.strip()
        known = self._checked.get(token)
        kid = known.kid if known is not None else _key_id(token)
        try:
            key = await self._keys.key(kid)
        except CloudNotFound as error:
            raise TokenRefused("signed with an unknown key") from error
        if known is None or known.key is not key or int(known.claims["exp"]) <= time.time():
            known = _Checked(kid, key, self._claims(token, key))
            if len(self._checked) >= MOST_CHECKED:
                self._checked.clear()
            self._checked[token] = known
        self._check_binding(known.claims, self._keys.endorsements(kid), envelope)
        return known.claims

    def _claims(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._settings.app_id,
                issuer=issuer_of(self._settings),
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud"], "strict_aud": True},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise TokenRefused(f"token refused ({type(error).__name__})") from error
        return claims

    def _check_binding(
        self, claims: Mapping[str, Any], endorsements: frozenset[str], envelope: Envelope
    ) -> None:
        """The token must be for this very activity, and the activity from Teams and our tenant.

        On other channels (web chat, Direct Line) the client itself says who is writing.
        """
        if envelope.channel_id != CHANNEL:
            raise TokenRefused("another channel than Teams")
        if envelope.channel_id not in endorsements:
            raise TokenRefused("the key does not say that it may speak for this channel")
        if claims.get("serviceurl") != envelope.service_url:
            raise TokenRefused("the token is for another serviceUrl")
        if not is_known_service(envelope.service_url, self._settings.service_urls):
            raise TokenRefused("serviceUrl is not in teams.service_urls")
        if exact(envelope.tenant_id) != exact(self._settings.tenant_id):
            raise TokenRefused("another tenant than teams.tenant_id")


@dataclass(frozen=True, slots=True)
class _Checked:
    """The claims of a token that was good, and the key that it is signed with."""

    kid: str
    key: jwt.PyJWK
    claims: Mapping[str, Any]


def _key_id(token: str) -> str:
    """The `kid` of the header, before anything is believed. Raises TokenRefused."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise TokenRefused("not a token") from error
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("the token names no key")
    return kid


def is_known_service(url: str, known: Sequence[str]) -> bool:
    """True when scheme, host and port are those of one of the known service URLs.

    Teams adds a path for the region, so the path does not count.
    """
    origin = _origin(url)
    return origin is not None and origin in {_origin(other) for other in known}


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        return None
    usual = {"https": 443, "http": 80}[parts.scheme]
    return parts.scheme, parts.hostname, usual if port is None else port


class BotToken:
    """The bot's own token: of a single-tenant registration, by its secret or certificate, or of a
    managed identity. `audience` is whom it is for, "" for the Bot Connector.

    Kept until shortly before its end; many callers at once cost one request. `clock` gives
    monotonic seconds.
    """

    def __init__(
        self,
        settings: TeamsSettings,
        http: httpx.AsyncClient,
        *,
        audience: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._audience = audience or issuer_of(settings)
        self._proof = ClientProof.of_teams(settings)
        self._login = CloudClient(http, settings.login_url, where="the bot's sign-in")
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._good_until = float("-inf")

    async def value(self) -> str:
        """A valid token. Raises ChatMisconfigured, ChatThrottled or ChatUnreachable.

        Whatever it raises, no message was sent.
        """
        if self._clock() < self._good_until:
            return self._token
        async with self._lock:
            if self._clock() >= self._good_until:
                await self._fetch()
            return self._token

    def forget(self, token: str) -> None:
        """Do not use this token again: it was refused."""
        if token == self._token:
            self._good_until = float("-inf")

    async def _fetch(self) -> None:
        try:
            answer = await self._asked()
        except CloudThrottled as error:
            raise ChatThrottled(error.message, retry_after=error.retry_after) from error
        except CloudError as error:
            raise ChatUnreachable(error.message, hint=error.hint, nothing_sent=True) from error
        if answer.status >= 400:
            raise _refused(answer, by_identity=self._settings.managed_identity)
        token = answer.error_field("access_token")
        if not _HEADER_SAFE.fullmatch(token):
            raise ChatUnreachable(
                "The answer to the bot's sign-in holds no token.", nothing_sent=True
            )
        seconds = _lifetime(answer.object())
        self._token = token
        self._good_until = self._clock() + max(seconds - RENEW_BEFORE, seconds / 2)

    async def _asked(self) -> Answer:
        """The answer to the sign-in, a refusal among them. Raises CloudError."""
        if self._settings.managed_identity:
            return await managed_identity.ask(self._settings.app_id, self._audience)
        path = f"/{self._settings.tenant_id}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.app_id,
            "scope": f"{self._audience}/.default",
            **self._proof.proof(f"{self._settings.login_url}{path}", datetime.now(UTC)),
        }
        return await self._login.post(path, form=form, accept=(400, 401, 403, 404))


PASSES = frozenset({"", "temporarily_unavailable", "server_error"})
"""What a refused sign-in may say although nothing is wrong with the settings; "" is no Entra."""


def _lifetime(told: Mapping[str, Any]) -> float:
    """Seconds that a token holds; what makes no sense is a minute.

    App Service names the moment of its end alone, in seconds since 1970.
    """
    length, end = told.get("expires_in"), told.get("expires_on")
    seconds = _number(length) if length is not None else _number(end) - time.time()
    return min(seconds, LONGEST_KEPT) if seconds > 0 else SHORTEST_KEPT


def _number(told: object) -> float:
    """0.0 for what is none."""
    try:
        return float(told) if isinstance(told, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return 0.0


def _refused(answer: Answer, *, by_identity: bool) -> ChatError:
    error = answer.error_field("error")
    says = f"Microsoft refused the bot's sign-in ({_reason(answer)})."
    hint = "Check teams.app_id, teams.tenant_id and the bot's secret or certificate."
    passes = error in PASSES
    if by_identity:
        hint = "The machine or service that the bot runs on needs the identity of teams.app_id."
        passes = answer.status == managed_identity.RENEWED
    if passes:
        return ChatUnreachable(says, nothing_sent=True)
    return ChatMisconfigured(says, hint=hint)


def _reason(answer: Answer) -> str:
    """`invalid_client, AADSTS7000215`: the stable part of the refusal."""
    codes = answer.body.get("error_codes") if isinstance(answer.body, dict) else None
    numbers = (
        [f"AADSTS{code}" for code in codes if isinstance(code, int)]
        if isinstance(codes, list)
        else []
    )
    return ", ".join([answer.error_field("error") or str(answer.status), *numbers])
