"""The signed assertion by which an app proves itself to a token endpoint (RFC 7523).

Okta calls it `private_key_jwt`, Microsoft a certificate credential; they differ in the header that
names the key and in the RSA algorithm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from secrets import token_urlsafe

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = timedelta(minutes=5)

_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_EC_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


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
        found = _PRIVATE_KEY.search(pem)
        if found is None:
            raise ValueError("there is no private key in it (expected PEM)")
        try:
            key = load_pem_private_key(found.group().encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError("its private key cannot be read (is it encrypted?)") from error
        if isinstance(key, RSAPrivateKey):
            self._algorithm = rsa
        elif isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _EC_ALGORITHMS:
            self._algorithm = _EC_ALGORITHMS[key.curve.name]
        else:
            raise ValueError("its private key is neither RSA nor EC (P-256, P-384, P-521)")
        self._key: RSAPrivateKey | EllipticCurvePrivateKey = key

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
