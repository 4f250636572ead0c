"""Proof of possession: each request is signed with a key that the token is bound to (RFC 9449).

Okta asks for it by default from service apps made since 2024 (developer.okta.com, "Configure
OAuth 2.0 Demonstrating Proof-of-Possession").
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm


class ProofKey:
    """A key of this process alone; it must not be the one that the client signs in with."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._jwk = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)

    def proof(
        self, method: str, url: httpx.URL, now: datetime, *, nonce: str = "", token: str = ""
    ) -> str:
        """A fresh proof for one request; with `token` for a call that carries it."""
        claims: dict[str, Any] = {
            "htm": method,
            "htu": str(url.copy_with(query=None, fragment=None)),
            "iat": now,
            "jti": token_urlsafe(16),
        }
        if nonce:
            claims["nonce"] = nonce
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = urlsafe_b64encode(digest).rstrip(b"=").decode()
        header = {"typ": "dpop+jwt", "jwk": self._jwk}
        return jwt.encode(claims, self._key, algorithm="ES256", headers=header)
