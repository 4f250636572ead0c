"""The signed assertion by which an app proves itself to a token endpoint (RFC 7523).

Okta calls it `private_key_jwt`, Microsoft a certificate credential; they differ in the header that
names the key and in the RSA algorithm.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from secrets import token_urlsafe

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from adapters.http.keys.pem import CURVES, private_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = timedelta(minutes=5)


class ClientKey:
    """A client id and the private key that speaks for it.

    `pem` may hold certificates beside the key. `header` names the key to the server (`kid`, or
    `x5t#S256`). `rsa` is the algorithm for RSA keys; EC keys sign by their curve. Raises
    ValueError, with words fit for people, when there is no usable key.
    """

    def __init__(
        self, client_id: str, pem: str, header: Mapping[str, str], *, rsa: str = "RS256"
    ) -> None:
        self.client_id = client_id
        self._header = dict(header)
        self._key = private_key(pem)
        self.is_rsa = isinstance(self._key, RSAPrivateKey)
        self._algorithm = (
            rsa if isinstance(self._key, RSAPrivateKey) else CURVES[self._key.curve.name]
        )

    def __repr__(self) -> str:
        return f"ClientKey({self.client_id!r})"

    def assertion(self, audience: str, now: datetime) -> str:
        """A fresh assertion for one use at the token endpoint `audience`, good for five minutes."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "jti": token_urlsafe(16),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
        }
        return jwt.encode(claims, self._key, algorithm=self._algorithm, headers=self._header)
