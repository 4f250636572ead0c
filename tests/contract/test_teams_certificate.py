"""The bot in Teams proves itself by a certificate, as Microsoft documents it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from adapters.teams.outgoing.tokens import BotToken
from bot.settings.sections.chat import TeamsSettings
from tests.contract.pretend_teams import APP, CHANNEL, TENANT

LOGIN = "https://login.example.com"


def made(key: RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "o365bot")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )


async def test_the_assertion_is_signed_by_the_certificates_key() -> None:
    """Microsoft Learn, "Certificate credentials": PS256, x5t#S256, the token endpoint."""
    key = generate_private_key(65537, 2048)
    certificate = made(key)
    pem = certificate.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    asked: list[httpx.Request] = []

    def login(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3599})

    settings = TeamsSettings.model_validate(
        {"app_id": APP, "certificate": pem.decode(), "tenant_id": TENANT, "channel": CHANNEL}
        | {"login_url": LOGIN}
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(login)) as http:
        assert await BotToken(settings, http).value() == "t"
    form = dict(httpx.QueryParams(asked[0].content.decode()))
    assert "client_secret" not in form
    assertion = form["client_assertion"]
    endpoint = f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
    claims: dict[str, Any] = jwt.decode(
        assertion, key.public_key(), algorithms=["PS256"], audience=endpoint
    )
    assert (claims["iss"], claims["sub"]) == (APP, APP)
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).rstrip(b"=")
    assert jwt.get_unverified_header(assertion)["x5t#S256"] == thumbprint.decode()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"managed_identity": False},
        {"certificate": "x", "app_password": "y"},
        {"certificate": "x", "managed_identity": True},
        {"app_password": "y", "managed_identity": True},
    ],
)
def test_one_credential_is_needed_and_one_only(given: dict[str, object]) -> None:
    """With two nobody could tell which one counts."""
    with pytest.raises(ValidationError, match="give one of app_password, certificate"):
        TeamsSettings.model_validate({"app_id": APP, "tenant_id": TENANT, **given})
