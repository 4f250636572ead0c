"""Keys, certificates and files made elsewhere: `check` loads them, and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from bot.errors import SettingsInvalid
from bot.settings.settings import load
from bot.wiring.terminal.check import examine, soon_over

NOW = datetime(2026, 11, 2, tzinfo=UTC)
SETTINGS = """
public_url = "https://bot.contoso.com"
[redis]
{redis}
[[okta]]
name = "contoso"
url = "https://contoso.okta.com"
client_id = "0oa1"
key_id = "kid1"
private_key_file = "{key}"
[entra]
client_id = "00000000-0000-0000-0000-000000000001"
certificate_file = "{certificate}"
[slack]
bot_token = "xoxb-1"
signing_secret = "s1"
operators = ["U0123"]
"""


@cache
def rsa_key(size: int = 2048, number: int = 1) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, size)


@cache
def ec_key(curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


def pem(key: PrivateKeyTypes, style: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, style, NoEncryption()).decode()


def public(key: rsa.RSAPrivateKey, style: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_key().public_bytes(Encoding.PEM, style).decode()


def encrypted(style: PrivateFormat) -> str:
    shut = BestAvailableEncryption(b"hush")
    return rsa_key().private_bytes(Encoding.PEM, style, shut).decode()


@cache
def cert(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, days: int = 365, begins: int = -30
) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "o365bot")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW + timedelta(days=begins))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def whole() -> str:
    return cert(rsa_key()) + pem(rsa_key())


def checked(
    folder: Path,
    *,
    key: str | bytes | None = None,
    certificate: str | bytes | None = None,
    redis: str = 'url = "redis://127.0.0.1"',
    now: datetime = NOW,
) -> list[str]:
    """What `check` says is wrong."""
    files = {
        "key.pem": key if key is not None else pem(ec_key()),
        "entra.pem": certificate if certificate is not None else whole(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    config = folder / "o365bot.toml"
    config.write_text(
        SETTINGS.format(redis=redis, key=folder / "key.pem", certificate=folder / "entra.pem")
    )
    try:
        examine(load(config), now)
    except SettingsInvalid as error:
        return list(error.problems)
    return []


GOOD: dict[str, Callable[[], str | bytes]] = {
    "PKCS#8": lambda: pem(rsa_key()),
    "PKCS#1": lambda: pem(rsa_key(), PrivateFormat.TraditionalOpenSSL),
    "EC": lambda: pem(ec_key()),
    "EC of SEC 1": lambda: pem(ec_key(), PrivateFormat.TraditionalOpenSSL),
    "P-384": lambda: pem(ec_key(ec.SECP384R1)),
    "P-521": lambda: pem(ec_key(ec.SECP521R1)),
    "CRLF": lambda: pem(rsa_key()).replace("\n", "\r\n"),
    "byte order mark": lambda: b"\xef\xbb\xbf" + pem(rsa_key()).encode(),
    "words around it": lambda: f"Bag Attributes\n  friendlyName: x\n{pem(rsa_key())}\n\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_key_is_taken_as_any_tool_writes_it(tmp_path: Path, name: str) -> None:
    """By OpenSSL old and new, on Windows, with what a tool writes around it."""
    assert checked(tmp_path, key=GOOD[name]()) == []


BAD_KEYS: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "cut off": (lambda: pem(rsa_key())[:-200], "breaks off"),
    "cut in the middle": (lambda: pem(rsa_key()).replace(pem(rsa_key())[300:600], ""), "damaged"),
    "encrypted": (lambda: encrypted(PrivateFormat.PKCS8), "encrypted"),
    "encrypted, old": (lambda: encrypted(PrivateFormat.TraditionalOpenSSL), "encrypted"),
    "public": (lambda: public(rsa_key()), "public key"),
    "public, old": (lambda: public(rsa_key(), PublicFormat.PKCS1), "public key"),
    "a certificate": (lambda: cert(rsa_key()), "certificate alone"),
    "two": (lambda: pem(rsa_key()) + pem(ec_key()), "several"),
    "small": (lambda: pem(rsa_key(1024)), "1024 bits"),
    "Ed25519": (lambda: pem(ed25519.Ed25519PrivateKey.generate()), "neither RSA nor EC"),
    "another curve": (lambda: pem(ec_key(ec.SECP256K1)), "neither RSA nor EC"),
    "DSA": (lambda: pem(dsa.generate_private_key(1024)), "neither RSA nor EC"),
    "OpenSSH": (lambda: pem(rsa_key(), PrivateFormat.OpenSSH), "OpenSSH"),
    "JWK": (lambda: '{"kty": "RSA", "d": "…"}', "JWK"),
    "SSH's public": (lambda: "ssh-rsa AAAAB3 ada@contoso.com", "SSH"),
    "a word": (lambda: "hush", "no private key"),
    "the name of a file": (lambda: "/etc/keys/okta.pem", "_file at its end"),
    "PuTTY": (lambda: "PuTTY-User-Key-File-3: ssh-rsa", "PuTTY"),
    "a request": (
        lambda: "-----BEGIN CERTIFICATE REQUEST-----\nMI\n-----END CERTIFICATE REQUEST-----",
        "request",
    ),
    "base64 alone": (lambda: "".join(pem(rsa_key()).splitlines()[1:-1]), "begins with -----BEGIN"),
    "DER": (
        lambda: rsa_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "DER",
    ),
    "UTF-16": (lambda: pem(rsa_key()).encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (lambda: pem(rsa_key()).encode("utf-16-le"), "UTF-16"),
    "Latin-1": (lambda: b"\xe4" + pem(rsa_key()).encode(), "UTF-8"),
    "empty": (lambda: "", "empty"),
    "blanks": (lambda: " \n", "empty"),
    "gzip": (lambda: b"\x1f\x8b\x08\x00\x00abc", "compressed"),
    "ZIP": (lambda: b"PK\x03\x04\x14\x00abc", "compressed"),
    "Java's key store": (lambda: b"\xfe\xed\xfe\xed\x00\x00\x00\x02", "key store"),
    "huge": (lambda: "x" * 2_000_000, "larger"),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_key_of_no_use_is_told_by_its_file_and_why(tmp_path: Path, name: str) -> None:
    """In words that say what to do, and none of a library's."""
    content, says = BAD_KEYS[name]
    (line,) = checked(tmp_path, key=content())
    assert line.startswith("okta.")
    assert "private_key" in line
    assert says in line
    assert "MII" not in line  # how the content of a key begins
    if name not in ("empty", "blanks"):
        assert "key.pem" in line


