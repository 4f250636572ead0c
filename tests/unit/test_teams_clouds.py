"""The Bot Framework of the cloud that the settings sign in to."""

from __future__ import annotations

import pytest

from adapters.teams.outgoing.tokens import issuer_of
from bot.settings.sections.chat import TeamsSettings


@pytest.mark.parametrize(
    ("login", "issuer"),
    [
        ("https://login.microsoftonline.com", "https://api.botframework.com"),
        ("https://login.microsoftonline.us", "https://api.botframework.us"),
    ],
)
def test_tokens_are_issued_by_the_clouds_own_bot_framework(login: str, issuer: str) -> None:
    """The sign-in host can be set, so who issues has to follow it."""
    guid = "11111111-2222-4333-8444-555555555555"
    settings = TeamsSettings.model_validate(
        {"app_id": guid, "app_password": "secret", "tenant_id": guid, "login_url": login}
    )
    assert issuer_of(settings) == issuer
