"""The sandbox's Microsoft login host, whose keys and tokens a test makes up.

By itself it signs only what Microsoft would say; here each claim, key and signature can be wrong.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from bot.settings.sections.clouds import EntraSettings
from sandbox.entra.login import login_app
from tests.contract.entra.microsoft import CLIENT_ID, CLIENT_SECRET, START, TENANT_ID, a_company
from tests.contract.loopback import SteppingClock

API = f"api://{CLIENT_ID}"
SCOPE = f"{API}/proof"
ADA = "aaaaaaaa-0000-4000-8000-000000000001"
BEN = "bbbbbbbb-0000-4000-8000-000000000002"
OTHER_TENANT = "22222222-2222-4333-8444-555555555555"
KID = "k1"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Login:
    """The host; `app` serves it at `url`.

    A token endpoint answers with `tokens` (or `refusal`), whatever was asked; `forms` is what was.
    """

    def __init__(self, key: rsa.RSAPrivateKey, http: httpx.AsyncClient) -> None:
        self.key = key
        self.http = http
        self.url = ""
        self.published: dict[str, tuple[rsa.RSAPrivateKey, str]] = {KID: (key, "")}
        self.tokens: dict[str, Any] = {}
        self.refusal: tuple[int, dict[str, Any]] | None = None
        self.forms: list[dict[str, str]] = []
        self.key_reads = 0

    def app(self, url: str) -> Starlette:
        self.url = url
        company = a_company(SteppingClock(START))
        company.addresses |= {"login": url, "graph": url}
        return Starlette(
            routes=[
                Route("/{tenant}/discovery/keys", self._keys),
                Route("/{tenant}/discovery/v2.0/keys", self._keys),
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
                Mount("/", login_app(company)),
            ]
        )

    def settings(self) -> EntraSettings:
        return EntraSettings(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, login_url=self.url)

    def issuer(self, tenant: str = TENANT_ID, version: str = "2.0") -> str:
        if version == "2.0":
            return f"{self.url}/{tenant}/v2.0"
        return f"https://sts.windows.net/{tenant}/"

    def id_claims(self, nonce: object, **other: Any) -> dict[str, Any]:
        """What Microsoft says of Ada in version 2.0; `other` replaces claims, None drops one."""
        return self._claims(
            {"aud": CLIENT_ID, "iss": self.issuer(), "nonce": nonce, "ver": "2.0"}, other
        )

    def access_claims(self, **other: Any) -> dict[str, Any]:
        """What it says in an access token of version 1.0 for our own API."""
        return self._claims(
            {
                "aud": API,
                "iss": self.issuer(version="1.0"),
                "amr": ["pwd", "mfa"],
                "ver": "1.0",
            },
            other,
        )

    def _claims(self, special: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "tid": TENANT_ID,
            "oid": ADA,
            "sub": "pairwise",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            **special,
            **other,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(
        self,
        claims: Mapping[str, Any],
        *,
        key: Any = None,
        algorithm: str = "RS256",
        kid: str | None = KID,
    ) -> str:
        header = {} if kid is None else {"kid": kid}
        return jwt.encode(dict(claims), key or self.key, algorithm=algorithm, headers=header)

    async def _keys(self, request: Request) -> Response:
        self.key_reads += 1
        keys = []
        for kid, (key, issuer) in self.published.items():
            jwk = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            keys.append({**jwk, "kid": kid, "use": "sig", **({"issuer": issuer} if issuer else {})})
        return JSONResponse({"keys": keys})

    async def _token(self, request: Request) -> Response:
        self.forms.append({k: str(v) for k, v in (await request.form()).items()})
        if self.refusal is not None:
            return JSONResponse(self.refusal[1], self.refusal[0])
        return JSONResponse({"token_type": "Bearer", "expires_in": 3600, **self.tokens})


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
