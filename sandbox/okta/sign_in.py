"""Signing in to the pretend Okta: the org's token endpoint, and the check of every API call.

`private_key_jwt` and DPoP as in developer.okta.com, "Implement OAuth for Okta with a service app"
and "Configure OAuth 2.0 Demonstrating Proof-of-Possession". Protocol times are real time, never
the company's clock, which may be jumped.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.company.company import Company
from sandbox.company.records import OktaOrg
from sandbox.keys import TIMELESS, b64url, check_times, thumbprint
from sandbox.okta.errors import OktaError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = {
    "RSA": ["RS256", "RS384", "RS512"],
    "EC": ["ES256", "ES384", "ES512"],
}
LIFETIME_SECONDS = 3600
PROOF_AGE_SECONDS = 300


class TokenError(Exception):
    """An OAuth error answer of the token endpoint."""

    def __init__(self, status: int, error: str, description: str, **headers: str) -> None:
        super().__init__(error)
        self.response = JSONResponse(
            {"error": error, "error_description": description},
            status,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


@dataclass
class OktaSignIn:
    """Issues and checks the access tokens of one org."""

    company: Company
    org: OktaOrg
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    _seen: dict[str, float] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The org's base URL."""
        return self.company.addresses[f"okta-{self.org.name}"]

    async def token(self, request: Request) -> JSONResponse:
        """`POST /oauth2/v1/token`."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        try:
            return self._token(form, request.headers.get("dpop"))
        except TokenError as error:
            return error.response

    def _token(self, form: dict[str, str], proof: str | None) -> JSONResponse:
        if form.get("grant_type") != "client_credentials":
            raise TokenError(400, "unsupported_grant_type", "The grant type is not supported.")
        claims = self._check_assertion(form)
        jkt = None
        if self.org.dpop:
            if proof is None:
                raise TokenError(400, "invalid_dpop_proof", "The DPoP proof JWT header is missing.")
            proof_claims, jkt = self._check_proof(proof, "POST", f"{self.base}/oauth2/v1/token")
            if proof_claims.get("nonce") != self.nonce:
                raise TokenError(
                    400,
                    "use_dpop_nonce",
                    "Authorization server requires nonce in DPoP proof.",
                    dpop_nonce=self.nonce,
                )
        scopes = form.get("scope", "").split()
        if not scopes or not set(scopes) <= self.org.granted_scopes:
            raise TokenError(
                400,
                "invalid_scope",
                "One or more scopes are not configured for the authorization server resource.",
            )
        if "jti" in claims and not self._spend(f"assertion {claims['jti']}", claims["exp"]):
            raise TokenError(401, "invalid_client", "The client_assertion token was used before.")
        return JSONResponse(
            {
                "token_type": "DPoP" if jkt else "Bearer",
                "expires_in": LIFETIME_SECONDS,
                "access_token": self._issue(scopes, jkt),
                "scope": " ".join(scopes),
            },
            headers={"Cache-Control": "no-store"},
        )

    def _check_assertion(self, form: dict[str, str]) -> dict[str, Any]:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise TokenError(401, "invalid_client", "A client_assertion is required.")
        jwk = self.org.public_jwk
        try:
            header = jwt.get_unverified_header(form.get("client_assertion", ""))
            if header.get("kid", jwk["kid"]) != jwk["kid"]:
                raise TokenError(401, "invalid_client", "The client_assertion JWT kid is invalid.")
            claims: dict[str, Any] = jwt.decode(
                form["client_assertion"],
                jwt.PyJWK.from_dict(jwk).key,
                algorithms=ALGORITHMS[jwk["kty"]],
                audience=f"{self.base}/oauth2/v1/token",
                issuer=self.org.client_id,
                options={**TIMELESS, "require": ["exp", "iss", "sub", "aud"]},
            )
            check_times(claims, self.company.clock())
        except jwt.InvalidTokenError as error:
            raise TokenError(
                401, "invalid_client", f"The client_assertion token is not valid: {error}."
            ) from error
        if claims["sub"] != self.org.client_id:
            raise TokenError(401, "invalid_client", "The subject is not the client.")
        if claims["exp"] > self.company.clock() + LIFETIME_SECONDS:
            raise TokenError(
                401,
                "invalid_client",
                "The client_assertion token has an expiration too far into the future.",
            )
        return claims

    def _check_proof(
        self, proof: str, method: str, url: str, token: str | None = None
    ) -> tuple[dict[str, Any], str]:
        """The proof's claims and the thumbprint of its key (RFC 9449, section 4.3)."""
        try:
            header = jwt.get_unverified_header(proof)
            jwk = header.get("jwk", {})
            if header.get("typ") != "dpop+jwt" or "d" in jwk or jwk.get("kty") not in ALGORITHMS:
                raise TokenError(
                    400, "invalid_dpop_proof", "The DPoP proof JWT header is not valid."
                )
            claims: dict[str, Any] = jwt.decode(
                proof,
                jwt.PyJWK.from_dict(jwk, algorithm=header["alg"]).key,
                algorithms=ALGORITHMS[jwk["kty"]],
                options={**TIMELESS, "require": ["htm", "htu", "iat", "jti"], "verify_aud": False},
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise TokenError(
                400, "invalid_dpop_proof", f"The DPoP proof JWT is not valid: {error}"
            ) from error
        expected = b64url(hashlib.sha256(token.encode()).digest()) if token else None
        if (
            claims["htm"] != method
            or claims["htu"] != url
            or abs(self.company.clock() - claims["iat"]) > PROOF_AGE_SECONDS
            or (expected is not None and claims.get("ath") != expected)
            or thumbprint(jwk) == thumbprint(self.org.public_jwk)
            or not self._spend(f"proof {claims['jti']}", claims["iat"] + PROOF_AGE_SECONDS)
        ):
            raise TokenError(
                400, "invalid_dpop_proof", "The DPoP proof is not for this request and token."
            )
        return claims, thumbprint(jwk)

    def _spend(self, what: str, until: float) -> bool:
        """Whether this is the first use of a `jti`, which is remembered `until` it is no good."""
        now = self.company.clock()
        self._seen = {key: end for key, end in self._seen.items() if end > now}
        if what in self._seen:
            return False
        self._seen[what] = until
        return True

    def _issue(self, scopes: list[str], jkt: str | None) -> str:
        now = int(self.company.clock())
        claims: dict[str, Any] = {
            "ver": 1,
            "jti": f"AT.{secrets.token_urlsafe(24)}",
            "iss": self.base,
            "aud": self.base,
            "sub": self.org.client_id,
            "cid": self.org.client_id,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "scp": scopes,
        }
        if jkt:
            claims["cnf"] = {"jkt": jkt}
        return self.company.okta_keys[self.org.name].sign(claims)

    def client_of(self, request: Request) -> str:
        """A name for the caller that rate limits are counted by, before anything is checked."""
        credentials = request.headers.get("authorization", "")
        return "SSWS" if credentials.startswith("SSWS ") else self.org.client_id

    def check(self, request: Request, scope: str) -> None:
        """Let the call pass when its token is good and holds `scope`; else raise `OktaError`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "SSWS" and token in self.org.api_tokens:
            return
        wanted = "DPoP" if self.org.dpop else "Bearer"
        if scheme != wanted:
            raise self._unauthorized(wanted, "invalid_token", "The access token is invalid.")
        try:
            claims = jwt.decode(
                token,
                self.company.okta_keys[self.org.name].private.public_key(),
                algorithms=["RS256"],
                audience=self.base,
                issuer=self.base,
                options=TIMELESS,
            )
            check_times(claims, self.company.clock())
        except jwt.InvalidTokenError as error:
            raise self._unauthorized(wanted, "invalid_token", str(error)) from error
        if self.org.dpop:
            url = f"{self.base}{request.url.path}"
            try:
                proof, jkt = self._check_proof(
                    request.headers.get("dpop", ""), request.method, url, token
                )
            except TokenError as error:
                raise self._unauthorized(
                    wanted, "invalid_dpop_proof", "The DPoP proof is not valid."
                ) from error
            if claims["cnf"]["jkt"] != jkt:
                raise self._unauthorized(wanted, "invalid_dpop_proof", "The key is another one.")
            if self.org.api_nonce and proof.get("nonce") != self.org.api_nonce:
                refused = self._unauthorized(wanted, "use_dpop_nonce", "A nonce is required.")
                refused.headers["DPoP-Nonce"] = self.org.api_nonce
                raise refused
        if scope not in claims["scp"]:
            raise OktaError(
                403,
                "E0000006",
                headers=self._challenge(
                    wanted,
                    "insufficient_scope",
                    "The access token provided does not contain the required scopes.",
                    scope,
                ),
            )

    def _unauthorized(self, scheme: str, error: str, description: str) -> OktaError:
        return OktaError(401, "E0000011", headers=self._challenge(scheme, error, description))

    def _challenge(
        self, scheme: str, error: str, description: str, scope: str | None = None
    ) -> dict[str, str]:
        parts = {
            "authorization_uri": f"{self.base}/oauth2/v1/authorize",
            "realm": self.base,
            "scope": scope,
            "error": error,
            "error_description": description.replace('"', "'"),
        }
        listed = ", ".join(f'{name}="{value}"' for name, value in parts.items() if value)
        return {"WWW-Authenticate": f"{scheme} {listed}"}
