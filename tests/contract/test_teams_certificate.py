"""The bot in Teams proves itself by a certificate, as Microsoft documents it."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest
from pydantic import ValidationError

from adapters.teams.outgoing.tokens import BotToken
from bot.settings.sections.chat import TeamsSettings
from sandbox.keys import SigningKey, self_signed
from tests.contract.pretend_teams import APP, CHANNEL, TENANT

LOGIN = "https://login.example.com"


async def test_the_assertion_is_signed_by_the_certificates_key() -> None:
    """Microsoft Learn, "Certificate credentials": PS256, x5t#S256, the token endpoint."""
    key = SigningKey.generate("bot")
    certificate, thumbprint = self_signed(key, "o365bot")
    asked: list[httpx.Request] = []

    def login(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3599})

    settings = TeamsSettings.model_validate(
        {
            "app_id": APP,
            "certificate": certificate + key.private_pem(),
            "tenant_id": TENANT,
            "channel": CHANNEL,
        }
        | {"login_url": LOGIN}
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(login)) as http:
        assert await BotToken(settings, http).value() == "t"
    form = dict(httpx.QueryParams(asked[0].content.decode()))
    assert "client_secret" not in form
    assertion = form["client_assertion"]
    endpoint = f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
    claims: dict[str, Any] = jwt.decode(
        assertion, key.private.public_key(), algorithms=["PS256"], audience=endpoint
    )
    assert (claims["iss"], claims["sub"]) == (APP, APP)
    assert jwt.get_unverified_header(assertion)["x5t#S256"] == thumbprint


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
