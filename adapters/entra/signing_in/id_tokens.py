"""Believing a token of the Microsoft identity platform: signature, issuer, audience, times, tenant.

From "Secure applications and APIs by validating claims" and "Access tokens in the Microsoft
identity platform". Version 2.0 and 1.0 tokens have metadata, keys and issuers of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import jwt

from adapters.http.keys.jwks import KeySet
from bot.domain.normalization import exact
from bot.errors import CloudNotFound, TokenInvalid

ALGORITHM = "RS256"  # the only one; `none` and HS256 with the public key are the classic attacks
LEEWAY = 60.0  # seconds between this machine's clock and Microsoft's
LONGEST = 32 * 1024  # characters; a token with every group of a person has about a third of it
MOST_TENANTS = 1000

_KID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class TokenCheck:
    """Checks tokens of any tenant of one cloud; keys are kept per tenant and version."""

    def __init__(self, login_url: str, http: httpx.AsyncClient) -> None:
        self._login_url = login_url
        self._http = http
        self._keys: dict[str, KeySet] = {}

    async def claims(
        self, token: object, tenant_id: str, *, version: str, audiences: tuple[str, ...]
    ) -> Mapping[str, Any]:
        """The claims of a token that this tenant issued for one of `audiences`.

        `version` is "2.0" or "1.0". Raises TokenInvalid, and CloudError when the keys could not be
        read.
        """
        if not isinstance(token, str) or not 0 < len(token) <= LONGEST:
            raise TokenInvalid("there is none, or it is too long")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise TokenInvalid("it is not a signed token") from error
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM:
            raise TokenInvalid(f"it is not signed with {ALGORITHM}")
        if not isinstance(kid, str) or not _KID.fullmatch(kid):
            raise TokenInvalid("it does not name its key")
        keys = self._keys_of(tenant_id, version)
        try:
            key = await keys.key(kid)
        except CloudNotFound as error:
            raise TokenInvalid("the key it names is not the tenant's") from error
        issuer, of_key = keys.issuer(kid)
        if not issuer:
            raise TokenInvalid("the tenant's metadata names no issuer")
        speaks_for = of_key.replace("{tenantid}", tenant_id)
        # A key names its issuer as version 2.0 writes it, whichever metadata it came with.
        fits = speaks_for == issuer if version == "2.0" else tenant_id in speaks_for
        if of_key and not fits:
            raise TokenInvalid("its key speaks for somebody else")
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=audiences,
                issuer=issuer,
                leeway=LEEWAY,
                options={"require": ["aud", "exp", "iat", "iss", "nbf"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise TokenInvalid(_reason(error)) from error
        if not isinstance(claims["aud"], str):
            raise TokenInvalid("it is meant for somebody else as well")
        if exact(str(claims.get("tid", ""))) != exact(tenant_id):
            raise TokenInvalid("it is of another tenant")
        if claims.get("ver") != version:
            raise TokenInvalid(f"it is not of version {version}")
        return claims

    def _keys_of(self, tenant_id: str, version: str) -> KeySet:
        part = "/v2.0" if version == "2.0" else ""
        url = f"{self._login_url}/{tenant_id}{part}/.well-known/openid-configuration"
        known = self._keys.get(url)
        if known is None:
            if len(self._keys) >= MOST_TENANTS:
                self._keys.clear()
            known = self._keys[url] = KeySet(url, self._http, where=tenant_id)
        return known


_REASONS: Mapping[type[Exception], str] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it is not valid yet",
    jwt.InvalidIssuedAtError: "it is not valid yet",
    jwt.InvalidAudienceError: "it is meant for somebody else",
    jwt.InvalidIssuerError: "somebody else issued it",
    jwt.InvalidSignatureError: "its signature is wrong",
    jwt.MissingRequiredClaimError: "a claim is missing",
}


def _reason(error: Exception) -> str:
    return _REASONS.get(type(error), "it cannot be read")
