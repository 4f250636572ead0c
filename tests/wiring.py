"""The services as the product puts them together, over whatever implements the ports."""

from __future__ import annotations

from functools import cache
from typing import Any

from bot.domain.consent.requests import ProofKind
from bot.services.doctor import Doctor
from bot.settings.settings import Settings
from bot.wiring.base import SystemClock
from bot.wiring.services import Outside
from tests.fakes import (
    BlankPainter,
    CountingSecrets,
    FakeEngine,
    FakeSignIn,
    FreePace,
    LimitsInMemory,
    MembershipsInMemory,
    SignInsInMemory,
)

HOME_TENANT = "00000000-0000-0000-0000-0000000000a0"
OPERATOR_THERE = "00000000-0000-0000-0000-0000000000a9"


@cache
def settings(minimum: ProofKind = ProofKind.CHAT_ACCOUNT, *, signs_in: bool = False) -> Settings:
    """One Slack channel and one operator. `signs_in`: whether a sign-in is configured, and with
    it the operators' page.

    Combinations that a settings file may not have are fine here.
    """
    plain = Settings.model_validate(
        {
            "public_url": "https://o365bot.example.com",
            "link_hours": 72,
            "sign_in": {} if signs_in else None,
            "operators_page": {"tenant_id": HOME_TENANT, "operators": [OPERATOR_THERE]}
            if signs_in
            else None,
            "slack": {
                "bot_token": "xoxb-test",
                "signing_secret": "secret",
                "channel": "C1",
                "operators": ["U9"],
                "viewer_channels": ["C2"],
            },
            "okta": [{"name": "contoso", "url": "https://contoso.okta.com", "api_token": "none"}],
            "entra": {"client_id": "00000000-0000-0000-0000-000000000001", "client_secret": "none"},
        }
    )
    links = plain.links.model_copy(update={"minimum_proof": minimum})
    return plain.model_copy(update={"links": links})


def outside(**given: Any) -> Outside:
    """Every port: in memory, unless `given`. The ledger and the clock always are."""
    in_memory: dict[str, Any] = {
        "orgs": {},
        "entra": None,
        "messengers": {},
        "engine": FakeEngine(),
        "pace": FreePace(),
        "limits": LimitsInMemory(),
        "sign_in": FakeSignIn(),
        "sign_ins": SignInsInMemory(),
        "chart_renderer": BlankPainter(),
        "secrets": CountingSecrets(),
        "doctor": partless(),
        "directories": {},
        "memberships": MembershipsInMemory(),
    }
    return Outside(**in_memory | given)


def partless() -> Doctor:
    """A doctor of an installation that has no part, so nothing is wrong with any."""
    return Doctor(probes={}, orgs={}, microsoft=None, clock=SystemClock())