BAD_CERTIFICATES: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "without its key": (lambda: cert(rsa_key()), "certificate alone"),
    "its key alone": (lambda: pem(rsa_key()), "no certificate"),
    "of another key": (lambda: cert(rsa_key(2048, 2)) + pem(rsa_key()), "another private key"),
    "PKCS#7": (
        lambda: cert(rsa_key()).replace("CERTIFICATE", "PKCS7") + pem(rsa_key()),
        "BEGIN CERTIFICATE",
    ),
    "another label": (
        lambda: cert(rsa_key()).replace("CERTIFICATE", "TRUSTED CERTIFICATE") + pem(rsa_key()),
        "openssl x509",
    ),
    "with a public key": (lambda: cert(rsa_key()) + public(rsa_key()), "public key"),
    "cut off": (lambda: pem(rsa_key()) + cert(rsa_key())[:-100], "breaks off"),
    "damaged": (lambda: pem(rsa_key()) + cert(rsa_key()).replace("MII", "AAA", 1), "damaged"),
    "encrypted": (lambda: cert(rsa_key()) + encrypted(PrivateFormat.PKCS8), "encrypted"),
    "expired": (lambda: cert(rsa_key(), days=-1) + pem(rsa_key()), "expired on 2026-11-01"),
    "to come": (lambda: cert(rsa_key(), begins=2) + pem(rsa_key()), "before 2026-11-04"),
    "EC": (lambda: cert(ec_key()) + pem(ec_key()), "RSA keys only"),
    "small": (lambda: cert(rsa_key(1024)) + pem(rsa_key(1024)), "1024 bits"),
}


