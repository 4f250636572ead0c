"""RSA keys of the pretend world: signing JWTs, publishing them as JWKS, a self-signed certificate.

Keys are made in every run, or kept as PEM files in a directory that is handed in; none is ever
part of the repository. Making one takes a tenth of a second, so a caller on an event loop makes
them before it starts serving.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options


def b64url(data: bytes) -> str:
    """Base64url without padding, as JOSE writes bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class SigningKey:
    """An RSA key pair with the `kid` it is published under."""

    kid: str
    private: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def generate(cls, kid: str) -> SigningKey:
        """A new 2048-bit key."""
        return cls(kid, rsa.generate_private_key(public_exponent=65537, key_size=2048))

    def private_pem(self) -> str:
        """The private key as unencrypted PKCS#8 PEM."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def public_jwk(self, **extra: Any) -> dict[str, Any]:
        """The public key as a JWK with `kid`, `use` and whatever `extra` members are wanted."""
        jwk: dict[str, Any] = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        # The algorithm is left out, as Microsoft does: the token's header names it.
        jwk.pop("key_ops", None)
        return {**jwk, "kid": self.kid, "use": "sig", **extra}

    def sign(self, claims: dict[str, Any], algorithm: str = "RS256", **headers: Any) -> str:
        """A compact JWT over `claims`, with `kid` and the further `headers`."""
        return jwt.encode(
            claims, self.private, algorithm=algorithm, headers={"kid": self.kid, **headers}
        )


def key_for(directory: Path | None, kid: str) -> SigningKey:
    """The key of this name from `directory`, made (and kept there, mode 0600) if it is missing."""
    if directory is None:
        return SigningKey.generate(kid)
    path = directory / f"sandbox-{kid}.pem"
    if path.exists():
        # Written by this very function, so the slow check of the numbers is left out.
        private = serialization.load_pem_private_key(
            path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
        assert isinstance(private, rsa.RSAPrivateKey), f"{path} holds another kind of key"
        return SigningKey(kid, private)
    key = SigningKey.generate(kid)
    directory.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(f".{os.getpid()}")  # whole at once, whoever else reads or makes it
    made.touch(mode=0o600)
    made.write_text(key.private_pem())
    made.replace(path)
    return key


def self_signed(key: SigningKey, common_name: str) -> tuple[str, str]:
    """A self-signed certificate for `key`: its PEM, and its `x5t#S256` thumbprint."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    start = datetime.now(UTC) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .sign(key.private, hashes.SHA256())
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return pem, b64url(hashlib.sha256(der).digest())


TIMELESS: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
"""PyJWT reads the machine's clock; `check_times` goes by another."""


def check_times(claims: dict[str, Any], now: float) -> None:
    """Raise what PyJWT does for a token that is not good at `now` (seconds since 1970)."""
    if max(claims.get(name, now) for name in ("nbf", "iat")) > now:
        raise jwt.ImmatureSignatureError("The token is not yet valid")
    if claims["exp"] <= now:
        raise jwt.ExpiredSignatureError("Signature has expired")


def thumbprint(jwk: dict[str, Any]) -> str:
    """The RFC 7638 thumbprint of a public RSA or EC key."""
    members = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}[jwk["kty"]]
    text = json.dumps({m: jwk[m] for m in members}, separators=(",", ":"), sort_keys=True)
    return b64url(hashlib.sha256(text.encode()).digest())
