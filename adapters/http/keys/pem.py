"""Private keys and certificates as people have them: what can be used, or why not, in plain words.

Everything here raises ValueError, fit for people and free of the key.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import Certificate, load_pem_x509_certificate

SigningKey = RSAPrivateKey | EllipticCurvePrivateKey

SMALLEST_RSA = 2048
CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.+?)-----END \1-----", re.DOTALL)
_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_FILE_NAME = re.compile(r"[^\n]*\.(pem|key|crt|cer|der|pfx|p12|txt)|[~./][^\n]*/[^\n]*")
_INSTEAD = (
    ("-----BEGIN OPENSSH PRIVATE", "is in OpenSSH's own format; ssh-keygen -p -m PEM converts"),
    ("PuTTY-User-Key-File", "is PuTTY's; export it as an OpenSSL key in PEM"),
    ("PUBLIC KEY-----", "is a public key; expected the private one"),
    ("CERTIFICATE REQUEST-----", "is a certificate request; expected the private key"),
    ("-----BEGIN CERTIFICATE", "there is no private key in it, a certificate alone"),
    ('"kty"', "is a JWK; expected PEM, which Okta offers beside it"),
    ("ssh-", "is a public key of SSH; expected a private key in PEM"),
)


@lru_cache(64)
def private_key(text: str) -> SigningKey:
    """The one private key in a PEM text, RSA or EC, PKCS#8 or PKCS#1 or SEC 1.

    To check an RSA key takes 50 ms, and a starting bot asks for each at several places.
    """
    text = _whole(text)
    if "BEGIN ENCRYPTED PRIVATE KEY" in text or "Proc-Type: 4,ENCRYPTED" in text:
        raise ValueError("its private key is encrypted; openssl pkey -in FILE writes it plainly")
    found = [block for block in _BLOCK.finditer(text) if _is_private(block[1])]
    if not found:
        for mark, words in _INSTEAD:
            if mark in text:
                raise ValueError(words)
        if _FILE_NAME.fullmatch(text.strip()):
            raise ValueError("is a file's name; write the key with _file at its end")
        raise ValueError(
            "there is no private key in it; expected PEM, which begins with -----BEGIN"
        )
    if len(found) > 1:
        raise ValueError("there are several private keys in it; keep the one that is meant")
    try:
        key = load_pem_private_key(found[0].group().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("its private key cannot be read: is it cut off or damaged?") from error
    if isinstance(key, RSAPrivateKey):
        if key.key_size < SMALLEST_RSA:
            raise ValueError(
                f"its private key has {key.key_size} bits; expected {SMALLEST_RSA} or more"
            )
        return key
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return key
    raise ValueError("its private key is neither RSA nor EC (P-256, P-384, P-521)")


def certificate_of(key: SigningKey, text: str) -> Certificate:
    """The certificate in a PEM text that is of this key, wherever in a chain it stands."""
    found = [block.group() for block in _BLOCK.finditer(_whole(text)) if block[1] == "CERTIFICATE"]
    if not found:
        raise ValueError(
            "there is no certificate in it; expected -----BEGIN CERTIFICATE-----, as openssl x509 "
            "writes it"
        )
    try:
        certificates = [load_pem_x509_certificate(one.encode()) for one in found]
        own = [one for one in certificates if _public(one.public_key()) == _public(key)]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("its certificate cannot be read: is it cut off or damaged?") from error
    if not own:
        raise ValueError("its certificate belongs to another private key")
    return max(own, key=lambda one: one.not_valid_after_utc)


def good_on(certificate: Certificate, now: datetime) -> None:
    """Whether the certificate counts at that moment."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > ends:
        raise ValueError(f"its certificate expired on {ends:%Y-%m-%d}")
    if now < begins:
        raise ValueError(f"its certificate is not valid before {begins:%Y-%m-%d}")


def _whole(text: str) -> str:
    """The text with plain ends of lines, if no block of it breaks off."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\\n", "\n")
    for begin in _BEGIN.finditer(text):
        if f"-----END {begin[1]}-----" not in text[begin.end() :]:
            raise ValueError("it breaks off: a -----BEGIN line has no -----END line")
    return text


def _is_private(label: str) -> bool:
    return label in ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")


def _public(key: SigningKey | CertificatePublicKeyTypes) -> bytes:
    public = key.public_key() if isinstance(key, SigningKey) else key
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