@pytest.mark.parametrize("name", BAD_CERTIFICATES)
def test_a_certificate_of_no_use_is_told_by_its_file_and_why(tmp_path: Path, name: str) -> None:
    """It is matched with the key beside it, and with the day."""
    content, says = BAD_CERTIFICATES[name]
    lines = checked(tmp_path, certificate=content())
    assert all("certificate_file" in line and "entra.pem" in line for line in lines)
    assert any(says in line for line in lines), lines


def test_a_chain_may_stand_in_any_order(tmp_path: Path) -> None:
    """The certificate of the key is the one that counts, wherever it stands."""
    other = cert(rsa_key(2048, 2))
    for parts in (
        [pem(rsa_key()), cert(rsa_key()), other],
        [other, cert(rsa_key()), pem(rsa_key())],
        [other, pem(rsa_key()), cert(rsa_key())],
        [cert(rsa_key(), days=-1), cert(rsa_key()), pem(rsa_key())],  # the former one is still in
    ):
        assert checked(tmp_path, certificate="".join(parts)) == []


def test_a_certificate_that_is_soon_over_is_seen_before(tmp_path: Path) -> None:
    """Thirty days before Microsoft refuses it."""
    checked(tmp_path, certificate=cert(rsa_key(), days=29) + pem(rsa_key()))
    assert soon_over(load(tmp_path / "o365bot.toml"), NOW)
    checked(tmp_path)
    assert not soon_over(load(tmp_path / "o365bot.toml"), NOW)


@pytest.mark.parametrize(
    ("redis", "says"),
    [
        ('url = "redis://127.0.0.1?unknown=1"', "option that is not known"),
        ('url = "redis://127.0.0.1:99999"', "cannot be read"),
        ('url = "redis://127.0.0.1/main"', "cannot be read"),
        ('url = "redis://127.0.0.1\\u0000"', "is not a URL"),
        ('url = "valkey://store"', 'redis.allow = ["clear_text"]'),
        ('url = "valkeys://:x@store?ssl_cert_reqs=none"', 'allow = ["unchecked_certificate"]'),
        ('url = "redis+sentinel://127.0.0.1"', "Sentinel"),
        ('url = "rediss://127.0.0.1"\nca_file = "/nowhere.pem"', "not there"),
        ('url = "redis://127.0.0.1"\nca_file = "/nowhere.pem"', "rediss://"),
        ('url = "redis://store"', 'redis.allow = ["clear_text"]'),
        ('url = "rediss://store"', 'redis.allow = ["no_password"]'),
        ('url = "rediss://:x@store?ssl_cert_reqs=none"', 'allow = ["unchecked_certificate"]'),
    ],
)
def test_the_stores_address_is_read_as_its_client_will(
    tmp_path: Path, redis: str, says: str
) -> None:
    """Each line names the key; what is weak is allowed by its own name only."""
    lines = checked(tmp_path, redis=redis)
    assert lines
    assert all(line.startswith("redis.url: ") for line in lines)
    assert any(says in line for line in lines), lines


def test_what_is_weak_is_taken_where_the_settings_name_it(tmp_path: Path) -> None:
    """All of it, and nothing else."""
    weak = 'url = "redis://store"\nallow = ["clear_text", "no_password"]'
    assert checked(tmp_path, redis=weak) == []
    half = 'url = "redis://store"\nallow = ["clear_text"]'
    assert len(checked(tmp_path, redis=half)) == 1


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Not one after the other."""
    lines = checked(tmp_path, key="x", certificate="y", redis='url = "redis://store"')
    assert {line.partition(".")[0] for line in lines} == {"okta", "entra", "redis"}
