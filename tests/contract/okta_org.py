"""An Okta client with the pretend org that it reads, for the contract tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from adapters.http.client import open_http
from adapters.okta.calls.pacing import OktaPace
from adapters.okta.client import OktaClient
from bot.domain.inventory.apps import Office365App
from bot.settings.sections.clouds import OktaSettings
from tests.contract.loopback import SteppingClock
from tests.contract.pretend_okta import CLIENT_ID, CLIENT_PEM, PretendOkta
from tests.serving import served

APPS = "/api/v1/apps"
LOGS = "/api/v1/logs"
ASSIGNEES = "/api/v1/iam/assignees/users"
HQ = "0oaws5pwpwkusGK6P1d7"


@dataclass
class Org:
    """A client, the org it reads, and the clock that its pace goes by."""

    client: OktaClient
    okta: PretendOkta
    clock: SteppingClock

    async def apps(self) -> list[Office365App]:
        return [app async for app in self.client.apps()]


def settings_for(url: str, **more: Any) -> OktaSettings:
    credential = {
        "client_id": CLIENT_ID,
        "private_key": SecretStr(CLIENT_PEM),
        "key_id": "kid1",
    }
    return OktaSettings(**{"name": "contoso", "url": url, **credential, **more})


def client_for(url: str, clock: SteppingClock, **more: Any) -> OktaClient:
    return OktaClient(
        settings_for(url, **more), open_http(), clock, pace=OktaPace(clock, sleep=clock.sleep)
    )


def app_json(app_id: str = HQ, **more: Any) -> dict[str, Any]:
    """An app as Okta answers it; the settings are a recorded answer's."""
    return {
        "id": app_id,
        "name": "office365",
        "label": "Office 365 HQ",
        "status": "ACTIVE",
        "features": [],
        "settings": {
            "app": {
                "tenantType": None,
                "wsFedConfigureType": "AUTO",
                "domain": "contoso.example",
                "msftTenant": "contoso",
                "requireAdminConsent": False,
            }
        },
        **more,
    }


def event(kind: str, **more: Any) -> dict[str, Any]:
    """A System Log event about the HQ app."""
    return {
        "uuid": f"uuid-{kind}",
        "published": "2026-03-01T10:00:00.123Z",
        "eventType": kind,
        "outcome": {"result": "SUCCESS", "reason": None},
        "actor": {"displayName": "Oskar Okta", "alternateId": "oskar@contoso.example"},
        "target": [{"id": HQ, "type": "AppInstance"}],
        "debugContext": {"debugData": {}},
        **more,
    }


HUMAN = "admin@contoso.onmicrosoft.com"


@asynccontextmanager
async def an_org() -> AsyncIterator[Org]:
    """An org that wants DPoP with a nonce, read with a service app."""
    made: list[PretendOkta] = []
    clock = SteppingClock()

    def make(url: str) -> PretendOkta:
        made.append(PretendOkta(url, clock.seconds))
        return made[0]

    async with served(make) as url:
        client = client_for(url, clock)
        yield Org(client, made[0], clock)
        await client.aclose()
